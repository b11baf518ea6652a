// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/metricsreader.h"
#include "tests/support/tcpproxy.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

using namespace msgsrv::test;

/// What begins, keeps and ends a session, when the network does not behave.
class TestLifetime : public QObject
{
    Q_OBJECT

private slots:
    void newestConnectionWins();
    void messageThatWaitedGoesToTheNewestConnection();
    void lateCloseOfAnOldConnectionLeavesTheNewerOne_data();
    void lateCloseOfAnOldConnectionLeavesTheNewerOne();
    void lateCloseOfAnOldSessionLeavesTheNewerSession();
    void sessionThatNobodySubscribesToIsDeletedAndCountedOnce_data();
    void sessionThatNobodySubscribesToIsDeletedAndCountedOnce();
    void ackedSessionOutlivesTheTtl();
    void halfOpenConnectionIsNoticedByHeartBeats();
    void halfOpenConnectionWithoutHeartBeatsIsNoticedByPings();
    void clientThatKeepsBeatingStays();
    void serverBeatsAsItPromised();
    void brokenConnectionEndsTheSession_data();
    void brokenConnectionEndsTheSession();
    void clientThatNeverConnectsIsClosed();
    void slowConsumerIsDroppedAndCounted(); // item 94
};

namespace {

double strange(const Daemon &daemon)
{
    return MetricsReader::scrape(daemon.internal()).sum("messaging_strange_behaviour_total");
}

double sessions(const Daemon &daemon)
{
    return MetricsReader::scrape(daemon.internal()).sum("messaging_sessions");
}

/// A further connection for the session of @p user.
bool attachAgain(StompClient &stomp, const User &user)
{
    return stomp.connectAs(user.name(), user.key()).command == "CONNECTED"
        && stomp.sendForReceipt("SUBSCRIBE", {{"id", "again"}, {"destination", user.queue()}}).command
        == "RECEIPT";
}

} // namespace

void TestLifetime::newestConnectionWins()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    StompClient newer(daemon.stomp());
    QVERIFY(attachAgain(newer, alice));
    QVERIFY(alice.stomp().webSocket().waitForClosed());
    QCOMPARE(alice.stomp().webSocket().closeCode(), quint16(4001));
    QCOMPARE(alice.exchange("alice", "x").status, 200);
    QCOMPARE(newer.next("MESSAGE").header("subscription"), "again");
    QCOMPARE(alice.stomp().takeMessages().size(), 0);
    QCOMPARE(sessions(daemon), 1.0);
}

void TestLifetime::messageThatWaitedGoesToTheNewestConnection()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    StompClient newer(daemon.stomp());
    QCOMPARE(newer.connectAs("alice", alice.key()).command, "CONNECTED");
    QVERIFY(alice.stomp().webSocket().waitForClosed());
    // The newer connection holds the session now and has not subscribed yet.
    QCOMPARE(alice.exchange("alice", "between").status, 202);
    QCOMPARE(newer.sendForReceipt("SUBSCRIBE", {{"id", "again"}, {"destination", alice.queue()}}).command,
             "RECEIPT");
    QCOMPARE(newer.next("MESSAGE").json().value(QLatin1String("content")).toString(),
             QStringLiteral("between"));
    QVERIFY(Conservation(MetricsReader::scrape(daemon.internal())).holds());
}

void TestLifetime::lateCloseOfAnOldConnectionLeavesTheNewerOne_data()
{
    QTest::addColumn<QString>("end");
    for (const char *end : {"reset", "half-close", "resume"})
        QTest::newRow(end) << QString::fromLatin1(end);
}

void TestLifetime::lateCloseOfAnOldConnectionLeavesTheNewerOne()
{
    QFETCH(const QString, end);
    Daemon daemon;
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(alice.listen(proxy.address()));
    proxy.stall();
    StompClient newer(daemon.stomp());
    QVERIFY(attachAgain(newer, alice));
    if (end == QLatin1String("reset")) {
        proxy.reset();
    } else if (end == QLatin1String("half-close")) {
        proxy.halfCloseTowardsServer();
    } else {
        alice.stomp().send("DISCONNECT", {}); // waited on the way and arrives now
        proxy.resume();
    }
    QVERIFY(waitUntil([&] {
        return MetricsReader::scrape(daemon.internal())
                   .sum("messaging_connections", {{"transport", "websocket"}})
            <= 1;
    }));
    QCOMPARE(sessions(daemon), 1.0);
    QCOMPARE(alice.exchange("alice", "x").status, 200);
    QVERIFY(newer.next("MESSAGE"));
}

void TestLifetime::lateCloseOfAnOldSessionLeavesTheNewerSession()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User before(daemon, "alice");
    QCOMPARE(before.connect().status, 200);
    QVERIFY(before.listen(proxy.address()));
    proxy.stall();
    QCOMPARE(before.leave().status, 200);
    User after(daemon, "alice");
    QVERIFY(after.enter());
    proxy.reset();
    QVERIFY(waitUntil([&] {
        return MetricsReader::scrape(daemon.internal())
                   .sum("messaging_connections", {{"transport", "websocket"}})
            <= 1;
    }));
    QCOMPARE(after.exchange("alice", "x").status, 200);
    QVERIFY(after.receive());
    QCOMPARE(after.leave().status, 200);
}

void TestLifetime::sessionThatNobodySubscribesToIsDeletedAndCountedOnce_data()
{
    QTest::addColumn<bool>("connected");
    QTest::newRow("by HTTP only") << false;
    QTest::newRow("after CONNECT") << true;
}

void TestLifetime::sessionThatNobodySubscribesToIsDeletedAndCountedOnce()
{
    QFETCH(const bool, connected);
    Daemon daemon({QStringLiteral("sessions.unacked_ttl=1s")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    const HttpAnswer answer = alice.connect();
    QCOMPARE(answer.json().value(QLatin1String("expiresIn")).toInt(), 1);
    QCOMPARE(alice.exchange("alice", "waits").status, 202);
    StompClient stomp(daemon.stomp());
    if (connected)
        QCOMPARE(stomp.connectAs("alice", alice.key()).command, "CONNECTED");
    QVERIFY(waitUntil([&] { return sessions(daemon) == 0; }));
    QCOMPARE(strange(daemon), 1.0);
    if (connected) {
        QVERIFY(stomp.webSocket().waitForClosed());
        QCOMPARE(stomp.webSocket().closeCode(), quint16(4002));
    }
    const MetricsReader metrics = MetricsReader::scrape(daemon.internal());
    QCOMPARE(metrics.sum("messaging_messages_dropped_total"), 1.0);
    QVERIFY(Conservation(metrics).holds());

    // The name is free, and a second session that is subscribed in time adds nothing to the count.
    User again(daemon, "alice");
    QVERIFY(again.enter());
    QTest::qWait(1500); // longer than the TTL: it is about what does not happen
    QCOMPARE(strange(daemon), 1.0);
    QCOMPARE(sessions(daemon), 1.0);
    QCOMPARE(alice.leave().status, 401);
    const Daemon::Ended ended = daemon.stop();
    QCOMPARE(ended.exitCode, 0);
    // The old key in /disconnect is another strange thing; of the TTL there is one line.
    QCOMPARE(ended.err.count("strange kind=unacked_expired"), 1);
}

void TestLifetime::ackedSessionOutlivesTheTtl()
{
    Daemon daemon({QStringLiteral("sessions.unacked_ttl=300ms")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    QTest::qWait(1200); // as above
    QCOMPARE(alice.exchange("alice", "x").status, 200);
    QCOMPARE(strange(daemon), 0.0);
}

void TestLifetime::halfOpenConnectionIsNoticedByHeartBeats()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(alice.listen(proxy.address(), {{"heart-beat", "1000,1000"}}));
    alice.stomp().beatEvery(300);
    QVERIFY(waitUntil([&] { return alice.stomp().beatsSeen() > 2; }));
    QCOMPARE(sessions(daemon), 1.0);
    proxy.stall();
    QVERIFY(waitUntil([&] { return sessions(daemon) == 0; }));
    QCOMPARE(proxy.connectionCount(), 1); // no end was seen on the wire
    QCOMPARE(User(daemon, "alice").connect().status, 200);
}

void TestLifetime::halfOpenConnectionWithoutHeartBeatsIsNoticedByPings()
{
    Daemon daemon({QStringLiteral("stomp.ping_interval=500ms")});
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(alice.listen(proxy.address()));
    QVERIFY(waitUntil([&] { return alice.stomp().webSocket().pings().size() >= 3; }));
    QCOMPARE(sessions(daemon), 1.0); // its pongs keep it
    proxy.stall();
    QVERIFY(waitUntil([&] { return sessions(daemon) == 0; }));
    QCOMPARE(proxy.connectionCount(), 1);
}

void TestLifetime::clientThatKeepsBeatingStays()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(alice.listen({}, {{"heart-beat", "1000,0"}}));
    alice.stomp().beatEvery(200);
    QTest::qWait(4000); // four times what was agreed
    QVERIFY(alice.stomp().webSocket().isOpen());
    alice.stomp().beatEvery(0);
    QVERIFY(alice.stomp().webSocket().waitForClosed());
}

void TestLifetime::serverBeatsAsItPromised()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    StompClient stomp(daemon.stomp());
    const StompFrame connected = stomp.connectAs("alice", alice.key(), {{"heart-beat", "0,1000"}});
    const QList<QByteArray> promised = connected.header("heart-beat").split(',');
    QCOMPARE(promised.size(), 2);
    QVERIFY(promised[0].toInt() > 0); // it sends
    QVERIFY(waitUntil([&] { return stomp.beatsSeen() >= 3; }));
    QVERIFY(stomp.webSocket().isOpen());
}

void TestLifetime::brokenConnectionEndsTheSession_data()
{
    QTest::addColumn<QString>("end");
    for (const char *end : {"reset", "half-close"})
        QTest::newRow(end) << QString::fromLatin1(end);
}

void TestLifetime::brokenConnectionEndsTheSession()
{
    QFETCH(const QString, end);
    Daemon daemon;
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(alice.listen(proxy.address()));
    if (end == QLatin1String("reset"))
        proxy.reset();
    else
        proxy.halfCloseTowardsServer();
    QVERIFY(waitUntil([&] { return sessions(daemon) == 0; }));
    QCOMPARE(strange(daemon), 0.0);
}

void TestLifetime::clientThatNeverConnectsIsClosed()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    StompClient silent(daemon.stomp());
    QVERIFY(silent.waitForOpen());
    QVERIFY(silent.webSocket().waitForClosed()); // the login timeout is 10 s
}

void TestLifetime::slowConsumerIsDroppedAndCounted()
{
    Daemon daemon({QStringLiteral("limits.send_queue=1MiB"), QStringLiteral("limits.send_stall=3s")});
    QVERIFY(daemon.start());
    User slow(daemon, "slow");
    User alice(daemon, "alice");
    QVERIFY(slow.enter() && alice.enter());
    slow.stomp().webSocket().stopReading();
    const QByteArray content(60'000, 'x');
    int delivered = 0;
    int queued = 0;
    // The kernel's buffers take some megabytes first, then the connection's and the queue.
    QVERIFY(waitUntil([&] {
        const int status = alice.exchange("slow", content).status;
        delivered += status == 200;
        queued += status == 202;
        return queued == 20 || status / 100 != 2;
    }));
    QCOMPARE(queued, 20); // told at once, not when the peer is given up
    // Everybody else is served meanwhile.
    QCOMPARE(alice.exchange("alice", "x").status, 200);
    QVERIFY(alice.receive());
    QVERIFY(Conservation(MetricsReader::scrape(daemon.internal())).inFlight > 0);
    QVERIFY(waitUntil([&] { return sessions(daemon) == 1; }));
    const Conservation figures(MetricsReader::scrape(daemon.internal()));
    QCOMPARE(figures.accepted, delivered + queued + 1.0);
    QVERIFY(figures.dropped > 0);
    QCOMPARE(figures.inFlight, 0.0);
    QVERIFY(figures.holds());
    QCOMPARE(alice.exchange("slow", "x").status, 404);
}

QTEST_GUILESS_MAIN(TestLifetime)
#include "tst_lifetime.moc"
