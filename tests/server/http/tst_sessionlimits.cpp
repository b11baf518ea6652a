// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/sessionendpoints.h"
#include "tests/server/http/fakes.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

#include <optional>

using namespace msgsrv;

namespace {

constexpr const char *exchangeBody = R"({"toUserId":"bob","content":1})";

/// The endpoints with alice and bob connected, in a time that stands still.
struct Bench
{
    explicit Bench(const RequestLimits::Settings &limitSettings)
        : limits(limitSettings, metrics)
        , endpoints({sessions, directory, exchange, executor, metrics, limits}, settings(),
                    [this] { return now; })
        , routes(endpoints.routes())
    {
        directory.add({*UserId::parse("alice"), alice, Generation(1)});
        directory.add({*UserId::parse("bob"), bob, Generation(2)});
    }

    static SessionEndpointSettings settings()
    {
        SessionEndpointSettings result;
        result.listeningAddress.port = 15674;
        return result;
    }

    /// The answer, or nothing as long as there is none.
    std::shared_ptr<std::optional<HttpResponse>> send(const QByteArray &path, const QByteArray &body,
                                                      const QByteArray &key = {},
                                                      const char *peer = "192.0.2.1")
    {
        HttpRequest request;
        request.method = "POST";
        request.path = path;
        request.headers = {{"content-type", "application/json"}, {"origin", "http://example.org"}};
        if (!key.isNull())
            request.headers.emplace_back("authorization", "Bearer " + key.toStdString());
        request.body = body;
        request.host = "example.org:8080";
        request.peer = QHostAddress(QString::fromLatin1(peer));
        auto result = std::make_shared<std::optional<HttpResponse>>();
        for (const HttpRoute &route : routes) {
            if (route.path == path)
                route.handler(request, [result](HttpResponse response) { *result = std::move(response); });
        }
        return result;
    }
    HttpResponse post(const QByteArray &path, const QByteArray &body, const QByteArray &key = {},
                      const char *peer = "192.0.2.1")
    {
        return send(path, body, key, peer)->value();
    }

    Metrics metrics;
    RequestLimits limits;
    TimePoint now{seconds(1000)};
    const ListeningKey alice = ListeningKey::generate();
    const ListeningKey bob = ListeningKey::generate();
    FakeSessions sessions;
    SessionDirectory directory;
    FakeBroker broker;
    Exchange exchange{directory, broker, 10'000};
    ManualExecutor executor;
    SessionEndpoints endpoints;
    std::vector<HttpRoute> routes;
};

QByteArray headerOf(const HttpResponse &response, const QByteArray &name)
{
    for (const auto &[key, value] : response.headers) {
        if (key.compare(name, Qt::CaseInsensitive) == 0)
            return value;
    }
    return {};
}

QString causeOf(const HttpResponse &response)
{
    return QJsonDocument::fromJson(response.body).object()[u"type"].toString().section(u':', -1);
}

void verifyLimited(const HttpResponse &response, const QByteArray &retryAfter)
{
    QCOMPARE(response.status, 429);
    QCOMPARE(causeOf(response), QStringLiteral("rate-limited"));
    QCOMPARE(headerOf(response, "Content-Type"), QByteArray("application/problem+json"));
    QCOMPARE(headerOf(response, "Retry-After"), retryAfter);
    QCOMPARE(headerOf(response, "Access-Control-Allow-Origin"), QByteArray("http://example.org"));
    QCOMPARE(headerOf(response, "Access-Control-Expose-Headers"), QByteArray("Retry-After"));
}

} // namespace

class TestSessionLimits : public QObject
{
    Q_OBJECT

private slots:
    void connectsAreLimitedPerAddress()
    {
        Bench bench({.connectsPerAddress = {1, seconds(2)},
                     .exchangesPerAddress = {},
                     .exchangesPerUser = {},
                     .failedKeys = {}});
        QCOMPARE(bench.post("/connect", R"({"userId":"carol"})").status, 200);
        QCOMPARE(bench.post("/connect", "no json at all").status, 400); // counts as well
        verifyLimited(bench.post("/connect", R"({"userId":"dave"})"), "1");
        QCOMPARE(bench.sessions.opened.size(), std::size_t(1));
        QCOMPARE(bench.post("/connect", R"({"userId":"dave"})", {}, "192.0.2.2").status, 200);
        QCOMPARE(bench.post("/exchange", exchangeBody, bench.alice.secret()).status, 200);
        bench.now += seconds(1);
        QCOMPARE(bench.post("/connect", R"({"userId":"erin"})").status, 200);
    }

    void exchangesAreLimitedPerAddress()
    {
        Bench bench({.connectsPerAddress = {},
                     .exchangesPerAddress = {1, seconds(2)},
                     .exchangesPerUser = {},
                     .failedKeys = {}});
        QCOMPARE(bench.post("/exchange", exchangeBody, bench.alice.secret()).status, 200);
        QCOMPARE(bench.post("/exchange", exchangeBody, bench.bob.secret()).status, 200);
        verifyLimited(bench.post("/exchange", exchangeBody, bench.alice.secret()), "1");
        QCOMPARE(bench.post("/exchange", exchangeBody, bench.alice.secret(), "192.0.2.2").status, 200);
        QCOMPARE(bench.post("/connect", R"({"userId":"carol"})").status, 200);
        QCOMPARE(bench.broker.published.size(), std::size_t(3));
    }

    void exchangesAreLimitedPerUserWhereverItIs()
    {
        Bench bench({.connectsPerAddress = {},
                     .exchangesPerAddress = {},
                     .exchangesPerUser = {1, seconds(2)},
                     .failedKeys = {}});
        QCOMPARE(bench.post("/exchange", exchangeBody, bench.alice.secret()).status, 200);
        QCOMPARE(bench.post("/exchange", exchangeBody, bench.alice.secret(), "192.0.2.2").status, 200);
        verifyLimited(bench.post("/exchange", exchangeBody, bench.alice.secret(), "192.0.2.3"), "1");
        QCOMPARE(bench.post("/exchange", exchangeBody, bench.bob.secret()).status, 200);
        bench.now += seconds(1);
        QCOMPARE(bench.post("/exchange", exchangeBody, bench.alice.secret()).status, 200);
    }

    void unknownKeysAreRefusedLaterAndLater_data()
    {
        QTest::addColumn<QByteArray>("path");
        QTest::addColumn<QByteArray>("body");
        QTest::addColumn<QByteArray>("bearer"); // null: none
        QTest::newRow("exchange, Bearer")
            << QByteArray("/exchange") << QByteArray(exchangeBody) << QByteArray("queue.guess");
        QTest::newRow("exchange, member")
            << QByteArray("/exchange")
            << QByteArray(R"({"toUserId":"bob","content":1,"listeningKey":"queue.guess"})") << QByteArray();
        QTest::newRow("disconnect") << QByteArray("/disconnect") << QByteArray(R"({"queueName":"anything"})")
                                    << QByteArray();
    }

    void unknownKeysAreRefusedLaterAndLater()
    {
        QFETCH(const QByteArray, path);
        QFETCH(const QByteArray, body);
        QFETCH(const QByteArray, bearer);
        Bench bench({.connectsPerAddress = {},
                     .exchangesPerAddress = {},
                     .exchangesPerUser = {},
                     .failedKeys = {2, seconds(5)}});
        for (int i = 0; i < 2; ++i)
            QCOMPARE(bench.post(path, body, bearer).status, 401);
        for (const milliseconds delay : {milliseconds(250), milliseconds(500), milliseconds(1000)}) {
            const auto answer = bench.send(path, body, bearer);
            bench.now += delay - milliseconds(1);
            bench.endpoints.delayedAnswers().sweep(bench.now);
            QVERIFY(!*answer);
            bench.now += milliseconds(1);
            bench.endpoints.delayedAnswers().sweep(bench.now);
            QVERIFY(*answer);
            QCOMPARE((*answer)->status, 401);
            QCOMPARE(causeOf(**answer), QStringLiteral("unknown-key"));
            QCOMPARE(headerOf(**answer, "Access-Control-Allow-Origin"), QByteArray("http://example.org"));
        }
        // Behind the same address a valid key is as good as ever, and so is another address.
        QCOMPARE(bench.post("/exchange", exchangeBody, bench.alice.secret()).status, 200);
        QCOMPARE(bench.post(path, body, bearer, "192.0.2.2").status, 401);
    }

    void aLargeBodyIsNotKeptForIt()
    {
        Bench bench({.connectsPerAddress = {},
                     .exchangesPerAddress = {},
                     .exchangesPerUser = {},
                     .failedKeys = {1, seconds(5)}});
        const QByteArray large = "{\"listeningKey\":\"queue.guess\",\"toUserId\":\"bob\",\"content\":["
            + QByteArray(5000, ' ') + "]}";
        QCOMPARE(bench.post("/exchange", large).status, 401);
        verifyLimited(bench.post("/exchange", large), "1");
        for (int i = 0; i < 5; ++i)
            QCOMPARE(bench.post("/exchange", large).status, 429);
        verifyLimited(bench.post("/exchange", large), "5");
        QCOMPARE(bench.endpoints.delayedAnswers().size(), std::size_t(0));
    }

    void norAreMoreThanThereIsRoomFor()
    {
        Bench bench({.connectsPerAddress = {},
                     .exchangesPerAddress = {},
                     .exchangesPerUser = {},
                     .failedKeys = {1, seconds(5)}});
        for (std::size_t i = 0; i <= DelayedAnswers::most; ++i)
            bench.send("/exchange", exchangeBody, "queue.guess");
        QCOMPARE(bench.endpoints.delayedAnswers().size(), DelayedAnswers::most);
        verifyLimited(bench.post("/exchange", exchangeBody, "queue.guess"), "5");
    }

    void otherRefusalsAreNotDelayed()
    {
        Bench bench({.connectsPerAddress = {},
                     .exchangesPerAddress = {},
                     .exchangesPerUser = {},
                     .failedKeys = {1, seconds(5)}});
        for (int i = 0; i < 5; ++i) {
            QCOMPARE(bench.post("/exchange", exchangeBody).status, 401); // no key is no guess
            QCOMPARE(bench.post("/disconnect", "{}").status, 401);
            QCOMPARE(bench
                         .post("/exchange", R"({"toUserId":"bob","content":1,"fromUserId":"bob"})",
                               bench.alice.secret())
                         .status,
                     403);
        }
    }
};

QTEST_APPLESS_MAIN(TestSessionLimits)
#include "tst_sessionlimits.moc"
