// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/certificate.h"
#include "tests/support/metricsreader.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QProcess>
#include <QTemporaryDir>

using namespace msgsrv::test;

/// What each listener serves, and to whom.
class TestListeners : public QObject
{
    Q_OBJECT

private slots:
    void oneAddressServesBoth();
    void everyPublicPortServesBoth();
    void internalListenerServesSupervisors();
    void publicAndInternalPathsDoNotMix();
    void metricsAreCleanForPromtool();
    void tlsServesBoth();
    void tlsPortDoesNotSpeakPlainHttp();
    void subprotocolIsTheHighestOffered_data();
    void subprotocolIsTheHighestOffered(); // item 1
    void webSocketUpgradeIsRefused_data();
    void webSocketUpgradeIsRefused();
    void originDecides_data();
    void originDecides(); // item 21
    void preflightIsAnswered();
    void listeningAddressFollowsTheHost_data();
    void listeningAddressFollowsTheHost();
    void trustedProxyIsBelieved();
    void iceServersAreHandedOut();
    void pageAndClientAreServed();
};

void TestListeners::oneAddressServesBoth()
{
    // A port that was free a moment ago may be taken meanwhile: another try then.
    for (int attempt = 0; attempt < 5; ++attempt) {
        const QString address = QStringLiteral("127.0.0.1:%1").arg(freePort());
        Daemon daemon({QStringLiteral("http.listen=") + address, QStringLiteral("stomp.listen=") + address});
        if (!daemon.start())
            continue;
        QCOMPARE(daemon.http(), address.toLatin1());
        QCOMPARE(daemon.stomp(), address.toLatin1());
        User alice(daemon, "alice");
        User bob(daemon, "bob");
        QVERIFY(alice.enter() && bob.enter());
        QCOMPARE(alice.listeningAddress(), "ws://" + address.toLatin1() + "/ws");
        alice.send("bob", "x");
        QVERIFY(bob.receive());
        QCOMPARE(alice.exchange("bob", "y").status, 200);
        QVERIFY(bob.receive());
        QCOMPARE(daemon.stop().exitCode, 0);
        return;
    }
    QFAIL("the daemon never started");
}

void TestListeners::everyPublicPortServesBoth()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    QVERIFY(daemon.http() != daemon.stomp());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(alice.listen(daemon.http()));
    QCOMPARE(get(daemon.stomp(), "/").status, 200);
    QCOMPARE(postForm(daemon.stomp(), "/connect", {{"userId", "bob"}}).status, 200);
}

void TestListeners::internalListenerServesSupervisors()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    QCOMPARE(get(daemon.internal(), "/livez").status, 200);
    QCOMPARE(get(daemon.internal(), "/readyz").status, 200);
    const HttpAnswer metrics = get(daemon.internal(), "/metrics");
    QCOMPARE(metrics.status, 200);
    QVERIFY(metrics.header("Content-Type").startsWith("text/plain; version=0.0.4"));

    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter());
    QCOMPARE(bob.connect().status, 200);
    QCOMPARE(alice.exchange("bob", "waits").status, 202);
    const MetricsReader reader = MetricsReader::scrape(daemon.internal());
    QCOMPARE(reader.sum("messaging_sessions"), 2.0);
    QCOMPARE(reader.sum("messaging_sessions", {{"state", "acked"}}), 1.0);
    QCOMPARE(reader.sum("messaging_connections", {{"transport", "websocket"}}), 1.0);
    QCOMPARE(reader.value("messaging_messages_accepted_total"), 1.0);
    QCOMPARE(reader.value("messaging_messages_delivered_total"), 0.0);
    QCOMPARE(reader.value("messaging_messages_in_flight"), 1.0);
    QVERIFY(reader.has("messaging_messages_dropped_total"));
    QVERIFY(reader.has("messaging_strange_behaviour_total"));
    QVERIFY(!reader.text().contains("alice"));
}

void TestListeners::publicAndInternalPathsDoNotMix()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    for (const char *path : {"/livez", "/readyz", "/metrics", "/auth/user"}) {
        QCOMPARE(get(daemon.http(), path).status, 404);
        QCOMPARE(get(daemon.stomp(), path).status, 404);
    }
    QCOMPARE(postForm(daemon.internal(), "/connect", {{"userId", "alice"}}).status, 404);
    QCOMPARE(get(daemon.internal(), "/").status, 404);
    WebSocketClient webSocket(daemon.internal());
    QVERIFY(!webSocket.waitForOpen());
}

void TestListeners::metricsAreCleanForPromtool()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    QCOMPARE(alice.exchange("alice", "x").status, 200);
    QCOMPARE(alice.exchange("nobody", "x").status, 404);
    QProcess promtool;
    promtool.setProcessChannelMode(QProcess::MergedChannels);
    promtool.start(QStringLiteral("promtool"), {QStringLiteral("check"), QStringLiteral("metrics")});
    QVERIFY2(promtool.waitForStarted(), "promtool is missing (Debian: prometheus)");
    promtool.write(get(daemon.internal(), "/metrics").body);
    promtool.closeWriteChannel();
    QVERIFY(promtool.waitForFinished());
    const QByteArray said = promtool.readAll();
    QVERIFY2(promtool.exitCode() == 0 && said.isEmpty(), said.constData());
}

void TestListeners::tlsServesBoth()
{
    const QTemporaryDir folder;
    const Certificate certificate = Certificate::make(folder.path());
    Daemon daemon({QStringLiteral("tls.certificate=") + certificate.certificateFile,
                   QStringLiteral("tls.key=") + certificate.keyFile});
    QVERIFY(daemon.start());
    User alice(daemon, "alice", Tls::On);
    User bob(daemon, "bob", Tls::On);
    QVERIFY(alice.enter());
    QCOMPARE(alice.listeningAddress(), "wss://" + daemon.stomp() + "/ws");
    QVERIFY(bob.connect().status == 200 && bob.listen(daemon.http()));
    const QByteArray large(100'000, 'x');
    alice.send("bob", large);
    QCOMPARE(bob.receive().body.size(), large.size() + 29);
    QCOMPARE(bob.exchange("alice", large).status, 200);
    QVERIFY(alice.receive());
    QCOMPARE(get(daemon.internal(), "/livez").status, 200); // never TLS
    QCOMPARE(alice.leave().status, 200);
    QVERIFY(alice.stomp().violations().isEmpty() && bob.stomp().violations().isEmpty());
    QCOMPARE(daemon.stop().exitCode, 0);
}

void TestListeners::tlsPortDoesNotSpeakPlainHttp()
{
    const QTemporaryDir folder;
    const Certificate certificate = Certificate::make(folder.path());
    Daemon daemon({QStringLiteral("tls.certificate=") + certificate.certificateFile,
                   QStringLiteral("tls.key=") + certificate.keyFile});
    QVERIFY(daemon.start());
    HttpClient plain(daemon.http());
    plain.sendRaw(httpRequest("GET", "/", daemon.http()));
    QVERIFY(waitUntil([&] { return plain.isClosed(); }));
    QVERIFY(!plain.surplus().startsWith("HTTP/1.1 200"));
    QCOMPARE(get(daemon.http(), "/", {}, Tls::On).status, 200);
}

void TestListeners::subprotocolIsTheHighestOffered_data()
{
    QTest::addColumn<QByteArray>("offered");
    QTest::addColumn<QByteArray>("chosen"); // null: none
    QTest::newRow("all, ascending") << QByteArray("v10.stomp, v11.stomp, v12.stomp")
                                    << QByteArray("v12.stomp");
    QTest::newRow("all, descending") << QByteArray("v12.stomp,v11.stomp,v10.stomp")
                                     << QByteArray("v12.stomp");
    QTest::newRow("1.1 and 1.0") << QByteArray("v10.stomp, v11.stomp") << QByteArray("v11.stomp");
    QTest::newRow("1.0") << QByteArray("v10.stomp") << QByteArray("v10.stomp");
    QTest::newRow("none") << QByteArray() << QByteArray();
    QTest::newRow("one of them unknown") << QByteArray("mqtt, v12.stomp") << QByteArray("v12.stomp");
}

void TestListeners::subprotocolIsTheHighestOffered()
{
    QFETCH(const QByteArray, offered);
    QFETCH(const QByteArray, chosen);
    Daemon daemon;
    QVERIFY(daemon.start());
    WebSocketClient::Options options;
    options.subprotocols = offered;
    WebSocketClient client(daemon.stomp(), options);
    QVERIFY(client.waitForOpen());
    QCOMPARE(client.handshake().header("Sec-WebSocket-Protocol"), chosen);
    QCOMPARE(client.violations(), QList<QByteArray>());
}

void TestListeners::webSocketUpgradeIsRefused_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("origin");
    QTest::addColumn<int>("status");
    QTest::newRow("another path") << QByteArray("/other") << QByteArray() << 404;
    QTest::newRow("the page's path") << QByteArray("/connect") << QByteArray() << 404;
    QTest::newRow("another site") << QByteArray("/ws") << QByteArray("https://evil.example") << 403;
    QTest::newRow("null") << QByteArray("/ws") << QByteArray("null") << 403;
}

void TestListeners::webSocketUpgradeIsRefused()
{
    QFETCH(const QByteArray, path);
    QFETCH(const QByteArray, origin);
    QFETCH(const int, status);
    Daemon daemon;
    QVERIFY(daemon.start());
    WebSocketClient::Options options;
    options.path = path;
    options.origin = origin;
    WebSocketClient client(daemon.stomp(), options);
    QVERIFY(!client.waitForOpen());
    QCOMPARE(client.handshake().status, status);
}

void TestListeners::originDecides_data()
{
    QTest::addColumn<QString>("setting");
    QTest::addColumn<QByteArray>("origin"); // null: none
    QTest::addColumn<bool>("allowed");
    const auto row = [](const char *name, const char *setting, const char *origin, bool allowed) {
        QTest::newRow(name) << QString::fromLatin1(setting) << QByteArray(origin) << allowed;
    };
    row("absent", "", nullptr, true);
    row("the same host, another port", "", "http://127.0.0.1:3000", true);
    row("the same host, https", "", "https://127.0.0.1", true);
    row("without a scheme, as tsung sends it", "", "127.0.0.1", true);
    row("another host", "", "http://evil.example", false);
    row("another host without a scheme", "", "evil.example", false);
    row("null", "", "null", false);
    row("listed", "net.allowed_origins=[\"https://app.example\"]", "https://app.example", true);
    row("listed, another scheme", "net.allowed_origins=[\"https://app.example\"]", "http://app.example",
        false);
    row("not listed", "net.allowed_origins=[\"https://app.example\"]", "https://evil.example", false);
}

void TestListeners::originDecides()
{
    QFETCH(const QString, setting);
    QFETCH(const QByteArray, origin);
    QFETCH(const bool, allowed);
    Daemon daemon(setting.isEmpty() ? QStringList() : QStringList{setting});
    QVERIFY(daemon.start());
    WebSocketClient::Options options;
    options.origin = origin;
    WebSocketClient client(daemon.stomp(), options);
    QCOMPARE(client.waitForOpen(), allowed);
    QCOMPARE(client.handshake().status, allowed ? 101 : 403);

    const Headers headers = origin.isNull() ? Headers() : Headers{{"Origin", origin}};
    const HttpAnswer answer = postForm(daemon.http(), "/connect", {{"userId", "alice"}}, headers);
    QCOMPARE(answer.status, allowed ? 200 : 403);
    QCOMPARE(answer.header("Access-Control-Allow-Origin"), allowed ? origin : QByteArray());
}

void TestListeners::preflightIsAnswered()
{
    Daemon daemon({QStringLiteral("net.allowed_origins=[\"https://app.example\"]")});
    QVERIFY(daemon.start());
    for (const char *path : {"/connect", "/exchange", "/disconnect"}) {
        HttpClient client(daemon.http());
        const HttpAnswer answer = client.request(
            httpRequest("OPTIONS", path, daemon.http(),
                        {{"Origin", "https://app.example"},
                         {"Access-Control-Request-Method", "POST"},
                         {"Access-Control-Request-Headers", "authorization, content-type"}}));
        QCOMPARE(answer.status, 204);
        QCOMPARE(answer.header("Access-Control-Allow-Origin"), "https://app.example");
        QVERIFY(answer.header("Access-Control-Allow-Methods").contains("POST"));
        const QByteArray allowed = answer.header("Access-Control-Allow-Headers").toLower();
        QVERIFY(allowed.contains("authorization") && allowed.contains("content-type"));
    }
}

void TestListeners::listeningAddressFollowsTheHost_data()
{
    QTest::addColumn<QString>("setting");
    QTest::addColumn<QByteArray>("host");
    QTest::addColumn<QByteArray>("expected"); // PORT: the STOMP listener's
    QTest::newRow("a name") << QString() << QByteArray("chat.example:8080")
                            << QByteArray("ws://chat.example:PORT/ws");
    QTest::newRow("IPv6") << QString() << QByteArray("[::1]:8080") << QByteArray("ws://[::1]:PORT/ws");
    QTest::newRow("configured") << QStringLiteral("stomp.public_address=wss://rtc.example/ws")
                                << QByteArray("x") << QByteArray("wss://rtc.example/ws");
    QTest::newRow("another path") << QStringLiteral("stomp.path=/stomp") << QByteArray("h:1")
                                  << QByteArray("ws://h:PORT/stomp");
}

void TestListeners::listeningAddressFollowsTheHost()
{
    QFETCH(const QString, setting);
    QFETCH(const QByteArray, host);
    QFETCH(QByteArray, expected);
    Daemon daemon(setting.isEmpty() ? QStringList() : QStringList{setting});
    QVERIFY(daemon.start());
    const HttpAnswer answer
        = HttpClient(daemon.http())
              .request(httpRequest("POST", "/connect", host,
                                   {{"Content-Type", "application/x-www-form-urlencoded"}}, "userId=alice"));
    QCOMPARE(answer.status, 200);
    expected.replace("PORT", daemon.stomp().mid(daemon.stomp().lastIndexOf(':') + 1));
    QCOMPARE(answer.json().value(QLatin1String("listeningAddress")).toString().toUtf8(), expected);
}

void TestListeners::trustedProxyIsBelieved()
{
    const Headers forwarded{{"X-Forwarded-Proto", "https"},
                            {"X-Forwarded-Host", "chat.example"},
                            {"X-Forwarded-For", "203.0.113.9"}};
    const auto address = [&](const QStringList &settings) {
        Daemon daemon(settings);
        if (!daemon.start())
            return QByteArray();
        return postForm(daemon.http(), "/connect", {{"userId", "alice"}}, forwarded)
            .json()
            .value(QLatin1String("listeningAddress"))
            .toString()
            .toUtf8();
    };
    QVERIFY(
        address({QStringLiteral("net.trusted_proxies=[\"127.0.0.0/8\"]")}).startsWith("wss://chat.example"));
    QVERIFY(address({}).startsWith("ws://127.0.0.1:"));
    QVERIFY(address({QStringLiteral("net.trusted_proxies=[\"10.0.0.0/8\"]")}).startsWith("ws://127.0.0.1:"));
}

void TestListeners::iceServersAreHandedOut()
{
    const QTemporaryDir folder;
    QFile secret(folder.filePath(QStringLiteral("turn")));
    QVERIFY(secret.open(QFile::WriteOnly));
    secret.write("shared-secret\n");
    secret.close();
    secret.setPermissions(QFile::ReadOwner);
    Daemon daemon(
        {QStringLiteral("ice.servers=[\"stun:stun.example:3478\",\"turn:turn.example:3478?transport=udp\"]"),
         QStringLiteral("ice.turn_secret=") + secret.fileName(), QStringLiteral("ice.ttl=1h")});
    QVERIFY(daemon.start());
    const HttpAnswer answer = postForm(daemon.http(), "/connect", {{"userId", "alice"}});
    const QJsonArray servers = answer.json().value(QLatin1String("iceServers")).toArray();
    QJsonObject turn;
    for (const QJsonValue &server : servers) {
        if (QJsonDocument(server.toObject()).toJson().contains("turn:"))
            turn = server.toObject();
    }
    QVERIFY2(!turn.value(QLatin1String("username")).toString().isEmpty(), answer.body.constData());
    QVERIFY(turn.value(QLatin1String("username")).toString().endsWith(QLatin1String(":alice")));
    QVERIFY(!turn.value(QLatin1String("credential")).toString().isEmpty());
    QVERIFY(!daemon.log().contains("shared-secret"));
}

void TestListeners::pageAndClientAreServed()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    const HttpAnswer page = get(daemon.http(), "/");
    QCOMPARE(page.status, 200);
    QVERIFY(page.header("Content-Type").startsWith("text/html"));
    const QByteArray policy = page.header("Content-Security-Policy");
    QVERIFY2(policy.contains("default-src 'none'") || policy.contains("default-src 'self'"),
             policy.constData());
    QVERIFY2(policy.contains("ws://" + daemon.stomp()), policy.constData());
    QVERIFY(!policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"));
    QCOMPARE(page.header("X-Content-Type-Options"), "nosniff");

    const HttpAnswer client = get(daemon.http(), "/messaging-client.js");
    QCOMPARE(client.status, 200);
    QVERIFY(client.header("Content-Type").startsWith("text/javascript"));
    QCOMPARE(client.header("Access-Control-Allow-Origin"), "*");

    HttpClient head(daemon.http());
    const HttpAnswer answer = head.request(httpRequest("HEAD", "/", daemon.http()), true);
    QCOMPARE(answer.status, 200);
    QCOMPARE(answer.header("Content-Length").toLongLong(), page.body.size());
    QCOMPARE(head.request(httpRequest("GET", "/", daemon.http())).body, page.body); // HEAD had no body
}

QTEST_GUILESS_MAIN(TestListeners)
#include "tst_listeners.moc"
