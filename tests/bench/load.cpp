// SPDX-License-Identifier: GPL-3.0-or-later
//
// bench-load: users against a messaging server, or against bench-floor. One thread, one process; what it
// measured stands on stdout as one JSON object. An unexpected answer or a lost message ends it with status 1.
#include "tests/bench/channel.h"
#include "tests/bench/fail.h"
#include "tests/bench/fanout.h"
#include "tests/bench/processsample.h"
#include "tests/bench/relayrun.h"
#include "tests/bench/user.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace msgsrv::bench;

namespace {

constexpr const char *usage
    = "bench-load name=value ...\n"
      "  http=ADDRESS stomp=ADDRESS   the server\n"
      "  pid=PID                      its process, whose CPU time and memory are read\n"
      "  protocol=stomp|floor\n"
      "  idle=N pairs=N               users that only listen; pairs that exchange messages\n"
      "  parallel=N                   users that connect at the same time\n"
      "  window=N                     messages under way of each pair, in a further SEND phase; 1: none\n"
      "  storm=N                      users that connect all at once beside rate= messages, in a phase of "
      "its own\n"
      "  seconds=S warmup=S           of each phase\n"
      "  quiet=S                      of the phase in which nobody does anything; as seconds when left out\n"
      "  unpaced=0|1                  the phases that go as fast as they can\n"
      "  rate=N rounds=N              messages per second of the latency phases, 0: none; how often those "
      "two "
      "take turns\n"
      "  size=N                       bytes of content\n"
      "  ack=auto|client|client-individual  how users subscribe; else than with auto each message gets an "
      "ACK\n"
      "  topic=N                      idle users that subscribe to one topic, in a phase of its own\n";

class Options
{
public:
    Options(int argc, char **argv)
    {
        for (int i = 1; i < argc; ++i) {
            const std::string argument = argv[i];
            const std::size_t equals = argument.find('=');
            const auto at = m_values.find(argument.substr(0, equals));
            if (equals == std::string::npos || at == m_values.end())
                fail(usage);
            at->second = argument.substr(equals + 1);
        }
    }
    [[nodiscard]] const std::string &text(const std::string &name) const { return m_values.at(name); }
    [[nodiscard]] double number(const std::string &name) const { return std::atof(text(name).c_str()); }
    [[nodiscard]] int count(const std::string &name) const { return int(number(name)); }

private:
    std::map<std::string, std::string> m_values{{"http", "127.0.0.1:8080"},
                                                {"stomp", "127.0.0.1:15674"},
                                                {"pid", "0"},
                                                {"protocol", "stomp"},
                                                {"idle", "0"},
                                                {"pairs", "64"},
                                                {"parallel", "64"},
                                                {"seconds", "3"},
                                                {"warmup", "0.5"},
                                                {"window", "1"},
                                                {"storm", "0"},
                                                {"quiet", ""},
                                                {"unpaced", "1"},
                                                {"rate", "2000"},
                                                {"rounds", "1"},
                                                {"size", "1024"},
                                                {"ack", "auto"},
                                                {"topic", "0"}};
};

/// All users: sender and receiver of each pair first, then the idle ones.
class Crowd final : public UserObserver
{
public:
    /// @p pairLoop: of the pairs, whose messages are measured; the same as @p loop, or put first in it.
    Crowd(Loop &loop, Loop &pairLoop, const Target &target, int idle, int pairs, int storm)
        : m_loop(loop)
    {
        for (int pair = 0; pair < pairs; ++pair) {
            for (const User::Role role : {User::Role::Sender, User::Role::Receiver})
                add(pairLoop, target, role, pair);
            m_relay.addPair(*m_users[m_users.size() - 2], *m_users.back());
        }
        for (int i = 0; i < idle + storm; ++i)
            add(loop, target, User::Role::Idle, -1);
    }

    /// Opens users, some in each turn of the loop so that the generator goes on reading, whether those before
    /// are ready or not.
    void storm()
    {
        constexpr int perTurn = 8; // some 0.3 ms of connect()
        if (m_opened < m_users.size() && m_stormBegin == Time())
            m_stormBegin = std::chrono::steady_clock::now();
        for (int i = 0; i < perTurn && m_opened < m_users.size(); ++i)
            m_users[m_opened++]->open();
        if (m_opened == m_users.size() && m_stormOpened == Time())
            m_stormOpened = std::chrono::steady_clock::now();
    }
    [[nodiscard]] bool isComplete() const { return m_ready == m_users.size(); }
    /// Seconds from the first connect() of the storm to the last, and to the last user's RECEIPT.
    [[nodiscard]] double stormOpeningSeconds() const { return seconds(m_stormOpened - m_stormBegin); }
    [[nodiscard]] double sinceStormBegan() const
    {
        return seconds(std::chrono::steady_clock::now() - m_stormBegin);
    }
    [[nodiscard]] double stormSeconds() const { return seconds(m_lastReady - m_stormBegin); }

    /// Connects users until @p count are ready, @p parallel of them at the same time.
    void connectUpTo(std::size_t count, std::size_t parallel)
    {
        auto lastProgress = std::chrono::steady_clock::now();
        std::size_t lastReady = m_ready;
        while (m_ready < count) {
            while (m_opened < count && m_opened - m_ready < parallel)
                m_users[m_opened++]->open();
            m_loop.turn(std::chrono::milliseconds(100));
            if (m_ready != lastReady) {
                lastReady = m_ready;
                lastProgress = std::chrono::steady_clock::now();
            } else if (std::chrono::steady_clock::now() - lastProgress > std::chrono::seconds(15)) {
                fail("no user got ready for 15 s; " + std::to_string(m_ready) + " are");
            }
        }
    }

    /// Each of @p count idle users, from the first on, sends itself one message and gets it.
    void talkToThemselves(std::size_t count, std::size_t contentSize)
    {
        constexpr std::size_t parallel = 64;
        const std::string content(contentSize, 'x');
        const std::size_t first = 2 * m_relay.pairs();
        const auto giveUp = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        m_heardThemselves = 0;
        for (std::size_t sent = 0; m_heardThemselves < count; m_loop.turn(std::chrono::milliseconds(100))) {
            for (; sent < count && sent - m_heardThemselves < parallel; ++sent) {
                User &user = *m_users[first + sent];
                user.send(user, content);
            }
            if (std::chrono::steady_clock::now() > giveUp)
                fail("idle users did not get their own messages");
        }
    }

    /// The first sender's messages reach @p count idle users, who subscribe to the topic first.
    [[nodiscard]] FanOutResult fanOut(std::size_t count, const FanOut::Settings &settings)
    {
        const std::size_t first = 2 * m_relay.pairs();
        const std::size_t before = m_ready;
        const auto giveUp = std::chrono::steady_clock::now() + std::chrono::seconds(60);
        for (std::size_t i = 0; i < count; ++i)
            m_users.at(first + i)->subscribeToTopic();
        while (m_ready < before + count) {
            m_loop.turn(std::chrono::milliseconds(100));
            if (std::chrono::steady_clock::now() > giveUp)
                fail("the users did not get into the topic");
        }
        return m_fanOut.run(m_loop, *m_users.front(), count, settings);
    }

    [[nodiscard]] std::size_t size() const { return m_users.size(); }
    RelayRun &relay() { return m_relay; }

    void onReady(User &) override
    {
        ++m_ready;
        m_lastReady = std::chrono::steady_clock::now();
    }
    void onMessage(User &user, std::string_view body) override
    {
        if (user.pair() < 0)
            ++m_heardThemselves;
        else
            m_relay.onMessage(user, body);
    }
    void onTopicMessage(User &) override { m_fanOut.onDelivered(); }
    void onPosted(User &user) override { m_relay.onPosted(user); }

private:
    using Time = std::chrono::steady_clock::time_point;
    [[nodiscard]] static double seconds(Time::duration duration)
    {
        return std::chrono::duration<double>(duration).count();
    }

    void add(Loop &loop, const Target &target, User::Role role, int pair)
    {
        m_users.push_back(std::make_unique<User>(loop, target, *this, int(m_users.size()), role, pair));
    }

    Loop &m_loop;
    RelayRun m_relay;
    FanOut m_fanOut;
    std::vector<std::unique_ptr<User>> m_users;
    std::size_t m_opened = 0;
    std::size_t m_ready = 0;
    std::size_t m_heardThemselves = 0;
    Time m_lastReady;
    Time m_stormBegin;
    Time m_stormOpened;
};

void printRelay(const char *name, const RelayResult &result)
{
    std::printf(",\"%s\":{\"messages\":%llu,\"perSecond\":%.0f,\"cpuUsPerMessage\":%.3f,"
                "\"generatorCpuUsPerMessage\":%.3f,\"serverLoad\":%.3f,\"generatorLoad\":%.3f",
                name, static_cast<unsigned long long>(result.messages),
                double(result.messages) / result.seconds,
                result.messages ? result.serverCpuSeconds * 1e6 / double(result.messages) : 0.0,
                result.messages ? result.generatorCpuSeconds * 1e6 / double(result.messages) : 0.0,
                result.serverCpuSeconds / result.seconds, result.generatorCpuSeconds / result.seconds);
    if (!result.latencies.empty())
        std::printf(",\"p50Us\":%.1f,\"p99Us\":%.1f,\"p999Us\":%.1f,\"maxUs\":%.1f",
                    result.latencyMicroseconds(0.5), result.latencyMicroseconds(0.99),
                    result.latencyMicroseconds(0.999), result.latencyMicroseconds(1));
    std::printf("}");
    std::fflush(stdout);
}

} // namespace

int main(int argc, char **argv)
{
    const Options options(argc, argv);
    Target target;
    target.protocol = options.text("protocol") == "floor" ? Target::Protocol::Floor : Target::Protocol::Stomp;
    target.http = parseAddress(options.text("http"));
    target.stomp = parseAddress(options.text("stomp"));
    target.run = std::to_string(::getpid());
    target.ack = options.text("ack");
    const int pid = options.count("pid");
    const int idle = options.count("idle");
    const int pairs = options.count("pairs");

    Loop loop;
    Loop pairLoop;
    const int storm = options.count("storm");
    if (storm > 0)
        loop.putFirst(pairLoop);
    Crowd crowd(loop, storm > 0 ? pairLoop : loop, target, idle, pairs, storm);
    const auto parallel = std::size_t(options.count("parallel"));
    // What the first connections cost is the start of everything, so connecting is measured with the idle
    // users, if there are any.
    if (idle > 0)
        crowd.connectUpTo(std::size_t(2 * pairs), parallel);
    const ProcessSample empty = ProcessSample::of(pid);
    const auto begin = std::chrono::steady_clock::now();
    crowd.connectUpTo(crowd.size() - std::size_t(storm), parallel);
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const ProcessSample full = ProcessSample::of(pid);
    const auto users = double(idle > 0 ? idle : 2 * pairs);
    std::printf(
        "{\"protocol\":\"%s\",\"idle\":%d,\"pairs\":%d,\"size\":%d,"
        "\"connect\":{\"users\":%.0f,\"perSecond\":%.0f,\"cpuUsPerUser\":%.1f,\"residentKibPerUser\":%.2f}",
        options.text("protocol").c_str(), idle, pairs, options.count("size"), users, users / seconds,
        (full.cpuSeconds - empty.cpuSeconds) * 1e6 / users, (full.residentKib - empty.residentKib) / users);

    // What the server does when nobody does anything.
    const double quiet = options.number(options.text("quiet").empty() ? "seconds" : "quiet");
    const auto quietUntil = std::chrono::steady_clock::now() + std::chrono::duration<double>(quiet);
    while (std::chrono::steady_clock::now() < quietUntil)
        loop.turn(std::chrono::milliseconds(50));
    std::printf(",\"quietLoad\":%.4f",
                quiet > 0 ? (ProcessSample::of(pid).cpuSeconds - full.cpuSeconds) / quiet : 0.0);
    std::fflush(stdout);

    RelayRun::Settings settings;
    settings.warmUpSeconds = options.number("warmup");
    settings.seconds = options.number("seconds");
    settings.contentSize = std::size_t(options.count("size"));
    settings.serverPid = pid;
    for (const bool paced : {false, true}) {
        settings.rate = paced ? options.number("rate") : 0;
        if (pairs == 0 || (paced && settings.rate <= 0) || (!paced && options.count("unpaced") == 0))
            continue;
        RelayResult send;
        RelayResult exchange;
        for (int round = 0; round < (paced ? std::max(options.count("rounds"), 1) : 1); ++round) {
            settings.way = Way::Send;
            send.merge(crowd.relay().run(loop, settings));
            settings.way = Way::Exchange;
            exchange.merge(crowd.relay().run(loop, settings));
        }
        printRelay(paced ? "sendPaced" : "send", send);
        printRelay(paced ? "exchangePaced" : "exchange", exchange);
    }
    settings.way = Way::Send;
    if (const int window = options.count("window");
        window > 1 && pairs > 0 && options.count("unpaced") != 0) {
        settings.rate = 0;
        settings.window = window;
        printRelay("sendWindow", crowd.relay().run(loop, settings));
    }
    if (idle > 0) {
        if (target.protocol == Target::Protocol::Stomp) // the floor's idle users cannot
            crowd.talkToThemselves(std::size_t(idle), settings.contentSize);
        std::printf(",\"residentKibPerUserAfterTraffic\":%.2f",
                    (ProcessSample::of(pid).residentKib - empty.residentKib) / users);
    }
    if (const int subscribers = options.count("topic"); subscribers > 0 && pairs > 0 && idle >= subscribers) {
        const FanOutResult topic = crowd.fanOut(std::size_t(subscribers),
                                                {.warmUpSeconds = settings.warmUpSeconds,
                                                 .seconds = settings.seconds,
                                                 .contentSize = settings.contentSize,
                                                 .serverPid = pid});
        std::printf(",\"topic\":{\"subscribers\":%d,\"deliveries\":%llu,\"perSecond\":%.0f,"
                    "\"cpuUsPerDelivery\":%.3f}",
                    subscribers, static_cast<unsigned long long>(topic.deliveries),
                    double(topic.deliveries) / topic.seconds,
                    topic.deliveries ? topic.serverCpuSeconds * 1e6 / double(topic.deliveries) : 0.0);
    }
    if (storm > 0) {
        settings.rate = options.number("rate");
        settings.eachTurn = [&crowd] {
            crowd.storm();
            // Even a tiny storm has a few messages beside it.
            return !crowd.isComplete() || crowd.sinceStormBegan() < 0.1;
        };
        const ProcessSample stormBefore = ProcessSample::of(pid);
        printRelay("stormBeside", crowd.relay().run(loop, settings));
        if (!crowd.isComplete())
            fail("the storm was not served within the phase");
        const ProcessSample stormAfter = ProcessSample::of(pid);
        std::printf(",\"storm\":{\"users\":%d,\"openingSeconds\":%.3f,\"seconds\":%.3f,\"cpuSeconds\":%.3f}",
                    storm, crowd.stormOpeningSeconds(), crowd.stormSeconds(),
                    stormAfter.cpuSeconds - stormBefore.cpuSeconds);
    }
    std::printf("}\n");
}
