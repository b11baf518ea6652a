// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/metricsreader.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QJsonDocument>

using namespace msgsrv::test;

/// Each kind of bad input with its exact answer, from the real daemon, which serves on afterwards.
class TestBadInput : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void badBodyIsRefused_data();
    void badBodyIsRefused();
    void badRequestIsRefused_data();
    void badRequestIsRefused();
    void problemsHaveTheWholeForm();
    void requestThatDribblesIsTimedOut();
    void badStompIsAnsweredByError_data();
    void badStompIsAnsweredByError(); // item 23
    void badFrameBeforeConnectIsRefused_data();
    void badFrameBeforeConnectIsRefused(); // item 56
    void badWebSocketFrameClosesTheConnection_data();
    void badWebSocketFrameClosesTheConnection();
    void tooMuchForOneQueueIsRefused();
    void connectionsAboveTheLimitAreRefused();
    void everybodyElseWasServedAllTheTime();
    void cleanupTestCase();

private:
    Daemon m_daemon;
    std::unique_ptr<User> m_witness; ///< lives through all of it
};

namespace {

QByteArray problemOf(const HttpAnswer &answer)
{
    return answer.json()
        .value(QLatin1String("type"))
        .toString()
        .toUtf8()
        .mid(int(strlen("urn:messaging-server:problem:")));
}

QByteArray nested(int depth)
{
    return QByteArray(depth, '[') + QByteArray(depth, ']');
}

const QByteArray form = "application/x-www-form-urlencoded";
const QByteArray json = "application/json";

} // namespace

void TestBadInput::initTestCase()
{
    QVERIFY(m_daemon.start());
    m_witness = std::make_unique<User>(m_daemon, "witness");
    QVERIFY(m_witness->enter());
}

void TestBadInput::badBodyIsRefused_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("contentType");
    QTest::addColumn<QByteArray>("body"); // KEY: the witness's key
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("problem");
    const auto row = [](const char *name, const char *path, const QByteArray &type, const QByteArray &body,
                        int status, const char *problem) {
        QTest::newRow(name) << QByteArray(path) << type << body << status << QByteArray(problem);
    };
    row("no userId", "/connect", form, "", 400, "missing-member");
    row("no userId, JSON", "/connect", json, "{}", 400, "missing-member");
    row("empty userId", "/connect", form, "userId=", 400, "invalid-user-id");
    row("129 bytes", "/connect", form, "userId=" + QByteArray(129, 'a'), 400, "invalid-user-id");
    row("65 characters of two bytes", "/connect", form, "userId=" + QByteArray("%C3%A4").repeated(65), 400,
        "invalid-user-id");
    row("broken UTF-8", "/connect", form, "userId=a%C3%28", 400, "invalid-user-id");
    row("overlong UTF-8", "/connect", form, "userId=%C0%AF", 400, "invalid-user-id");
    row("surrogate", "/connect", form, "userId=%ED%A0%80", 400, "invalid-user-id");
    row("NUL", "/connect", form, "userId=a%00b", 400, "invalid-user-id");
    row("line end", "/connect", form, "userId=a%0Ab", 400, "invalid-user-id");
    row("DEL", "/connect", form, "userId=a%7F", 400, "invalid-user-id");
    row("C1 control", "/connect", form, "userId=a%C2%85b", 400, "invalid-user-id");
    row("leading blank", "/connect", form, "userId=+a", 400, "invalid-user-id");
    row("trailing blank", "/connect", form, "userId=a%20", 400, "invalid-user-id");
    row("no-break space at the end", "/connect", form, "userId=a%C2%A0", 400, "invalid-user-id");
    row("userId a number", "/connect", json, R"({"userId":5})", 400, "invalid-user-id");
    row("userId null", "/connect", json, R"({"userId":null})", 400, "invalid-user-id");
    row("control escaped in JSON", "/connect", json, R"({"userId":"a\u0001"})", 400, "invalid-user-id");
    row("bad percent", "/connect", form, "userId=%zz", 400, "malformed-body");
    row("short percent", "/connect", form, "userId=a%4", 400, "malformed-body");
    row("field twice", "/connect", form, "userId=a&userId=b", 400, "duplicate-member");
    row("member twice", "/connect", json, R"({"userId":"a","userId":"a"})", 400, "duplicate-member");
    row("member twice, escaped", "/connect", json, R"({"userId":"a","user\u0049d":"a"})", 400,
        "duplicate-member");
    row("member twice, deeper", "/exchange", json,
        R"({"toUserId":"witness","listeningKey":"KEY","content":{"a":1,"a":2}})", 400, "duplicate-member");
    row("broken JSON", "/connect", json, R"({"userId":)", 400, "malformed-body");
    row("trailing bytes", "/connect", json, R"({"userId":"a"}x)", 400, "malformed-body");
    row("trailing comma", "/connect", json, R"({"userId":"a",})", 400, "malformed-body");
    row("JSON array", "/connect", json, R"(["userId"])", 400, "malformed-body");
    row("empty JSON", "/connect", json, "", 400, "malformed-body");
    row("lone surrogate", "/connect", json, R"({"userId":"\ud800"})", 400, "malformed-body");
    row("JSON not UTF-8", "/connect", json, "{\"userId\":\"\xC3(\"}", 400, "malformed-body");
    row("byte order mark", "/connect", json, "\xEF\xBB\xBF{\"userId\":\"a\"}", 400, "malformed-body");
    row("deep JSON", "/exchange", json,
        R"({"toUserId":"witness","listeningKey":"KEY","content":)" + nested(40) + '}', 400, "malformed-body");
    row("very deep JSON", "/exchange", json, nested(100'000), 400, "malformed-body");
    row("text/plain", "/connect", "text/plain", "userId=a", 415, "unsupported-media-type");
    row("multipart", "/connect", "multipart/form-data; boundary=x", "userId=a", 415,
        "unsupported-media-type");
    row("another charset", "/connect", "application/json; charset=latin1", R"({"userId":"a"})", 415,
        "unsupported-media-type");
    row("no content type", "/connect", "", "userId=a", 415, "unsupported-media-type");
    row("no content", "/exchange", form, "toUserId=witness&listeningKey=KEY", 400, "missing-member");
    row("no recipient", "/exchange", form, "content=x&listeningKey=KEY", 400, "missing-member");
    row("bad recipient", "/exchange", form, "toUserId=%00&content=x&listeningKey=KEY", 400,
        "invalid-user-id");
    row("unknown recipient", "/exchange", form, "toUserId=nobody&content=x&listeningKey=KEY", 404,
        "recipient-unknown");
    row("unknown recipient, unproven", "/exchange", form, "toUserId=nobody&content=x", 401,
        "unauthenticated");
    row("content not UTF-8", "/exchange", form, "toUserId=witness&content=%FF&listeningKey=KEY", 400,
        "invalid-content");
    row("key is no string", "/exchange", json, R"({"toUserId":"witness","content":"x","listeningKey":5})",
        401, "unknown-key");
    row("body too large", "/exchange", form,
        "toUserId=witness&listeningKey=KEY&content=" + QByteArray(300 * 1024, 'x'), 413, "content-too-large");
    row("/disconnect without anything", "/disconnect", form, "", 401, "unauthenticated");
    row("/disconnect of another's made-up queue", "/disconnect", form, "queueName=queue.witness.1234", 401,
        "unknown-key");
    row("/disconnect of a user's name", "/disconnect", form, "queueName=witness", 401, "unknown-key");
    row("/disconnect of rubbish", "/disconnect", form, "queueName=%00%FF", 401, "unknown-key");
    row("/disconnect of an empty name", "/disconnect", form, "queueName=", 401, "unknown-key");
    row("/disconnect with two keys", "/disconnect", form,
        "queueName=KEY&listeningKey=queue.AAAAAAAAAAAAAAAAAAAAAA", 403, "not-yours");
}

void TestBadInput::badBodyIsRefused()
{
    QFETCH(const QByteArray, path);
    QFETCH(const QByteArray, contentType);
    QFETCH(QByteArray, body);
    QFETCH(const int, status);
    QFETCH(const QByteArray, problem);
    body.replace("KEY", m_witness->key());
    const Headers headers = contentType.isEmpty() ? Headers() : Headers{{"Content-Type", contentType}};
    const HttpAnswer answer
        = HttpClient(m_daemon.http()).request(httpRequest("POST", path, m_daemon.http(), headers, body));
    QCOMPARE(answer.status, status);
    QCOMPARE(problemOf(answer), problem);
    QCOMPARE(answer.header("Content-Type"), "application/problem+json");
    QVERIFY(!answer.body.contains(m_witness->key()));
}

void TestBadInput::badRequestIsRefused_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("problem"); // null: not looked at
    const auto row = [](const char *name, const QByteArray &bytes, int status, const char *problem) {
        QTest::newRow(name) << bytes << status << QByteArray(problem);
    };
    const QByteArray post
        = "POST /connect HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    row("no HTTP", "hello\r\n\r\n", 400, "malformed-request");
    row("bare LF", "GET / HTTP/1.1\nHost: h\n\n", 400, "malformed-request");
    row("no Host", "GET / HTTP/1.1\r\n\r\n", 400, "malformed-request");
    row("two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "malformed-request");
    row("folded header", "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", 400, "malformed-request");
    row("blank before the colon", "GET / HTTP/1.1\r\nHost : h\r\n\r\n", 400, "malformed-request");
    row("header without a colon", "GET / HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n", 400, "malformed-request");
    row("control character", "GET / HTTP/1.1\r\nHost: h\r\nA: \x01\r\n\r\n", 400, "malformed-request");
    row("two lengths", post + "Content-Length: 8\r\nContent-Length: 9\r\n\r\nuserId=a", 400,
        "malformed-request");
    row("negative length", post + "Content-Length: -1\r\n\r\n", 400, "malformed-request");
    row("length of words", post + "Content-Length: many\r\n\r\n", 400, "malformed-request");
    row("chunked", post + "Transfer-Encoding: chunked\r\n\r\n8\r\nuserId=a\r\n0\r\n\r\n", 411,
        "length-required");
    row("chunked and a length", post + "Transfer-Encoding: chunked\r\nContent-Length: 8\r\n\r\nuserId=a", 400,
        "malformed-request");
    row("announces too much", post + "Content-Length: 999999999\r\n\r\n", 413, "content-too-large");
    row("announces more than numbers can say", post + "Content-Length: 99999999999999999999999\r\n\r\n", 400,
        "malformed-request");
    row("long target", "GET /" + QByteArray(9000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 414, "uri-too-long");
    row("long header", "GET / HTTP/1.1\r\nHost: h\r\nA: " + QByteArray(20'000, 'a') + "\r\n\r\n", 431,
        "headers-too-large");
    row("many headers", "GET / HTTP/1.1\r\nHost: h\r\n" + QByteArray("A: b\r\n").repeated(100) + "\r\n", 431,
        "headers-too-large");
    row("unknown path", "GET /nothing HTTP/1.1\r\nHost: h\r\n\r\n", 404, "not-found");
    row("path with dots", "GET /../etc/passwd HTTP/1.1\r\nHost: h\r\n\r\n", 404, "not-found");
    row("GET of the workflow", "GET /connect HTTP/1.1\r\nHost: h\r\n\r\n", 405, "method-not-allowed");
    row("GET with credentials", "GET /connect?userId=a HTTP/1.1\r\nHost: h\r\n\r\n", 405,
        "method-not-allowed");
    row("PUT of the workflow", "PUT /exchange HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 405,
        "method-not-allowed");
    row("POST of the page", "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 405,
        "method-not-allowed");
    row("query is not read", "POST /connect?userId=a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 400,
        "missing-member");
    row("TLS to a plain port", QByteArray::fromHex("1603010200010001fc0303") + QByteArray(100, '\0'), 400,
        nullptr);
}

void TestBadInput::badRequestIsRefused()
{
    QFETCH(const QByteArray, bytes);
    QFETCH(const int, status);
    QFETCH(const QByteArray, problem);
    for (const QByteArray &address : {m_daemon.http(), m_daemon.stomp()}) {
        HttpClient client(address);
        const HttpAnswer answer = client.request(bytes);
        QCOMPARE(answer.status, status);
        if (!problem.isNull())
            QCOMPARE(problemOf(answer), problem);
        if (status == 405)
            QVERIFY(!answer.header("Allow").isEmpty());
        const bool undelimited = status == 400 && problem == "malformed-request";
        if (undelimited || status == 411 || status == 413 || status == 414 || status == 431)
            QVERIFY(waitUntil([&] { return client.isClosed(); })); // what follows cannot be a request
    }
}

void TestBadInput::problemsHaveTheWholeForm()
{
    const HttpAnswer answer = postForm(m_daemon.http(), "/connect", {{"userId", "witness"}});
    QCOMPARE(answer.status, 409);
    const QJsonObject problem = answer.json();
    QCOMPARE(problem.value(QLatin1String("status")).toInt(), 409);
    QCOMPARE(problem.value(QLatin1String("path")).toString(), QStringLiteral("/connect"));
    QVERIFY(!problem.value(QLatin1String("title")).toString().isEmpty());
    QCOMPARE(problem.value(QLatin1String("error")), problem.value(QLatin1String("title")));
    QVERIFY(!problem.value(QLatin1String("detail")).toString().isEmpty());
    QCOMPARE(problem.value(QLatin1String("message")), problem.value(QLatin1String("detail")));
    QVERIFY(problem.value(QLatin1String("timestamp")).toDouble() > 1.7e12);
}

void TestBadInput::requestThatDribblesIsTimedOut()
{
    Daemon daemon({QStringLiteral("limits.head_timeout=1s"), QStringLiteral("limits.body_timeout=1s")});
    QVERIFY(daemon.start());
    for (const char *start :
         {"GET / HT", "POST /connect HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nuser"}) {
        HttpClient slow(daemon.http());
        const HttpAnswer answer = slow.request(start);
        QCOMPARE(answer.status, 408);
        QVERIFY(waitUntil([&] { return slow.isClosed(); }));
    }
}

void TestBadInput::badStompIsAnsweredByError_data()
{
    QTest::addColumn<QByteArray>("frame"); // KEY: the client's own key, NUL: \0
    QTest::addColumn<quint16>("closeCode");
    const auto row = [](const char *name, const QByteArray &frame, int code) {
        QTest::newRow(name) << frame << quint16(code);
    };
    row("another's queue", "SUBSCRIBE\nid:x\ndestination:/queue/queue.AAAAAAAAAAAAAAAAAAAAAA\n\nNUL", 1008);
    row("the witness's queue", "SUBSCRIBE\nid:x\ndestination:/queue/WITNESS\n\nNUL", 1008);
    row("a topic", "SUBSCRIBE\nid:x\ndestination:/topic/x\n\nNUL", 1008);
    row("no destination", "SUBSCRIBE\nid:x\n\nNUL", 1002);
    row("no id", "SUBSCRIBE\ndestination:/queue/KEY\n\nNUL", 1002);
    row("prefetch-count of letters", "SUBSCRIBE\nid:x\nprefetch-count:all\ndestination:/queue/KEY\n\nNUL",
        1002);
    row("unknown ack", "SUBSCRIBE\nid:x\nack:maybe\ndestination:/queue/KEY\n\nNUL", 1002);
    row("SEND without a destination", "SEND\n\nxNUL", 1002);
    row("SEND to a queue", "SEND\ndestination:/queue/WITNESS\n\nxNUL", 1008);
    row("SEND to a malformed percent", "SEND\ndestination:/user/%zz\n\nxNUL", 1002);
    row("SEND to no user id", "SEND\ndestination:/user/" + QByteArray(129, 'n') + "\n\nxNUL", 1002);
    row("SEND to nobody", "SEND\ndestination:/user/\n\nxNUL", 1002);
    row("second CONNECT", "CONNECT\naccept-version:1.2\nlogin:client\npasscode:KEY\n\nNUL", 1002);
    row("ACK of nothing", "ACK\nid:1\n\nNUL", 1002);
    row("NACK of nothing", "NACK\nid:1\n\nNUL", 1002);
    row("BEGIN without a name", "BEGIN\n\nNUL", 1002);
    row("SEND in no transaction", "SEND\ntransaction:t\ndestination:/user/client\n\nxNUL", 1002);
    row("COMMIT of nothing", "COMMIT\ntransaction:t\n\nNUL", 1002);
    row("BEGIN twice", "BEGIN\ntransaction:t\n\nNULBEGIN\ntransaction:t\n\nNUL", 1002);
    row("unknown command", "JUMP\n\nNUL", 1002);
    row("small letters", "send\ndestination:/user/client\n\nxNUL", 1002);
    row("a server's command", "MESSAGE\n\nNUL", 1002);
    row("header without a colon", "SEND\nnonsense\n\nNUL", 1002);
    row("unknown escape", "SEND\ndestination:/user/client\na:\\t\n\nNUL", 1002);
    row("length without end", "SEND\ndestination:/user/client\ncontent-length:1\n\nxxNUL", 1002);
    row("negative length", "SEND\ndestination:/user/client\ncontent-length:-1\n\nxNUL", 1002);
    row("UNSUBSCRIBE of nothing", "UNSUBSCRIBE\nid:unknown\n\nNUL", 1002);
    row("too many headers", "SEND\ndestination:/user/client\n" + QByteArray("a:b\n").repeated(100) + "\nxNUL",
        1009);
    row("header too long", "SEND\ndestination:/user/client\na:" + QByteArray(10'000, 'a') + "\n\nxNUL", 1009);
}

void TestBadInput::badStompIsAnsweredByError()
{
    QFETCH(QByteArray, frame);
    QFETCH(const quint16, closeCode);
    User client(m_daemon, "client");
    QVERIFY(waitUntil([&] { return client.connect().status == 200; })); // the row before frees the name
    StompClient stomp(m_daemon.stomp());
    QCOMPARE(stomp.connectAs("client", client.key()).command, "CONNECTED");
    frame.replace("KEY", client.key())
        .replace("WITNESS", m_witness->key())
        .replace("NUL", QByteArray(1, '\0'));
    stomp.webSocket().sendText(frame);
    const StompFrame error = stomp.next("ERROR");
    QVERIFY(error);
    QVERIFY(!error.header("message").isEmpty());
    QCOMPARE(error.header("content-type"), "text/plain");
    QVERIFY(!error.body.isEmpty());
    QVERIFY(!error.body.contains(client.key()) && !error.body.contains(m_witness->key()));
    QVERIFY(stomp.webSocket().waitForClosed());
    QCOMPARE(stomp.webSocket().closeCode(), closeCode);
    QCOMPARE(stomp.violations(), QList<QByteArray>());
    QCOMPARE(m_witness->stomp().frames().size(), 0);
}

void TestBadInput::badFrameBeforeConnectIsRefused_data()
{
    QTest::addColumn<QByteArray>("frame");
    QTest::addColumn<quint16>("closeCode");
    const auto row = [](const char *name, const QByteArray &frame, int code) {
        QTest::newRow(name) << frame << quint16(code);
    };
    row("SEND first", "SEND\ndestination:/user/witness\n\nxNUL", 1002);
    row("SUBSCRIBE first", "SUBSCRIBE\nid:x\ndestination:/queue/WITNESS\n\nNUL", 1002);
    row("DISCONNECT first", "DISCONNECT\nreceipt:r\n\nNUL", 1002);
    row("no frame at all", "GET / HTTP/1.1\r\n\r\nNUL", 1002);
    row("no common version", "CONNECT\naccept-version:2.0\nlogin:witness\npasscode:WITNESS\n\nNUL", 1002);
    row("unknown passcode",
        "CONNECT\naccept-version:1.2\nlogin:witness\npasscode:queue.AAAAAAAAAAAAAAAAAAAAAA\n\nNUL", 4006);
    row("another login", "CONNECT\naccept-version:1.2\nlogin:client\npasscode:WITNESS\n\nNUL", 4006);
    row("no passcode", "CONNECT\naccept-version:1.2\nlogin:witness\n\nNUL", 4006);
    row("no login", "CONNECT\naccept-version:1.2\npasscode:WITNESS\n\nNUL", 4006);
    row("malformed heart-beat",
        "CONNECT\naccept-version:1.2\nheart-beat:soon\nlogin:witness\npasscode:WITNESS\n\nNUL", 1002);
    row("large before login", "CONNECT\naccept-version:1.2\n\n" + QByteArray(20'000, 'x') + "NUL", 1009);
}

void TestBadInput::badFrameBeforeConnectIsRefused()
{
    QFETCH(QByteArray, frame);
    QFETCH(const quint16, closeCode);
    StompClient stomp(m_daemon.stomp());
    QVERIFY(stomp.waitForOpen());
    frame.replace("WITNESS", m_witness->key()).replace("NUL", QByteArray(1, '\0'));
    stomp.webSocket().sendText(frame);
    QVERIFY(stomp.webSocket().waitForClosed());
    if (closeCode != 1009) { // the transport's own limit closes without a frame
        QCOMPARE(stomp.frames().size(), 1);
        QCOMPARE(stomp.frames().first().command, "ERROR");
        QVERIFY(!stomp.frames().first().body.contains(m_witness->key()));
        if (frame.contains("accept-version:2.0"))
            QCOMPARE(stomp.frames().first().header("version"), "1.0,1.1,1.2");
    }
    QCOMPARE(stomp.webSocket().closeCode(), closeCode);
    QVERIFY(m_witness->stomp().webSocket().isOpen()); // nobody took its session
}

void TestBadInput::badWebSocketFrameClosesTheConnection_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<quint16>("closeCode");
    const QByteArray mask(4, '\0');
    QTest::newRow("reserved bit") << "\xC1\x81" + mask + "x" << quint16(1002);
    QTest::newRow("unknown opcode") << "\x83\x81" + mask + "x" << quint16(1002);
    QTest::newRow("orphan continuation") << "\x80\x81" + mask + "x" << quint16(1002);
    QTest::newRow("fragmented ping") << "\x09\x81" + mask + "x" << quint16(1002);
    QTest::newRow("text not UTF-8") << "\x81\x81" + mask + "\xFF" << quint16(1007);
    QTest::newRow("announces 2 MiB") << QByteArray("\x82\xFF\0\0\0\0\0\x20\0\0", 10) + mask << quint16(1009);
}

void TestBadInput::badWebSocketFrameClosesTheConnection()
{
    QFETCH(const QByteArray, bytes);
    QFETCH(const quint16, closeCode);
    User client(m_daemon, "client");
    QVERIFY(waitUntil([&] { return client.connect().status == 200; })); // the row before frees the name
    QVERIFY(client.listen());
    client.stomp().webSocket().sendRaw(bytes);
    QVERIFY(client.stomp().webSocket().waitForClosed());
    QCOMPARE(client.stomp().webSocket().closeCode(), closeCode);
    QVERIFY(waitUntil([&] { return client.leave().status == 401; })); // the session has ended with it
}

void TestBadInput::tooMuchForOneQueueIsRefused()
{
    Daemon daemon({QStringLiteral("limits.early_messages=3")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter());
    QCOMPARE(bob.connect().status, 200);
    for (int i = 0; i < 3; ++i)
        QCOMPARE(alice.exchange("bob", "x").status, 202);
    const HttpAnswer answer = alice.exchange("bob", "x");
    QCOMPARE(answer.status, 429);
    QCOMPARE(problemOf(answer), "queue-full");
    QVERIFY(answer.header("Retry-After").toInt() > 0);
    alice.send("bob", "x");
    QCOMPARE(alice.receive().json().value(QLatin1String("status")).toInt(), 429);
    QVERIFY(bob.listen());
    for (int i = 0; i < 3; ++i)
        QVERIFY(bob.receive());
    QCOMPARE(alice.exchange("bob", "x").status, 200);
    QVERIFY(Conservation(MetricsReader::scrape(daemon.internal())).holds());
}

void TestBadInput::connectionsAboveTheLimitAreRefused()
{
    Daemon daemon({QStringLiteral("limits.connections_per_address=3")});
    QVERIFY(daemon.start());
    std::vector<std::unique_ptr<WebSocketClient>> clients;
    for (int i = 0; i < 3; ++i) {
        clients.push_back(std::make_unique<WebSocketClient>(daemon.stomp()));
        QVERIFY(clients.back()->waitForOpen());
    }
    HttpClient fourth(daemon.http());
    const HttpAnswer answer = fourth.request(httpRequest("GET", "/", daemon.http()));
    QVERIFY2(answer.status == 0 || answer.status == 429 || answer.status == 503, answer.body.constData());
    QVERIFY(waitUntil([&] { return fourth.isClosed(); }));
    clients.pop_back();
    QVERIFY(waitUntil([&] { return get(daemon.http(), "/").status == 200; })); // the place is free again
}

void TestBadInput::everybodyElseWasServedAllTheTime()
{
    QVERIFY(m_witness->stomp().webSocket().isOpen());
    QCOMPARE(m_witness->exchange("witness", "x").status, 200);
    QVERIFY(m_witness->receive());
    QCOMPARE(m_witness->stomp().frames().size(), 0);
    QVERIFY(Conservation(MetricsReader::scrape(m_daemon.internal())).holds());
}

void TestBadInput::cleanupTestCase()
{
    const Daemon::Ended ended = m_daemon.stop();
    QCOMPARE(ended.exitCode, 0);
    QVERIFY(!ended.err.contains(m_witness->key()));
}

QTEST_GUILESS_MAIN(TestBadInput)
#include "tst_badinput.moc"
