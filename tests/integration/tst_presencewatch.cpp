// SPDX-License-Identifier: GPL-3.0-or-later
//
// Whether others are there: POST /presence, and SUBSCRIBE to /topic/presence.<userId>.
#include "tests/support/metricsreader.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QDateTime>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

using namespace msgsrv::test;

namespace {

QString s(const char *text)
{
    return QString::fromLatin1(text);
}

HttpAnswer ask(const Daemon &daemon, const QByteArray &json, const Headers &headers)
{
    return postJson(daemon.http(), "/presence", json, headers);
}

QString stateOf(const Daemon &daemon, const User &who, const char *user)
{
    const HttpAnswer answer = ask(daemon, R"({"userIds":[")" + QByteArray(user) + R"("]})", who.bearer());
    return answer.json().value(u"users").toObject().value(s(user)).toObject().value(u"state").toString();
}

/// Subscribes to the presence of @p user; the answer that is no RECEIPT fails.
bool watch(User &who, const QByteArray &user)
{
    return who.stomp()
               .sendForReceipt(
                   "SUBSCRIBE",
                   {{"id", "p-" + user}, {"destination", "/topic/presence." + user.toPercentEncoding()}})
               .command
        == "RECEIPT";
}

/// The next that @p who is told: "bob online".
QString told(User &who)
{
    const StompFrame event = who.receive();
    if (event.header("event") != "presence" || event.hasHeader("from"))
        return s("no presence: ") + QString::fromUtf8(event.body);
    return event.json().value(u"userId").toString() + u' ' + event.json().value(u"state").toString();
}

} // namespace

class TestPresenceWatch : public QObject
{
    Q_OBJECT

private slots:
    void whoIsThereCanBeAsked();
    void changesAreTold();
    void questionsAreChecked_data();
    void questionsAreChecked();
    void nobodySpeaksForTheServer();
    void watchingIsLimited();
    void itCanBeTurnedOff();
    void aRestartLeavesUsersDetached();
    void manyChangesAreOne();
};

void TestPresenceWatch::whoIsThereCanBeAsked()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    const qint64 before = QDateTime::currentMSecsSinceEpoch();
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter());
    QCOMPARE(bob.connect().status, 200);
    QCOMPARE(stateOf(daemon, alice, "bob"), s("offline")); // nobody has subscribed
    QVERIFY(bob.listen({}, {{"resume", "30000"}}));
    const auto is = [&](const char *state) {
        return waitUntil([&] { return stateOf(daemon, alice, "bob") == s(state); });
    };
    QVERIFY(is("online"));
    bob.stomp().webSocket().abort();
    QVERIFY(is("detached"));
    const HttpAnswer answer = ask(daemon, R"({"userIds":["bob","alice","Ζωή \"x\"","bob"]})", alice.bearer());
    QCOMPARE(answer.status, 200);
    const QJsonObject users = answer.json().value(u"users").toObject();
    QCOMPARE(users.size(), 3);
    const double since = users.value(u"alice").toObject().value(u"since").toDouble();
    QVERIFY(since >= double(before) && since <= double(QDateTime::currentMSecsSinceEpoch()));
    QVERIFY(users.value(QString::fromUtf8("Ζωή \"x\"")).toObject().value(u"since").isNull());
    QCOMPARE(bob.leave().status, 200);
    QVERIFY(is("offline"));
    QVERIFY(ask(daemon, R"({"userIds":["bob"]})", alice.bearer())
                .json()
                .value(u"users")
                .toObject()
                .value(u"bob")
                .toObject()
                .value(u"since")
                .isDouble());
}

void TestPresenceWatch::changesAreTold()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User zoe(daemon, "Ζωή / 1");
    QVERIFY(alice.enter());
    QVERIFY(watch(alice, zoe.name()));
    const StompFrame first = alice.receive();
    QCOMPARE(first.header("event"), QByteArray("presence"));
    QCOMPARE(first.header("subscription"), "p-" + zoe.name());
    QCOMPARE(first.header("content-type"), QByteArray("application/json"));
    QCOMPARE(first.json(),
             (QJsonObject{{s("userId"), QString::fromUtf8(zoe.name())},
                          {s("state"), s("offline")},
                          {s("since"), QJsonValue::Null}}));
    const QString name = QString::fromUtf8(zoe.name());
    QCOMPARE(zoe.connect().status, 200);
    QVERIFY(zoe.listen({}, {{"resume", "30000"}}));
    QCOMPARE(told(alice), name + s(" online"));
    zoe.stomp().webSocket().abort();
    QCOMPARE(told(alice), name + s(" detached"));
    QVERIFY(zoe.listen({}, {{"resume", "30000"}}));
    QCOMPARE(told(alice), name + s(" online"));
    QCOMPARE(zoe.leave().status, 200);
    QCOMPARE(told(alice), name + s(" offline"));

    // Relayed messages come as before, and who stops watching is told no more.
    QCOMPARE(alice.stomp().sendForReceipt("UNSUBSCRIBE", {{"id", "p-" + zoe.name()}}).command,
             QByteArray("RECEIPT"));
    QCOMPARE(MetricsReader::scrape(daemon.internal()).value("messaging_presence_watches"), 0.0);
    User again(daemon, zoe.name());
    QVERIFY(waitUntil([&] { return again.connect().status == 200; }));
    QVERIFY(again.listen());
    QCOMPARE(again.exchange("alice", "hello").status, 200);
    QCOMPARE(alice.receive().json().value(u"content").toString(), s("hello"));
    QCOMPARE(alice.stomp().violations(), QList<QByteArray>());
    QVERIFY(watch(alice, zoe.name()));
    QCOMPARE(told(alice), name + s(" online")); // the state now
    alice.stomp().webSocket().abort();
    QVERIFY(waitUntil(
        [&] { return MetricsReader::scrape(daemon.internal()).value("messaging_presence_watches") == 0; }));
}

void TestPresenceWatch::questionsAreChecked_data()
{
    QTest::addColumn<QByteArray>("json");
    QTest::addColumn<int>("status");
    QTest::newRow("nothing") << QByteArray("{}") << 400;
    QTest::newRow("a string") << QByteArray(R"({"userIds":"bob"})") << 400;
    QTest::newRow("a string that looks like a list") << QByteArray(R"({"userIds":"[\"bob\"]"})") << 400;
    QTest::newRow("numbers") << QByteArray(R"({"userIds":[1]})") << 400;
    QTest::newRow("an empty name") << QByteArray(R"({"userIds":["bob",""]})") << 400;
    QTest::newRow("none") << QByteArray(R"({"userIds":[]})") << 200;
    QTest::newRow("as many as may be") << QByteArray(R"({"userIds":["a","b","c"]})") << 200;
    QTest::newRow("too many") << QByteArray(R"({"userIds":["a","b","c","d"]})") << 400;
}

void TestPresenceWatch::questionsAreChecked()
{
    QFETCH(const QByteArray, json);
    QFETCH(const int, status);
    Daemon daemon({s("presence.users=3")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    QCOMPARE(ask(daemon, json, alice.bearer()).status, status);
    QCOMPARE(ask(daemon, json, {}).status, 401);
    QCOMPARE(ask(daemon, json, {{"Authorization", "Bearer queue.none"}}).status, 401);
}

void TestPresenceWatch::nobodySpeaksForTheServer()
{
    Daemon daemon({s("stomp.user_topics=[\"/topic/*\"]")});
    daemon.setConfiguration("[[stomp.accounts]]\nlogin = \"bot\"\npasscode = \"bot\"\nsend = [\"/topic/*\"]\n"
                            "subscribe = [\"/topic/presence.a*\"]\n");
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    QCOMPARE(alice.stomp()
                 .sendForReceipt("SEND", {{"destination", "/topic/presence.bob"}}, "{}")
                 .header("message"),
             QByteArray("access refused"));
    const auto bot = [&](const char *command, const char *destination) {
        StompClient client(daemon.stomp());
        if (client.connectAs("bot", "bot").command != "CONNECTED")
            return QByteArray("no login");
        return client.sendForReceipt(command, {{"id", "x"}, {"destination", destination}}).command;
    };
    QCOMPARE(bot("SEND", "/topic/presence.bob"), QByteArray("ERROR"));
    QCOMPARE(bot("SUBSCRIBE", "/topic/presence.alice"), QByteArray("RECEIPT"));
    QCOMPARE(bot("SUBSCRIBE", "/topic/presence.bob"), QByteArray("ERROR"));
    QCOMPARE(bot("SUBSCRIBE", "/topic/presence.a%2"), QByteArray("ERROR"));
}

void TestPresenceWatch::watchingIsLimited()
{
    Daemon daemon({s("presence.watches=2"), s("stomp.subscriptions=1")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter()); // which is the one other subscription
    QVERIFY(watch(alice, "a") && watch(alice, "b"));
    QVERIFY(!watch(alice, "c"));
    QVERIFY(alice.stomp().webSocket().waitForClosed());
    QCOMPARE(alice.stomp().webSocket().closeCode(), 1008);
    QCOMPARE(MetricsReader::scrape(daemon.internal())
                 .value("messaging_stomp_limits_total", {{"limit", "presence_watches"}}),
             1.0);
}

void TestPresenceWatch::itCanBeTurnedOff()
{
    Daemon daemon({s("presence.enabled=false")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    const HttpAnswer answer = ask(daemon, R"({"userIds":["bob"]})", alice.bearer());
    QCOMPARE(answer.status, 403);
    QCOMPARE(answer.json().value(u"type").toString(), s("urn:messaging-server:problem:presence-off"));
    QVERIFY(!watch(alice, "bob"));
    QCOMPARE(alice.stomp().frames().size(), 0);
}

void TestPresenceWatch::aRestartLeavesUsersDetached()
{
    Daemon daemon({s("sessions.store=sqlite")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter());
    QCOMPARE(bob.connect().status, 200);
    QVERIFY(bob.listen({}, {{"resume", "30000"}}));
    daemon.kill();
    QVERIFY(daemon.start());
    QCOMPARE(stateOf(daemon, alice, "bob"), s("detached"));
    QVERIFY(bob.listen(daemon.stomp(), {{"resume", "30000"}}));
    QVERIFY(waitUntil([&] { return stateOf(daemon, alice, "bob") == s("online"); }));
}

void TestPresenceWatch::manyChangesAreOne()
{
    // A watcher that does not read is told the latest state, not all that has happened.
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    QVERIFY(watch(alice, "bob"));
    QCOMPARE(told(alice), s("bob offline"));
    for (int i = 0; i < 20; ++i) {
        User bob(daemon, "bob");
        QVERIFY(waitUntil([&] { return bob.connect().status == 200; }));
        QVERIFY(bob.listen());
        QCOMPARE(bob.leave().status, 200);
    }
    QVERIFY(waitUntil([&] { return stateOf(daemon, alice, "bob") == s("offline"); }));
    QString latest;
    int events = 0;
    for (; latest != s("bob offline") || alice.stomp().frames().size() > 0; ++events)
        latest = told(alice);
    QVERIFY2(events >= 1 && events <= 40, qPrintable(QString::number(events)));
}

QTEST_GUILESS_MAIN(TestPresenceWatch)
#include "tst_presencewatch.moc"
