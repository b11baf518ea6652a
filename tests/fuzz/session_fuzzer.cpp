// SPDX-License-Identifier: GPL-3.0-or-later
//
// A whole session: octets into a StompConnection, and what else happens to it. The first octet says who
// answers at once and who is connected already, the second one where the stream is cut; then comes the
// stream, in which control characters that STOMP has no use for are events. Checked: every frame that is sent
// is one, nothing follows an ERROR, whatever was taken or granted is given back exactly once, and cuts change
// nothing.
#include "tests/fuzz/sessionpeers.h"

#include "server/broker/embeddeddestinations.h"
#include "server/metrics/metrics.h"
#include "server/net/addressblock.h"
#include "server/session/exchange.h"
#include "server/stomp/stompconnection.h"

#include <QLoggingCategory>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <numeric>

using namespace msgsrv;
using namespace msgsrv::fuzz;

namespace {

/// Of a literal with NULs in it, which string_view's own constructor would end at.
template <std::size_t size>
constexpr std::string_view all(const char (&text)[size])
{
    return {text, size - 1};
}

std::string_view preamble(int which)
{
    switch (which) {
    case 1:
        return all("CONNECT\naccept-version:1.2\nlogin:alice\npasscode:queue.a\nheart-beat:1000,1000\n\n\0"
                   "SUBSCRIBE\nid:a\ndestination:/queue/queue.a\nack:client\n\n\0");
    case 2:
        return all("STOMP\naccept-version:1.1\nlogin:guest\npasscode:guest\n\n\0"
                   "SUBSCRIBE\nid:q\ndestination:/queue/a\nack:client-individual\n\n\0");
    case 3:
        return all("CONNECT\nlogin:alice\npasscode:queue.a\n\n\0");
    default:
        return {};
    }
}

UserId user(std::string_view name)
{
    return *UserId::parse(name);
}

ListeningKey key(std::string_view secret)
{
    return ListeningKey::fromPresented(secret);
}

/// A wrong passcode is answered at once, those of its address that come soon after it later.
RequestLimits::Settings limitSettings()
{
    RequestLimits::Settings settings;
    settings.failedKeys = {1, seconds(5)};
    return settings;
}

/// What lives as long as the process.
struct World
{
    World()
        : limits(limitSettings(), metrics)
    {
        QLoggingCategory::setFilterRules(QStringLiteral("*=false"));
        directory.add({user("alice"), key("queue.a"), Generation(1)});
        directory.add({user("bob"), key("queue.b"), Generation(2)});
    }
    Metrics metrics;
    RequestLimits limits;
    TimePoint now{seconds(1000)}; ///< of the next run: later than what any limit remembers
    SessionDirectory directory;
    StompSettings settings = [] {
        StompSettings s;
        s.frameBeforeLogin = 512;
        s.frame = 2048;
        s.headers = 10;
        s.headerLine = 128;
        s.subscriptions = 3;
        s.transactions = {2, 512};
        s.sendsInFlight = 3;
        s.accounts
            = {{user("guest"), "guest", {{"/queue/*", "/topic/*", "/user/*"}, {"/queue/*", "/topic/*"}}},
               {user("slow"),
                {},
                {},
                std::make_shared<const PasscodeHash>(
                    *PasscodeHash::parse("$argon2id$v=19$m=32,t=1,p=1$c2FsdHNhbHQ$"
                                         "nRGObt5vdfL6gQZ3tpDJokcah98wCJ2YcDe1fNJumRk"))}};
        s.users = {{"/topic/room.*"}, {"/topic/room.*"}};
        return s;
    }();
};

/// Remembers that it was called.
struct Port final : DeliveryPort
{
    void messagesReady(ConnectionId, const ListeningKey &) override { called = true; }
    bool called = false;
};

/// One connection's life.
class Run
{
public:
    Run(World &world, std::uint8_t flags)
        : m_world(world)
        , m_stomp(std::make_unique<StompConnection>(
              m_connection,
              StompConnection::Collaborators{m_sessions, m_exchange, m_broker, m_destinations, m_ioThread,
                                             world.metrics, world.limits, m_passcodes},
              world.settings))
    {
        m_sessions.session = {user("alice"), key("queue.a"), Generation(1)};
        if (flags & 0x40) { // wrong passcodes of its address are answered late already
            for (int i = 0; i < 3; ++i)
                (void)world.limits.failedKey(addressBlock(m_connection.peer()), m_now);
        }
        receive(preamble(flags >> 4 & 3));
        m_sessions.attached.atOnce = flags & 1;
        m_broker.subscribes.atOnce = flags & 2;
        m_broker.publishes.atOnce = flags & 4;
        m_ioThread.posts = flags & 8;
    }

    void receive(std::string_view bytes)
    {
        if (!bytes.empty() && m_stomp && !m_connection.closing)
            m_stomp->onMessage(bytes, true, m_now);
    }

    void happen(char event)
    {
        notify();
        if (!m_stomp)
            return;
        switch (event) {
        case '\x01': // only a cut
            break;
        case '\x02':
            tick(milliseconds(250));
            break;
        case '\x03':
            m_sessions.answer();
            break;
        case '\x04':
            m_broker.subscribes.settle([](const Broker::SubscribeDone &done) { done(true); });
            break;
        case '\x05':
            m_broker.waiting.push_back(message());
            m_stomp->onMessagesReady(key("queue.a"));
            break;
        case '\x06':
            m_destinations.publish({DestinationName::Kind::Queue, "a"}, message(), {}, [](PublishResult) {});
            break;
        case '\x07':
            m_connection.backedUp = true;
            break;
        case '\x08':
            m_connection.backedUp = false;
            m_stomp->onWritable();
            break;
        case '\x0e':
            tick(seconds(3));
            break;
        case '\x0f':
            m_ioThread.runAll();
            break;
        case '\x10':
            m_broker.publishes.settle([](const Broker::PublishDone &done) {
                done({PublishResult::State::Queued, PublishRefusal::None});
            });
            break;
        case '\x11':
            m_broker.publishes.settle([](const Broker::PublishDone &done) {
                done({PublishResult::State::Refused, PublishRefusal::QueueFull});
            });
            break;
        case '\x12':
            m_stomp->onCloseRequested(4001, "replaced");
            break;
        case '\x13':
            m_stomp->onCloseRequested(4002, "by: \\ an operator\n");
            break;
        case '\x14':
            m_connection.broken = true;
            break;
        case '\x15':
            m_stomp->onClosed(false);
            m_stomp.reset();
            break;
        case '\x16':
            m_destinations.publish({DestinationName::Kind::Topic, "room.1"}, message(), {},
                                   [](PublishResult) {});
            break;
        default:
            break;
        }
        notify();
    }

    /// Nothing may be left of the connection; returns what its client saw.
    std::vector<std::string> end()
    {
        if (m_stomp)
            m_stomp->onClosed(true);
        m_stomp.reset();
        m_sessions.attached.atOnce = true;
        m_sessions.answer();
        m_ioThread.runAll();
        require(m_broker.isSettled() && m_sessions.granted == 0);
        const BrokerCounts counts = m_destinations.counts();
        require(counts.unacknowledged == 0);
        require(
            counts.accepted
            == counts.delivered + counts.inFlight
                + std::accumulate(std::begin(counts.dropped), std::end(counts.dropped), std::uint64_t(0)));
        return std::move(m_connection.said);
    }

private:
    void tick(milliseconds later)
    {
        m_now += later;
        m_stomp->onTick(m_now);
        m_destinations.sweep();
    }

    /// As the I/O thread's inbox does in its next turn: not between the pieces of one stream, whose frames
    /// would come before or after those that others cause, as they are cut.
    void notify()
    {
        if (!m_ioThread.posts)
            m_ioThread.runAll();
        if (std::exchange(m_port.called, false) && m_stomp)
            m_stomp->onMessagesReady(ListeningKey());
    }

    MessagePtr message()
    {
        auto made = std::make_shared<Message>();
        made->id = "m" + QByteArray::number(++m_messages);
        made->from = user("bob");
        made->body = "{}";
        made->headers = {{"odd:\\", "\r\n"}};
        made->tail = m_messages % 2 ? std::make_shared<Message::Tail>() : nullptr;
        return made;
    }

    World &m_world;
    TimePoint m_now = m_world.now += std::chrono::hours(1);
    int m_messages = 0;
    Port m_port;
    CheckingConnection m_connection;
    CheckingSessions m_sessions;
    CheckingBroker m_broker;
    EmbeddedDestinations m_destinations{
        {.queue = {8, 4096}, .queues = 4, .messageTtl = seconds(5)}, m_port, [this] { return m_now; }};
    Exchange m_exchange{m_world.directory, m_broker, 1000};
    PasscodeChecks m_passcodes{{.threads = 0, .waiting = 1}, m_world.metrics};
    QueueExecutor m_ioThread;
    std::unique_ptr<StompConnection> m_stomp;
};

bool isEvent(char c)
{
    return (c >= '\x01' && c <= '\x08') || (c >= '\x0e' && c <= '\x16');
}

std::vector<std::string> play(World &world, std::uint8_t flags, std::uint8_t seed, std::string_view stream)
{
    Run run(world, flags);
    std::uint32_t state = seed;
    while (!stream.empty()) {
        std::size_t length = 0;
        while (length < stream.size() && !isEvent(stream[length]))
            ++length;
        for (std::string_view piece = stream.substr(0, length); !piece.empty();) {
            state = state * 1'664'525 + 1'013'904'223;
            const std::size_t cut
                = seed == 0 ? piece.size() : std::min<std::size_t>(1 + (state >> 27), piece.size());
            run.receive(piece.substr(0, cut));
            piece.remove_prefix(cut);
        }
        if (length < stream.size())
            run.happen(stream[length++]);
        stream.remove_prefix(length);
    }
    return run.end();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size)
{
    static World world;
    if (size < 2)
        return 0;
    const std::string_view stream(reinterpret_cast<const char *>(data) + 2, size - 2);
    const auto whole = play(world, data[0], 0, stream);
    if (data[1] != 0)
        require(play(world, data[0], data[1], stream) == whole);
    return 0;
}
