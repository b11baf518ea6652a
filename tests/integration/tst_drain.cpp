// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/managementclient.h"
#include "tests/support/metricsreader.h"
#include "tests/support/tcpproxy.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QElapsedTimer>
#include <QMap>
#include <QTimer>

#include <algorithm>
#include <csignal>
#include <memory>
#include <optional>
#include <sys/resource.h>
#include <vector>

using namespace msgsrv::test;

/// How the daemon stops while clients are there, and what the next one finds.
class TestDrain : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void itSaysSoAndTakesNoNewSessions();
    void closesAreSpreadAndToldBefore();
    void withoutASubscriptionThereIsOnlyTheClose();
    void withoutClientsItEndsAtOnce();
    void clientsThatLeaveByThemselvesAreNotWaitedFor();
    void requestsInFlightFinish();
    void anotherSignalLeavesAtOnce_data();
    void anotherSignalLeavesAtOnce();
    void theTimeoutIsKept();
    void whatWaitsIsThereAfterTheRestart();
    void timesAndNoticesOutliveTheRestart();
    void whoMayNotResumeEnds();
    void aDrainLongerThanTheWindowEndsNobody();
    void inMemoryNothingIsKept();
    void aDiskThatFailsIsTold();
    void manyClientsLoseNothing();
};

namespace {

const Headers asks{{"resume", "60000"}};

QString contentOf(const StompFrame &frame)
{
    return frame.json().value(QLatin1String("content")).toString();
}

bool isDraining(const StompFrame &frame)
{
    return frame.header("event") == "draining";
}

MetricsReader metricsOf(const Daemon &daemon)
{
    return MetricsReader::scrape(daemon.internal());
}

double detached(const Daemon &daemon)
{
    return metricsOf(daemon).sum("messaging_sessions", {{"state", "detached"}});
}

void send(const Daemon &daemon, int signal)
{
    QCOMPARE(::kill(pid_t(daemon.pid()), signal), 0);
}

/// A signal, and its effect.
bool beginDrain(const Daemon &daemon)
{
    send(daemon, SIGTERM);
    return waitUntil([&] { return get(daemon.internal(), "/readyz").status == 503; });
}

/// Users who listen and may resume.
std::vector<std::unique_ptr<User>> listeners(const Daemon &daemon, int count)
{
    std::vector<std::unique_ptr<User>> users;
    for (int i = 0; i < count; ++i) {
        auto &user = users.emplace_back(std::make_unique<User>(daemon, "user" + QByteArray::number(i)));
        if (user->connect().status != 200 || !user->listen({}, asks))
            qFatal("user %d does not listen", i);
    }
    return users;
}

} // namespace

void TestDrain::initTestCase()
{
    rlimit limit{};
    QCOMPARE(::getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    QCOMPARE(::setrlimit(RLIMIT_NOFILE, &limit), 0);
}

void TestDrain::itSaysSoAndTakesNoNewSessions()
{
    Daemon daemon({QStringLiteral("drain.spread=60s"), QStringLiteral("drain.timeout=10m")});
    QVERIFY(daemon.start());
    const auto users = listeners(daemon, 30); // one a second
    User late(daemon, "late");
    QCOMPARE(late.connect().status, 200);
    ManagementClient console(daemon);
    console.login();
    QCOMPARE(metricsOf(daemon).value("messaging_draining"), 0.0);

    QVERIFY(beginDrain(daemon));
    const auto listening = std::count_if(users.begin(), users.end(),
                                         [](const auto &user) { return user->stomp().webSocket().isOpen(); });
    QVERIFY(listening > 0);
    QVERIFY2(get(daemon.internal(), "/readyz").body.contains("stopping"), "readyz names the reason");
    QCOMPARE(get(daemon.internal(), "/livez").status, 200);
    QCOMPARE(metricsOf(daemon).value("messaging_draining"), 1.0);
    QCOMPARE(console.result(QStringLiteral("server.status")).value(QLatin1String("state")).toString(),
             QStringLiteral("stopping"));

    User another(daemon, "another");
    const HttpAnswer refused = another.connect();
    QCOMPARE(refused.status, 503);
    QVERIFY(refused.header("Retry-After").toInt() > 0);
    QCOMPARE(refused.json().value(QLatin1String("type")).toString(),
             QStringLiteral("urn:messaging-server:problem:draining"));
    StompClient stomp(daemon.stomp());
    QCOMPARE(stomp.connectAs("late", late.key(), asks).header("message"), QByteArray("server is draining"));
    QVERIFY(stomp.webSocket().waitForClosed());
    QCOMPARE(stomp.webSocket().closeCode(), quint16(1001));

    // Who is there still goes on.
    User &last = *users.back();
    QCOMPARE(last.exchange("late", "early bird").status, 202);
    for (const auto &user : users)
        QVERIFY(last.exchange(user->name(), "to all").status / 100 == 2);
    QVERIFY(Conservation(metricsOf(daemon)).holds());
    QVERIFY(daemon.isRunning());
    send(daemon, SIGTERM);
    const Daemon::Ended ended = daemon.waitForEnd();
    QCOMPARE(ended.exitCode, 0);
    QCOMPARE(ended.err.count("daemon.draining"), 1);
    QVERIFY2(ended.err.contains("why=signal"), ended.err.constData());
}

void TestDrain::closesAreSpreadAndToldBefore()
{
    constexpr int count = 20;
    constexpr int spreadMs = 2000;
    Daemon daemon({QStringLiteral("drain.spread=%1ms").arg(spreadMs)});
    QVERIFY(daemon.start());
    const auto users = listeners(daemon, count);
    QElapsedTimer clock;
    std::vector<qint64> closes;
    int toldFirst = 0;
    for (const auto &user : users) {
        connect(&user->stomp().webSocket(), &WebSocketClient::closed, this,
                [&] { closes.push_back(clock.elapsed()); });
        connect(&user->stomp(), &StompClient::frameArrived, this, [&toldFirst, &closes] {
            if (closes.empty())
                ++toldFirst;
        });
    }
    clock.start();
    const Daemon::Ended ended = daemon.stop();
    QCOMPARE(ended.exitCode, 0);
    QVERIFY(clock.elapsed() >= spreadMs - spreadMs / count);
    QVERIFY2(ended.err.contains("why=empty"), ended.err.constData());
    QVERIFY(waitUntil([&] { return closes.size() == std::size_t(count); }));
    // Each at its time or later, never earlier, however slow this machine is.
    for (int i = 0; i < count; ++i)
        QVERIFY2(closes[std::size_t(i)] >= i * spreadMs / count, QByteArray::number(i).constData());
    QVERIFY(toldFirst > 0);
    for (const auto &user : users) {
        const QList<StompFrame> messages = user->stomp().takeMessages();
        QCOMPARE(messages.size(), 1);
        const StompFrame &told = messages.first();
        QCOMPARE(told.header("event"), QByteArray("draining"));
        QCOMPARE(told.header("destination"), user->queue());
        QCOMPARE(told.header("subscription"), QByteArray("sub-0"));
        QCOMPARE(told.header("content-type"), QByteArray("application/json"));
        QVERIFY(!told.hasHeader("from"));
        QCOMPARE(told.json().value(QLatin1String("reconnectAfter")).toInt(), spreadMs);
        QCOMPARE(user->stomp().webSocket().closeCode(), quint16(1001));
        QCOMPARE(user->stomp().violations(), QList<QByteArray>());
    }
}

void TestDrain::withoutASubscriptionThereIsOnlyTheClose()
{
    Daemon daemon;
    daemon.setConfiguration("[[stomp.accounts]]\nlogin = \"guest\"\npasscode = \"guest\"\n"
                            "subscribe = [\"/queue/*\"]\n");
    QVERIFY(daemon.start());
    StompClient account(daemon.stomp());
    QCOMPARE(account.connectAs("guest", "guest").command, QByteArray("CONNECTED"));
    QCOMPARE(account.sendForReceipt("SUBSCRIBE", {{"id", "q"}, {"destination", "/queue/work"}}).command,
             QByteArray("RECEIPT"));
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    StompClient quiet(daemon.stomp());
    QCOMPARE(quiet.connectAs("alice", alice.key()).command, QByteArray("CONNECTED"));
    StompClient stranger(daemon.stomp());
    QVERIFY(stranger.waitForOpen());
    QCOMPARE(daemon.stop().exitCode, 0);
    for (StompClient *client : {&account, &quiet, &stranger}) {
        QVERIFY(client->webSocket().waitForClosed());
        QCOMPARE(client->webSocket().closeCode(), quint16(1001));
        QVERIFY(client->frames().isEmpty());
    }
}

void TestDrain::withoutClientsItEndsAtOnce()
{
    Daemon daemon({QStringLiteral("drain.spread=10m"), QStringLiteral("drain.timeout=0")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    const HttpClient idle(daemon.http());
    const Daemon::Ended ended = daemon.stop(); // no more patience than any test has
    QCOMPARE(ended.exitCode, 0);
    QVERIFY2(ended.err.contains("why=empty"), ended.err.constData());
}

void TestDrain::clientsThatLeaveByThemselvesAreNotWaitedFor()
{
    Daemon daemon({QStringLiteral("drain.spread=10m"), QStringLiteral("drain.timeout=1h")});
    QVERIFY(daemon.start());
    const auto users = listeners(daemon, 30); // half a minute, which is longer than a test waits
    for (const auto &user : users) {
        connect(&user->stomp(), &StompClient::frameArrived, this,
                [&client = user->stomp()] { client.webSocket().close(1001); });
    }
    const Daemon::Ended ended = daemon.stop();
    QCOMPARE(ended.exitCode, 0);
    QVERIFY2(ended.err.contains("why=empty"), ended.err.constData());
    QVERIFY(daemon.start());
    QCOMPARE(detached(daemon), 30.0);
}

void TestDrain::requestsInFlightFinish()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    HttpClient client(daemon.http());
    // So long that its first half is seen in the metrics.
    const QByteArray content(100'000, 'x');
    const QByteArray request
        = httpRequest("POST", "/exchange", daemon.http(),
                      alice.bearer() + Headers{{"Content-Type", "application/x-www-form-urlencoded"}},
                      "toUserId=alice&content=" + content);
    std::optional<HttpAnswer> answer;
    client.request(request.left(request.size() - 5), [&](HttpAnswer given) { answer = std::move(given); });
    QVERIFY(waitUntil([&] { return metricsOf(daemon).value("messaging_body_memory_bytes") > 0; }));
    QVERIFY(beginDrain(daemon));
    QVERIFY(daemon.isRunning());
    QVERIFY(!answer.has_value());
    client.sendRaw(request.right(5));
    QVERIFY(waitUntil([&] { return answer.has_value(); }));
    QCOMPARE(answer->status, 202);
    QVERIFY(waitUntil([&] { return client.isClosed(); }));
    QCOMPARE(daemon.waitForEnd().exitCode, 0);

    QVERIFY(daemon.start());
    QVERIFY(alice.listen(daemon.stomp()));
    QCOMPARE(contentOf(alice.receive()).toLatin1(), content);
}

void TestDrain::anotherSignalLeavesAtOnce_data()
{
    QTest::addColumn<int>("first");
    QTest::addColumn<int>("second");
    QTest::newRow("SIGTERM twice") << SIGTERM << SIGTERM;
    QTest::newRow("Ctrl-C twice") << SIGINT << SIGINT;
    QTest::newRow("SIGTERM and Ctrl-C") << SIGTERM << SIGINT;
}

void TestDrain::anotherSignalLeavesAtOnce()
{
    QFETCH(const int, first);
    QFETCH(const int, second);
    Daemon daemon({QStringLiteral("drain.spread=10m"), QStringLiteral("drain.timeout=1h")});
    QVERIFY(daemon.start());
    const auto users = listeners(daemon, 30); // half a minute, which is longer than a test waits
    User sender(daemon, "sender");
    QCOMPARE(sender.connect().status, 200);
    QCOMPARE(sender.exchange("sender", "kept").status, 202);
    send(daemon, first);
    QVERIFY(waitUntil([&] { return get(daemon.internal(), "/readyz").status == 503; }));
    QVERIFY(daemon.isRunning());
    send(daemon, second);
    const Daemon::Ended ended = daemon.waitForEnd();
    QCOMPARE(ended.exitCode, 0);
    QVERIFY2(ended.err.contains("why=signal"), ended.err.constData());
    for (const auto &user : users) {
        QVERIFY(user->stomp().webSocket().waitForClosed());
        QCOMPARE(user->stomp().webSocket().closeCode(), quint16(1001));
    }
    // It saves all the same.
    QVERIFY(daemon.start());
    QCOMPARE(detached(daemon), 30.0);
    QVERIFY(sender.listen(daemon.stomp()));
    QCOMPARE(contentOf(sender.receive()), QStringLiteral("kept"));
}

void TestDrain::theTimeoutIsKept()
{
    Daemon daemon({QStringLiteral("drain.timeout=1500ms"), QStringLiteral("limits.close_timeout=0")});
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QCOMPARE(alice.connect().status, 200);
    QCOMPARE(bob.connect().status, 200);
    QVERIFY(alice.listen(proxy.address(), asks));
    QVERIFY(bob.listen({}, asks));
    proxy.stall();
    QElapsedTimer clock;
    clock.start();
    const Daemon::Ended ended = daemon.stop();
    QCOMPARE(ended.exitCode, 0);
    QVERIFY2(ended.err.contains("why=timeout connections=1"), ended.err.constData());
    QVERIFY(clock.elapsed() >= 1500);
    QVERIFY(daemon.start());
    QCOMPARE(detached(daemon), 2.0);
}

void TestDrain::whatWaitsIsThereAfterTheRestart()
{
    Daemon daemon({QStringLiteral("drain.spread=60s"), QStringLiteral("drain.timeout=10m")});
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice"); // acknowledges one by one
    User bob(daemon, "bob"); // is away already
    User carol(daemon, "carol"); // has not subscribed yet
    alice.setAckMode("client-individual");
    QCOMPARE(alice.connect().status, 200);
    QCOMPARE(bob.connect().status, 200);
    QCOMPARE(carol.connect().status, 200);
    QVERIFY(alice.listen({}, asks));
    QVERIFY(bob.listen(proxy.address(), asks));
    const auto others = listeners(daemon, 20); // keep the drain going
    for (const char *content : {"1", "2", "3"})
        QCOMPARE(carol.exchange("alice", content).status, 200);
    (void)alice.receive();
    const StompFrame two = alice.receive();
    (void)alice.receive();
    QCOMPARE(alice.stomp().sendForReceipt("ACK", {{"id", two.header("ack")}}).command, QByteArray("RECEIPT"));
    proxy.reset();
    QVERIFY(waitUntil([&] { return detached(daemon) == 1; }));
    QCOMPARE(carol.exchange("bob", "1").status, 202);
    QCOMPARE(others[0]->exchange("carol", "early").status, 202);
    // A header of a SEND travels along.
    others[0]->stomp().send("SEND", {{"destination", "/user/bob"}, {"priority", "a:b\nc"}, {"receipt", "r"}},
                            "2");
    QCOMPARE(others[0]->stomp().next("RECEIPT").header("receipt-id"), QByteArray("r"));

    QVERIFY(beginDrain(daemon));
    alice.stomp().webSocket().close(1001); // she does not wait for it
    QVERIFY(alice.stomp().webSocket().waitForClosed());
    QVERIFY(waitUntil([&] { return detached(daemon) >= 2; }));
    QCOMPARE(carol.exchange("alice", "4").status, 202); // accepted while draining
    QCOMPARE(carol.exchange("bob", "3").status, 202);
    send(daemon, SIGTERM);
    const Daemon::Ended ended = daemon.waitForEnd();
    QCOMPARE(ended.exitCode, 0);
    QVERIFY2(ended.err.contains("daemon.queues_saved messages=7 queues=3"), ended.err.constData());

    QVERIFY(daemon.start());
    const MetricsReader fresh = metricsOf(daemon);
    QCOMPARE(fresh.value("messaging_messages_restored_total"), 7.0);
    QCOMPARE(fresh.value("messaging_messages_accepted_total"), 7.0);
    QCOMPARE(fresh.value("messaging_messages_in_flight"), 7.0);
    QVERIFY(Conservation(fresh).holds());
    QCOMPARE(others[0]->exchange("bob", "4").status, 202); // behind what is there
    const auto verify
        = [](User &user, std::initializer_list<std::pair<const char *, const char *>> expected) {
              for (const auto &[content, redelivered] : expected) {
                  const StompFrame message = user.receive();
                  QCOMPARE(contentOf(message), QLatin1String(content));
                  QCOMPARE(message.header("redelivered"), QByteArray(redelivered));
                  QVERIFY(!message.header("message-id").isEmpty());
              }
          };
    QVERIFY(alice.listen(daemon.stomp(), asks));
    QVERIFY(bob.listen(daemon.stomp(), asks));
    QVERIFY(carol.listen(daemon.stomp(), asks));
    verify(alice, {{"1", "true"}, {"3", "true"}, {"4", ""}});
    const StompFrame first = bob.receive();
    QCOMPARE(contentOf(first), QStringLiteral("1"));
    QCOMPARE(first.header("from"), QByteArray("carol"));
    const StompFrame second = bob.receive();
    QCOMPARE(contentOf(second), QStringLiteral("2"));
    QCOMPARE(second.header("from"), QByteArray("user0"));
    QCOMPARE(second.header("priority"), QByteArray("a:b\nc"));
    verify(bob, {{"3", ""}, {"4", ""}});
    verify(carol, {{"early", ""}});
    QVERIFY(Conservation(metricsOf(daemon)).holds());

    // Once is enough.
    QCOMPARE(daemon.stop().exitCode, 0);
    QVERIFY(daemon.start());
    QCOMPARE(metricsOf(daemon).value("messaging_messages_restored_total"), 3.0); // alice acknowledged none
    QVERIFY(alice.listen(daemon.stomp(), asks));
    verify(alice, {{"1", "true"}, {"3", "true"}, {"4", "true"}});
}

void TestDrain::timesAndNoticesOutliveTheRestart()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QCOMPARE(alice.connect().status, 200); // and does not subscribe
    QCOMPARE(bob.connect().status, 200);
    const auto post = [&](const QByteArray &to, const QByteArray &more) {
        return postJson(daemon.http(), "/exchange",
                        R"({"content":"x","toUserId":")" + to + "\"," + more + "}", bob.bearer())
            .status;
    };
    QCOMPARE(post("alice", R"("ttl":2000,"exchangeId":"short")"), 202);
    QCOMPARE(alice.connect().status, 409);
    QCOMPARE(bob.exchange("alice", "long").status, 202);
    QCOMPARE(post("nobody", R"("ttl":3000,"notify":"failed","exchangeId":"e")"), 202);
    QCOMPARE(daemon.stop().exitCode, 0);

    QVERIFY(daemon.start());
    QCOMPARE(metricsOf(daemon).value("messaging_messages_restored_total"), 3.0);
    // bob is told of what waited for somebody who did not come in time, whichever run saw the end of it.
    QVERIFY(bob.listen(daemon.stomp()));
    const StompFrame notice = bob.receive();
    QCOMPARE(notice.header("event"), "failed");
    QVERIFY(!notice.hasHeader("from"));
    QCOMPARE(notice.json().value(QLatin1String("exchangeId")).toString(), QStringLiteral("e"));
    QCOMPARE(notice.json().value(QLatin1String("state")).toString(), QStringLiteral("expired"));
    // What had two seconds had them in both runs together.
    QVERIFY(waitUntil([&] {
        return metricsOf(daemon).value("messaging_messages_dropped_total", {{"reason", "expired"}}) == 2;
    }));
    QVERIFY(alice.listen(daemon.stomp()));
    QCOMPARE(contentOf(alice.receive()), QStringLiteral("long"));
    QVERIFY(Conservation(metricsOf(daemon)).holds());
}

void TestDrain::whoMayNotResumeEnds()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    alice.setAckMode("client");
    QVERIFY(alice.enter());
    QCOMPARE(bob.connect().status, 200);
    QVERIFY(bob.listen({}, asks));
    QCOMPARE(bob.exchange("alice", "not acknowledged").status, 200);
    const Daemon::Ended ended = daemon.stop();
    QCOMPARE(ended.exitCode, 0);
    QVERIFY(!ended.err.contains("queues_"));
    QVERIFY(daemon.start());
    const MetricsReader metrics = metricsOf(daemon);
    QCOMPARE(metrics.value("messaging_sessions_restored_total"), 1.0);
    QCOMPARE(metrics.value("messaging_messages_restored_total"), 0.0);
    QCOMPARE(alice.connect().status, 200);
    QCOMPARE(bob.exchange("bob", "x").status, 202);
}

void TestDrain::aDrainLongerThanTheWindowEndsNobody()
{
    Daemon daemon({QStringLiteral("drain.spread=2s"), QStringLiteral("sessions.resume_window=300ms")});
    QVERIFY(daemon.start());
    const auto users = listeners(daemon, 10);
    const Daemon::Ended ended = daemon.stop();
    QCOMPARE(ended.exitCode, 0);
    QVERIFY(!ended.err.contains("resume_expired"));
    QVERIFY(daemon.start());
    QCOMPARE(metricsOf(daemon).value("messaging_sessions_restored_total"), 10.0);
}

void TestDrain::inMemoryNothingIsKept()
{
    Daemon daemon({QStringLiteral("sessions.store=memory")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    QCOMPARE(alice.exchange("alice", "lost").status, 202);
    const Daemon::Ended ended = daemon.stop();
    QCOMPARE(ended.exitCode, 0);
    QVERIFY2(ended.err.contains("daemon.queues_dropped messages=1 queues=1"), ended.err.constData());
    QVERIFY(daemon.start());
    QCOMPARE(metricsOf(daemon).value("messaging_messages_restored_total"), 0.0);
}

void TestDrain::aDiskThatFailsIsTold()
{
    Daemon daemon;
    daemon.useFaultyDisk();
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    daemon.setDiskFaults("sync EIO\n");
    // Without anything to save it is no matter.
    QCOMPARE(daemon.stop().exitCode, 0);
    daemon.setDiskFaults({});
    QVERIFY(daemon.start());
    QCOMPARE(alice.exchange("alice", "lost").status, 202);
    daemon.setDiskFaults("sync EIO\n");
    const Daemon::Ended ended = daemon.stop();
    QCOMPARE(ended.exitCode, 4);
    QVERIFY2(ended.err.contains("daemon.queues_lost messages=1 queues=1"), ended.err.constData());
    QVERIFY2(ended.err.contains("messaging-server: The session store could not be written to"),
             ended.err.constData());
    daemon.setDiskFaults({});
    QVERIFY(daemon.start());
    QVERIFY(alice.listen(daemon.stomp())); // the session is there
}

namespace {

/// One of many clients. It resumes, writes down what it gets and, if it is one of those, acknowledges it.
class Guest
{
public:
    Guest(Daemon &daemon, int number)
        : m_daemon(daemon)
        , m_user(daemon, "guest" + QByteArray::number(number))
        , m_acknowledges(number % 2 == 0)
    { }

    [[nodiscard]] bool open() { return m_user.connect().status == 200; }
    /// Begins a connection; the rest comes by enter(), when isOpen().
    void dial()
    {
        m_stomp = std::make_unique<StompClient>(m_daemon.stomp());
        QObject::connect(m_stomp.get(), &StompClient::frameArrived, m_stomp.get(), [this] { read(); });
    }
    [[nodiscard]] bool isOpen() const { return m_stomp->webSocket().isOpen(); }
    [[nodiscard]] bool isClosed() const { return m_stomp->webSocket().isClosed(); }
    void enter()
    {
        m_stomp->send("CONNECT",
                      Headers{{"accept-version", "1.2"}, {"login", m_user.name()}, {"passcode", m_user.key()}}
                          + asks);
        m_stomp->send("SUBSCRIBE",
                      {{"id", "s"},
                       {"destination", m_user.queue()},
                       {"ack", m_acknowledges ? "client-individual" : "auto"},
                       {"receipt", "entered"}});
    }
    /// `resumed` of CONNECTED, once the subscription is there too; null before.
    [[nodiscard]] QByteArray resumed() const
    {
        QByteArray answer;
        bool entered = false;
        for (const StompFrame &frame : m_stomp->frames()) {
            if (frame.command == "CONNECTED")
                answer = frame.header("resumed");
            entered = entered || frame.command == "RECEIPT";
        }
        return entered ? answer : QByteArray();
    }
    [[nodiscard]] User &user() { return m_user; }
    [[nodiscard]] quint16 closeCode() const { return m_stomp->webSocket().closeCode(); }
    [[nodiscard]] bool wasTold() const { return m_told; }
    [[nodiscard]] QList<QByteArray> violations() const { return m_stomp->violations(); }
    /// How often each content came without `redelivered`, and with it.
    QMap<QString, std::pair<int, int>> journal;

private:
    void read()
    {
        const QList<StompFrame> messages = m_stomp->takeMessages();
        for (const StompFrame &message : messages) {
            if (isDraining(message))
                m_told = true;
            else if (message.header("redelivered") == "true")
                ++journal[contentOf(message)].second;
            else
                ++journal[contentOf(message)].first;
            if (m_acknowledges && isOpen())
                m_stomp->send("ACK", {{"id", message.header("ack")}});
        }
    }

    Daemon &m_daemon;
    User m_user;
    const bool m_acknowledges;
    bool m_told = false;
    std::unique_ptr<StompClient> m_stomp;
};

/// Messages to guests in turn, and which of them were answered 2xx.
class Traffic
{
public:
    Traffic(Daemon &daemon, std::vector<std::unique_ptr<Guest>> &guests)
        : m_daemon(daemon)
        , m_guests(guests)
    {
        QObject::connect(&m_timer, &QTimer::timeout, &m_timer, [this] { sendOne(); });
    }

    /// Opens connections of its own; they stay until the daemon ends them.
    void dial()
    {
        m_clients.clear();
        for (int i = 0; i < 4; ++i)
            m_clients.push_back(std::make_unique<HttpClient>(m_daemon.http()));
    }
    void begin() { m_timer.start(10); }
    void end() { m_timer.stop(); }
    [[nodiscard]] bool isIdle() const { return m_unanswered == 0; }

    /// Content to guest.
    QMap<QString, std::size_t> accepted;
    int refused = 0; ///< answered, and not 2xx

private:
    void sendOne()
    {
        HttpClient &client = *m_clients[m_next % m_clients.size()];
        if (client.isClosed())
            return;
        const std::size_t to = m_next * 7 % m_guests.size();
        const QByteArray content = QByteArray::number(qulonglong(m_next++));
        User &sender = m_guests[m_next % m_guests.size()]->user();
        ++m_unanswered;
        client.request(
            httpRequest("POST", "/exchange", m_daemon.http(),
                        sender.bearer() + Headers{{"Content-Type", "application/x-www-form-urlencoded"}},
                        formEncoded({{"toUserId", m_guests[to]->user().name()}, {"content", content}})),
            [this, to, content](const HttpAnswer &answer) {
                --m_unanswered;
                if (answer.status / 100 == 2)
                    accepted.insert(QString::fromLatin1(content), to);
                else if (answer.status != 0)
                    ++refused;
            });
    }

    Daemon &m_daemon;
    std::vector<std::unique_ptr<Guest>> &m_guests;
    std::vector<std::unique_ptr<HttpClient>> m_clients;
    QTimer m_timer;
    std::size_t m_next = 0;
    int m_unanswered = 0;
};

} // namespace

void TestDrain::manyClientsLoseNothing()
{
    const int count = qEnvironmentVariableIsSet("MSGSRV_LONG") ? 2000 : 500;
    const QString address = QStringLiteral("127.0.0.1:%1").arg(freePort());
    Daemon daemon({QStringLiteral("http.listen=") + address, QStringLiteral("stomp.listen=") + address,
                   QStringLiteral("drain.spread=3s"), QStringLiteral("limits.connections_per_address=0"),
                   QStringLiteral("limits.connects_per_address=0"),
                   QStringLiteral("limits.exchanges_per_address=0"), QStringLiteral("log.level=warning")});
    QVERIFY(daemon.start());
    std::vector<std::unique_ptr<Guest>> guests;
    for (int i = 0; i < count; ++i)
        QVERIFY(guests.emplace_back(std::make_unique<Guest>(daemon, i))->open());
    const auto all = [&guests](auto condition) {
        return waitUntil([&] { return std::all_of(guests.begin(), guests.end(), condition); },
                         3 * patienceMs);
    };
    const auto enterAll = [&](const QByteArray &resumed) {
        for (const auto &guest : guests)
            guest->dial();
        if (!all([](const auto &guest) { return guest->isOpen(); }))
            return false;
        for (const auto &guest : guests)
            guest->enter();
        return all([&](const auto &guest) { return guest->resumed() == resumed; });
    };
    QVERIFY(enterAll("false"));

    Traffic traffic(daemon, guests);
    traffic.dial();
    traffic.begin();
    QVERIFY(waitUntil([&] { return traffic.accepted.size() > 100; }));
    const Daemon::Ended ended = daemon.stop();
    QCOMPARE(ended.exitCode, 0);
    QVERIFY(all([](const auto &guest) { return guest->isClosed(); }));
    for (const auto &guest : guests) {
        QCOMPARE(guest->closeCode(), quint16(1001));
        QVERIFY(guest->wasTold());
        QCOMPARE(guest->violations(), QList<QByteArray>());
    }
    const qsizetype acceptedBefore = traffic.accepted.size();
    QVERIFY(acceptedBefore > 200); // it went on while draining

    QVERIFY(daemon.start());
    QCOMPARE(daemon.http(), address.toLatin1());
    const double restored = metricsOf(daemon).value("messaging_messages_restored_total");
    QVERIFY(restored > 0);
    QCOMPARE(detached(daemon), double(count));
    traffic.dial();
    QVERIFY(enterAll("true"));
    QVERIFY(waitUntil([&] { return traffic.accepted.size() > acceptedBefore + 100; }));
    traffic.end();
    QVERIFY(waitUntil([&] { return traffic.isIdle(); }));
    QVERIFY(waitUntil([&] { return metricsOf(daemon).value("messaging_messages_in_flight") == 0; }));
    QVERIFY(Conservation(metricsOf(daemon)).holds());
    QCOMPARE(metricsOf(daemon).sum("messaging_messages_dropped_total"), 0.0);
    QCOMPARE(traffic.refused, 0);

    for (auto it = traffic.accepted.cbegin(); it != traffic.accepted.cend(); ++it) {
        const auto [plain, redelivered] = guests[it.value()]->journal.value(it.key());
        QVERIFY2(plain + redelivered >= 1 && plain <= 1,
                 qPrintable(QStringLiteral("%1 to guest %2 came %3 and %4 times")
                                .arg(it.key())
                                .arg(it.value())
                                .arg(plain)
                                .arg(redelivered)));
    }
}

QTEST_GUILESS_MAIN(TestDrain)
#include "tst_drain.moc"
