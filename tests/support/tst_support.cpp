// SPDX-License-Identifier: GPL-3.0-or-later
// The test support tested against what is not ours: Qt's WebSocket server and servers of a few lines.
#include "tests/support/certificate.h"
#include "tests/support/httpclient.h"
#include "tests/support/metricsreader.h"
#include "tests/support/stompclient.h"
#include "tests/support/tcpproxy.h"
#include "tests/support/wait.h"

#include <QFile>
#include <QTemporaryDir>
#include <QWebSocket>
#include <QWebSocketServer>

#include <cmath>

using namespace msgsrv::test;

namespace {

QByteArray addressOf(quint16 port)
{
    return "127.0.0.1:" + QByteArray::number(port);
}

/// Accepts one connection, keeps what comes, and sends what it is told.
class ScriptedServer : public QObject
{
public:
    ScriptedServer()
    {
        m_listener.listen(QHostAddress::LocalHost);
        connect(&m_listener, &QTcpServer::newConnection, this, [this] {
            socket = m_listener.nextPendingConnection();
            connect(socket, &QTcpSocket::readyRead, this, [this] {
                received += socket->readAll();
                if (!reply.isEmpty() && received.contains(replyTo))
                    socket->write(std::exchange(reply, {}));
            });
            connect(socket, &QTcpSocket::readChannelFinished, this, [this] { sawEnd = true; });
            connect(socket, &QTcpSocket::errorOccurred, this, [this](auto e) { error = e; });
        });
    }
    [[nodiscard]] QByteArray address() const { return addressOf(m_listener.serverPort()); }

    QTcpSocket *socket = nullptr; // owned by the listener
    QByteArray received;
    QByteArray replyTo;
    QByteArray reply;
    bool sawEnd = false;
    QAbstractSocket::SocketError error = QAbstractSocket::UnknownSocketError;

private:
    QTcpServer m_listener;
};

/// Qt's server with one connection.
class QtServer : public QObject
{
public:
    QtServer()
        : m_server(QStringLiteral("test"), QWebSocketServer::NonSecureMode)
    {
        m_server.setSupportedSubprotocols({QStringLiteral("v12.stomp")});
        m_server.listen(QHostAddress::LocalHost);
        connect(&m_server, &QWebSocketServer::newConnection, this, [this] {
            peer.reset(m_server.nextPendingConnection());
            connect(peer.get(), &QWebSocket::textMessageReceived, this,
                    [this](const QString &m) { texts << m; });
            connect(peer.get(), &QWebSocket::binaryMessageReceived, this,
                    [this](const QByteArray &m) { binaries << m; });
        });
    }
    ~QtServer() override
    {
        if (peer) // its end must not reach this object
            peer->disconnect(this);
    }
    QtServer(const QtServer &) = delete;
    QtServer &operator=(const QtServer &) = delete;
    [[nodiscard]] QByteArray address() const { return addressOf(m_server.serverPort()); }

    std::unique_ptr<QWebSocket> peer;
    QStringList texts;
    QList<QByteArray> binaries;

private:
    QWebSocketServer m_server;
};

} // namespace

class TestSupport : public QObject
{
    Q_OBJECT

private slots:
    void httpAnswersAreReadInOrderFromOneConnection();
    void httpAnswerWithoutLengthEndsWithTheConnection();
    void httpConnectionThatEndsGivesStatusZero();
    void webSocketTalksWithQtsServer_data();
    void webSocketTalksWithQtsServer();
    void webSocketClosesWithCodeAndReason();
    void webSocketTellsARefusedHandshake();
    void webSocketTellsWhatAServerDoesWrong_data();
    void webSocketTellsWhatAServerDoesWrong();
    void stompFramesAreReadAndEscaped();
    void stompTellsWhatAServerDoesWrong_data();
    void stompTellsWhatAServerDoesWrong();
    void metricsAreRead();
    void proxyStallsAndResumes();
    void stalledProxyHidesTheEndOfAClient();
    void proxyResetsBothSides();
    void proxyHalfCloses();
    void certificateIsMade();
};

void TestSupport::httpAnswersAreReadInOrderFromOneConnection()
{
    ScriptedServer server;
    server.replyTo = "GET /b";
    server.reply
        = "HTTP/1.1 100 Continue\r\n\r\n"
          "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nX-A: 1\r\n\r\n{}HTTP/1.1 204 No Content\r\n\r\nrest";
    HttpClient client(server.address());
    QList<HttpAnswer> answers;
    const auto keep = [&](const HttpAnswer &answer) { answers.append(answer); };
    client.request(httpRequest("GET", "/a", "h"), keep);
    client.request(httpRequest("GET", "/b", "h"), keep);
    client.request({}, keep);
    QVERIFY(waitUntil([&] { return answers.size() == 3; }));
    QCOMPARE(answers[0].status, 100);
    QCOMPARE(answers[1].status, 200);
    QCOMPARE(answers[1].header("x-a"), "1");
    QCOMPARE(answers[1].body, "{}");
    QCOMPARE(answers[2].status, 204);
    QCOMPARE(client.surplus(), "rest");
    QVERIFY(server.received.startsWith("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b"));
}

void TestSupport::httpAnswerWithoutLengthEndsWithTheConnection()
{
    ScriptedServer server;
    HttpClient client(server.address());
    std::optional<HttpAnswer> answer;
    client.request("x", [&](const HttpAnswer &a) { answer = a; });
    QVERIFY(waitUntil([&] { return server.received == "x"; }));
    server.socket->write("HTTP/1.1 400 Bad\r\n\r\nwhy");
    server.socket->disconnectFromHost();
    QVERIFY(waitUntil([&] { return answer.has_value(); }));
    QCOMPARE(answer->status, 400);
    QCOMPARE(answer->body, "why");
    QVERIFY(client.isClosed());
}

void TestSupport::httpConnectionThatEndsGivesStatusZero()
{
    ScriptedServer server;
    HttpClient client(server.address());
    std::optional<HttpAnswer> answer;
    client.request("x", [&](const HttpAnswer &a) { answer = a; });
    QVERIFY(waitUntil([&] { return server.received == "x"; }));
    server.socket->disconnectFromHost();
    QVERIFY(waitUntil([&] { return answer.has_value(); }));
    QCOMPARE(answer->status, 0);
}

void TestSupport::webSocketTalksWithQtsServer_data()
{
    QTest::addColumn<int>("size");
    for (const int size : {0, 1, 125, 126, 65535, 65536, 300'000})
        QTest::addRow("%d bytes", size) << size;
}

void TestSupport::webSocketTalksWithQtsServer()
{
    QFETCH(const int, size);
    QtServer server;
    WebSocketClient client(server.address());
    QVERIFY(client.waitForOpen());
    QCOMPARE(client.handshake().header("Sec-WebSocket-Protocol"), "v12.stomp");
    const QByteArray payload(size, 'x');
    client.sendText(payload);
    client.sendFrame(WebSocketClient::Binary, payload, false);
    client.sendFrame(WebSocketClient::Continuation, "end");
    QVERIFY(waitUntil([&] { return server.texts.size() == 1 && server.binaries.size() == 1; }));
    QCOMPARE(server.texts.first().toUtf8(), payload);
    QCOMPARE(server.binaries.first(), payload + "end");

    server.peer->sendTextMessage(QString::fromLatin1(payload));
    server.peer->sendBinaryMessage(payload);
    server.peer->ping("p");
    client.sendFrame(WebSocketClient::Ping, "q");
    QVERIFY(waitUntil([&] { return client.pings().size() == 1 && client.pongs().size() == 1; }));
    const auto messages = client.takeMessages();
    QCOMPARE(messages.size(), 2);
    QVERIFY(messages[0].isText && !messages[1].isText);
    QCOMPARE(messages[0].bytes, payload);
    QCOMPARE(messages[1].bytes, payload);
    QCOMPARE(client.violations(), QList<QByteArray>());
}

void TestSupport::webSocketClosesWithCodeAndReason()
{
    QtServer server;
    WebSocketClient client(server.address());
    QVERIFY(client.waitForOpen());
    QVERIFY(waitUntil([&] { return server.peer != nullptr; }));
    server.peer->close(QWebSocketProtocol::CloseCodeGoingAway, QStringLiteral("replaced"));
    QVERIFY(client.waitForClosed());
    QCOMPARE(client.closeCode(), quint16(1001));
    QCOMPARE(client.closeReason(), "replaced");
}

void TestSupport::webSocketTellsARefusedHandshake()
{
    ScriptedServer server;
    server.replyTo = "\r\n\r\n";
    server.reply = "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno";
    WebSocketClient client(server.address());
    QVERIFY(!client.waitForOpen());
    QCOMPARE(client.handshake().status, 403);
    QCOMPARE(client.handshake().body, "no");
}

void TestSupport::webSocketTellsWhatAServerDoesWrong_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("violation");
    const auto row = [](const char *name, const QByteArray &bytes, const char *violation) {
        QTest::newRow(name) << bytes << QByteArray(violation);
    };
    row("masked",
        QByteArray("\x81\x81"
                   "abcdx",
                   7),
        "a server's frame is masked");
    row("reserved bit", QByteArray("\xC1\x01x", 3), "a reserved bit is set");
    row("orphan", QByteArray("\x80\x01x", 3), "a continuation of nothing");
    row("not UTF-8", QByteArray("\x81\x01\xFF", 3), "a text message is not UTF-8");
    row("opcode", QByteArray("\x83\x01x", 3), "unknown opcode 3");
    row("two at once", QByteArray("\x01\x01x\x81\x01y", 6), "a new message within another");
    row("fragmented ping", QByteArray("\x09\x01x", 3), "a control frame is fragmented or too long");
}

void TestSupport::webSocketTellsWhatAServerDoesWrong()
{
    QFETCH(const QByteArray, bytes);
    QFETCH(const QByteArray, violation);
    ScriptedServer server;
    server.replyTo = "\r\n\r\n";
    server.reply = "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: nonsense\r\n\r\n" + bytes;
    WebSocketClient client(server.address());
    QVERIFY(client.waitForOpen());
    QVERIFY(waitUntil([&] { return client.violations().size() == 2; }));
    QCOMPARE(client.violations(), (QList<QByteArray>{"wrong Sec-WebSocket-Accept", violation}));
}

void TestSupport::stompFramesAreReadAndEscaped()
{
    QtServer server;
    StompClient client(server.address());
    QVERIFY(client.waitForOpen());
    client.send("SEND", {{"a:b", "c\\d\ne\rf"}}, "body");
    client.send("CONNECT", {{"passcode", "a:b"}});
    QVERIFY(waitUntil([&] { return server.texts.size() == 2; }));
    QCOMPARE(server.texts[0].toUtf8(),
             QByteArray("SEND\na\\cb:c\\\\d\\ne\\rf\ncontent-length:4\n\nbody") + '\0');
    QCOMPARE(server.texts[1].toUtf8(), QByteArray("CONNECT\npasscode:a:b\n\n") + '\0');

    server.peer->sendTextMessage(QStringLiteral("\n"));
    server.peer->sendTextMessage(
        QString::fromLatin1(QByteArray("MESSAGE\na\\cb:c\\\\d\\ne\\rf\na\\cb:second\ncontent-length:3\n\nx")
                            + '\0' + "y" + '\0'));
    const StompFrame frame = client.next("MESSAGE");
    QCOMPARE(frame.header("a:b"), "c\\d\ne\rf");
    QCOMPARE(frame.body, QByteArray("x\0y", 3));
    QCOMPARE(client.beatsSeen(), 1);
    QCOMPARE(client.violations(), QList<QByteArray>());
}

void TestSupport::stompTellsWhatAServerDoesWrong_data()
{
    QTest::addColumn<QByteArray>("message");
    QTest::newRow("no NUL") << QByteArray("RECEIPT\nreceipt-id:1\n\n");
    QTest::newRow("no end of head") << QByteArray("RECEIPT\nreceipt-id:1\n");
    QTest::newRow("two frames") << QByteArray("RECEIPT\nr:1\n\n\0RECEIPT\nr:2\n\n\0", 28);
    QTest::newRow("length too small") << QByteArray("MESSAGE\ncontent-length:1\n\nxy\0", 29);
    QTest::newRow("length too large") << QByteArray("MESSAGE\ncontent-length:9\n\nxy\0", 29);
    QTest::newRow("bad escape") << QByteArray("RECEIPT\nr:\\t\n\n\0", 15);
    QTest::newRow("no colon") << QByteArray("RECEIPT\nr\n\n\0", 12);
    QTest::newRow("body without length") << QByteArray("MESSAGE\na:b\n\nxy\0", 16);
}

void TestSupport::stompTellsWhatAServerDoesWrong()
{
    QFETCH(const QByteArray, message);
    QtServer server;
    StompClient client(server.address());
    QVERIFY(client.waitForOpen());
    QVERIFY(waitUntil([&] { return server.peer != nullptr; }));
    server.peer->sendTextMessage(QString::fromLatin1(message));
    QVERIFY(waitUntil([&] { return client.violations().size() == 1; }));
}

void TestSupport::metricsAreRead()
{
    const MetricsReader metrics(
        "# HELP a b\n# TYPE a counter\na 1\nb{x=\"1\",y=\"q\\\"}\\\\\\n\"} 2.5\nb{x=\"2\"} 4 123\n"
        "messaging_messages_accepted_total 5\nmessaging_messages_delivered_total 2\n"
        "messaging_messages_dropped_total{reason=\"a\"} 1\n"
        "messaging_messages_dropped_total{reason=\"b\"} 1\nmessaging_messages_in_flight 1\n");
    QCOMPARE(metrics.value("a"), 1.0);
    QCOMPARE(metrics.value("b", {{"x", "1"}, {"y", "q\"}\\\n"}}), 2.5);
    QCOMPARE(metrics.sum("b"), 6.5);
    QCOMPARE(metrics.sum("b", {{"x", "2"}}), 4.0);
    QVERIFY(std::isnan(metrics.value("c")));
    QVERIFY(metrics.has("a") && !metrics.has("c"));
    QVERIFY(Conservation(metrics).holds());
    QVERIFY(!Conservation(MetricsReader(metrics.text() + "messaging_messages_in_flight 1\n")).holds());
}

void TestSupport::proxyStallsAndResumes()
{
    ScriptedServer server;
    TcpProxy proxy(server.address());
    const auto client = openSocket(proxy.address());
    client->write("one");
    QVERIFY(waitUntil([&] { return server.received == "one"; }));
    proxy.stall();
    client->write("two");
    server.socket->write("three");
    QTest::qWait(50); // nothing can be waited for: it is about what does not come
    QCOMPARE(server.received, "one");
    QCOMPARE(client->bytesAvailable(), 0);
    proxy.resume();
    QVERIFY(waitUntil([&] { return server.received == "onetwo" && client->bytesAvailable() == 5; }));
}

void TestSupport::stalledProxyHidesTheEndOfAClient()
{
    ScriptedServer server;
    TcpProxy proxy(server.address());
    auto client = openSocket(proxy.address());
    client->write("one");
    QVERIFY(waitUntil([&] { return server.received == "one"; }));
    proxy.stall();
    client->abort();
    QTest::qWait(50); // as above
    QVERIFY(!server.sawEnd);
    QCOMPARE(proxy.connectionCount(), 1);
    proxy.resume();
    QVERIFY(waitUntil([&] { return server.sawEnd; }));
    QCOMPARE(proxy.connectionCount(), 0);
}

void TestSupport::proxyResetsBothSides()
{
    ScriptedServer server;
    TcpProxy proxy(server.address());
    const auto client = openSocket(proxy.address());
    client->write("one");
    QVERIFY(waitUntil([&] { return server.received == "one"; }));
    proxy.reset();
    QVERIFY(waitUntil([&] {
        return server.socket->state() == QTcpSocket::UnconnectedState
            && client->state() == QTcpSocket::UnconnectedState;
    }));
    QCOMPARE(client->error(), QAbstractSocket::RemoteHostClosedError); // what Qt makes of ECONNRESET
}

void TestSupport::proxyHalfCloses()
{
    ScriptedServer server;
    TcpProxy proxy(server.address());
    const auto client = openSocket(proxy.address());
    client->write("one");
    QVERIFY(waitUntil([&] { return server.received == "one"; }));
    proxy.halfCloseTowardsServer();
    QVERIFY(waitUntil([&] { return server.sawEnd; }));
}

void TestSupport::certificateIsMade()
{
    const QTemporaryDir folder;
    const Certificate certificate = Certificate::make(folder.path());
    QVERIFY(QFile::exists(certificate.certificateFile));
    QVERIFY(QFile::exists(certificate.keyFile));
}

QTEST_GUILESS_MAIN(TestSupport)
#include "tst_support.moc"
