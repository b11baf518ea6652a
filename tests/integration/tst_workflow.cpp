// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/metricsreader.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QJsonArray>

using namespace msgsrv::test;

/// The session workflow as clients see it.
class TestWorkflow : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void connectHandsOutKeyAndAddress();
    void messageReachesTheOther_data();
    void messageReachesTheOther(); // item 10
    void sendTellsTheSameMessageToBothWaysOfReading();
    void messagesBeforeSubscribeWaitAndComeInOrder();
    void userIdInUseIsRefused();
    void userIdIsFreeAfter_data();
    void userIdIsFreeAfter();
    void nothingIsDeliveredAfterDisconnect();
    void stompDisconnectIsReceiptedAndClosed(); // item 14
    void connectionLeftOpenAfterDisconnectIsClosed();
    void anyNameWorksInBothWays_data();
    void anyNameWorksInBothWays();
    void undeliverableSendComesBackAsEvent_data();
    void undeliverableSendComesBackAsEvent();
    void headersOfSendTravelButCannotForge(); // item 68
    void senderIsProven_data();
    void senderIsProven();
    void withoutRequiredKeyTheSenderIsBelieved();
    void olderStompVersionsWork_data();
    void olderStompVersionsWork();
    void conservationHoldsAtTheEnd();
    void noSecretIsLogged(); // item 57
    void cleanupTestCase();

private:
    Daemon m_daemon;
    QList<QByteArray> m_keys; // all that were handed out
};

void TestWorkflow::initTestCase()
{
    QVERIFY(m_daemon.start());
}

void TestWorkflow::connectHandsOutKeyAndAddress()
{
    const HttpAnswer answer = postJson(m_daemon.http(), "/connect", R"({"userId":"carol"})");
    QCOMPARE(answer.status, 200);
    QCOMPARE(answer.header("Content-Type"), "application/json");
    const QJsonObject session = answer.json();
    QCOMPARE(session.value(QLatin1String("userId")).toString(), QStringLiteral("carol"));
    QCOMPARE(session.value(QLatin1String("acked")), QJsonValue(false));
    QCOMPARE(session.value(QLatin1String("listeningAddress")).toString().toUtf8(),
             "ws://" + m_daemon.stomp() + "/ws");
    const QByteArray key = session.value(QLatin1String("listeningKey")).toString().toUtf8();
    QVERIFY2(key.startsWith("queue.") && key.size() >= 6 + 22, key.constData());
    QCOMPARE(session.value(QLatin1String("expiresIn")).toInt(), 60);
    m_keys.append(key);

    const HttpAnswer end = postJson(m_daemon.http(), "/disconnect", R"({"queueName":")" + key + "\"}");
    QCOMPARE(end.status, 200);
    QCOMPARE(end.body, "{}");
}

void TestWorkflow::messageReachesTheOther_data()
{
    QTest::addColumn<QString>("way");
    QTest::addColumn<QByteArray>("given");
    QTest::addColumn<QByteArray>("relayed"); // JSON text
    const QByteArray text = "gr\xC3\xBC\xC3\x9F dich \"quoted\" \xF0\x9F\x98\x80";
    const QByteArray quoted = "\"gr\xC3\xBC\xC3\x9F dich \\\"quoted\\\" \xF0\x9F\x98\x80\"";
    QTest::newRow("form") << QStringLiteral("form") << text << quoted;
    QTest::newRow("form, empty") << QStringLiteral("form") << QByteArray("") << QByteArray("\"\"");
    QTest::newRow("JSON string") << QStringLiteral("json") << quoted << quoted;
    QTest::newRow("JSON object") << QStringLiteral("json")
                                 << QByteArray(R"({"sdp":"v=0","n":[1,2.5,null,true]})")
                                 << QByteArray(R"({"sdp":"v=0","n":[1,2.5,null,true]})");
    QTest::newRow("JSON null") << QStringLiteral("json") << QByteArray("null") << QByteArray("null");
    QTest::newRow("SEND text") << QStringLiteral("text/plain") << text << quoted;
    QTest::newRow("SEND without a type") << QStringLiteral("send") << text << quoted;
    QTest::newRow("SEND JSON") << QStringLiteral("application/json")
                               << QByteArray(R"({"candidate":"a","i":0})")
                               << QByteArray(R"({"candidate":"a","i":0})");
    QTest::newRow("SEND JSON number")
        << QStringLiteral("application/json") << QByteArray("17") << QByteArray("17");
}

void TestWorkflow::messageReachesTheOther()
{
    QFETCH(const QString, way);
    QFETCH(const QByteArray, given);
    QFETCH(const QByteArray, relayed);
    User alice(m_daemon, "alice");
    User bob(m_daemon, "bob");
    QVERIFY(alice.enter() && bob.enter());
    m_keys << alice.key() << bob.key();

    const std::pair<User *, User *> directions[] = {{&alice, &bob}, {&bob, &alice}};
    for (const auto &[from, to] : directions) {
        QByteArray messageId;
        if (way == QLatin1String("form") || way == QLatin1String("json")) {
            const HttpAnswer answer = way == QLatin1String("form") ? from->exchange(to->name(), given)
                                                                   : from->exchangeJson(to->name(), given);
            QCOMPARE(answer.status, 200);
            QCOMPARE(answer.json().value(QLatin1String("state")).toString(), QStringLiteral("delivered"));
            messageId = answer.json().value(QLatin1String("messageId")).toString().toUtf8();
        } else {
            from->send(to->name(), given, way == QLatin1String("send") ? QByteArray() : way.toLatin1());
        }
        const StompFrame message = to->receive();
        QVERIFY(message);
        QCOMPARE(message.header("destination"), to->queue());
        QCOMPARE(message.header("subscription"), "sub-0");
        QCOMPARE(message.header("content-type"), "application/json");
        QCOMPARE(message.header("from"), from->name());
        QVERIFY(!message.header("message-id").isEmpty());
        QVERIFY(messageId.isEmpty() || message.header("message-id") == messageId);
        QVERIFY(!message.hasHeader("event"));
        QCOMPARE(message.body, R"({"from":")" + from->name() + R"(","content":)" + relayed + '}');
    }
    for (User *user : {&alice, &bob}) {
        QCOMPARE(user->leave().status, 200);
        QCOMPARE(user->stomp().frames().size(), 0);
        QCOMPARE(user->stomp().violations(), QList<QByteArray>());
    }
}

void TestWorkflow::sendTellsTheSameMessageToBothWaysOfReading()
{
    User alice(m_daemon, "alice");
    QVERIFY(alice.enter());
    QCOMPARE(alice.stomp().sendForReceipt("SEND", {{"destination", "/user/alice"}}, "to myself").command,
             "RECEIPT");
    QCOMPARE(alice.receive().json().value(QLatin1String("content")).toString(), QStringLiteral("to myself"));
    QCOMPARE(alice.leave().status, 200);
}

void TestWorkflow::messagesBeforeSubscribeWaitAndComeInOrder()
{
    User alice(m_daemon, "alice");
    User bob(m_daemon, "bob");
    QVERIFY(alice.enter());
    QCOMPARE(bob.connect().status, 200);
    QList<QByteArray> sent;
    for (int i = 0; i < 5; ++i) {
        const HttpAnswer answer = alice.exchange("bob", "message " + QByteArray::number(i));
        QCOMPARE(answer.status, 202);
        QCOMPARE(answer.json().value(QLatin1String("state")).toString(), QStringLiteral("queued"));
        sent.append(answer.json().value(QLatin1String("messageId")).toString().toUtf8());
    }
    QVERIFY(bob.listen());
    QList<QByteArray> received;
    for (int i = 0; i < 5; ++i)
        received.append(bob.receive().header("message-id"));
    QCOMPARE(received, sent);
    QCOMPARE(alice.leave().status, 200);
    QCOMPARE(bob.leave().status, 200);
}

void TestWorkflow::userIdInUseIsRefused()
{
    User first(m_daemon, "alice");
    User second(m_daemon, "alice");
    QCOMPARE(first.connect().status, 200);
    for (const bool listening : {false, true}) {
        if (listening)
            QVERIFY(first.listen());
        const HttpAnswer answer = second.connect();
        QCOMPARE(answer.status, 409);
        QCOMPARE(answer.header("Content-Type"), "application/problem+json");
        QCOMPARE(answer.json().value(QLatin1String("type")).toString(),
                 QStringLiteral("urn:messaging-server:problem:user-id-taken"));
    }
    QCOMPARE(first.leave().status, 200);
}

void TestWorkflow::userIdIsFreeAfter_data()
{
    QTest::addColumn<QString>("end");
    for (const char *end : {"/disconnect", "DISCONNECT", "UNSUBSCRIBE", "close frame", "end of the stream"})
        QTest::newRow(end) << QString::fromLatin1(end);
}

void TestWorkflow::userIdIsFreeAfter()
{
    QFETCH(const QString, end);
    User first(m_daemon, "alice");
    QVERIFY(first.enter());
    if (end == QLatin1String("/disconnect"))
        QCOMPARE(first.leave().status, 200);
    else if (end == QLatin1String("DISCONNECT"))
        first.stomp().send("DISCONNECT", {});
    else if (end == QLatin1String("UNSUBSCRIBE"))
        first.stomp().send("UNSUBSCRIBE", {{"id", "sub-0"}});
    else if (end == QLatin1String("close frame"))
        first.stomp().webSocket().close();
    else
        first.stomp().webSocket().abort();

    User second(m_daemon, "alice");
    QVERIFY(waitUntil([&] { return second.connect().status == 200; }));
    QVERIFY(second.key() != first.key());
    // The first key opens nothing any more.
    QCOMPARE(first.exchange("alice", "x").status, 401);
    QVERIFY(second.listen());
    QCOMPARE(second.leave().status, 200);
}

void TestWorkflow::nothingIsDeliveredAfterDisconnect()
{
    User alice(m_daemon, "alice");
    User bob(m_daemon, "bob");
    QVERIFY(alice.enter() && bob.enter());
    QCOMPARE(bob.leave().status, 200);
    const HttpAnswer answer = alice.exchange("bob", "too late");
    QCOMPARE(answer.status, 404);
    QCOMPARE(answer.json().value(QLatin1String("type")).toString(),
             QStringLiteral("urn:messaging-server:problem:recipient-unknown"));
    QCOMPARE(bob.leave().status, 401);
    QCOMPARE(bob.stomp().sendForReceipt("DISCONNECT", {}).command, "RECEIPT");
    QVERIFY(bob.stomp().webSocket().waitForClosed());
    QCOMPARE(bob.stomp().takeMessages().size(), 0);
    QCOMPARE(alice.leave().status, 200);
}

void TestWorkflow::stompDisconnectIsReceiptedAndClosed()
{
    User alice(m_daemon, "alice");
    QVERIFY(alice.enter());
    QCOMPARE(alice.stomp().sendForReceipt("DISCONNECT", {}).command, "RECEIPT");
    QVERIFY(alice.stomp().webSocket().waitForClosed());
    QCOMPARE(alice.stomp().webSocket().closeCode(), quint16(1000));
    QCOMPARE(alice.stomp().violations(), QList<QByteArray>());
}

void TestWorkflow::connectionLeftOpenAfterDisconnectIsClosed()
{
    User alice(m_daemon, "alice");
    QVERIFY(alice.enter());
    QCOMPARE(alice.leave().status, 200);
    QVERIFY(alice.stomp().webSocket().waitForClosed());
    QCOMPARE(alice.stomp().webSocket().closeCode(), quint16(4002)); // the session is over
}

void TestWorkflow::anyNameWorksInBothWays_data()
{
    QTest::addColumn<QByteArray>("name");
    QTest::newRow("dots") << QByteArray("a.b..c.");
    QTest::newRow("slashes") << QByteArray("/queue/../user//x");
    QTest::newRow("percent") << QByteArray("50%25 & more=1+2?#");
    QTest::newRow("colon and backslash") << QByteArray("a:b\\c\\n");
    QTest::newRow("quotes") << QByteArray("\"'`<b>&amp;");
    QTest::newRow("Cyrillic") << QByteArray("\xD0\x94\xD0\xBC\xD0\xB8\xD1\x82\xD1\x80\xD0\xB8\xD0\xB9");
    QTest::newRow("Arabic and emoji") << QByteArray("\xD8\xB3\xD9\x84\xD8\xA7\xD9\x85 \xF0\x9F\x91\x8B");
    QTest::newRow("looks like a key") << QByteArray("queue.AAAAAAAAAAAAAAAAAAAAAA");
    QTest::newRow("128 bytes") << QByteArray(128, 'n');
}

void TestWorkflow::anyNameWorksInBothWays()
{
    QFETCH(const QByteArray, name);
    User strange(m_daemon, name);
    User alice(m_daemon, "alice");
    QVERIFY(strange.enter() && alice.enter());
    QCOMPARE(alice.exchange(name, "by HTTP").status, 200);
    QVERIFY(strange.receive());
    alice.send(name, "by SEND");
    QVERIFY(strange.receive());
    strange.send("alice", "back");
    const StompFrame message = alice.receive();
    QCOMPARE(message.header("from"), name);
    QCOMPARE(message.json().value(QLatin1String("from")).toString().toUtf8(), name);
    for (User *user : {&alice, &strange}) {
        QCOMPARE(user->leave().status, 200);
        QCOMPARE(user->stomp().violations(), QList<QByteArray>());
    }
}

void TestWorkflow::undeliverableSendComesBackAsEvent_data()
{
    QTest::addColumn<QByteArray>("to");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("contentType");
    QTest::addColumn<int>("status");
    const auto row = [](const char *what, const QByteArray &to, const QByteArray &body, const char *type,
                        int status) { QTest::newRow(what) << to << body << QByteArray(type) << status; };
    row("nobody there", "nobody", "x", "text/plain", 404);
    row("broken UTF-8", "alice", "\xC3(", "text/plain", 400);
    row("broken JSON", "alice", "{", "application/json", 400);
    row("too large", "alice", QByteArray(300 * 1024, 'x'), "text/plain", 413);
}

void TestWorkflow::undeliverableSendComesBackAsEvent()
{
    QFETCH(const QByteArray, to);
    QFETCH(const QByteArray, body);
    QFETCH(const QByteArray, contentType);
    QFETCH(const int, status);
    User alice(m_daemon, "alice");
    QVERIFY(alice.enter());
    const QByteArray bytes = stompBytes(
        "SEND", {{"destination", User::destination(to)}, {"content-type", contentType}, {"receipt", "r-1"}},
        body);
    alice.stomp().webSocket().sendBinary(bytes); // text frames cannot carry broken UTF-8
    const StompFrame event = alice.receive();
    QCOMPARE(event.header("event"), "undeliverable");
    QCOMPARE(event.header("receipt-id"), "r-1");
    QCOMPARE(event.header("destination"), alice.queue());
    QCOMPARE(event.header("subscription"), "sub-0");
    QCOMPARE(event.header("content-type"), "application/problem+json");
    QCOMPARE(event.json().value(QLatin1String("status")).toInt(), status);
    // The connection lives on.
    alice.send("alice", "still here");
    QCOMPARE(alice.receive().header("from"), "alice");
    QCOMPARE(alice.leave().status, 200);
    QCOMPARE(alice.stomp().violations(), QList<QByteArray>());
}

void TestWorkflow::headersOfSendTravelButCannotForge()
{
    User alice(m_daemon, "alice");
    QVERIFY(alice.enter());
    alice.stomp().send("SEND",
                       {{"destination", "/user/alice"},
                        {"x-mine", "a:b\nc"},
                        {"from", "mallory"},
                        {"event", "undeliverable"},
                        {"message-id", "forged"},
                        {"subscription", "forged"},
                        {"redelivered", "true"},
                        {"timestamp", "1"},
                        {"ack", "forged"},
                        {"transaction-like", "t"}},
                       "x");
    const StompFrame frame = alice.stomp().frames().isEmpty() ? alice.stomp().next("MESSAGE") : StompFrame();
    QVERIFY(frame);
    QCOMPARE(frame.header("x-mine"), "a:b\nc");
    QCOMPARE(frame.header("from"), "alice");
    QCOMPARE(frame.header("subscription"), "sub-0");
    QVERIFY(frame.header("message-id") != "forged");
    for (const char *name : {"event", "redelivered", "ack", "receipt"})
        QVERIFY2(!frame.hasHeader(name), name);
    QVERIFY(frame.header("timestamp") != "1");
    for (const char *name : {"from", "message-id", "subscription", "destination", "content-length"}) {
        qsizetype count = 0;
        for (const auto &[key, value] : frame.headers)
            count += key == name;
        QCOMPARE(count, 1);
    }
    QCOMPARE(alice.leave().status, 200);
}

void TestWorkflow::senderIsProven_data()
{
    QTest::addColumn<QByteArray>("bearer"); // A, B: those users' keys
    QTest::addColumn<QByteArray>("member");
    QTest::addColumn<QByteArray>("from");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("problem");
    const auto row = [](const char *what, const char *bearer, const char *member, const char *from,
                        int status, const char *problem = "") {
        QTest::newRow(what) << QByteArray(bearer) << QByteArray(member) << QByteArray(from) << status
                            << QByteArray(problem);
    };
    row("by header", "A", "", "", 200);
    row("by member", "", "A", "", 200);
    row("by both, the same", "A", "A", "", 200);
    row("with its own name", "A", "", "alice", 200);
    row("two different keys", "A", "B", "", 403, "not-yours");
    row("another's name", "A", "", "bob", 403, "not-yours");
    row("a name of nobody", "A", "", "nobody", 403, "not-yours");
    row("nothing", "", "", "", 401, "unauthenticated");
    row("a name alone", "", "", "alice", 401, "unauthenticated");
    row("unknown key in the header", "queue.AAAAAAAAAAAAAAAAAAAAAA", "", "", 401, "unknown-key");
    row("unknown key in the member", "", "queue.alice.whatever", "alice", 401, "unknown-key");
    row("nonsense", "-", "", "", 401, "unknown-key");
}

void TestWorkflow::senderIsProven()
{
    QFETCH(const QByteArray, bearer);
    QFETCH(const QByteArray, member);
    QFETCH(const QByteArray, from);
    QFETCH(const int, status);
    QFETCH(const QByteArray, problem);
    User alice(m_daemon, "alice");
    User bob(m_daemon, "bob");
    QVERIFY(alice.enter() && bob.enter());
    const auto key = [&](const QByteArray &text) {
        return text == "A" ? alice.key() : text == "B" ? bob.key() : text;
    };
    Headers fields{{"toUserId", "bob"}, {"content", "x"}};
    if (!from.isEmpty())
        fields.append({"fromUserId", from});
    if (!member.isEmpty())
        fields.append({"listeningKey", key(member)});
    const Headers headers
        = bearer.isEmpty() ? Headers() : Headers{{"Authorization", "Bearer " + key(bearer)}};
    const HttpAnswer answer = postForm(m_daemon.http(), "/exchange", fields, headers);
    QCOMPARE(answer.status, status);
    if (status == 200) {
        QCOMPARE(bob.receive().header("from"), "alice");
    } else {
        QCOMPARE(answer.json().value(QLatin1String("type")).toString().toUtf8(),
                 "urn:messaging-server:problem:" + problem);
        QCOMPARE(answer.header("WWW-Authenticate").startsWith("Bearer"), status == 401);
        QCOMPARE(bob.stomp().sendForReceipt("SEND", {{"destination", "/user/alice"}}, "x").command,
                 "RECEIPT");
        QCOMPARE(bob.stomp().takeMessages().size(), 0);
    }
    QCOMPARE(alice.leave().status, 200);
    QCOMPARE(bob.leave().status, 200);
}

void TestWorkflow::withoutRequiredKeyTheSenderIsBelieved()
{
    Daemon daemon({QStringLiteral("exchange.require_key=false")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter() && bob.enter());
    const Headers fields{{"fromUserId", "alice"}, {"toUserId", "bob"}, {"content", "x"}};
    QCOMPARE(postForm(daemon.http(), "/exchange", fields).status, 200);
    QCOMPARE(bob.receive().header("from"), "alice");
    // A key that is presented counts, and a sender without a session is nobody.
    QCOMPARE(postForm(daemon.http(), "/exchange", fields, bob.bearer()).status, 403);
    QCOMPARE(
        postForm(daemon.http(), "/exchange", {{"fromUserId", "zoe"}, {"toUserId", "bob"}, {"content", "x"}})
            .status,
        404);
    QCOMPARE(postForm(daemon.http(), "/exchange", {{"toUserId", "bob"}, {"content", "x"}}).status, 400);
    QCOMPARE(daemon.stop().exitCode, 0);
}

void TestWorkflow::olderStompVersionsWork_data()
{
    QTest::addColumn<QByteArray>("version");
    QTest::addColumn<QByteArray>("accept");
    QTest::newRow("1.0, by no header") << QByteArray("1.0") << QByteArray();
    QTest::newRow("1.1") << QByteArray("1.1") << QByteArray("1.1,1.0");
    QTest::newRow("1.2") << QByteArray("1.2") << QByteArray("1.0,1.1,1.2");
}

void TestWorkflow::olderStompVersionsWork()
{
    QFETCH(const QByteArray, version);
    QFETCH(const QByteArray, accept);
    User alice(m_daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    WebSocketClient::Options options;
    options.subprotocols.clear();
    StompClient stomp(m_daemon.stomp(), options);
    QVERIFY(stomp.waitForOpen());
    Headers headers{{"login", "alice"}, {"passcode", alice.key()}};
    if (!accept.isEmpty())
        headers.append({"accept-version", accept});
    stomp.send("CONNECT", headers);
    const StompFrame connected = stomp.next("CONNECTED");
    QCOMPARE(connected.header("version"), version);
    QCOMPARE(connected.header("heart-beat").count(','), 1);
    if (version == "1.0") // such clients never beat, whatever they sent
        QCOMPARE(connected.header("heart-beat"), "0,0");
    QCOMPARE(connected.header("user-name"), "alice");
    QVERIFY(connected.hasHeader("session") && connected.hasHeader("server"));
    Headers subscribe{{"destination", alice.queue()}};
    if (version != "1.0")
        subscribe.append(std::pair<QByteArray, QByteArray>("id", "s"));
    QCOMPARE(stomp.sendForReceipt("SUBSCRIBE", subscribe).command, "RECEIPT");
    QCOMPARE(alice.exchange("alice", "x").status, 200);
    const StompFrame message = stomp.next("MESSAGE");
    QCOMPARE(message.body, R"({"from":"alice","content":"x"})");
    QCOMPARE(message.hasHeader("subscription"), version != "1.0");
    QCOMPARE(alice.leave().status, 200);
}

void TestWorkflow::conservationHoldsAtTheEnd()
{
    QVERIFY(waitUntil([this] {
        const MetricsReader metrics = MetricsReader::scrape(m_daemon.internal());
        return metrics.sum("messaging_sessions") == 0;
    }));
    const Conservation figures(MetricsReader::scrape(m_daemon.internal()));
    QVERIFY(figures.accepted > 0);
    QCOMPARE(figures.inFlight, 0.0);
    QVERIFY(figures.holds());
}

void TestWorkflow::noSecretIsLogged()
{
    const QByteArray log = m_daemon.log();
    QVERIFY(!m_keys.isEmpty());
    for (const QByteArray &key : std::as_const(m_keys))
        QVERIFY(!log.contains(key.mid(6)));
}

void TestWorkflow::cleanupTestCase()
{
    QCOMPARE(m_daemon.stop().exitCode, 0);
}

QTEST_GUILESS_MAIN(TestWorkflow)
#include "tst_workflow.moc"
