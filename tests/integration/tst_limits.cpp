// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/metricsreader.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QElapsedTimer>

using namespace msgsrv::test;

/// What one client may take of the real daemon, and what is left to the others.
class TestLimits : public QObject
{
    Q_OBJECT

private slots:
    void aCallAndALobbyMeetNoLimit();
    void connectionsAreCountedForTheClientBehindTheProxy();
    void aProxysKeptConnectionsCountForNobody();
    void connectsAreLimitedPerClientAddress();
    void exchangesAreLimitedPerClientAddress();
    void exchangesAreLimitedPerUser();
    void sendsAreLimitedPerUserAndTheConnectionGoesOn();
    void guessedKeysWaitAndValidOnesDoNot_data();
    void guessedKeysWaitAndValidOnesDoNot();
    void guessedPasscodesWaitAndValidOnesDoNot();
    void acceptingPausesWithoutDescriptorsAndTheRestGoesOn();
    void theOpenFileLimitIsRaised();
};

namespace {

/// The client that our proxy, which is 127.0.0.1, speaks for.
Headers onBehalfOf(const QByteArray &client)
{
    return {{"X-Forwarded-For", client}};
}

QString trustedProxy()
{
    return QStringLiteral("net.trusted_proxies=127.0.0.1/32");
}

double limited(const Daemon &daemon, const char *limit)
{
    return MetricsReader::scrape(daemon.internal())
        .value("messaging_requests_limited_total", {{"limit", limit}});
}

QByteArray typeOf(const QJsonObject &problem)
{
    return problem.value(QLatin1String("type")).toString().toUtf8();
}

const QByteArray rateLimited = "urn:messaging-server:problem:rate-limited";

/// Repeats @p request until it is refused, which has to be after @p least times; the refusal.
template <typename Request>
HttpAnswer untilLimited(Request request, int least)
{
    for (int i = 0; i < 1000; ++i) {
        HttpAnswer answer = request();
        if (answer.status != 200 && answer.status != 202)
            return i >= least ? answer : HttpAnswer();
    }
    return {};
}

#define VERIFY_LIMITED(asked)                                                                                \
    do {                                                                                                     \
        const HttpAnswer answer = (asked);                                                                   \
        QCOMPARE(answer.status, 429);                                                                        \
        QCOMPARE(typeOf(answer.json()), rateLimited);                                                        \
        QVERIFY(answer.header("Retry-After").toInt() >= 1);                                                  \
    } while (false)

} // namespace

void TestLimits::aCallAndALobbyMeetNoLimit()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter() && bob.enter());
    constexpr int messages = 31; // an offer and its candidates
    for (int i = 0; i < messages; ++i) {
        alice.send("bob", QByteArray::number(i));
        QCOMPARE(bob.exchange("alice", QByteArray::number(i)).status, 200);
    }
    for (int i = 0; i < messages; ++i)
        QCOMPARE(bob.receive().json().value(QLatin1String("content")).toString().toInt(), i);
    // A class of pupils behind one address.
    for (int i = 0; i < 100; ++i)
        QCOMPARE(User(daemon, "pupil " + QByteArray::number(i)).connect().status, 200);
    QCOMPARE(MetricsReader::scrape(daemon.internal()).sum("messaging_requests_limited_total"), 0.0);
}

void TestLimits::connectionsAreCountedForTheClientBehindTheProxy()
{
    Daemon daemon({trustedProxy(), QStringLiteral("limits.connections_per_address=3"),
                   QStringLiteral("limits.connects_per_address=0")});
    QVERIFY(daemon.start());
    const auto open = [&](const QByteArray &client) {
        WebSocketClient::Options options;
        options.headers = onBehalfOf(client);
        auto webSocket = std::make_unique<WebSocketClient>(daemon.stomp(), options);
        (void)webSocket->waitForOpen();
        return webSocket;
    };
    const auto rejected = [&] {
        return MetricsReader::scrape(daemon.internal())
            .value("messaging_connections_rejected_total", {{"reason", "address"}});
    };
    std::vector<std::unique_ptr<WebSocketClient>> mine;
    std::vector<std::unique_ptr<WebSocketClient>> others;
    for (int i = 0; i < 3; ++i) {
        mine.push_back(open("203.0.113.1"));
        QVERIFY(mine.back()->isOpen());
        others.push_back(open("2001:db8::" + QByteArray::number(i)));
        QVERIFY(others.back()->isOpen());
    }
    VERIFY_LIMITED(open("203.0.113.1")->handshake());
    VERIFY_LIMITED(open("2001:db8::ffff")->handshake());
    VERIFY_LIMITED(get(daemon.http(), "/", onBehalfOf("203.0.113.1")));
    VERIFY_LIMITED(postForm(daemon.http(), "/connect", {{"userId", "alice"}}, onBehalfOf("203.0.113.1")));
    QCOMPARE(rejected(), 4.0);
    QVERIFY(open("203.0.113.2")->isOpen());
    QVERIFY(open("2001:db8:0:1::1")->isOpen());
    QCOMPARE(get(daemon.http(), "/").status, 200); // the proxy's own check of our health
    mine.pop_back();
    QVERIFY(waitUntil([&] { return open("203.0.113.1")->isOpen(); })); // the place is free again
}

void TestLimits::aProxysKeptConnectionsCountForNobody()
{
    Daemon daemon({trustedProxy(), QStringLiteral("limits.connections_per_address=1"),
                   QStringLiteral("limits.connects_per_address=0")});
    QVERIFY(daemon.start());
    std::vector<std::unique_ptr<HttpClient>> kept;
    for (int i = 0; i < 10; ++i) {
        kept.push_back(std::make_unique<HttpClient>(daemon.http()));
        const auto ask = [&](const QByteArray &client) {
            return kept.back()->request(httpRequest("GET", "/", daemon.http(), onBehalfOf(client))).status;
        };
        QCOMPARE(ask("203.0.113.1"), 200);
        QCOMPARE(ask("203.0.113.2"), 200);
        QCOMPARE(ask("203.0.113.1"), 200);
    }
    for (const auto &connection : kept)
        QVERIFY(!connection->isClosed());
}

void TestLimits::connectsAreLimitedPerClientAddress()
{
    Daemon daemon(
        {trustedProxy(), QStringLiteral("limits.connects_per_address=1"), QStringLiteral("limits.burst=5s")});
    QVERIFY(daemon.start());
    int user = 0;
    const auto connectFrom = [&](const QByteArray &client) {
        return postForm(daemon.http(), "/connect", {{"userId", QByteArray::number(++user)}},
                        onBehalfOf(client) + Headers{{"Origin", "http://" + daemon.http()}});
    };
    const HttpAnswer refusal = untilLimited([&] { return connectFrom("203.0.113.1"); }, 5);
    VERIFY_LIMITED(refusal);
    QCOMPARE(refusal.header("Access-Control-Allow-Origin"), "http://" + daemon.http());
    QCOMPARE(refusal.header("Access-Control-Expose-Headers"), "Retry-After");
    QCOMPARE(limited(daemon, "connects_per_address"), 1.0);
    QCOMPARE(connectFrom("203.0.113.2").status, 200);
    // An IPv6 client has a whole network to come from.
    int host = 0;
    const HttpAnswer v6
        = untilLimited([&] { return connectFrom("2001:db8::" + QByteArray::number(++host, 16)); }, 5);
    VERIFY_LIMITED(v6);
    // It is over when it is over.
    QVERIFY(waitUntil([&] { return connectFrom("203.0.113.1").status == 200; }));
}

void TestLimits::exchangesAreLimitedPerClientAddress()
{
    Daemon daemon({trustedProxy(), QStringLiteral("limits.exchanges_per_address=1"),
                   QStringLiteral("limits.burst=5s")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.connect().status == 200 && bob.connect().status == 200);
    const auto exchangeFrom = [&](const QByteArray &client, const User &user) {
        return postForm(daemon.http(), "/exchange", {{"toUserId", "bob"}, {"content", "x"}},
                        user.bearer() + onBehalfOf(client));
    };
    const HttpAnswer refusal = untilLimited([&] { return exchangeFrom("203.0.113.1", alice); }, 5);
    VERIFY_LIMITED(refusal);
    QCOMPARE(limited(daemon, "exchanges_per_address"), 1.0);
    QCOMPARE(exchangeFrom("203.0.113.2", alice).status, 202);
}

void TestLimits::exchangesAreLimitedPerUser()
{
    Daemon daemon({QStringLiteral("limits.exchanges_per_user=1"), QStringLiteral("limits.burst=5s")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.connect().status == 200 && bob.connect().status == 200);
    const HttpAnswer refusal = untilLimited([&] { return alice.exchange("bob", "x"); }, 5);
    VERIFY_LIMITED(refusal);
    QCOMPARE(limited(daemon, "exchanges_per_user"), 1.0);
    QCOMPARE(bob.exchange("alice", "x").status, 202);
    QVERIFY(Conservation(MetricsReader::scrape(daemon.internal())).holds());
}

void TestLimits::sendsAreLimitedPerUserAndTheConnectionGoesOn()
{
    Daemon daemon({QStringLiteral("limits.exchanges_per_user=1"), QStringLiteral("limits.burst=5s")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter() && bob.enter());
    constexpr int sent = 50;
    for (int i = 0; i < sent; ++i)
        alice.send("bob", "x");
    const StompFrame event = alice.receive();
    QCOMPARE(event.header("event"), "undeliverable");
    QCOMPARE(event.header("content-type"), "application/problem+json");
    QCOMPARE(typeOf(event.json()), rateLimited);
    QCOMPARE(event.json().value(QLatin1String("status")).toInt(), 429);
    QCOMPARE(event.json().value(QLatin1String("path")).toString(), QStringLiteral("/user/bob"));
    QVERIFY(waitUntil([&] {
        const MetricsReader metrics = MetricsReader::scrape(daemon.internal());
        return metrics.value("messaging_messages_accepted_total")
            + metrics.value("messaging_requests_limited_total", {{"limit", "exchanges_per_user"}})
            == sent;
    }));

    // Others are served, and so is she after a while, on the same connection.
    QCOMPARE(
        bob.stomp().sendForReceipt("SEND", {{"destination", User::destination("bob")}}, "from bob").command,
        "RECEIPT");
    QVERIFY(waitUntil([&] {
        alice.stomp().send("SEND", {{"destination", User::destination("alice")}}, "again");
        const StompFrame frame = alice.receive();
        return frame.json().value(QLatin1String("content")).toString() == QLatin1String("again");
    }));
    QVERIFY(alice.stomp().webSocket().isOpen());
    QCOMPARE(alice.stomp().violations(), QList<QByteArray>());
}

void TestLimits::guessedKeysWaitAndValidOnesDoNot_data()
{
    QTest::addColumn<QString>("engine");
    QTest::newRow("direct") << QStringLiteral("net.engine=direct");
    QTest::newRow("qt") << QStringLiteral("net.engine=qt");
}

void TestLimits::guessedKeysWaitAndValidOnesDoNot()
{
    QFETCH(const QString, engine);
    Daemon daemon(
        {engine, QStringLiteral("limits.failed_keys=3"), QStringLiteral("limits.failed_key_delay=30s")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.connect().status == 200);
    const auto guess = [&](const QByteArray &path) {
        return httpRequest(
            "POST", path, daemon.http(),
            {{"Content-Type", "application/x-www-form-urlencoded"}, {"Authorization", "Bearer queue.guess"}},
            "toUserId=alice&content=x");
    };
    for (int i = 0; i < 3; ++i)
        QCOMPARE(HttpClient(daemon.http()).request(guess("/exchange")).status, 401);

    // The first guess beyond them is answered soon, the last one not before half a minute has passed.
    std::vector<std::unique_ptr<HttpClient>> guessers;
    std::vector<int> statuses;
    for (int i = 0; i < 10; ++i) {
        guessers.push_back(std::make_unique<HttpClient>(daemon.http()));
        guessers.back()->request(guess(i % 2 == 0 ? "/exchange" : "/disconnect"),
                                 [&](const HttpAnswer &answer) { statuses.push_back(answer.status); });
    }
    QVERIFY(waitUntil([&] { return limited(daemon, "failed_keys") == 10; }));
    QVERIFY(waitUntil([&] { return !statuses.empty(); }));
    QCOMPARE(statuses.front(), 401);
    QVERIFY(statuses.size() < 10);
    QCOMPARE(alice.exchange("alice", "x").status, 202);
    QCOMPARE(alice.leave().status, 200);
    QVERIFY(statuses.size() < 10);
    QCOMPARE(MetricsReader::scrape(daemon.internal())
                 .value("messaging_strange_behaviour_total", {{"kind", "unknown_key"}}),
             13.0);
    // A stop waits for none of them.
    QCOMPARE(daemon.stop().exitCode, 0);
    QVERIFY(waitUntil([&] { return statuses.size() == 10; }));
    for (const int status : statuses)
        QCOMPARE(status, 401);
}

void TestLimits::guessedPasscodesWaitAndValidOnesDoNot()
{
    Daemon daemon({QStringLiteral("limits.failed_keys=1")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    StompClient first(daemon.stomp());
    QCOMPARE(first.connectAs("alice", "queue.guess").command, "ERROR");
    QCOMPARE(limited(daemon, "failed_keys"), 0.0);

    std::vector<std::unique_ptr<StompClient>> guessers;
    for (int i = 0; i < 8; ++i) {
        guessers.push_back(std::make_unique<StompClient>(daemon.stomp()));
        guessers.back()->send("CONNECT",
                              {{"accept-version", "1.2"}, {"login", "alice"}, {"passcode", "queue.guess"}});
    }
    QVERIFY(waitUntil([&] { return limited(daemon, "failed_keys") == 8; }));
    QVERIFY(alice.listen());
    const auto answered = std::count_if(guessers.begin(), guessers.end(),
                                        [](const auto &guesser) { return !guesser->frames().isEmpty(); });
    QVERIFY(answered < 8);
    for (const auto &guesser : guessers) {
        QVERIFY(guesser->next("ERROR"));
        QVERIFY(guesser->webSocket().waitForClosed());
        QCOMPARE(guesser->webSocket().closeCode(), 4006);
    }
    QVERIFY(alice.stomp().webSocket().isOpen());
}

void TestLimits::acceptingPausesWithoutDescriptorsAndTheRestGoesOn()
{
    constexpr int openFiles = 128;
    Daemon daemon({QStringLiteral("limits.connections=0"), QStringLiteral("limits.connections_per_address=0"),
                   QStringLiteral("limits.head_timeout=0")});
    daemon.limitOpenFiles(openFiles, openFiles);
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter() && bob.enter());

    std::vector<SocketPtr> silent;
    silent.reserve(2 * openFiles);
    for (int i = 0; i < 2 * openFiles; ++i)
        silent.push_back(openSocket(i % 2 == 0 ? daemon.http() : daemon.stomp()));
    // The kernel takes them all; the daemon as many as it has descriptors for, and tells so.
    QVERIFY(waitUntil([&] {
        return std::all_of(silent.begin(), silent.end(), [](const SocketPtr &socket) {
            return socket->state() == QAbstractSocket::ConnectedState;
        });
    }));
    QVERIFY(waitUntil(
        [&] { return MetricsReader::scrape(daemon.internal()).value("messaging_listeners_paused") >= 4; }));
    const MetricsReader metrics = MetricsReader::scrape(daemon.internal());
    QVERIFY(metrics.value("process_open_fds") < openFiles);
    QVERIFY(metrics.value("messaging_connections_rejected_total", {{"reason", "descriptors"}}) >= 4);
    QVERIFY(metrics.value("messaging_connections", {{"transport", "http"}}) < openFiles);
    HttpClient late(daemon.http());
    int lateStatus = -1;
    late.request(httpRequest("GET", "/", daemon.http()),
                 [&](const HttpAnswer &answer) { lateStatus = answer.status; });

    // Nothing turns in circles: less than a fifth of a core.
    constexpr int interval = 2000;
    const auto before = daemon.cpuTime();
    QElapsedTimer watch;
    watch.start();
    QTest::qWait(interval);
    const auto used = (daemon.cpuTime() - before).count();
    QVERIFY2(used * 5 < watch.elapsed(), qPrintable(QStringLiteral("%1 ms of CPU").arg(used)));

    // Who is in is served, and so is the supervisor.
    for (int i = 0; i < 10; ++i) {
        QCOMPARE(get(daemon.internal(), "/livez").status, 200);
        QCOMPARE(get(daemon.internal(), "/readyz").status, 200);
        alice.send("bob", "still here");
        QVERIFY(bob.receive());
    }
    QVERIFY(daemon.log().contains("net.accept_paused"));
    QCOMPARE(lateStatus, -1);

    // Within two seconds after descriptors are free, those who waited are served.
    watch.restart();
    silent.clear();
    QVERIFY(waitUntil([&] { return lateStatus == 200; }));
    QVERIFY2(watch.elapsed() < 2000, qPrintable(QStringLiteral("%1 ms").arg(watch.elapsed())));
    QVERIFY(waitUntil(
        [&] { return MetricsReader::scrape(daemon.internal()).value("messaging_listeners_paused") == 0; }));
    QCOMPARE(alice.exchange("bob", "over").status, 200);
    QVERIFY(daemon.log().contains("net.accept_resumed"));
}

void TestLimits::theOpenFileLimitIsRaised()
{
    Daemon daemon;
    daemon.limitOpenFiles(256, 1024);
    QVERIFY(daemon.start());
    QCOMPARE(MetricsReader::scrape(daemon.internal()).value("process_max_fds"), 1024.0);
}

QTEST_GUILESS_MAIN(TestLimits)
#include "tst_limits.moc"
