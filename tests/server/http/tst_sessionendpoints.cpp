// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/sessionendpoints.h"

#include "shared/base/json.h"
#include "tests/server/http/fakes.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

#include <optional>

using namespace msgsrv;

namespace {

constexpr const char *form = "application/x-www-form-urlencoded";
constexpr const char *json = "application/json";
constexpr qsizetype contentLimit = 1000;

/// The endpoints with alice and bob connected, and everything around them.
struct Bench
{
    explicit Bench(SessionEndpointSettings settings = {})
        : endpoints({sessions, directory, exchange, executor, metrics, limits}, withPort(std::move(settings)))
        , routes(endpoints.routes())
    {
        directory.add({*UserId::parse("alice"), alice, Generation(1)});
        directory.add({*UserId::parse("bob"), bob, Generation(2)});
    }

    static SessionEndpointSettings withPort(SessionEndpointSettings settings)
    {
        settings.listeningAddress.port = 15674;
        return settings;
    }

    static HttpRequest request(const QByteArray &path, const QByteArray &contentType, const QByteArray &body,
                               const HttpHeaders &headers = {})
    {
        HttpRequest result;
        result.method = "POST";
        result.path = path;
        for (const auto &[name, value] : headers)
            result.headers.emplace_back(name.toStdString(), value.toStdString());
        if (!contentType.isNull())
            result.headers.emplace_back("content-type", contentType);
        result.body = body;
        result.host = "example.org:8080";
        result.peer = QHostAddress(QStringLiteral("192.0.2.1"));
        return result;
    }

    /// The answer, or nothing as long as there is none.
    std::shared_ptr<std::optional<HttpResponse>> send(const HttpRequest &request)
    {
        auto result = std::make_shared<std::optional<HttpResponse>>();
        for (const HttpRoute &route : routes) {
            if (route.path != request.path)
                continue;
            route.handler(request, [result](HttpResponse response) {
                Q_ASSERT(!*result);
                *result = std::move(response);
            });
        }
        return result;
    }

    HttpResponse post(const QByteArray &path, const QByteArray &contentType, const QByteArray &body,
                      HttpHeaders headers = {})
    {
        return send(request(path, contentType, body, std::move(headers)))->value();
    }

    HttpResponse exchangeAs(const ListeningKey &key, const QByteArray &contentType, const QByteArray &body)
    {
        return post("/exchange", contentType, body, {{"authorization", "Bearer " + key.secret()}});
    }

    double strange(Strange kind) const
    {
        const std::string line
            = std::string("messaging_strange_behaviour_total{kind=\"") + toString(kind) + "\"} ";
        const std::string text = metrics.render();
        const auto at = text.find(line);
        return at == std::string::npos ? 0 : std::stod(text.substr(at + line.size()));
    }

    const ListeningKey alice = ListeningKey::generate();
    const ListeningKey bob = ListeningKey::generate();
    FakeSessions sessions;
    SessionDirectory directory;
    FakeBroker broker;
    Exchange exchange{directory, broker, contentLimit};
    ManualExecutor executor;
    Metrics metrics;
    RequestLimits limits{{}, metrics};
    SessionEndpoints endpoints;
    std::vector<HttpRoute> routes;
};

QByteArray headerOf(const HttpResponse &response, const QByteArray &name)
{
    QByteArray found;
    for (const auto &[key, value] : response.headers) {
        if (key.compare(name, Qt::CaseInsensitive) == 0)
            found = found.isNull() ? value : found + " AND " + value;
    }
    return found;
}

QJsonObject objectOf(const HttpResponse &response)
{
    return QJsonDocument::fromJson(response.body).object();
}

/// What the problem's URN ends with.
QString causeOf(const HttpResponse &response)
{
    return objectOf(response)[u"type"].toString().section(u':', -1);
}

} // namespace

class TestSessionEndpoints : public QObject
{
    Q_OBJECT

private slots:
    void connectHandsOutAnAddressAndAKey_data();
    void connectHandsOutAnAddressAndAKey();
    void connectTellsIceServersWithCredentials();
    void connectLeavesOutAnExpiryThatIsOff();
    void connectDerivesTheAddressFromTheRequest();
    void connectTellsWhyThereIsNoSession_data();
    void connectTellsWhyThereIsNoSession();
    void exchangeRelaysWhatAProvenSenderSays_data();
    void exchangeRelaysWhatAProvenSenderSays();
    void exchangeTellsDeliveredFromQueued();
    void exchangeTellsWhyAMessageWasNotTaken_data();
    void exchangeTellsWhyAMessageWasNotTaken();
    void exchangeProvesTheSender_data();
    void exchangeProvesTheSender();
    void exchangeNamesNoRecipientToAnUnprovenSender();
    void withoutRequiredKeysASenderIsBelieved();
    void withoutRequiredKeysAnUnknownSenderIsToldSo();
    void withoutRequiredKeysAKeyStillCounts();
    void disconnectEndsTheSessionOfTheKey_data();
    void disconnectEndsTheSessionOfTheKey();
    void disconnectRefusesForeignAndMissingKeys_data();
    void disconnectRefusesForeignAndMissingKeys();
    void strangeBehaviourIsCounted();
    void badInputGetsItsExactAnswer_data();
    void badInputGetsItsExactAnswer();
    void problemsHaveAllMembers();
    void answersAreNotStoredNorSniffed();
    void pagesOfOtherOrigins_data();
    void pagesOfOtherOrigins();
    void twoOriginsAreRefused();
    void preflightIsAnswered();
    void theRoutesAllowPostAndOptions();
    void answersComeBackToTheIoThread();
    void repliesOutliveTheEndpoints();
    void noAnswerShowsASecret();
};

void TestSessionEndpoints::connectHandsOutAnAddressAndAKey_data()
{
    QTest::addColumn<QByteArray>("contentType");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("userId");
    const auto row
        = [](const char *name, const char *contentType, const QByteArray &body, const char *userId) {
              QTest::newRow(name) << QByteArray(contentType) << body << QByteArray(userId);
          };
    row("form", form, "userId=carol", "carol");
    row("form with charset", "application/x-www-form-urlencoded; charset=UTF-8", "userId=carol", "carol");
    row("JSON", json, R"({"userId":"carol"})", "carol");
    row("unknown members", json, R"({"userId":"carol","password":"x","nested":{"userId":"mallory"}})",
        "carol");
    row("unknown fields", form, "x=1&userId=carol&y", "carol");
    row("blank inside", form, "userId=Ada+Lovelace", "Ada Lovelace");
    row("dots and slashes", form, "userId=..%2Fa.b%2F", "../a.b/");
    row("quotes", form, "userId=%22%5C", "\"\\");
    row("looks like a key", form, "userId=queue.x", "queue.x");
    row("other script", form, "userId=%E6%BC%A2%E5%AD%97", "\xE6\xBC\xA2\xE5\xAD\x97");
    row("emoji in JSON", json, R"({"userId":"\ud83d\ude00"})", "\xF0\x9F\x98\x80");
    row("128 bytes", form, "userId=" + QByteArray(128, 'x'), QByteArray(128, 'x').constData());
}

void TestSessionEndpoints::connectHandsOutAnAddressAndAKey()
{
    QFETCH(QByteArray, contentType);
    QFETCH(QByteArray, body);
    QFETCH(QByteArray, userId);
    Bench bench;
    const HttpResponse response = bench.post("/connect", contentType, body);
    QCOMPARE(response.status, 200);
    QCOMPARE(headerOf(response, "Content-Type"), QByteArray("application/json"));
    std::string quoted;
    appendJsonString(quoted, userId.toStdString());
    QCOMPARE(response.body,
             "{\"userId\":" + QByteArray::fromStdString(quoted)
                 + ",\"listeningAddress\":\"ws://example.org:15674/ws\",\"listeningKey\":\""
                 + bench.sessions.nextKey.secret() + "\",\"acked\":false,\"expiresIn\":60}");
    QCOMPARE(bench.sessions.opened.size(), std::size_t(1));
    QCOMPARE(bench.sessions.opened[0].first, userId);
    QCOMPARE(bench.sessions.opened[0].second, QByteArray("ws://example.org:15674/ws"));
}

void TestSessionEndpoints::connectTellsIceServersWithCredentials()
{
    SessionEndpointSettings settings;
    settings.ice = {{"stun:stun.example.org", "turn:turn.example.org"}, "north", seconds(600)};
    Bench bench(settings);
    const qint64 before = QDateTime::currentSecsSinceEpoch();
    const QJsonObject answer = objectOf(bench.post("/connect", form, "userId=carol"));
    const QJsonArray servers = answer[u"iceServers"].toArray();
    QCOMPARE(servers.size(), 2);
    QCOMPARE(servers[0][u"urls"][0].toString(), QStringLiteral("stun:stun.example.org"));
    QVERIFY(servers[0][u"username"].isUndefined());
    QCOMPARE(servers[1][u"urls"][0].toString(), QStringLiteral("turn:turn.example.org"));
    const QByteArray username = servers[1][u"username"].toString().toUtf8();
    QVERIFY(username.endsWith(":carol"));
    const qint64 expiry = username.chopped(6).toLongLong();
    QVERIFY(expiry >= before + 600);
    QVERIFY(expiry <= QDateTime::currentSecsSinceEpoch() + 600);
    QCOMPARE(servers[1][u"credential"].toString().toUtf8(), turnCredential("north", username));
}

void TestSessionEndpoints::connectLeavesOutAnExpiryThatIsOff()
{
    SessionEndpointSettings settings;
    settings.unackedTtl = seconds(0);
    Bench bench(settings);
    QVERIFY(!objectOf(bench.post("/connect", form, "userId=carol")).contains(u"expiresIn"));
}

void TestSessionEndpoints::connectDerivesTheAddressFromTheRequest()
{
    Bench bench;
    HttpRequest request = Bench::request("/connect", form, "userId=carol");
    request.host = "[::1]:8080";
    request.secure = true;
    QCOMPARE(objectOf(bench.send(request)->value())[u"listeningAddress"].toString(),
             QStringLiteral("wss://[::1]:15674/ws"));

    request.host = "a b";
    const HttpResponse response = bench.send(request)->value();
    QCOMPARE(response.status, 400);
    QCOMPARE(causeOf(response), QStringLiteral("malformed-request"));
}

void TestSessionEndpoints::connectTellsWhyThereIsNoSession_data()
{
    QTest::addColumn<int>("cause");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("retryAfter");
    QTest::newRow("taken") << int(ProblemCause::UserIdTaken) << 409 << QByteArray();
    QTest::newRow("draining") << int(ProblemCause::Draining) << 503 << QByteArray("5");
    QTest::newRow("store away") << int(ProblemCause::Unavailable) << 503 << QByteArray("5");
}

void TestSessionEndpoints::connectTellsWhyThereIsNoSession()
{
    QFETCH(int, cause);
    QFETCH(int, status);
    QFETCH(QByteArray, retryAfter);
    Bench bench;
    bench.sessions.problem = Problem{ProblemCause(cause), "Because.", 0};
    const HttpResponse response = bench.post("/connect", form, "userId=carol");
    QCOMPARE(response.status, status);
    QCOMPARE(headerOf(response, "Content-Type"), QByteArray("application/problem+json"));
    QCOMPARE(headerOf(response, "Retry-After"), retryAfter);
    QCOMPARE(objectOf(response)[u"detail"].toString(), QStringLiteral("Because."));
}

void TestSessionEndpoints::exchangeRelaysWhatAProvenSenderSays_data()
{
    QTest::addColumn<QByteArray>("contentType");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("relayed");
    const auto row = [](const char *name, const char *contentType, const char *body, const char *content) {
        QTest::newRow(name) << QByteArray(contentType) << QByteArray(body)
                            << QByteArray("{\"from\":\"alice\",\"content\":") + content + "}";
    };
    row("form", form, "toUserId=bob&content=hello+%26+more", R"("hello & more")");
    row("form with JSON text stays a string", form, "toUserId=bob&content=%7B%7D", R"("{}")");
    row("form, empty", form, "toUserId=bob&content=", R"("")");
    row("form with the sender", form, "fromUserId=alice&toUserId=bob&content=x", R"("x")");
    row("string", json, R"({"toUserId":"bob","content":"hell\u006f"})", R"("hell\u006f")");
    row("object", json, R"({"toUserId":"bob","content":{ "sdp" : "v=0\r\n" }})", R"({ "sdp" : "v=0\r\n" })");
    row("array", json, R"({"toUserId":"bob","content":[1,2 ,3]})", "[1,2 ,3]");
    row("number keeps its digits", json, R"({"toUserId":"bob","content":1.10000000000000000001e5})",
        "1.10000000000000000001e5");
    row("null", json, R"({"toUserId":"bob","content":null})", "null");
    row("false", json, R"({"toUserId":"bob","content":false})", "false");
    row("with the sender", json, R"({"fromUserId":"alice","toUserId":"bob","content":0})", "0");
    row("thirty-two levels", json,
        R"({"toUserId":"bob","content":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]})",
        "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
}

void TestSessionEndpoints::exchangeRelaysWhatAProvenSenderSays()
{
    QFETCH(QByteArray, contentType);
    QFETCH(QByteArray, body);
    QFETCH(QByteArray, relayed);
    Bench bench;
    const HttpResponse response = bench.exchangeAs(bench.alice, contentType, body);
    QCOMPARE(response.status, 200);
    QCOMPARE(bench.broker.published.size(), std::size_t(1));
    const FakeBroker::Published &published = bench.broker.published[0];
    QCOMPARE(published.queue, bench.bob.secret());
    QCOMPARE(published.message->body, relayed);
    QCOMPARE(published.message->from.bytes(), QByteArray("alice"));
    QCOMPARE(published.tell, Broker::Tell::Outcome);
    QCOMPARE(response.body, "{\"messageId\":\"" + published.message->id + "\",\"state\":\"delivered\"}");
}

void TestSessionEndpoints::exchangeTellsDeliveredFromQueued()
{
    Bench bench;
    bench.broker.result.state = PublishResult::State::Queued;
    const HttpResponse response = bench.exchangeAs(bench.alice, form, "toUserId=bob&content=x");
    QCOMPARE(response.status, 202);
    QCOMPARE(objectOf(response)[u"state"].toString(), QStringLiteral("queued"));
    QVERIFY(!objectOf(response)[u"messageId"].toString().isEmpty());
}

void TestSessionEndpoints::exchangeTellsWhyAMessageWasNotTaken_data()
{
    QTest::addColumn<int>("refusal");
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("cause");
    QTest::newRow("no queue") << int(PublishRefusal::NoQueue) << 404 << QStringLiteral("recipient-unknown");
    QTest::newRow("full") << int(PublishRefusal::QueueFull) << 429 << QStringLiteral("queue-full");
    QTest::newRow("away") << int(PublishRefusal::Unavailable) << 503 << QStringLiteral("unavailable");
}

void TestSessionEndpoints::exchangeTellsWhyAMessageWasNotTaken()
{
    QFETCH(int, refusal);
    QFETCH(int, status);
    QFETCH(QString, cause);
    Bench bench;
    bench.broker.result = {PublishResult::State::Refused, PublishRefusal(refusal)};
    const HttpResponse response = bench.exchangeAs(bench.alice, form, "toUserId=bob&content=x");
    QCOMPARE(response.status, status);
    QCOMPARE(causeOf(response), cause);
    QCOMPARE(headerOf(response, "Retry-After").isNull(), status == 404);
}

void TestSessionEndpoints::exchangeProvesTheSender_data()
{
    // KEY, BOB and OTHER stand for alice's key, bob's key and one that nobody has.
    QTest::addColumn<QByteArrayList>("authorizations");
    QTest::addColumn<QByteArray>("members");
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("cause");
    const auto row = [](const char *name, const QByteArrayList &authorizations, const char *members,
                        int status, const char *cause) {
        QTest::newRow(name) << authorizations << QByteArray(members) << status << QString::fromLatin1(cause);
    };
    row("Bearer", {"Bearer KEY"}, "", 200, "");
    row("bearer", {"bearer KEY"}, "", 200, "");
    row("BEARER with blanks", {"BEARER   KEY "}, "", 200, "");
    row("member", {}, R"(,"listeningKey":"KEY")", 200, "");
    row("both, the same", {"Bearer KEY"}, R"(,"listeningKey":"KEY")", 200, "");
    row("another scheme beside the member", {"Basic dXNlcjpwYXNz"}, R"(,"listeningKey":"KEY")", 200, "");
    row("two schemes", {"Basic dXNlcjpwYXNz", "Bearer KEY"}, "", 200, "");
    row("sender named", {"Bearer KEY"}, R"(,"fromUserId":"alice")", 200, "");
    row("queueName is not read here", {"Bearer KEY"}, R"(,"queueName":"BOB")", 200, "");

    row("nothing", {}, "", 401, "unauthenticated");
    row("a name is no proof", {}, R"(,"fromUserId":"alice")", 401, "unauthenticated");
    row("another scheme", {"Basic KEY"}, "", 401, "unauthenticated");
    row("key without a scheme", {"KEY"}, "", 401, "unauthenticated");
    row("scheme stuck to the key", {"BearerKEY"}, "", 401, "unauthenticated");
    row("unknown key", {"Bearer OTHER"}, "", 401, "unknown-key");
    row("no key after the scheme", {"Bearer"}, "", 401, "unknown-key");
    row("key and more", {"Bearer KEY KEY"}, "", 401, "unknown-key");
    row("cut key", {"Bearer KEYx"}, "", 401, "unknown-key");
    row("unknown member", {}, R"(,"listeningKey":"OTHER")", 401, "unknown-key");
    row("empty member", {}, R"(,"listeningKey":"")", 401, "unknown-key");
    row("member that is no string", {}, R"(,"listeningKey":null)", 401, "unknown-key");

    row("two keys", {"Bearer KEY"}, R"(,"listeningKey":"BOB")", 403, "not-yours");
    row("a good and an unknown key", {"Bearer KEY"}, R"(,"listeningKey":"OTHER")", 403, "not-yours");
    row("a good and an empty key", {"Bearer KEY"}, R"(,"listeningKey":"")", 403, "not-yours");
    row("two Bearer fields", {"Bearer KEY", "Bearer BOB"}, "", 403, "not-yours");
    row("another sender", {"Bearer KEY"}, R"(,"fromUserId":"bob")", 403, "not-yours");
    row("a sender without a session", {"Bearer KEY"}, R"(,"fromUserId":"mallory")", 403, "not-yours");
    row("a sender in another case", {"Bearer KEY"}, R"(,"fromUserId":"Alice")", 403, "not-yours");
}

void TestSessionEndpoints::exchangeProvesTheSender()
{
    QFETCH(QByteArrayList, authorizations);
    QFETCH(QByteArray, members);
    QFETCH(int, status);
    QFETCH(QString, cause);
    Bench bench;
    const auto insertKeys = [&bench](QByteArray text) {
        return text.replace("KEY", bench.alice.secret())
            .replace("BOB", bench.bob.secret())
            .replace("OTHER", ListeningKey::generate().secret());
    };
    // "listeningKey" holds "Key", not "KEY", so that names stay as they are.
    HttpHeaders headers;
    for (const QByteArray &authorization : authorizations)
        headers.emplace_back("authorization", insertKeys(authorization));
    const HttpResponse response = bench.post(
        "/exchange", json, R"({"toUserId":"bob","content":1)" + insertKeys(members) + "}", headers);
    QCOMPARE(response.status, status);
    QCOMPARE(causeOf(response), cause);
    QCOMPARE(headerOf(response, "WWW-Authenticate"), status == 401 ? QByteArray("Bearer") : QByteArray());
    QCOMPARE(bench.broker.published.size(), std::size_t(status == 200 ? 1 : 0));
}

void TestSessionEndpoints::exchangeNamesNoRecipientToAnUnprovenSender()
{
    Bench bench;
    for (const char *to : {"bob", "nobody"}) {
        const QByteArray body = QByteArray("fromUserId=alice&content=x&toUserId=") + to;
        QCOMPARE(bench.post("/exchange", form, body).status, 401);
        QCOMPARE(bench.exchangeAs(ListeningKey::generate(), form, body).status, 401);
    }
    const HttpResponse response = bench.exchangeAs(bench.alice, form, "content=x&toUserId=nobody");
    QCOMPARE(response.status, 404);
    QCOMPARE(causeOf(response), QStringLiteral("recipient-unknown"));
}

void TestSessionEndpoints::withoutRequiredKeysASenderIsBelieved()
{
    SessionEndpointSettings settings;
    settings.requireKey = false;
    Bench bench(settings);
    QCOMPARE(bench.post("/exchange", form, "fromUserId=alice&toUserId=bob&content=x").status, 200);
    QCOMPARE(bench.broker.published.at(0).message->from.bytes(), QByteArray("alice"));
    QCOMPARE(bench.post("/exchange", form, "fromUserId=alice&toUserId=nobody&content=x").status, 404);
}

void TestSessionEndpoints::withoutRequiredKeysAnUnknownSenderIsToldSo()
{
    SessionEndpointSettings settings;
    settings.requireKey = false;
    Bench bench(settings);
    const HttpResponse unknown = bench.post("/exchange", form, "fromUserId=nobody&toUserId=bob&content=x");
    QCOMPARE(unknown.status, 404);
    QCOMPARE(causeOf(unknown), QStringLiteral("sender-unknown"));
    const HttpResponse missing = bench.post("/exchange", form, "toUserId=bob&content=x");
    QCOMPARE(missing.status, 400);
    QCOMPARE(objectOf(missing)[u"detail"].toString(), QStringLiteral("The member fromUserId is missing."));
    QVERIFY(bench.broker.published.empty());
}

void TestSessionEndpoints::withoutRequiredKeysAKeyStillCounts()
{
    SessionEndpointSettings settings;
    settings.requireKey = false;
    Bench bench(settings);
    const QByteArray body("fromUserId=bob&toUserId=bob&content=x");
    QCOMPARE(bench.exchangeAs(bench.alice, form, body).status, 403);
    QCOMPARE(bench.exchangeAs(ListeningKey::generate(), form, body).status, 401);
    QVERIFY(bench.broker.published.empty());
}

void TestSessionEndpoints::disconnectEndsTheSessionOfTheKey_data()
{
    QTest::addColumn<QByteArray>("authorization");
    QTest::addColumn<QByteArray>("contentType");
    QTest::addColumn<QByteArray>("body");
    const auto row
        = [](const char *name, const char *authorization, const char *contentType, const char *body) {
              QTest::newRow(name) << QByteArray(authorization) << QByteArray(contentType) << QByteArray(body);
          };
    row("queueName in a form", nullptr, form, "queueName=KEY");
    row("queueName in JSON", nullptr, json, R"({"queueName":"KEY"})");
    row("listeningKey", nullptr, form, "listeningKey=KEY");
    row("Bearer, no body", "Bearer KEY", nullptr, "");
    row("Bearer, empty form", "Bearer KEY", form, "");
    row("Bearer, empty object", "Bearer KEY", json, "{}");
    row("all the same", "Bearer KEY", form, "queueName=KEY&listeningKey=KEY");
}

void TestSessionEndpoints::disconnectEndsTheSessionOfTheKey()
{
    QFETCH(QByteArray, authorization);
    QFETCH(QByteArray, contentType);
    QFETCH(QByteArray, body);
    Bench bench;
    HttpHeaders headers;
    if (!authorization.isNull())
        headers.emplace_back("authorization", authorization.replace("KEY", bench.alice.secret()));
    const HttpResponse response
        = bench.post("/disconnect", contentType, body.replace("KEY", bench.alice.secret()), headers);
    QCOMPARE(response.status, 200);
    QCOMPARE(response.body, QByteArray("{}"));
    QCOMPARE(bench.sessions.ended, std::vector<QByteArray>{bench.alice.secret()});
}

void TestSessionEndpoints::disconnectRefusesForeignAndMissingKeys_data()
{
    QTest::addColumn<QByteArray>("authorization");
    QTest::addColumn<QByteArray>("contentType");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("cause");
    const auto row = [](const char *name, const char *authorization, const char *contentType,
                        const char *body, int status, const char *cause) {
        QTest::newRow(name) << QByteArray(authorization) << QByteArray(contentType) << QByteArray(body)
                            << status << QString::fromLatin1(cause);
    };
    row("nothing", nullptr, nullptr, "", 401, "unauthenticated");
    row("empty form", nullptr, form, "", 401, "unauthenticated");
    row("a user's name", nullptr, form, "userId=alice", 401, "unauthenticated");
    row("unknown queue", nullptr, form, "queueName=queue.AAAAAAAAAAAAAAAAAAAAAA", 401, "unknown-key");
    row("a user's name as the queue", nullptr, form, "queueName=alice", 401, "unknown-key");
    row("queue made of a user's name", nullptr, form, "queueName=queue.alice", 401, "unknown-key");
    row("key of a user in front", nullptr, form, "queueName=KEY.bob", 401, "unknown-key");
    row("key with a blank", nullptr, form, "queueName=KEY+", 401, "unknown-key");
    row("path", nullptr, form, "queueName=/queue/KEY", 401, "unknown-key");
    row("empty", nullptr, form, "queueName=", 401, "unknown-key");
    row("bytes that are no text", nullptr, form, "queueName=%FF%00", 401, "unknown-key");
    row("number", nullptr, json, R"({"queueName":5})", 401, "unknown-key");
    row("list of keys", nullptr, json, R"({"queueName":["KEY"]})", 401, "unknown-key");
    row("foreign queue with the own key", "Bearer KEY", form, "queueName=BOB", 403, "not-yours");
    row("unknown queue with the own key", "Bearer KEY", form, "queueName=x", 403, "not-yours");
    row("two members", nullptr, form, "queueName=BOB&listeningKey=KEY", 403, "not-yours");
    row("queueName twice", nullptr, form, "queueName=KEY&queueName=KEY", 400, "duplicate-member");
    row("plain text", nullptr, "text/plain", "KEY", 415, "unsupported-media-type");
}

void TestSessionEndpoints::disconnectRefusesForeignAndMissingKeys()
{
    QFETCH(QByteArray, authorization);
    QFETCH(QByteArray, contentType);
    QFETCH(QByteArray, body);
    QFETCH(int, status);
    QFETCH(QString, cause);
    Bench bench;
    const auto insertKeys = [&bench](QByteArray text) {
        return text.replace("KEY", bench.alice.secret()).replace("BOB", bench.bob.secret());
    };
    HttpHeaders headers;
    if (!authorization.isNull())
        headers.emplace_back("authorization", insertKeys(authorization));
    const HttpResponse response = bench.post("/disconnect", contentType, insertKeys(body), headers);
    QCOMPARE(response.status, status);
    QCOMPARE(causeOf(response), cause);
    QCOMPARE(headerOf(response, "WWW-Authenticate"), status == 401 ? QByteArray("Bearer") : QByteArray());
    QVERIFY(bench.sessions.ended.empty());
}

void TestSessionEndpoints::strangeBehaviourIsCounted()
{
    Bench bench;
    bench.exchangeAs(bench.alice, form, "toUserId=bob&content=x");
    bench.post("/exchange", form, "toUserId=bob&content=x");
    QCOMPARE(bench.strange(Strange::UnknownKey), 0.0);
    QCOMPARE(bench.strange(Strange::ForeignSender), 0.0);

    bench.exchangeAs(ListeningKey::generate(), form, "toUserId=bob&content=x");
    QCOMPARE(bench.strange(Strange::UnknownKey), 1.0);
    bench.post("/disconnect", form, "queueName=queue.x");
    QCOMPARE(bench.strange(Strange::UnknownKey), 2.0);
    bench.exchangeAs(bench.alice, form, "fromUserId=bob&toUserId=bob&content=x");
    QCOMPARE(bench.strange(Strange::ForeignSender), 1.0);
    QCOMPARE(bench.strange(Strange::UnknownKey), 2.0);
}

void TestSessionEndpoints::badInputGetsItsExactAnswer_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("contentType");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<int>("status");
    QTest::addColumn<QString>("cause");
    QTest::addColumn<QString>("detail");
    const auto row = [](const char *name, const char *path, const char *contentType, const QByteArray &body,
                        int status, const char *cause, const QString &detail) {
        QTest::newRow(name) << QByteArray(path) << QByteArray(contentType) << body << status
                            << QString::fromLatin1(cause) << detail;
    };
    const auto id = [](const char *member, const char *rest) {
        return QStringLiteral("%1: A user id must %2").arg(QLatin1String(member), QLatin1String(rest));
    };
    const QString bytes128 = id("userId", "not be longer than 128 bytes of UTF-8.");
    row("connect: nothing", "/connect", form, "", 400, "missing-member",
        QStringLiteral("The member userId is missing."));
    row("connect: no body, no type", "/connect", nullptr, "", 400, "missing-member",
        QStringLiteral("The member userId is missing."));
    row("connect: another case", "/connect", form, "userid=carol", 400, "missing-member",
        QStringLiteral("The member userId is missing."));
    row("connect: empty", "/connect", form, "userId=", 400, "invalid-user-id", id("userId", "not be empty."));
    row("connect: empty in JSON", "/connect", json, R"({"userId":""})", 400, "invalid-user-id",
        id("userId", "not be empty."));
    row("connect: 129 bytes", "/connect", form, "userId=" + QByteArray(129, 'x'), 400, "invalid-user-id",
        bytes128);
    row("connect: 129 bytes of escapes", "/connect", form, "userId=" + QByteArray("%E6%BC%A2").repeated(43),
        400, "invalid-user-id", bytes128);
    row("connect: broken UTF-8", "/connect", form, "userId=%FF", 400, "invalid-user-id",
        id("userId", "be well-formed UTF-8."));
    row("connect: surrogate", "/connect", form, "userId=%ED%A0%80", 400, "invalid-user-id",
        id("userId", "be well-formed UTF-8."));
    row("connect: NUL", "/connect", form, "userId=a%00b", 400, "invalid-user-id",
        id("userId", "not contain control characters."));
    row("connect: line feed in JSON", "/connect", json, R"({"userId":"a\n"})", 400, "invalid-user-id",
        id("userId", "not contain control characters."));
    row("connect: C1 control", "/connect", form, "userId=a%C2%85", 400, "invalid-user-id",
        id("userId", "not contain control characters."));
    row("connect: leading blank", "/connect", form, "userId=+a", 400, "invalid-user-id",
        id("userId", "not begin or end with a blank."));
    row("connect: no string", "/connect", json, R"({"userId":["alice"]})", 400, "invalid-user-id",
        id("userId", "be a string."));
    row("connect: twice", "/connect", form, "userId=a&userId=a", 400, "duplicate-member",
        QStringLiteral("The member \"userId\" is given twice."));
    row("connect: twice in JSON", "/connect", json, R"({"userId":"a","userId":"a"})", 400, "duplicate-member",
        QStringLiteral("The member \"userId\" is given twice."));
    row("connect: broken JSON", "/connect", json, R"({"userId":"a")", 400, "malformed-body",
        QStringLiteral("The body is no well-formed JSON (at byte 13)."));
    row("connect: array", "/connect", json, R"(["userId","a"])", 400, "malformed-body",
        QStringLiteral("The body must be a JSON object."));
    row("connect: deep JSON", "/connect", json, R"({"userId":"a","x":)" + QByteArray(100, '['), 400,
        "malformed-body", QStringLiteral("The body is nested deeper than 32 levels."));
    row("connect: broken escape", "/connect", form, "userId=%4", 400, "malformed-body",
        QStringLiteral("A % in the form is not followed by two hexadecimal digits."));
    const QString unsupported
        = QStringLiteral("The body must be application/json or application/x-www-form-urlencoded, in UTF-8.");
    row("connect: text", "/connect", "text/plain", "userId=a", 415, "unsupported-media-type", unsupported);
    row("connect: no type", "/connect", nullptr, "userId=a", 415, "unsupported-media-type", unsupported);
    row("connect: Latin-1", "/connect", "application/json; charset=latin1", R"({"userId":"a"})", 415,
        "unsupported-media-type", unsupported);

    row("exchange: no recipient", "/exchange", form, "content=x", 400, "missing-member",
        QStringLiteral("The member toUserId is missing."));
    row("exchange: empty recipient", "/exchange", form, "toUserId=&content=x", 400, "invalid-user-id",
        id("toUserId", "not be empty."));
    row("exchange: ill-formed recipient", "/exchange", form, "toUserId=%FF&content=x", 400, "invalid-user-id",
        id("toUserId", "be well-formed UTF-8."));
    row("exchange: no content", "/exchange", json, R"({"toUserId":"bob"})", 400, "missing-member",
        QStringLiteral("The member content is missing."));
    row("exchange: content that is no text", "/exchange", form, "toUserId=bob&content=%C3", 400,
        "invalid-content", QStringLiteral("The member content is not well-formed UTF-8."));
    row("exchange: content with a lone surrogate", "/exchange", json,
        R"({"toUserId":"bob","content":"\udc00"})", 400, "malformed-body",
        QStringLiteral("The body is not well-formed UTF-8, or escapes a lone surrogate (at byte 36)."));
    row("exchange: empty sender", "/exchange", form, "fromUserId=&toUserId=bob&content=x", 400,
        "invalid-user-id", id("fromUserId", "not be empty."));
    row("exchange: sender that is no string", "/exchange", json,
        R"({"fromUserId":null,"toUserId":"bob","content":1})", 400, "invalid-user-id",
        id("fromUserId", "be a string."));
    row("exchange: member of the content twice", "/exchange", json,
        R"({"toUserId":"bob","content":{"a":1,"a":1}})", 400, "duplicate-member",
        QStringLiteral("The member \"a\" is given twice."));
    row("exchange: large content", "/exchange", form, "toUserId=bob&content=" + QByteArray(contentLimit, 'x'),
        413, "content-too-large", QStringLiteral("The content is larger than 1000 bytes."));
    row("exchange: unknown recipient", "/exchange", form, "toUserId=nobody&content=x", 404,
        "recipient-unknown", QStringLiteral("The recipient has no session."));
    row("exchange: plain text", "/exchange", "text/plain", "hello", 415, "unsupported-media-type",
        unsupported);
}

void TestSessionEndpoints::badInputGetsItsExactAnswer()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, contentType);
    QFETCH(QByteArray, body);
    QFETCH(int, status);
    QFETCH(QString, cause);
    QFETCH(QString, detail);
    Bench bench;
    const HttpResponse response
        = bench.post(path, contentType, body, {{"authorization", "Bearer " + bench.alice.secret()}});
    QCOMPARE(objectOf(response)[u"detail"].toString(), detail);
    QCOMPARE(response.status, status);
    QCOMPARE(causeOf(response), cause);
    QCOMPARE(objectOf(response)[u"status"].toInt(), status);
    QVERIFY(bench.sessions.opened.empty());
    QVERIFY(bench.broker.published.empty());
}

void TestSessionEndpoints::problemsHaveAllMembers()
{
    Bench bench;
    const qint64 before = QDateTime::currentMSecsSinceEpoch();
    const HttpResponse response = bench.post("/connect", form, "userId=");
    const QJsonObject problem = objectOf(response);
    QCOMPARE(headerOf(response, "Content-Type"), QByteArray("application/problem+json"));
    QCOMPARE(problem.keys(),
             (QStringList{QStringLiteral("detail"), QStringLiteral("error"), QStringLiteral("message"),
                          QStringLiteral("path"), QStringLiteral("status"), QStringLiteral("timestamp"),
                          QStringLiteral("title"), QStringLiteral("type")}));
    QCOMPARE(problem[u"type"].toString(), QStringLiteral("urn:messaging-server:problem:invalid-user-id"));
    QCOMPARE(problem[u"message"], problem[u"detail"]);
    QCOMPARE(problem[u"error"], problem[u"title"]);
    QCOMPARE(problem[u"path"].toString(), QStringLiteral("/connect"));
    QVERIFY(problem[u"timestamp"].toInteger() >= before);
}

void TestSessionEndpoints::answersAreNotStoredNorSniffed()
{
    Bench bench;
    const std::vector<HttpResponse> responses{
        bench.post("/connect", form, "userId=carol"),
        bench.post("/connect", form, ""),
        bench.exchangeAs(bench.alice, form, "toUserId=bob&content=x"),
        bench.post("/exchange", form, "toUserId=bob&content=x"),
        bench.post("/disconnect", form, "queueName=" + bench.alice.secret()),
        bench.post("/connect", form, "userId=carol", {{"origin", "http://evil.example"}}),
    };
    for (const HttpResponse &response : responses) {
        QCOMPARE(headerOf(response, "Cache-Control"), QByteArray("no-store"));
        QCOMPARE(headerOf(response, "X-Content-Type-Options"), QByteArray("nosniff"));
        QCOMPARE(headerOf(response, "Vary"), QByteArray("Origin"));
    }
}

void TestSessionEndpoints::pagesOfOtherOrigins_data()
{
    QTest::addColumn<QByteArray>("origin");
    QTest::addColumn<bool>("listed"); // net.allowed_origins = ["https://app.example"]
    QTest::addColumn<bool>("allowed");
    QTest::newRow("own host") << QByteArray("http://example.org:3000") << false << true;
    QTest::newRow("own host without a scheme") << QByteArray("example.org") << false << true;
    QTest::newRow("another host") << QByteArray("http://evil.example") << false << false;
    QTest::newRow("null") << QByteArray("null") << false << false;
    QTest::newRow("empty") << QByteArray("") << false << false;
    QTest::newRow("listed") << QByteArray("https://app.example") << true << true;
    QTest::newRow("own host that is not listed") << QByteArray("http://example.org") << true << false;
}

void TestSessionEndpoints::pagesOfOtherOrigins()
{
    QFETCH(QByteArray, origin);
    QFETCH(bool, listed);
    QFETCH(bool, allowed);
    SessionEndpointSettings settings;
    if (listed)
        settings.origins = *OriginPolicy::parse({"https://app.example"});
    Bench bench(settings);

    for (const char *method : {"POST", "OPTIONS"}) {
        HttpRequest request = Bench::request("/connect", form, "userId=carol", {{"origin", origin}});
        request.method = method;
        const HttpResponse response = bench.send(request)->value();
        if (allowed) {
            QCOMPARE(response.status, request.method == "POST" ? 200 : 204);
            QCOMPARE(headerOf(response, "Access-Control-Allow-Origin"), origin);
        } else {
            QCOMPARE(response.status, 403);
            QCOMPARE(causeOf(response), QStringLiteral("origin-refused"));
            QVERIFY(headerOf(response, "Access-Control-Allow-Origin").isNull());
        }
        QCOMPARE(headerOf(response, "Vary"), QByteArray("Origin"));
    }
    QCOMPARE(bench.sessions.opened.size(), std::size_t(allowed ? 1 : 0));

    // An error must be readable for the page as well.
    const HttpResponse error = bench.post("/connect", form, "", {{"origin", origin}});
    QCOMPARE(headerOf(error, "Access-Control-Allow-Origin"), allowed ? origin : QByteArray());
}

void TestSessionEndpoints::twoOriginsAreRefused()
{
    Bench bench;
    const HttpResponse response
        = bench.post("/connect", form, "userId=carol",
                     {{"origin", "http://example.org"}, {"origin", "http://evil.example"}});
    QCOMPARE(response.status, 403);
    QVERIFY(headerOf(response, "Access-Control-Allow-Origin").isNull());
    QVERIFY(bench.sessions.opened.empty());
}

void TestSessionEndpoints::preflightIsAnswered()
{
    Bench bench;
    for (const char *path : {"/connect", "/exchange", "/disconnect"}) {
        HttpRequest request
            = Bench::request(path, {}, {},
                             {{"origin", "http://example.org"},
                              {"access-control-request-method", "POST"},
                              {"access-control-request-headers", "authorization,content-type"}});
        request.method = "OPTIONS";
        const HttpResponse response = bench.send(request)->value();
        QCOMPARE(response.status, 204);
        QVERIFY(response.body.isEmpty());
        QCOMPARE(headerOf(response, "Access-Control-Allow-Origin"), QByteArray("http://example.org"));
        QCOMPARE(headerOf(response, "Access-Control-Allow-Methods"), QByteArray("POST, OPTIONS"));
        QCOMPARE(headerOf(response, "Access-Control-Allow-Headers"),
                 QByteArray("authorization, content-type"));
        QVERIFY(headerOf(response, "Access-Control-Allow-Credentials").isNull());

        request.headers.clear();
        const HttpResponse plain = bench.send(request)->value();
        QCOMPARE(plain.status, 204);
        QCOMPARE(headerOf(plain, "Allow"), QByteArray("POST, OPTIONS"));
        QVERIFY(headerOf(plain, "Access-Control-Allow-Origin").isNull());
    }
    QVERIFY(bench.sessions.ended.empty());
}

void TestSessionEndpoints::theRoutesAllowPostAndOptions()
{
    Bench bench;
    QCOMPARE(bench.routes.size(), std::size_t(5));
    for (const HttpRoute &route : bench.routes)
        QCOMPARE(route.methods, (std::vector<QByteArray>{route.isPrefix ? "GET" : "POST", "OPTIONS"}));
}

void TestSessionEndpoints::answersComeBackToTheIoThread()
{
    Bench bench;
    bench.sessions.hold = true;
    const auto opened = bench.send(Bench::request("/connect", form, "userId=carol"));
    const auto ended = bench.send(Bench::request("/disconnect", form, "queueName=" + bench.alice.secret()));
    QVERIFY(!*opened);

    bench.executor.current = false; // the main thread calls now
    bench.sessions.releaseHeld();
    QVERIFY(!*opened);
    QVERIFY(!*ended);
    const auto exchanged = bench.send(
        Bench::request("/exchange", form, "toUserId=bob&content=x&listeningKey=" + bench.alice.secret()));
    QVERIFY(!*exchanged);

    QCOMPARE(bench.executor.runAll(), 3);
    QCOMPARE((*opened)->status, 200);
    QCOMPARE((*ended)->status, 200);
    QCOMPARE((*exchanged)->status, 200);
}

void TestSessionEndpoints::repliesOutliveTheEndpoints()
{
    FakeSessions sessions;
    sessions.hold = true;
    SessionDirectory directory;
    FakeBroker broker;
    Exchange exchange(directory, broker, 0);
    ManualExecutor executor;
    Metrics metrics;
    RequestLimits limits({}, metrics);
    std::optional<HttpResponse> response;
    {
        SessionEndpoints endpoints({sessions, directory, exchange, executor, metrics, limits}, {});
        endpoints.routes()[0].handler(Bench::request("/connect", form, "userId=carol"),
                                      [&response](HttpResponse r) { response = std::move(r); });
    }
    executor.current = false;
    sessions.releaseHeld();
    executor.runAll();
    QVERIFY(response);
    QCOMPARE(response->status, 200);
}

void TestSessionEndpoints::noAnswerShowsASecret()
{
    Bench bench;
    const ListeningKey other = ListeningKey::generate();
    const std::vector<HttpResponse> refusals{
        bench.exchangeAs(other, form, "toUserId=bob&content=x"),
        bench.exchangeAs(bench.alice, form, "toUserId=bob&content=x&listeningKey=" + bench.bob.secret()),
        bench.exchangeAs(bench.alice, form, "toUserId=bob&content=x&fromUserId=bob"),
        bench.post("/disconnect", form, "queueName=" + other.secret()),
    };
    for (const HttpResponse &response : refusals) {
        QVERIFY(response.status == 401 || response.status == 403);
        for (const ListeningKey &key : {other, bench.alice, bench.bob})
            QVERIFY(!response.body.contains(key.secret()));
    }
    for (const ListeningKey &key : {other, bench.alice, bench.bob})
        QVERIFY(bench.metrics.render().find(key.secret().toStdString()) == std::string::npos);
}

QTEST_APPLESS_MAIN(TestSessionEndpoints)
#include "tst_sessionendpoints.moc"
