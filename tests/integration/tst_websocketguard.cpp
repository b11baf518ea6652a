// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/certificate.h"
#include "tests/support/metricsreader.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QSslSocket>

#include <memory>
#include <vector>

using namespace msgsrv::test;

/// What stands between the network and the WebSocket: frames that break RFC 6455 or a limit end that
/// connection, with the right code, a metric, and nobody else the worse for it. By either engine.
class TestWebSocketGuard : public QObject
{
    Q_OBJECT

private slots:
    void framesThatMayNotBeAreRefused_data();
    void framesThatMayNotBeAreRefused();
    void aCharacterSplitOverFragmentsIsTaken_data() { engines(); }
    void aCharacterSplitOverFragmentsIsTaken();
    void framesBehindTheHandshakeAreNotLost_data() { engines(); }
    void framesBehindTheHandshakeAreNotLost();
    void aHandshakeThatNeverEndsIsCut();
    void aWebSocketWithoutConnectIsCut(); // item 16
    void aMessageIsSmallBeforeTheLogin(); // item 17
    void tinyInvalidRecordsOverTlsDoNotEndTheServer_data() { engines(); }
    void tinyInvalidRecordsOverTlsDoNotEndTheServer();
    void silentTlsConnectionsHoldNobodyUp();
    void largeBodiesShareABudget();

private:
    static void engines()
    {
        QTest::addColumn<QString>("engine");
        for (const char *engine : {"direct", "qt"})
            QTest::newRow(engine) << QStringLiteral("net.engine=") + QLatin1String(engine);
    }
};

namespace {

double closed(const Daemon &daemon, const QByteArray &reason)
{
    return MetricsReader::scrape(daemon.internal())
        .value("messaging_connections_closed_total", {{"reason", reason}});
}

} // namespace

void TestWebSocketGuard::framesThatMayNotBeAreRefused_data()
{
    using Send = std::function<void(WebSocketClient &)>;
    QTest::addColumn<QString>("engine");
    QTest::addColumn<Send>("attack");
    QTest::addColumn<int>("code");
    QTest::addColumn<QByteArray>("metric");
    for (const char *engine : {"direct", "qt"}) {
        const auto row = [engine](const char *name, int code, const char *metric, const Send &send) {
            QTest::addRow("%s, %s", name, engine) << QStringLiteral("net.engine=") + QLatin1String(engine)
                                                  << send << code << QByteArray(metric);
        };
        row("not masked", 1002, "bad_frame",
            [](auto &client) { client.sendFrame(WebSocketClient::Text, "\n", true, false); });
        row("text that is not UTF-8", 1007, "bad_frame", [](auto &client) { client.sendText("\xFF"); });
        row("reserved opcode", 1002, "bad_frame", [](auto &client) { client.sendFrame(5, "x"); });
        row("continuation of nothing", 1002, "bad_frame",
            [](auto &client) { client.sendFrame(WebSocketClient::Continuation, "x"); });
        row("ping flood", 1008, "too_many_control_frames", [](auto &client) {
            for (int i = 0; i < 40; ++i)
                client.sendFrame(WebSocketClient::Ping, "?");
        });
        row("pong flood", 1008, "too_many_control_frames", [](auto &client) {
            for (int i = 0; i < 40; ++i)
                client.sendFrame(WebSocketClient::Pong, "!");
        });
        row("endless fragments", 1008, "too_many_fragments", [](auto &client) {
            client.sendFrame(WebSocketClient::Text, "", false);
            for (int i = 0; i < 40; ++i)
                client.sendFrame(WebSocketClient::Continuation, "", false);
        });
        row("too big", 1009, "message_too_big",
            [](auto &client) { client.sendText(QByteArray(5000, '\n')); });
        row("too big by its head alone", 1009, "message_too_big",
            [](auto &client) { client.sendRaw(QByteArray("\x81\xFF\0\0\0\x7F\0\0\0\0", 10) + "mask"); });
    }
}

void TestWebSocketGuard::framesThatMayNotBeAreRefused()
{
    QFETCH(QString, engine);
    QFETCH(std::function<void(WebSocketClient &)>, attack);
    QFETCH(int, code);
    QFETCH(QByteArray, metric);
    Daemon daemon({engine, QStringLiteral("limits.control_frames=20"), QStringLiteral("limits.fragments=20"),
                   QStringLiteral("limits.frame=4KiB")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter() && bob.enter());

    WebSocketClient &client = alice.stomp().webSocket();
    attack(client);
    QVERIFY(client.waitForClosed());
    QCOMPARE(int(client.closeCode()), code);
    QCOMPARE(closed(daemon, metric), 1.0);
    bob.send("bob", "still here");
    QVERIFY(bob.receive());
    QCOMPARE(bob.exchange("alice", "gone").status, 404);
    QCOMPARE(bob.stomp().violations(), QList<QByteArray>());
}

void TestWebSocketGuard::aCharacterSplitOverFragmentsIsTaken()
{
    QFETCH(QString, engine);
    Daemon daemon({engine});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    const QByteArray clef = "\xF0\x9D\x84\x9E";
    const QByteArray frame = stompBytes("SEND", {{"destination", "/user/alice"}}, "clef " + clef);
    const qsizetype at = frame.indexOf(clef);
    WebSocketClient &client = alice.stomp().webSocket();
    client.sendFrame(WebSocketClient::Text, frame.first(at + 1), false);
    client.sendFrame(WebSocketClient::Continuation, frame.mid(at + 1, 1), false);
    client.sendFrame(WebSocketClient::Ping, "between");
    client.sendFrame(WebSocketClient::Continuation, frame.mid(at + 2), true);
    const StompFrame message = alice.receive();
    QCOMPARE(message.json().value(QStringLiteral("content")).toString().toUtf8(), "clef " + clef);
    QVERIFY(waitUntil([&] { return client.pongs() == QList<QByteArray>{"between"}; }));
}

void TestWebSocketGuard::framesBehindTheHandshakeAreNotLost()
{
    QFETCH(QString, engine);
    Daemon daemon({engine});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    // Everything in one segment: the handshake, CONNECT and SUBSCRIBE.
    QTcpSocket socket;
    const QByteArray address = daemon.stomp();
    socket.connectToHost(QString::fromLatin1(address.left(address.indexOf(':'))),
                         address.mid(address.indexOf(':') + 1).toUShort());
    QVERIFY(socket.waitForConnected());
    const auto masked = [](const QByteArray &payload) {
        Q_ASSERT(payload.size() >= 126 && payload.size() < 65536);
        return QByteArray("\x81\xFE") + char(payload.size() >> 8) + char(payload.size() & 0xFF)
            + QByteArray(4, '\0') + payload;
    };
    const QByteArray connect = stompBytes("CONNECT",
                                          {{"accept-version", "1.2"},
                                           {"login", "alice"},
                                           {"passcode", alice.key()},
                                           {"padding", QByteArray(100, 'x')}});
    const QByteArray subscribe = stompBytes("SUBSCRIBE",
                                            {{"id", "0"},
                                             {"destination", alice.queue()},
                                             {"receipt", "subscribed"},
                                             {"padding", QByteArray(100, 'x')}});
    socket.write("GET /ws HTTP/1.1\r\nHost: " + address
                 + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                 + masked(connect) + masked(subscribe));
    QByteArray text;
    QVERIFY(waitUntil([&] { return (text += socket.readAll()).contains("receipt-id:subscribed"); }));
}

void TestWebSocketGuard::aHandshakeThatNeverEndsIsCut()
{
    Daemon daemon({QStringLiteral("limits.head_timeout=500ms")});
    QVERIFY(daemon.start());
    HttpClient client(daemon.stomp());
    const HttpAnswer answer = client.request("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n");
    QCOMPARE(answer.status, 408);
    QCOMPARE(closed(daemon, "head_timeout"), 1.0);
}

void TestWebSocketGuard::aWebSocketWithoutConnectIsCut()
{
    Daemon daemon({QStringLiteral("stomp.login_timeout=500ms")});
    QVERIFY(daemon.start());
    StompClient client(daemon.stomp());
    QVERIFY(client.waitForOpen());
    QCOMPARE(client.next("ERROR").header("message"), QByteArray("login timeout"));
    QVERIFY(client.webSocket().waitForClosed());
    // Pings are no login.
    StompClient pinging(daemon.stomp());
    QVERIFY(pinging.waitForOpen());
    pinging.webSocket().sendFrame(WebSocketClient::Ping, "x");
    QVERIFY(pinging.next("ERROR"));
    QVERIFY(pinging.webSocket().waitForClosed());
}

void TestWebSocketGuard::aMessageIsSmallBeforeTheLogin()
{
    Daemon daemon({QStringLiteral("limits.frame_unauthenticated=1KiB")});
    QVERIFY(daemon.start());
    StompClient client(daemon.stomp());
    QVERIFY(client.waitForOpen());
    client.webSocket().sendText(QByteArray(8192, '\n'));
    QVERIFY(client.webSocket().waitForClosed());
    QCOMPARE(int(client.webSocket().closeCode()), 1009);
}

/// Each record holds the smallest invalid frame. QWebSocket's close() inside its own read used to recurse
/// once a record until the stack was used up.
void TestWebSocketGuard::tinyInvalidRecordsOverTlsDoNotEndTheServer()
{
    QFETCH(QString, engine);
    QTemporaryDir folder;
    const Certificate certificate = Certificate::make(folder.path());
    Daemon daemon({engine, QStringLiteral("tls.certificate=") + certificate.certificateFile,
                   QStringLiteral("tls.key=") + certificate.keyFile});
    QVERIFY(daemon.start());
    for (const QByteArray &invalid :
         {QByteArray("\x83\x80mask", 6), QByteArray("\x81\x01x", 3), QByteArray("\xFF\xFF", 2)}) {
        WebSocketClient::Options options;
        options.tls = Tls::On;
        WebSocketClient client(daemon.stomp(), options);
        QVERIFY(client.waitForOpen());
        auto *socket = qobject_cast<QSslSocket *>(&client.socket());
        QVERIFY(socket);
        for (int i = 0; i < 20'000 && socket->state() == QAbstractSocket::ConnectedState; ++i) {
            socket->write(invalid);
            if (i % 8 == 0)
                socket->flush(); // a record of its own for some
        }
        QVERIFY(client.waitForClosed());
        QCOMPARE(int(client.closeCode()), 1002);
    }
    QVERIFY(daemon.isRunning());
    User alice(daemon, "alice", Tls::On);
    QVERIFY(alice.enter());
}

/// 45 of them stalled a stock secure server for seconds.
void TestWebSocketGuard::silentTlsConnectionsHoldNobodyUp()
{
    QTemporaryDir folder;
    const Certificate certificate = Certificate::make(folder.path());
    Daemon daemon({QStringLiteral("tls.certificate=") + certificate.certificateFile,
                   QStringLiteral("tls.key=") + certificate.keyFile, QStringLiteral("workers=1"),
                   QStringLiteral("limits.head_timeout=60s")});
    QVERIFY(daemon.start());
    std::vector<SocketPtr> silent;
    for (int i = 0; i < 200; ++i) {
        silent.push_back(openSocket(daemon.stomp()));
        QVERIFY(waitUntil([&] { return silent.back()->state() == QAbstractSocket::ConnectedState; }));
    }
    User alice(daemon, "alice", Tls::On);
    QVERIFY(alice.enter());
    // All of them are still there: nobody was served by throwing others out.
    for (const SocketPtr &socket : silent)
        QCOMPARE(socket->state(), QAbstractSocket::ConnectedState);
}

void TestWebSocketGuard::largeBodiesShareABudget()
{
    Daemon daemon({QStringLiteral("limits.body_memory=128KiB")});
    QVERIFY(daemon.start());
    const auto start = [&](HttpClient &client) {
        client.sendRaw("POST /exchange HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                       "Content-Length: 100000\r\n\r\n"
                       + QByteArray(60'000, ' '));
    };
    const auto taken
        = [&] { return MetricsReader::scrape(daemon.internal()).value("messaging_body_memory_bytes"); };
    HttpAnswer refusal;
    std::vector<std::unique_ptr<HttpClient>> clients;
    for (int i = 0; i < 8 && refusal.status == 0; ++i) {
        const double before = taken();
        clients.push_back(std::make_unique<HttpClient>(daemon.http()));
        start(*clients.back());
        clients.back()->request({}, [&](const HttpAnswer &answer) { refusal = answer; });
        QVERIFY(waitUntil([&] { return refusal.status != 0 || taken() > before; }));
    }
    QCOMPARE(refusal.status, 503);
    QCOMPARE(refusal.header("Retry-After"), QByteArray("1"));
    QCOMPARE(closed(daemon, "body_memory"), 1.0);
    QVERIFY(clients.size() > 1);
    QVERIFY(taken() <= 128 * 1024);
    // A small body needs no budget, and what was taken comes back.
    QCOMPARE(postForm(daemon.http(), "/connect", {{"userId", "alice"}}).status, 200);
    for (const auto &client : clients)
        client->socket().abort();
    QVERIFY(waitUntil([&] { return taken() == 0; }));
}

QTEST_GUILESS_MAIN(TestWebSocketGuard)
#include "tst_websocketguard.moc"
