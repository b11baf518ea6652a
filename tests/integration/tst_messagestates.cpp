// SPDX-License-Identifier: GPL-3.0-or-later
//
// What becomes of a message, and who is told: notify, exchangeId, ttl and GET /exchange/<messageId>.
#include "tests/support/metricsreader.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QJsonDocument>
#include <QJsonObject>

using namespace msgsrv::test;

namespace {

QString s(const char *text)
{
    return QString::fromLatin1(text);
}

/// POST /exchange of "hello", with further members.
HttpAnswer post(const Daemon &daemon, const User &from, const char *to, QJsonObject members)
{
    members.insert(s("toUserId"), s(to));
    if (!members.contains(s("content")))
        members.insert(s("content"), s("hello"));
    return postJson(daemon.http(), "/exchange", QJsonDocument(members).toJson(QJsonDocument::Compact),
                    from.bearer());
}

/// GET /exchange/<id>.
HttpAnswer ask(const Daemon &daemon, const User &who, const QString &id)
{
    return get(daemon.http(), "/exchange/" + id.toLatin1(), who.bearer());
}

QString stateOf(const Daemon &daemon, const User &who, const QString &id)
{
    const HttpAnswer answer = ask(daemon, who, id);
    return answer.status == 200 ? answer.json().value(u"state").toString() : s("unknown");
}

QString idOf(const HttpAnswer &answer)
{
    return answer.json().value(u"messageId").toString();
}

} // namespace

class TestMessageStates : public QObject
{
    Q_OBJECT

private slots:
    void theSenderIsToldWhatItAskedFor();
    void acknowledgingIsTold();
    void sendAsksByHeaders();
    void aRepeatIsNotRelayedAgain();
    void theStateIsItsSendersToKnow();
    void aMessageExpires();
    void aMessageWaitsForAUserWhoIsNotThere();
    void whatWaitsForNobodyExpiresWithNotice();
    void waitingIsLimited();
    void waitingCanBeTurnedOff();
    void badWishesAreRefused_data();
    void badWishesAreRefused();
    void wishesNeedASession();
    void aNoticeSurvivesABreakOfItsSender();
    void orderIsKeptAndNothingIsLost();
};

void TestMessageStates::theSenderIsToldWhatItAskedFor()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter());
    QCOMPARE(bob.connect().status, 200);

    const HttpAnswer queued
        = post(daemon, alice, "bob", {{s("notify"), s("written,failed")}, {s("exchangeId"), s("first")}});
    QCOMPARE(queued.status, 202);
    QCOMPARE(stateOf(daemon, alice, idOf(queued)), s("queued"));
    QVERIFY(bob.listen());
    QCOMPARE(bob.receive().json().value(u"content").toString(), s("hello"));

    const StompFrame notice = alice.receive();
    QCOMPARE(notice.header("event"), QByteArray("written"));
    QCOMPARE(notice.header("content-type"), QByteArray("application/json"));
    QVERIFY(!notice.hasHeader("from"));
    QCOMPARE(notice.json(),
             (QJsonObject{{s("messageId"), idOf(queued)},
                          {s("exchangeId"), s("first")},
                          {s("toUserId"), s("bob")},
                          {s("state"), s("written")}}));
    QCOMPARE(stateOf(daemon, alice, idOf(queued)), s("written"));

    // A session that ends takes what waits with it, and the sender is told.
    User carol(daemon, "carol");
    QCOMPARE(carol.connect().status, 200);
    const HttpAnswer lost = post(daemon, alice, "carol", {{s("notify"), s("failed")}});
    QCOMPARE(lost.status, 202);
    QCOMPARE(carol.leave().status, 200);
    const StompFrame failed = alice.receive();
    QCOMPARE(failed.header("event"), QByteArray("failed"));
    QCOMPARE(failed.json().value(u"state").toString(), s("dropped"));
    QCOMPARE(failed.json().value(u"reason").toString(), s("session_ended"));
    QCOMPARE(failed.json().value(u"messageId").toString(), idOf(lost));

    // Who asks for nothing is told nothing.
    QCOMPARE(post(daemon, alice, "bob", {}).status, 200);
    QVERIFY(bob.receive());
    QCOMPARE(post(daemon, alice, "bob", {{s("notify"), s("acked")}}).status, 200);
    const StompFrame acked = alice.receive(); // the next thing that comes: written is final with ack:auto
    QCOMPARE(acked.header("event"), QByteArray("acked"));
    QCOMPARE(acked.json().value(u"state").toString(), s("written"));
    QCOMPARE(alice.stomp().violations(), QList<QByteArray>());
    const MetricsReader metrics = MetricsReader::scrape(daemon.internal());
    QCOMPARE(metrics.value("messaging_notices_total"), 3.0);
    QVERIFY(Conservation(metrics).holds());
}

void TestMessageStates::acknowledgingIsTold()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter());
    bob.setAckMode("client-individual");
    QVERIFY(bob.enter());
    const QString id = idOf(post(daemon, alice, "bob", {{s("notify"), s("written,acked,failed")}}));
    const QString other = idOf(post(daemon, alice, "bob", {{s("notify"), s("acked,failed")}}));
    QCOMPARE(alice.receive().header("event"), QByteArray("written"));
    QCOMPARE(stateOf(daemon, alice, id), s("written"));

    bob.stomp().send("ACK", {{"id", bob.receive().header("ack")}});
    const StompFrame acked = alice.receive();
    QCOMPARE(acked.header("event"), QByteArray("acked"));
    QCOMPARE(acked.json().value(u"state").toString(), s("acked"));
    QCOMPARE(stateOf(daemon, alice, id), s("acked"));

    bob.stomp().send("NACK", {{"id", bob.receive().header("ack")}, {"requeue", "false"}});
    const StompFrame rejected = alice.receive();
    QCOMPARE(rejected.header("event"), QByteArray("failed"));
    QCOMPARE(rejected.json().value(u"reason").toString(), s("rejected"));
    QCOMPARE(stateOf(daemon, alice, other), s("dropped"));
}

void TestMessageStates::sendAsksByHeaders()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter() && bob.enter());
    alice.stomp().send("SEND",
                       {{"destination", "/user/bob"},
                        {"notify", "written"},
                        {"exchange-id", "x:1"},
                        {"ttl", "60000"},
                        {"colour", "blue"}},
                       "hello");
    const StompFrame message = bob.receive();
    QCOMPARE(message.header("colour"), QByteArray("blue"));
    for (const char *own : {"notify", "exchange-id", "ttl", "event"})
        QVERIFY2(!message.hasHeader(own), own);
    const StompFrame notice = alice.receive();
    QCOMPARE(notice.header("event"), QByteArray("written"));
    QCOMPARE(notice.json().value(u"exchangeId").toString(), s("x:1"));
    QCOMPARE(notice.json().value(u"messageId").toString().toLatin1(), message.header("message-id"));

    // The same frame again: a receipt, and nothing at the other end.
    QCOMPARE(alice.stomp()
                 .sendForReceipt("SEND", {{"destination", "/user/bob"}, {"exchange-id", "x:1"}}, "hello")
                 .command,
             QByteArray("RECEIPT"));
    alice.send("bob", "the next");
    QCOMPARE(bob.receive().json().value(u"content").toString(), s("the next"));
}

void TestMessageStates::aRepeatIsNotRelayedAgain()
{
    Daemon daemon({s("exchange.window=1s")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    User carol(daemon, "carol");
    QVERIFY(alice.enter() && carol.enter());
    QCOMPARE(bob.connect().status, 200);
    const QJsonObject one{{s("exchangeId"), s("one")}};
    const HttpAnswer first = post(daemon, alice, "bob", one);
    const HttpAnswer second = post(daemon, alice, "bob", one);
    QCOMPARE(first.status, 202);
    QCOMPARE(second.status, 202);
    QCOMPARE(idOf(second), idOf(first));
    QVERIFY(idOf(post(daemon, carol, "bob", one)) != idOf(first)); // another's own name
    QVERIFY(bob.listen());
    QCOMPARE(bob.receive().header("from"), QByteArray("alice"));
    QCOMPARE(bob.receive().header("from"), QByteArray("carol"));
    const HttpAnswer third = post(daemon, alice, "bob", one);
    QCOMPARE(third.status, 200); // as it is now
    QCOMPARE(third.json().value(u"state").toString(), s("delivered"));
    QCOMPARE(idOf(third), idOf(first));

    // A refusal is not kept, and the window ends.
    const QJsonObject two{{s("exchangeId"), s("two")}};
    QCOMPARE(post(daemon, alice, "dave", two).status, 404);
    QCOMPARE(post(daemon, alice, "bob", two).status, 200);
    QCOMPARE(bob.receive().header("from"), QByteArray("alice"));
    QVERIFY(waitUntil([&] { return stateOf(daemon, alice, idOf(first)) == s("unknown"); }));
    QVERIFY(idOf(post(daemon, alice, "bob", one)) != idOf(first));
    QVERIFY(bob.receive());
}

void TestMessageStates::theStateIsItsSendersToKnow()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter() && bob.enter());
    const HttpAnswer sent = post(daemon, alice, "bob", {{s("exchangeId"), s("e")}});
    const HttpAnswer known = ask(daemon, alice, idOf(sent));
    QCOMPARE(known.status, 200);
    QCOMPARE(known.json(),
             (QJsonObject{{s("messageId"), idOf(sent)},
                          {s("exchangeId"), s("e")},
                          {s("toUserId"), s("bob")},
                          {s("state"), s("written")}}));
    const HttpAnswer foreign = ask(daemon, bob, idOf(sent));
    QCOMPARE(foreign.status, 404);
    QCOMPARE(foreign.json().value(u"type").toString(), s("urn:messaging-server:problem:message-unknown"));
    for (const char *id : {"x", "0", "00000000-1", "a/b", "%2e%2e"})
        QCOMPARE(ask(daemon, alice, s(id)).status, 404);
    const QByteArray path = "/exchange/" + idOf(sent).toLatin1();
    QCOMPARE(get(daemon.http(), path).status, 401);
    QCOMPARE(get(daemon.http(), path, {{"Authorization", "Bearer queue.none"}}).status, 401);
    const HttpAnswer wrong = postJson(daemon.http(), path, "{}");
    QCOMPARE(wrong.status, 405);
    QCOMPARE(wrong.header("allow"), QByteArray("GET, OPTIONS, HEAD"));
}

void TestMessageStates::aMessageExpires()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter());
    QCOMPARE(bob.connect().status, 200);
    const QString id = idOf(post(daemon, alice, "bob", {{s("ttl"), 300}, {s("notify"), s("failed")}}));
    QCOMPARE(post(daemon, alice, "bob", {{s("content"), s("stays")}, {s("ttl"), s("600000")}}).status, 202);
    const StompFrame expired = alice.receive();
    QCOMPARE(expired.header("event"), QByteArray("failed"));
    QCOMPARE(expired.json(),
             (QJsonObject{{s("messageId"), id}, {s("toUserId"), s("bob")}, {s("state"), s("expired")}}));
    QCOMPARE(stateOf(daemon, alice, id), s("expired"));
    QVERIFY(bob.listen());
    QCOMPARE(bob.receive().json().value(u"content").toString(), s("stays"));
    const MetricsReader metrics = MetricsReader::scrape(daemon.internal());
    QCOMPARE(metrics.value("messaging_messages_dropped_total", {{"reason", "expired"}}), 1.0);
    QVERIFY(Conservation(metrics).holds());
}

void TestMessageStates::aMessageWaitsForAUserWhoIsNotThere()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter());
    QCOMPARE(post(daemon, alice, "bob", {}).status, 404); // as ever, without ttl
    for (const char *content : {"1", "2"})
        QCOMPARE(post(daemon, alice, "bob", {{s("content"), s(content)}, {s("ttl"), 20000}}).status, 202);
    QCOMPARE(MetricsReader::scrape(daemon.internal()).value("messaging_held_users"), 1.0);
    QCOMPARE(bob.connect().status, 200);
    QCOMPARE(MetricsReader::scrape(daemon.internal()).value("messaging_held_users"), 0.0);
    QCOMPARE(post(daemon, alice, "bob", {{s("content"), s("3")}}).status, 202);
    QVERIFY(bob.listen());
    for (const char *content : {"1", "2", "3"})
        QCOMPARE(bob.receive().json().value(u"content").toString(), s(content));
    QVERIFY(Conservation(MetricsReader::scrape(daemon.internal())).holds());

    // Who comes next under that name gets nothing of it.
    QCOMPARE(bob.leave().status, 200);
    User another(daemon, "bob");
    QVERIFY(waitUntil([&] { return another.connect().status == 200; }));
    QVERIFY(another.key() != bob.key());
    QVERIFY(another.listen());
    QCOMPARE(post(daemon, alice, "bob", {{s("content"), s("4")}}).status, 200);
    QCOMPARE(another.receive().json().value(u"content").toString(), s("4"));
}

void TestMessageStates::whatWaitsForNobodyExpiresWithNotice()
{
    Daemon daemon({s("exchange.max_hold=400ms")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    const QString id = idOf(post(daemon, alice, "bob", {{s("ttl"), 3'600'000}, {s("notify"), s("failed")}}));
    const StompFrame expired = alice.receive();
    QCOMPARE(expired.json().value(u"messageId").toString(), id);
    QCOMPARE(expired.json().value(u"state").toString(), s("expired"));
    QVERIFY(waitUntil(
        [&] { return MetricsReader::scrape(daemon.internal()).value("messaging_held_users") == 0; }));
    QVERIFY(Conservation(MetricsReader::scrape(daemon.internal())).holds());
}

void TestMessageStates::waitingIsLimited()
{
    Daemon daemon({s("limits.held_users=2"), s("limits.held_per_sender=3"), s("limits.early_messages=2")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter() && bob.enter());
    const QJsonObject waits{{s("ttl"), 20000}};
    QCOMPARE(post(daemon, alice, "u1", waits).status, 202);
    QCOMPARE(post(daemon, alice, "u2", waits).status, 202);
    const HttpAnswer users = post(daemon, alice, "u3", waits);
    QCOMPARE(users.status, 429);
    QVERIFY(!users.header("retry-after").isEmpty());
    QCOMPARE(post(daemon, alice, "u2", waits).status, 202);
    QCOMPARE(post(daemon, alice, "u1", waits).status, 429); // alice's fourth
    QCOMPARE(post(daemon, bob, "u2", waits).status, 429); // the queue is full
    QCOMPARE(post(daemon, bob, "u1", waits).status, 202);
    const MetricsReader metrics = MetricsReader::scrape(daemon.internal());
    QCOMPARE(metrics.value("messaging_held_refused_total", {{"limit", "held_users"}}), 1.0);
    QCOMPARE(metrics.value("messaging_held_refused_total", {{"limit", "held_per_sender"}}), 1.0);
    QVERIFY(Conservation(metrics).holds());
}

void TestMessageStates::waitingCanBeTurnedOff()
{
    Daemon daemon({s("exchange.max_hold=0")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    QCOMPARE(post(daemon, alice, "bob", {{s("ttl"), 20000}}).status, 404);
}

void TestMessageStates::badWishesAreRefused_data()
{
    QTest::addColumn<QJsonObject>("members");
    QTest::addColumn<QByteArray>("header");
    QTest::addColumn<QByteArray>("value");
    const auto row = [](const char *name, const char *member, const QJsonValue &value, const char *header,
                        const char *text) {
        QTest::newRow(name) << QJsonObject{{s(member), value}} << QByteArray(header) << QByteArray(text);
    };
    row("notify", "notify", s("read"), "notify", "read");
    row("notify, empty", "notify", s(""), "notify", "");
    row("ttl 0", "ttl", 0, "ttl", "0");
    row("ttl below 0", "ttl", -5, "ttl", "-5");
    row("ttl with a fraction", "ttl", 1.5, "ttl", "1.5");
    row("ttl in words", "ttl", s("soon"), "ttl", "soon");
    row("ttl too large", "ttl", 4294967296.0, "ttl", "4294967296");
    row("exchangeId, empty", "exchangeId", s(""), "exchange-id", "");
    row("exchangeId, a number", "exchangeId", 5, "exchange-id", " ");
    row("exchangeId too long", "exchangeId", QString(129, u'x'), "exchange-id",
        QByteArray(129, 'x').constData());
    row("exchangeId, a control character", "exchangeId", s("a\tb"), "exchange-id", "a\tb");
}

void TestMessageStates::badWishesAreRefused()
{
    QFETCH(const QJsonObject, members);
    QFETCH(const QByteArray, header);
    QFETCH(const QByteArray, value);
    static Daemon daemon; // one for all rows
    if (daemon.http().isEmpty())
        QVERIFY(daemon.start());
    User alice(daemon, QTest::currentDataTag());
    QVERIFY(alice.enter());
    const HttpAnswer answer = post(daemon, alice, QTest::currentDataTag(), members);
    QCOMPARE(answer.status, 400);
    QCOMPARE(answer.json().value(u"type").toString(), s("urn:messaging-server:problem:invalid-member"));
    alice.stomp().send("SEND", {{"destination", User::destination(alice.name())}, {header, value}}, "x");
    const StompFrame event = alice.receive();
    QCOMPARE(event.header("event"), QByteArray("undeliverable"));
    QCOMPARE(event.json().value(u"status").toInt(), 400);
    alice.send(alice.name(), "the connection goes on");
    QVERIFY(alice.receive().hasHeader("from"));
}

void TestMessageStates::wishesNeedASession()
{
    Daemon daemon({s("exchange.require_key=false")});
    daemon.setConfiguration("[[stomp.accounts]]\nlogin = \"bot\"\npasscode = \"bot\"\nsend = [\"/user/*\"]\n"
                            "subscribe = [\"/queue/*\"]\n");
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter() && bob.enter());
    const auto claim = [&](const QByteArray &more) {
        return postJson(daemon.http(), "/exchange",
                        R"({"fromUserId":"alice","toUserId":"bob","content":1)" + more + "}")
            .status;
    };
    QCOMPARE(claim({}), 200);
    QCOMPARE(claim(R"(,"notify":"acked")"), 401);
    QCOMPARE(claim(R"(,"exchangeId":"a")"), 401);
    QCOMPARE(claim(R"(,"ttl":5000)"), 200);

    StompClient bot(daemon.stomp());
    QCOMPARE(bot.connectAs("bot", "bot").command, QByteArray("CONNECTED"));
    QCOMPARE(bot.sendForReceipt("SUBSCRIBE", {{"id", "q"}, {"destination", "/queue/bots"}}).command,
             QByteArray("RECEIPT"));
    bot.send("SEND", {{"destination", "/user/bob"}, {"notify", "acked"}}, "x");
    QCOMPARE(bot.next("MESSAGE").json().value(u"status").toInt(), 401);
    QCOMPARE(bot.sendForReceipt("SEND", {{"destination", "/user/nobody"}, {"ttl", "20000"}}, "x").command,
             QByteArray("RECEIPT"));
}

void TestMessageStates::aNoticeSurvivesABreakOfItsSender()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(alice.listen({}, {{"resume", "30000"}}));
    QCOMPARE(bob.connect().status, 200);
    QCOMPARE(post(daemon, alice, "bob", {{s("notify"), s("written")}}).status, 202);
    alice.stomp().webSocket().abort();
    QVERIFY(waitUntil([&] {
        return MetricsReader::scrape(daemon.internal()).sum("messaging_sessions", {{"state", "detached"}})
            == 1;
    }));
    QVERIFY(bob.listen());
    QVERIFY(bob.receive());
    QVERIFY(alice.listen({}, {{"resume", "30000"}}));
    QCOMPARE(alice.receive().header("event"), QByteArray("written"));
}

void TestMessageStates::orderIsKeptAndNothingIsLost()
{
    // bob comes and goes, and acknowledges some of what he gets. For each message that was accepted alice is
    // told one end: acked, or failed; and the order of what bob gets is the order in which it was sent.
    Daemon daemon({s("exchange.max_hold=1h"), s("limits.held_per_sender=0"), s("limits.early_messages=0")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    constexpr int messages = 300;
    QSet<QString> open;
    int sent = 0;
    int latest = -1;
    const auto sendSome = [&](int count) {
        for (const int end = std::min(messages, sent + count); sent < end; ++sent) {
            const HttpAnswer answer
                = post(daemon, alice, "bob",
                       {{s("content"), sent}, {s("ttl"), 3'600'000}, {s("notify"), s("acked,failed")}});
            QVERIFY(answer.status == 200 || answer.status == 202);
            open.insert(idOf(answer));
        }
    };
    for (int round = 0; sent < messages; ++round) {
        User bob(daemon, "bob");
        bob.setAckMode("client-individual");
        sendSome(10);
        QVERIFY(waitUntil([&] { return bob.connect().status == 200; }));
        sendSome(5);
        QVERIFY(bob.listen());
        sendSome(10);
        for (int i = 0; i < 12; ++i) {
            const StompFrame message = bob.receive();
            const int number = message.json().value(u"content").toInt(-1);
            QVERIFY2(number > latest, message.body.constData());
            latest = number;
            bob.stomp().send("ACK", {{"id", message.header("ack")}});
        }
        QCOMPARE(bob.stomp().sendForReceipt("DISCONNECT", {}).command, QByteArray("RECEIPT"));
        QVERIFY(waitUntil([&] {
            return MetricsReader::scrape(daemon.internal()).value("messaging_messages_unacknowledged") == 0;
        }));
        latest = sent - 1; // what was not acknowledged went with the session
    }
    while (!open.isEmpty()) {
        const StompFrame notice = alice.receive();
        QVERIFY2(notice, "an end was not told");
        QVERIFY(open.remove(notice.json().value(u"messageId").toString())); // and each but once
    }
    QVERIFY(Conservation(MetricsReader::scrape(daemon.internal())).holds());
}

QTEST_GUILESS_MAIN(TestMessageStates)
#include "tst_messagestates.moc"
