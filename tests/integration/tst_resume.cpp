// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/metricsreader.h"
#include "tests/support/tcpproxy.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QElapsedTimer>

using namespace msgsrv::test;

/// Sessions that outlive a broken connection: `resume` of CONNECT, sessions.resume and its window.
class TestResume : public QObject
{
    Q_OBJECT

private slots:
    void whatCameMeanwhileWaits_data();
    void whatCameMeanwhileWaits();
    void whatWasNotAcknowledgedComesAgainInItsPlace();
    void withoutAskingNothingIsGranted();
    void everybodyIsGrantedWhenTheConfigurationSaysSo();
    void nobodyIsGrantedWhenTheConfigurationSaysSo_data();
    void nobodyIsGrantedWhenTheConfigurationSaysSo();
    void theWindowEndsTheSession();
    void disconnectEndsTheSessionForGood_data();
    void disconnectEndsTheSessionForGood();
    void theUserIdIsTakenMeanwhile();
    void aDetachedSessionGivesWayToANewcomer();
    void aLiveConnectionIsAskedAndKeepsItsSession_data();
    void aLiveConnectionIsAskedAndKeepsItsSession();
    void aDeadConnectionLosesItsSessionToANewcomer();
    void theNewcomerReplacesWhenTheConfigurationSaysSo();
    void theKeyGetsItsOwnSessionBack();
    void aTakeoverOfALiveConnectionIsAResumption();
    void aLostHeartBeatDetaches();
    void aMalformedWishIsAnError_data();
    void aMalformedWishIsAnError();
    void manyBreaksLoseNothing();
};

namespace {

const Headers asks{{"resume", "30000"}};

double detached(const Daemon &daemon)
{
    return MetricsReader::scrape(daemon.internal()).sum("messaging_sessions", {{"state", "detached"}});
}

double sessions(const Daemon &daemon)
{
    return MetricsReader::scrape(daemon.internal()).sum("messaging_sessions");
}

QString contentOf(const StompFrame &frame)
{
    return frame.json().value(QLatin1String("content")).toString();
}

bool subscribe(StompClient &stomp, const User &user, const QByteArray &ack = "auto")
{
    return stomp.sendForReceipt("SUBSCRIBE", {{"id", "s"}, {"destination", user.queue()}, {"ack", ack}})
               .command
        == "RECEIPT";
}

} // namespace

void TestResume::whatCameMeanwhileWaits_data()
{
    QTest::addColumn<QString>("end");
    for (const char *end : {"reset", "half-close", "close frame"})
        QTest::newRow(end) << QString::fromLatin1(end);
}

void TestResume::whatCameMeanwhileWaits()
{
    QFETCH(const QString, end);
    Daemon daemon;
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(bob.enter());
    QCOMPARE(alice.connect().status, 200);
    StompClient first(proxy.address());
    const StompFrame connected = first.connectAs("alice", alice.key(), asks);
    QCOMPARE(connected.header("resume"), "30000");
    QCOMPARE(connected.header("resumed"), "false");
    QVERIFY(subscribe(first, alice));

    if (end == QLatin1String("reset"))
        proxy.reset();
    else if (end == QLatin1String("half-close"))
        proxy.halfCloseTowardsServer();
    else
        first.webSocket().close(1001);
    QVERIFY(waitUntil([&] { return detached(daemon) == 1; }));
    for (const char *content : {"one", "two", "three"})
        QCOMPARE(bob.exchange("alice", content).status, 202);
    QCOMPARE(alice.exchange("bob", "still me").status, 200); // the key is good

    StompClient second(daemon.stomp());
    QCOMPARE(second.connectAs("alice", alice.key(), asks).header("resumed"), "true");
    QVERIFY(subscribe(second, alice));
    for (const char *content : {"one", "two", "three"})
        QCOMPARE(contentOf(second.next("MESSAGE")), QLatin1String(content));
    QCOMPARE(bob.exchange("alice", "four").status, 200);
    QCOMPARE(contentOf(second.next("MESSAGE")), QStringLiteral("four"));
    QCOMPARE(detached(daemon), 0.0);
    QCOMPARE(second.violations(), QList<QByteArray>());
    QVERIFY(Conservation(MetricsReader::scrape(daemon.internal())).holds());
}

void TestResume::whatWasNotAcknowledgedComesAgainInItsPlace()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(bob.enter());
    QCOMPARE(alice.connect().status, 200);
    StompClient first(proxy.address());
    QCOMPARE(first.connectAs("alice", alice.key(), asks).command, "CONNECTED");
    QVERIFY(subscribe(first, alice, "client-individual"));
    for (const char *content : {"one", "two", "three"})
        QCOMPARE(bob.exchange("alice", content).status, 200);
    (void)first.next("MESSAGE");
    const StompFrame two = first.next("MESSAGE");
    (void)first.next("MESSAGE");
    QCOMPARE(first.sendForReceipt("ACK", {{"id", two.header("ack")}}).command, "RECEIPT");
    proxy.reset();
    QVERIFY(waitUntil([&] { return detached(daemon) == 1; }));
    QCOMPARE(bob.exchange("alice", "four").status, 202);

    StompClient second(daemon.stomp());
    QCOMPARE(second.connectAs("alice", alice.key(), asks).header("resumed"), "true");
    QVERIFY(subscribe(second, alice, "client-individual"));
    const std::pair<const char *, const char *> expected[]{{"one", "true"}, {"three", "true"}, {"four", ""}};
    for (const auto &[content, redelivered] : expected) {
        const StompFrame message = second.next("MESSAGE");
        QCOMPARE(contentOf(message), QLatin1String(content));
        QCOMPARE(message.header("redelivered"), QByteArray(redelivered));
    }
    QVERIFY(Conservation(MetricsReader::scrape(daemon.internal())).holds());
}

void TestResume::withoutAskingNothingIsGranted()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    StompClient stomp(proxy.address());
    const StompFrame connected = stomp.connectAs("alice", alice.key());
    QVERIFY(!connected.hasHeader("resume") && !connected.hasHeader("resumed"));
    QVERIFY(subscribe(stomp, alice));
    proxy.reset();
    QVERIFY(waitUntil([&] { return sessions(daemon) == 0; }));
}

void TestResume::everybodyIsGrantedWhenTheConfigurationSaysSo()
{
    Daemon daemon({QStringLiteral("sessions.resume=always"), QStringLiteral("sessions.resume_window=20s")});
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    StompClient stomp(proxy.address());
    QCOMPARE(stomp.connectAs("alice", alice.key()).header("resume"), "20000");
    QVERIFY(subscribe(stomp, alice));
    proxy.reset();
    QVERIFY(waitUntil([&] { return detached(daemon) == 1; }));
    StompClient again(daemon.stomp());
    const StompFrame connected = again.connectAs("alice", alice.key(), {{"resume", "99999999999999999999"}});
    QCOMPARE(connected.header("resume"), "20000"); // never more than the window
    QCOMPARE(connected.header("resumed"), "true");
}

void TestResume::nobodyIsGrantedWhenTheConfigurationSaysSo_data()
{
    QTest::addColumn<QString>("setting");
    QTest::newRow("never") << QStringLiteral("sessions.resume=never");
    QTest::newRow("no window") << QStringLiteral("sessions.resume_window=0");
}

void TestResume::nobodyIsGrantedWhenTheConfigurationSaysSo()
{
    QFETCH(const QString, setting);
    Daemon daemon({setting});
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    StompClient stomp(proxy.address());
    QVERIFY(!stomp.connectAs("alice", alice.key(), asks).hasHeader("resume"));
    QVERIFY(subscribe(stomp, alice));
    proxy.reset();
    QVERIFY(waitUntil([&] { return sessions(daemon) == 0; }));
}

void TestResume::theWindowEndsTheSession()
{
    Daemon daemon({QStringLiteral("sessions.resume_window=1s")});
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(bob.enter());
    QCOMPARE(alice.connect().status, 200);
    StompClient stomp(proxy.address());
    QCOMPARE(stomp.connectAs("alice", alice.key(), asks).header("resume"), "1000");
    QVERIFY(subscribe(stomp, alice));
    proxy.reset();
    QVERIFY(waitUntil([&] { return detached(daemon) == 1; }));
    QCOMPARE(bob.exchange("alice", "too late").status, 202);
    QVERIFY(waitUntil([&] { return sessions(daemon) == 1; }));
    const auto metrics = MetricsReader::scrape(daemon.internal());
    QCOMPARE(metrics.sum("messaging_sessions_ended_total", {{"reason", "resume_expired"}}), 1.0);
    QCOMPARE(metrics.sum("messaging_messages_dropped_total", {{"reason", "expired"}}), 1.0);
    QCOMPARE(metrics.sum("messaging_strange_behaviour_total"), 0.0);
    QVERIFY(Conservation(metrics).holds());
    StompClient late(daemon.stomp());
    QCOMPARE(late.connectAs("alice", alice.key(), asks).command, "ERROR");
}

void TestResume::disconnectEndsTheSessionForGood_data()
{
    QTest::addColumn<QString>("end");
    for (const char *end : {"DISCONNECT", "/disconnect", "UNSUBSCRIBE", "/disconnect while detached"})
        QTest::newRow(end) << QString::fromLatin1(end);
}

void TestResume::disconnectEndsTheSessionForGood()
{
    QFETCH(const QString, end);
    Daemon daemon;
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    StompClient stomp(proxy.address());
    QCOMPARE(stomp.connectAs("alice", alice.key(), asks).command, "CONNECTED");
    QVERIFY(subscribe(stomp, alice));
    if (end == QLatin1String("DISCONNECT")) {
        stomp.send("DISCONNECT", {});
    } else if (end == QLatin1String("UNSUBSCRIBE")) {
        stomp.send("UNSUBSCRIBE", {{"id", "s"}});
    } else {
        if (end.endsWith(QLatin1String("detached"))) {
            proxy.reset();
            QVERIFY(waitUntil([&] { return detached(daemon) == 1; }));
        }
        QCOMPARE(alice.leave().status, 200);
    }
    QVERIFY(waitUntil([&] { return sessions(daemon) == 0; }));
    StompClient again(daemon.stomp());
    QCOMPARE(again.connectAs("alice", alice.key(), asks).command, "ERROR");
}

void TestResume::theUserIdIsTakenMeanwhile()
{
    Daemon daemon({QStringLiteral("sessions.conflict=reject")});
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(alice.listen(proxy.address(), asks));
    proxy.reset();
    QVERIFY(waitUntil([&] { return detached(daemon) == 1; }));
    User other(daemon, "alice");
    QCOMPARE(other.connect().status, 409);
}

void TestResume::aDetachedSessionGivesWayToANewcomer()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(bob.enter());
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(alice.listen(proxy.address(), asks));
    proxy.reset();
    QVERIFY(waitUntil([&] { return detached(daemon) == 1; }));
    QCOMPARE(bob.exchange("alice", "for the old one").status, 202);

    User newcomer(daemon, "alice");
    QVERIFY(newcomer.enter());
    QVERIFY(newcomer.key() != alice.key());
    // Nobody gets another's mail by typing a name.
    QCOMPARE(bob.exchange("alice", "for the new one").status, 200);
    QCOMPARE(contentOf(newcomer.receive()), QStringLiteral("for the new one"));
    QCOMPARE(newcomer.stomp().takeMessages().size(), 0);
    StompClient late(daemon.stomp());
    QCOMPARE(late.connectAs("alice", alice.key(), asks).command, "ERROR");
    const auto metrics = MetricsReader::scrape(daemon.internal());
    QCOMPARE(metrics.sum("messaging_sessions_ended_total", {{"reason", "superseded"}}), 1.0);
    QVERIFY(Conservation(metrics).holds());
}

void TestResume::aLiveConnectionIsAskedAndKeepsItsSession_data()
{
    QTest::addColumn<bool>("isAcked");
    QTest::newRow("acked") << true;
    QTest::newRow("not connected yet") << false;
}

void TestResume::aLiveConnectionIsAskedAndKeepsItsSession()
{
    QFETCH(const bool, isAcked);
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    if (isAcked)
        QVERIFY(alice.listen({}, asks));
    User other(daemon, "alice");
    QCOMPARE(other.connect().status, 409);
    const auto metrics = MetricsReader::scrape(daemon.internal());
    QCOMPARE(metrics.sum("messaging_probes_total", {{"found", "alive"}}), isAcked ? 1.0 : 0.0);
    QVERIFY(isAcked || alice.listen());
    QCOMPARE(alice.exchange("alice", "still here").status, 200);
    QCOMPARE(contentOf(alice.receive()), QStringLiteral("still here"));
}

void TestResume::aDeadConnectionLosesItsSessionToANewcomer()
{
    Daemon daemon({QStringLiteral("sessions.probe_timeout=3s")});
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(alice.listen(proxy.address(), asks));
    proxy.stall(); // nobody hears of it
    User newcomer(daemon, "alice");
    QElapsedTimer timer;
    timer.start();
    QVERIFY(newcomer.enter());
    QVERIFY(timer.elapsed() >= 3000);
    const auto metrics = MetricsReader::scrape(daemon.internal());
    QCOMPARE(metrics.sum("messaging_probes_total", {{"found", "dead"}}), 1.0);
    QCOMPARE(newcomer.exchange("alice", "mine").status, 200);
    QCOMPARE(contentOf(newcomer.receive()), QStringLiteral("mine"));
    proxy.resume();
    QVERIFY(alice.stomp().webSocket().waitForClosed());
    QCOMPARE(alice.stomp().webSocket().closeCode(), quint16(4001));
    QCOMPARE(newcomer.exchange("alice", "still mine").status, 200);
    QCOMPARE(sessions(daemon), 1.0);
}

void TestResume::theNewcomerReplacesWhenTheConfigurationSaysSo()
{
    Daemon daemon({QStringLiteral("sessions.conflict=replace")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    User newcomer(daemon, "alice");
    QVERIFY(newcomer.enter());
    QVERIFY(alice.stomp().webSocket().waitForClosed());
    QCOMPARE(alice.stomp().webSocket().closeCode(), quint16(4001));
    QCOMPARE(alice.stomp().webSocket().closeReason(), QByteArray("replaced by another"));
    QCOMPARE(alice.exchange("alice", "x").status, 401);
    QCOMPARE(newcomer.exchange("alice", "x").status, 200);
}

void TestResume::theKeyGetsItsOwnSessionBack()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(bob.enter());
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(alice.listen(proxy.address(), asks));
    proxy.reset();
    QVERIFY(waitUntil([&] { return detached(daemon) == 1; }));
    QCOMPARE(bob.exchange("alice", "kept").status, 202);

    const HttpAnswer answer = postForm(daemon.http(), "/connect", {{"userId", "alice"}}, alice.bearer());
    QCOMPARE(answer.status, 200);
    QCOMPARE(answer.json().value(QLatin1String("listeningKey")).toString().toUtf8(), alice.key());
    QVERIFY(alice.listen({}, asks));
    QCOMPARE(contentOf(alice.receive()), QStringLiteral("kept"));
    // A key that is no longer good is no obstacle.
    QCOMPARE(alice.leave().status, 200);
    QVERIFY(waitUntil([&] { return sessions(daemon) == 1; }));
    const HttpAnswer anew = postForm(daemon.http(), "/connect", {{"userId", "alice"}}, alice.bearer());
    QCOMPARE(anew.status, 200);
    QVERIFY(anew.json().value(QLatin1String("listeningKey")).toString().toUtf8() != alice.key());
}

void TestResume::aTakeoverOfALiveConnectionIsAResumption()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(bob.enter());
    QCOMPARE(alice.connect().status, 200);
    StompClient first(proxy.address());
    QCOMPARE(first.connectAs("alice", alice.key(), asks).command, "CONNECTED");
    QVERIFY(subscribe(first, alice, "client"));
    proxy.stall(); // the client's network is gone, and the server does not know it
    QCOMPARE(bob.exchange("alice", "into the void").status, 200);
    StompClient second(daemon.stomp());
    QCOMPARE(second.connectAs("alice", alice.key(), asks).header("resumed"), "true");
    QVERIFY(subscribe(second, alice, "client"));
    const StompFrame message = second.next("MESSAGE");
    QCOMPARE(contentOf(message), QStringLiteral("into the void"));
    QCOMPARE(message.header("redelivered"), "true");
    proxy.reset(); // and now it learns of the old one
    QVERIFY(waitUntil([&] {
        return MetricsReader::scrape(daemon.internal())
                   .sum("messaging_connections", {{"transport", "websocket"}})
            == 2;
    }));
    QCOMPARE(bob.exchange("alice", "and on").status, 200);
    QCOMPARE(contentOf(second.next("MESSAGE")), QStringLiteral("and on"));
}

void TestResume::aLostHeartBeatDetaches()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    StompClient stomp(daemon.stomp());
    QCOMPARE(stomp.connectAs("alice", alice.key(), {{"resume", "30000"}, {"heart-beat", "500,0"}}).command,
             "CONNECTED");
    QVERIFY(subscribe(stomp, alice));
    QVERIFY(waitUntil([&] { return detached(daemon) == 1; })); // it never beats
}

void TestResume::aMalformedWishIsAnError_data()
{
    QTest::addColumn<QByteArray>("wish");
    for (const char *wish : {"", "soon", "-1", "1.5", "10s", " 1"})
        QTest::newRow(*wish ? wish : "empty") << QByteArray(wish);
}

void TestResume::aMalformedWishIsAnError()
{
    QFETCH(const QByteArray, wish);
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    StompClient stomp(daemon.stomp());
    const StompFrame error = stomp.connectAs("alice", alice.key(), {{"resume", wish}});
    QCOMPARE(error.command, "ERROR");
    QCOMPARE(error.header("message"), "malformed resume");
}

void TestResume::manyBreaksLoseNothing()
{
    constexpr int breaks = 12;
    constexpr int each = 8;
    Daemon daemon;
    QVERIFY(daemon.start());
    TcpProxy proxy(daemon.stomp());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(bob.enter());
    QCOMPARE(alice.connect().status, 200);

    QSet<QString> acknowledged;
    int sent = 0;
    std::unique_ptr<StompClient> stomp;
    for (int round = 0; round <= breaks; ++round) {
        stomp = std::make_unique<StompClient>(proxy.address());
        QCOMPARE(stomp->connectAs("alice", alice.key(), asks).command, "CONNECTED");
        QVERIFY(subscribe(*stomp, alice, "client-individual"));
        if (round < breaks) {
            for (int i = 0; i < each; ++i)
                QVERIFY(bob.exchange("alice", QByteArray::number(sent++)).status / 100 == 2);
        }
        const int wanted = round < breaks ? round % each : sent - int(acknowledged.size());
        QStringList order;
        for (int i = 0; i < wanted; ++i) {
            const StompFrame message = stomp->next("MESSAGE");
            QVERIFY(!message.command.isEmpty());
            order += contentOf(message);
            QVERIFY(!acknowledged.contains(order.last()));
            QCOMPARE(stomp->sendForReceipt("ACK", {{"id", message.header("ack")}}).command, "RECEIPT");
            acknowledged += order.last();
        }
        QVERIFY(std::is_sorted(order.begin(), order.end(),
                               [](const QString &a, const QString &b) { return a.toInt() < b.toInt(); }));
        if (round < breaks)
            proxy.reset();
    }
    QCOMPARE(int(acknowledged.size()), sent);
    QVERIFY(waitUntil(
        [&] { return MetricsReader::scrape(daemon.internal()).sum("messaging_messages_in_flight") == 0; }));
    QVERIFY(Conservation(MetricsReader::scrape(daemon.internal())).holds());
}

QTEST_GUILESS_MAIN(TestResume)
#include "tst_resume.moc"
