// SPDX-License-Identifier: GPL-3.0-or-later
//
// The pure functions that read what a client wants.
#include "server/stomp/connectrequest.h"
#include "server/stomp/destination.h"
#include "server/stomp/sendrequest.h"
#include "server/stomp/subscriptions.h"

#include <QTest>

using namespace msgsrv;
using namespace std::string_literals;
using stomp::Frame;
using stomp::Version;

class TestStompRequests : public QObject
{
    Q_OBJECT

private slots:
    void theHighestCommonVersionIsChosen_data();
    void theHighestCommonVersionIsChosen(); // items 47, 48
    void valuesOfAStomp10ConnectMayBePadded(); // item 31
    void valuesOfAStomp12ConnectAreTakenAsTheyAre();
    void heartBeatsOfAStomp10ConnectAreNotRead();

    void aDestinationIsRead_data();
    void aDestinationIsRead();

    void contentIsMadeOfTheBody_data();
    void contentIsMadeOfTheBody(); // item 43
    void badContentIsAProblem_data();
    void badContentIsAProblem();
    void theDepthOfJsonIsTheCallersLimit();
    void onlyForeignHeadersTravel(); // items 30, 57, 67, 68

    void theOldestSubscriptionIsFirst();
    void aDuplicateSubscriptionIsRefused(); // item 70
    void subscriptionsAreLimited();
};

void TestStompRequests::theHighestCommonVersionIsChosen_data()
{
    QTest::addColumn<QByteArray>("acceptVersion");
    QTest::addColumn<int>("version"); // -1: none
    const auto row = [](const char *list, int version) {
        QTest::newRow(qPrintable(QStringLiteral("'%1'").arg(QLatin1String(list))))
            << QByteArray(list) << version;
    };
    row("1.0", 0);
    row("1.1", 1);
    row("1.2", 2);
    row("1.0,1.1,1.2", 2);
    row("1.2,1.1,1.0", 2);
    row("1.0, 1.1,\t1.2 ", 2);
    row("1.1,1.0", 1);
    row("1.3,1.1", 1);
    row(",,1.0,", 0);
    row("2.0", -1);
    row("1.20", -1);
    row("", -1);
    row("1.2 1.1", -1);
}

void TestStompRequests::theHighestCommonVersionIsChosen()
{
    QFETCH(const QByteArray, acceptVersion);
    QFETCH(const int, version);
    const auto request
        = ConnectRequest::parse({"CONNECT", {{"accept-version", acceptVersion.toStdString()}}, ""});
    QCOMPARE(request ? int(request->version) : -1, version);
    if (!request)
        QVERIFY(request.error().listVersions);
    QCOMPARE(int(ConnectRequest::parse({"CONNECT", {}, ""})->version), int(Version::V10));
}

void TestStompRequests::valuesOfAStomp10ConnectMayBePadded()
{
    const auto request = ConnectRequest::parse({"CONNECT", {{"login", " alice"}, {"passcode", "\t k"}}, ""});
    QVERIFY(request);
    QCOMPARE(request->login, QByteArray("alice"));
    QVERIFY(request->passcode == ListeningKey::fromPresented("k"));
}

void TestStompRequests::valuesOfAStomp12ConnectAreTakenAsTheyAre()
{
    const auto request = ConnectRequest::parse(
        {"STOMP",
         {{"accept-version", "1.2"}, {"login", " a\\c"}, {"passcode", "\\\\"}, {"heart-beat", "1,2"}},
         ""});
    QVERIFY(request);
    QCOMPARE(request->login, QByteArray(" a\\c"));
    QVERIFY(request->passcode == ListeningKey::fromPresented("\\\\"));
    QCOMPARE(request->heartBeat->canSend, milliseconds(1));
    QCOMPARE(request->heartBeat->wants, milliseconds(2));
}

void TestStompRequests::heartBeatsOfAStomp10ConnectAreNotRead()
{
    const auto request = ConnectRequest::parse({"CONNECT", {{"heart-beat", "what?"}}, ""});
    QVERIFY(request);
    QVERIFY(!request->heartBeat);
    QVERIFY(!ConnectRequest::parse({"CONNECT", {{"accept-version", "1.1"}, {"heart-beat", "what?"}}, ""}));
}

void TestStompRequests::aDestinationIsRead_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("shown");

    const auto row = [](const char *text, const char *shown) {
        QTest::newRow(text) << QByteArray(text) << QByteArray(shown);
    };
    row("/user/bob", "user bob");
    row("/user/%62%6f%62", "user bob");
    row("/user/%E4%B8%96", "user \xE4\xB8\x96");
    row("/user/a%2Fb", "user a/b");
    row("/user/a/b.c", "user a/b.c");
    row("/user/a+b", "user a+b");
    row("/user/%2562", "user %62"); // decoded once
    row("/user/a b", "user a b");
    row("/user/", "malformed");
    row("/user/%", "malformed");
    row("/user/%6", "malformed");
    row("/user/%zz", "malformed");
    row("/user/%00", "malformed");
    row("/user/a%0A", "malformed");
    row("/user/%ff", "malformed");
    row("/user/%20a", "malformed");
    row("/user/0123456789012345678901234567890123456789012345678901234567890123456789"
        "01234567890123456789012345678901234567890123456789012345678",
        "malformed");
    row("/queue/queue.x", "queue queue.x");
    row("/queue/queue.", "queue queue.");
    row("/queue/a%2F", "shared queue a%2F");
    row("/queue/queue", "shared queue queue");
    row("/topic/chat.general", "shared topic chat.general");
    row("/topic/queue.x", "shared topic queue.x");
    row("/queue/", "unknown");
    row("/users/bob", "unknown");
    row("user/bob", "unknown");
    row("/topic/", "unknown");
    row("/topics/x", "unknown");
    row("", "unknown");
}

void TestStompRequests::aDestinationIsRead()
{
    QFETCH(const QByteArray, text);
    QFETCH(const QByteArray, shown);

    const Destination destination = parseDestination(text.toStdString());
    QByteArray result = "unknown";
    if (const auto *user = std::get_if<UserDestination>(&destination))
        result = "user " + user->user.bytes();
    else if (const auto *queue = std::get_if<QueueDestination>(&destination))
        result = "queue " + queue->key.secret();
    else if (const auto *shared = std::get_if<SharedDestination>(&destination))
        result = (shared->name.kind == DestinationName::Kind::Topic ? "shared topic " : "shared queue ")
            + shared->name.name;
    else if (const auto *malformed = std::get_if<MalformedDestination>(&destination))
        result = malformed->why.empty() ? "" : "malformed";
    QCOMPARE(result, shown);
}

void TestStompRequests::contentIsMadeOfTheBody_data()
{
    QTest::addColumn<QByteArray>("type");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("content");

    const QByteArray none;
    QTest::newRow("no type") << none << QByteArray("a\"b") << QByteArray(R"("a\"b")");
    QTest::newRow("no body") << none << QByteArray() << QByteArray("\"\"");
    QTest::newRow("text") << QByteArray("text/plain") << QByteArray("{}") << QByteArray("\"{}\"");
    QTest::newRow("JSON") << QByteArray("application/json") << QByteArray(R"({"a":[1,2]})")
                          << QByteArray(R"({"a":[1,2]})");
    QTest::newRow("JSON with parameters")
        << QByteArray("Application/JSON ; charset=utf-8") << QByteArray("1") << QByteArray("1");
    QTest::newRow("JSON with blanks around it")
        << QByteArray("application/json") << QByteArray(" null\n") << QByteArray(" null\n");
    QTest::newRow("something like JSON")
        << QByteArray("application/json5") << QByteArray("1") << QByteArray("\"1\"");
    QTest::newRow("NUL in a text") << none << QByteArray("a\0b", 3) << QByteArray(R"("a\u0000b")");
    QTest::newRow("other scripts") << none << QByteArray("\xE4\xB8\x96") << QByteArray("\"\xE4\xB8\x96\"");
}

void TestStompRequests::contentIsMadeOfTheBody()
{
    QFETCH(const QByteArray, type);
    QFETCH(const QByteArray, body);
    QFETCH(const QByteArray, content);
    Frame frame{"SEND", {}, body.toStdString()};
    if (!type.isEmpty())
        frame.add("content-type", type.toStdString());
    const auto result = contentOf(frame);
    QVERIFY(result);
    QCOMPARE(*result, content);
}

void TestStompRequests::badContentIsAProblem_data()
{
    QTest::addColumn<QByteArray>("type");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<int>("cause");

    const QByteArray json = "application/json";
    QTest::newRow("text that is not UTF-8")
        << QByteArray() << QByteArray("\xff") << int(ProblemCause::InvalidContent);
    QTest::newRow("JSON that is not UTF-8")
        << json << QByteArray("\"\xff\"") << int(ProblemCause::InvalidContent);
    QTest::newRow("a lone surrogate")
        << json << QByteArray(R"("\ud800")") << int(ProblemCause::InvalidContent);
    QTest::newRow("no JSON") << json << QByteArray() << int(ProblemCause::MalformedBody);
    QTest::newRow("broken JSON") << json << QByteArray("{") << int(ProblemCause::MalformedBody);
    QTest::newRow("two values") << json << QByteArray("1 2") << int(ProblemCause::MalformedBody);
    QTest::newRow("deep JSON") << json << QByteArray(100, '[') + QByteArray(100, ']')
                               << int(ProblemCause::MalformedBody);
    QTest::newRow("a member twice") << json << QByteArray(R"({"a":1,"a":2})")
                                    << int(ProblemCause::DuplicateMember);
}

void TestStompRequests::badContentIsAProblem()
{
    QFETCH(const QByteArray, type);
    QFETCH(const QByteArray, body);
    QFETCH(const int, cause);
    Frame frame{"SEND", {}, body.toStdString()};
    if (!type.isEmpty())
        frame.add("content-type", type.toStdString());
    const auto result = contentOf(frame);
    QVERIFY(!result);
    QCOMPARE(int(result.error().cause), cause);
    QCOMPARE(result.error().status(), 400);
    QVERIFY(!result.error().detail.isEmpty());
}

void TestStompRequests::theDepthOfJsonIsTheCallersLimit()
{
    Frame frame{"SEND", {{"content-type", "application/json"}}, "[[1]]"};
    QVERIFY(contentOf(frame, 2));
    QVERIFY(!contentOf(frame, 1));
}

void TestStompRequests::onlyForeignHeadersTravel()
{
    Frame frame{"SEND", {{"x", "1"}, {"y:", "\n"}, {"x", "2"}}, ""};
    for (const char *name :
         {"receipt", "transaction", "content-length", "content-type", "destination", "from", "event",
          "message-id", "subscription", "ack", "redelivered", "timestamp", "receipt-id", "passcode"})
        frame.add(name, "forged");
    frame.add("From", "names are case-sensitive");
    const auto headers = travellingHeaders(frame, false);
    const std::vector<std::pair<QByteArray, QByteArray>> expected{
        {"x", "1"}, {"y:", "\n"}, {"From", "names are case-sensitive"}};
    QVERIFY(headers == expected);
}

void TestStompRequests::theOldestSubscriptionIsFirst()
{
    Subscriptions subscriptions(8);
    QVERIFY(!subscriptions.add({"a", "/queue/x"}));
    QVERIFY(!subscriptions.add({"b", "/queue/x"}));
    QVERIFY(!subscriptions.add({std::nullopt, "/queue/x"}));
    QCOMPARE(*subscriptions.first()->id, "a"s);
    QVERIFY(subscriptions.removeById("a"));
    QVERIFY(!subscriptions.removeById("a"));
    QCOMPARE(*subscriptions.first()->id, "b"s);
    QVERIFY(subscriptions.removeByDestination("/queue/x"));
    QVERIFY(subscriptions.removeByDestination("/queue/x"));
    QVERIFY(!subscriptions.removeByDestination("/queue/x"));
    QVERIFY(!subscriptions.hasOwn());
}

void TestStompRequests::aDuplicateSubscriptionIsRefused()
{
    Subscriptions subscriptions(8);
    QVERIFY(!subscriptions.add({"a", "/queue/x"}));
    QCOMPARE(subscriptions.add({"a", "/queue/y"}), Subscriptions::AddError::Duplicate);
    QVERIFY(!subscriptions.add({std::nullopt, "/queue/x"}));
    QCOMPARE(subscriptions.add({std::nullopt, "/queue/x"}), Subscriptions::AddError::Duplicate);
    QVERIFY(!subscriptions.add({std::nullopt, "/queue/y"}));
}

void TestStompRequests::subscriptionsAreLimited()
{
    Subscriptions subscriptions(1);
    QVERIFY(!subscriptions.add({"a", "/queue/x"}));
    QCOMPARE(subscriptions.add({"b", "/queue/x"}), Subscriptions::AddError::TooMany);
    QVERIFY(subscriptions.removeById("a"));
    QVERIFY(!subscriptions.add({"b", "/queue/x"}));
}

QTEST_APPLESS_MAIN(TestStompRequests)
#include "tst_stomprequests.moc"
