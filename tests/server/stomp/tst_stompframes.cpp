// SPDX-License-Identifier: GPL-3.0-or-later
//
// SEND, SUBSCRIBE, UNSUBSCRIBE and the commands that are not served, on a connection that has logged in.
#include "stompfixture.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QRegularExpression>
#include <QTest>

using namespace msgsrv;

namespace {

QByteArray receipt(const QByteArray &id)
{
    return "RECEIPT\nreceipt-id:" + id + "\n\n^@";
}

QByteArray errorFrame(const QByteArray &message, const QByteArray &detail, const QByteArray &receiptId = {})
{
    return "ERROR\nmessage:" + message + '\n' + (receiptId.isEmpty() ? "" : "receipt-id:" + receiptId + '\n')
        + "content-type:text/plain\ncontent-length:" + QByteArray::number(detail.size() + 1) + "\n\n" + detail
        + "\n^@";
}

/// Headers of a frame as one string, without content-length, and its body.
struct Event
{
    QByteArray head;
    QJsonObject body;

    explicit Event(QByteArray frame)
    {
        frame.chop(2);
        const auto end = frame.indexOf("\n\n");
        head = frame.left(end + 1);
        body = QJsonDocument::fromJson(frame.mid(end + 2)).object();
        head.replace("content-length:" + QByteArray::number(frame.size() - end - 2) + '\n', "");
    }
};

} // namespace

class TestStompFrames : public QObject
{
    Q_OBJECT

private slots:
    void aSendIsRelayed();
    void aReceiptComesAfterTheMessageWasAccepted();
    void anAnswerMayComeFromAnotherThread();
    void anUndeliverableSendIsToldAsAnEvent_data();
    void anUndeliverableSendIsToldAsAnEvent();
    void eventsAreNumbered();
    void anUndeliverableSendWithoutSubscriptionEndsTheConnection();
    void aSendBehindASubscribeWaitsForIt();
    void sendsUnderWayAreBounded();
    void aBodyOnOtherFramesIsIgnored();

    void subscribeIsAnsweredAfterTheBroker();
    void aSubscribeThatTheBrokerRefusesEndsTheConnection();
    void aSecondSubscriptionDoesNotAskTheBrokerAgain();
    void theQueueGoesWithTheLastSubscription();
    void aStomp10SubscriptionNeedsNoId();
    void prototypeHeadersOfSubscribeAreAccepted();

    void aRefusedFrameEndsTheConnection_data();
    void aRefusedFrameEndsTheConnection();
    void aForeignQueueIsCounted();
    void subscriptionsAreLimited();
    void receiptIdsAreEchoedExactly_data();
    void receiptIdsAreEchoedExactly();
};

void TestStompFrames::aSendIsRelayed()
{
    StompFixture f;
    f.connect();
    f.receive("SEND\ndestination:/user/%62ob\ncontent-type:application/json\nfrom:mallory\nmessage-id:9\n"
              "x\\cy:1\nx\\cy:2\nreceipt:r\ncontent-length:7\n\n{\"a\":1}^@");
    QCOMPARE(f.sent(), QByteArrayList{receipt("r")});
    QCOMPARE(f.broker.published.size(), std::size_t(1));
    QCOMPARE(f.broker.publishedTell, Broker::Tell::Acceptance);
    QVERIFY(f.broker.publishedTo == StompFixture::key("queue.bob"));
    const Message &message = *f.broker.published[0];
    QVERIFY(message.from == StompFixture::user("alice"));
    QCOMPARE(message.body, QByteArray(R"({"from":"alice","content":{"a":1}})"));
    const std::vector<std::pair<QByteArray, QByteArray>> headers{{"x:y", "1"}};
    QVERIFY(message.headers == headers);
}

void TestStompFrames::aReceiptComesAfterTheMessageWasAccepted()
{
    StompFixture f;
    f.connect();
    f.broker.publishesAtOnce = false;
    f.receive("SEND\ndestination:/user/bob\nreceipt:1\n\na^@SEND\ndestination:/user/bob\n\nb^@"
              "SEND\ndestination:/user/bob\nreceipt:3\n\nc^@");
    QCOMPARE(f.broker.published.size(), std::size_t(3)); // they do not wait for each other
    QVERIFY(f.sent().isEmpty());
    f.broker.answerPublish();
    QCOMPARE(f.sent(), QByteArrayList{receipt("1")});
    f.broker.answerPublish();
    QVERIFY(f.sent().isEmpty());
    f.broker.answerPublish();
    QCOMPARE(f.sent(), QByteArrayList{receipt("3")});
}

void TestStompFrames::anAnswerMayComeFromAnotherThread()
{
    StompFixture f;
    f.connect();
    f.broker.publishesAtOnce = false;
    f.receive("SEND\ndestination:/user/bob\nreceipt:1\n\na^@SEND\ndestination:/user/bob\nreceipt:2\n\na^@");
    f.ioThread.elsewhere = true;
    f.broker.answerPublish();
    f.ioThread.elsewhere = false;
    QVERIFY(f.sent().isEmpty());
    f.ioThread.runAll();
    QCOMPARE(f.sent(), QByteArrayList{receipt("1")});

    f.ioThread.elsewhere = true;
    f.broker.answerPublish();
    f.ioThread.elsewhere = false;
    f.stomp.reset();
    f.ioThread.runAll(); // nobody is there any more
    QVERIFY(f.sent().isEmpty());
}

void TestStompFrames::anUndeliverableSendIsToldAsAnEvent_data()
{
    QTest::addColumn<QByteArray>("send");
    QTest::addColumn<int>("refusal");
    QTest::addColumn<int>("status");
    QTest::addColumn<QByteArray>("path");

    const auto row = [](const char *name, const QByteArray &send, int status, const QByteArray &path,
                        PublishRefusal refusal = PublishRefusal::None) {
        QTest::newRow(name) << send << int(refusal) << status << path;
    };
    row("unknown recipient", "destination:/user/no%20body\n\nx", 404, "/user/no%20body");
    row("full queue", "destination:/user/bob\n\nx", 429, "/user/bob", PublishRefusal::QueueFull);
    row("the recipient just left", "destination:/user/bob\n\nx", 404, "/user/bob", PublishRefusal::NoQueue);
    row("broker away", "destination:/user/bob\n\nx", 503, "/user/bob", PublishRefusal::Unavailable);
    row("too large", "destination:/user/bob\n\n" + QByteArray(1000, 'x'), 413, "/user/bob");
    row("not UTF-8", "destination:/user/bob\n\n\xff", 400, "/user/bob");
    row("broken JSON", "destination:/user/bob\ncontent-type:application/json;v=1\n\n{", 400, "/user/bob");
}

void TestStompFrames::anUndeliverableSendIsToldAsAnEvent()
{
    QFETCH(const QByteArray, send);
    QFETCH(const int, refusal);
    QFETCH(const int, status);
    QFETCH(const QByteArray, path);
    for (const bool withReceipt : {false, true}) {
        StompFixture f;
        f.connect();
        f.subscribe();
        if (refusal != int(PublishRefusal::None))
            f.broker.publishResult = {PublishResult::State::Refused, PublishRefusal(refusal)};
        f.receive((withReceipt ? "SEND\nreceipt:a\\cb\n" : "SEND\n") + send + "^@");
        const QByteArrayList sent = f.sent();
        QCOMPARE(sent.size(), 1); // and no RECEIPT
        const Event event(sent[0]);
        QCOMPARE(event.head,
                 QByteArray("MESSAGE\ndestination:/queue/queue.alice\nsubscription:s\nmessage-id:event-1\n"
                            "content-type:application/problem+json\nevent:undeliverable\n")
                     + (withReceipt ? "receipt-id:a\\cb\n" : ""));
        QCOMPARE(event.body[QLatin1String("status")].toInt(), status);
        QCOMPARE(event.body[QLatin1String("path")].toString().toUtf8(), path);
        QVERIFY(event.body[QLatin1String("timestamp")].toDouble() > 1.6e12);
        QVERIFY(!event.body[QLatin1String("detail")].toString().isEmpty());
        QCOMPARE(f.connection.closeCode, 0);

        // The sender keeps its connection.
        f.broker.publishResult = {PublishResult::State::Queued, PublishRefusal::None};
        f.receive("SEND\ndestination:/user/bob\nreceipt:2\n\nx^@");
        QCOMPARE(f.sent(), QByteArrayList{receipt("2")});
    }
}

void TestStompFrames::eventsAreNumbered()
{
    StompFixture f;
    f.connect();
    f.subscribe();
    f.receive("SEND\ndestination:/user/nobody\n\nx^@SEND\ndestination:/user/nobody\n\nx^@");
    const QByteArrayList sent = f.sent();
    QCOMPARE(sent.size(), 2);
    QVERIFY(sent[0].contains("\nmessage-id:event-1\n"));
    QVERIFY(sent[1].contains("\nmessage-id:event-2\n"));
}

void TestStompFrames::anUndeliverableSendWithoutSubscriptionEndsTheConnection()
{
    StompFixture f;
    f.connect();
    f.receive("SEND\ndestination:/user/nobody\nreceipt:1\n\nx^@");
    QCOMPARE(f.sent(),
             QByteArrayList{errorFrame("message undeliverable", "The recipient has no session.", "1")});
    QCOMPARE(f.connection.closeCode, 1008);
}

void TestStompFrames::aSendBehindASubscribeWaitsForIt()
{
    StompFixture f;
    f.connect();
    f.broker.subscribesAtOnce = false;
    f.receive("SUBSCRIBE\nid:s\ndestination:/queue/queue.alice\nreceipt:1\n\n^@"
              "SEND\ndestination:/user/nobody\n\nx^@");
    f.receive("SEND\ndestination:/user/bob\nreceipt:3\n\nx^@");
    QVERIFY(f.sent().isEmpty());
    f.ioThread.elsewhere = true;
    f.broker.answerSubscribe(true);
    f.ioThread.elsewhere = false;
    f.ioThread.runAll();
    const QByteArrayList sent = f.sent();
    QCOMPARE(sent.size(), 3);
    QCOMPARE(sent[0], receipt("1"));
    QVERIFY(sent[1].contains("\nevent:undeliverable\n"));
    QCOMPARE(sent[2], receipt("3"));
    QCOMPARE(f.connection.closeCode, 0);
}

void TestStompFrames::sendsUnderWayAreBounded()
{
    StompFixture f([](StompSettings &s) { s.sendsInFlight = 2; });
    f.connect();
    f.broker.publishesAtOnce = false;
    f.receive(QByteArray("SEND\ndestination:/user/bob\nreceipt:1\n\nx^@").repeated(5));
    QCOMPARE(f.broker.published.size(), std::size_t(2));
    f.broker.answerPublish();
    QCOMPARE(f.broker.published.size(), std::size_t(3));
    for (int i = 0; i < 4; ++i)
        f.broker.answerPublish();
    QCOMPARE(f.sent().size(), 5);
}

void TestStompFrames::aBodyOnOtherFramesIsIgnored()
{
    StompFixture f;
    f.connect();
    f.receive("SUBSCRIBE\nid:s\ndestination:/queue/queue.alice\nreceipt:1\ncontent-length:3\n\na^@b^@");
    QCOMPARE(f.sent(), QByteArrayList{receipt("1")});
}

void TestStompFrames::subscribeIsAnsweredAfterTheBroker()
{
    StompFixture f;
    f.connect();
    f.broker.subscribesAtOnce = false;
    f.broker.waiting.push_back(f.message("m1"));
    f.receive("SUBSCRIBE\nid:s\ndestination:/queue/queue.alice\nreceipt:1\n\n^@");
    QVERIFY(f.sent().isEmpty());
    f.stomp->onMessagesReady(StompFixture::key("queue.alice")); // too early to be heard
    QVERIFY(f.sent().isEmpty());
    f.broker.answerSubscribe(true);
    const QByteArrayList sent = f.sent();
    QCOMPARE(sent.size(), 2);
    QCOMPARE(sent[0], receipt("1"));
    QVERIFY(sent[1].startsWith("MESSAGE\n"));
}

void TestStompFrames::aSubscribeThatTheBrokerRefusesEndsTheConnection()
{
    StompFixture f;
    f.connect();
    f.broker.subscribesAtOnce = false;
    f.receive("SUBSCRIBE\nid:s\ndestination:/queue/queue.alice\nreceipt:1\n\n^@");
    f.broker.answerSubscribe(false);
    QCOMPARE(f.sent(),
             QByteArrayList{errorFrame("queue unavailable",
                                       "The session is over, or its queue cannot be made now.", "1")});
    QCOMPARE(f.connection.closeCode, 4002);
    QCOMPARE(f.sessions.closed.size(), std::size_t(1));
}

void TestStompFrames::aSecondSubscriptionDoesNotAskTheBrokerAgain()
{
    StompFixture f;
    f.connect();
    f.subscribe();
    f.receive("SUBSCRIBE\nid:t\ndestination:/queue/queue.alice\nreceipt:1\n\n^@");
    QCOMPARE(f.sent(), QByteArrayList{receipt("1")});
    QCOMPARE(f.broker.calls.count("subscribe queue.alice"), 1);
}

void TestStompFrames::theQueueGoesWithTheLastSubscription()
{
    StompFixture f;
    f.connect();
    f.subscribe();
    f.receive("SUBSCRIBE\nid:t\ndestination:/queue/queue.alice\n\n^@");
    f.receive("UNSUBSCRIBE\nid:s\nreceipt:1\n\n^@");
    QVERIFY(!f.broker.calls.contains("unsubscribe queue.alice"));
    f.broker.waiting.push_back(f.message("m1"));
    f.stomp->onMessagesReady(StompFixture::key("queue.alice"));
    f.receive("UNSUBSCRIBE\nid:t\nreceipt:2\n\n^@");
    QVERIFY(f.broker.calls.contains("unsubscribe queue.alice"));
    const QByteArrayList sent = f.sent();
    QCOMPARE(sent.size(), 3);
    QCOMPARE(sent[0], receipt("1"));
    QVERIFY(sent[1].contains("\nsubscription:t\n"));
    QCOMPARE(sent[2], receipt("2"));
    QCOMPARE(f.connection.closeCode, 0);

    // No more messages, and the queue is given back once.
    f.broker.waiting.push_back(f.message("m2"));
    f.stomp->onMessagesReady(StompFixture::key("queue.alice"));
    QVERIFY(f.sent().isEmpty());
    f.stomp->onClosed(true);
    QCOMPARE(f.broker.calls.count("unsubscribe queue.alice"), 1);
}

void TestStompFrames::aStomp10SubscriptionNeedsNoId()
{
    StompFixture f;
    f.connect("1.0");
    f.receive("SUBSCRIBE\ndestination: /queue/queue.alice\nreceipt: 1\n\n^@");
    f.broker.waiting.push_back(f.message("m1"));
    f.stomp->onMessagesReady(StompFixture::key("queue.alice"));
    f.receive("UNSUBSCRIBE\ndestination:/queue/queue.alice\nreceipt:2\n\n^@");
    const QByteArrayList expected{
        receipt("1"),
        "MESSAGE\ndestination:/queue/queue.alice\nmessage-id:m1\ncontent-type:application/json\nfrom:bob\n"
        "content-length:2\n\n{}^@",
        receipt("2")};
    QCOMPARE(f.sent(), expected);
    QVERIFY(f.broker.calls.contains("unsubscribe queue.alice"));
}

void TestStompFrames::prototypeHeadersOfSubscribeAreAccepted()
{
    StompFixture f;
    f.connect("1.1");
    f.receive("SUBSCRIBE\nauto-delete:true\ndurable:false\nexclusive:true\nack:auto\nid:sub-0\n"
              "destination:/queue/queue.alice\nreceipt:1\n\n^@");
    QCOMPARE(f.sent(), QByteArrayList{receipt("1")});
}

void TestStompFrames::aRefusedFrameEndsTheConnection_data()
{
    QTest::addColumn<QByteArray>("frame");
    QTest::addColumn<QByteArray>("message");
    QTest::addColumn<QByteArray>("detail");
    QTest::addColumn<int>("code");
    QTest::addColumn<QByteArray>("version");

    const auto row = [](const char *name, const char *frame, const char *message, const char *detail,
                        int code, const char *version = "1.2") {
        QTest::newRow(name) << QByteArray(frame) << QByteArray(message) << QByteArray(detail) << code
                            << QByteArray(version);
    };
    const char *const unsupported = "not supported yet";
    const char *const missing = "header missing";
    const char *const foreign = "The queue is not this session's own.";

    row("a server's command", "MESSAGE\n", "not a client command", "This command is sent by servers only.",
        1002);
    row("an unknown command", "HELLO\n", "unknown command",
        "The command is unknown; commands are written in capital letters.", 1002);
    row("a command in small letters", "send\ndestination:/user/bob\n", "unknown command",
        "The command is unknown; commands are written in capital letters.", 1002);

    row("SEND without destination", "SEND\n", missing, "SEND needs the header destination.", 1002);
    row("SEND to a malformed user", "SEND\ndestination:/user/%zz\n", "malformed destination",
        "A percent sign in the destination is not followed by two hexadecimal digits.", 1002);
    row("SEND to nobody", "SEND\ndestination:/user/\n", "malformed destination",
        "A user id must not be empty.", 1002);
    row("SEND to a topic", "SEND\ndestination:/topic/a\n", unsupported,
        "SEND to anything but /user/<userId> is not supported yet.", 1008);
    row("SEND to the own queue", "SEND\ndestination:/queue/queue.alice\n", unsupported,
        "SEND to anything but /user/<userId> is not supported yet.", 1008);
    row("SEND to a foreign queue", "SEND\ndestination:/queue/queue.bob\n", "access refused", foreign, 1008);
    row("SUBSCRIBE without destination", "SUBSCRIBE\nid:1\n", missing,
        "SUBSCRIBE needs the header destination.", 1002);
    row("SUBSCRIBE without id", "SUBSCRIBE\ndestination:/queue/queue.alice\n", missing,
        "SUBSCRIBE needs the header id.", 1002);
    row("SUBSCRIBE without id in 1.1", "SUBSCRIBE\ndestination:/queue/queue.alice\n", missing,
        "SUBSCRIBE needs the header id.", 1002, "1.1");
    row("SUBSCRIBE to a foreign queue", "SUBSCRIBE\nid:1\ndestination:/queue/queue.bob\n", "access refused",
        foreign, 1008);
    row("SUBSCRIBE to a topic", "SUBSCRIBE\nid:1\ndestination:/topic/x\n", unsupported,
        "SUBSCRIBE to anything but /queue/<listeningKey> is not supported yet.", 1008);
    row("SUBSCRIBE to a user", "SUBSCRIBE\nid:1\ndestination:/user/bob\n", unsupported,
        "SUBSCRIBE to anything but /queue/<listeningKey> is not supported yet.", 1008);
    row("ack of another kind", "SUBSCRIBE\nid:1\ndestination:/queue/queue.alice\nack:Auto\n", "malformed ack",
        "ack must be auto, client or client-individual.", 1002);
    row("a subscription twice", "SUBSCRIBE\nid:s\ndestination:/queue/queue.alice\n", "subscription exists",
        "This connection has a subscription of that id already.", 1002);

    row("UNSUBSCRIBE without id", "UNSUBSCRIBE\n", missing, "UNSUBSCRIBE needs the header id.", 1002);
    row("UNSUBSCRIBE by destination in 1.1", "UNSUBSCRIBE\ndestination:/queue/queue.alice\n", missing,
        "UNSUBSCRIBE needs the header id.", 1002, "1.1");
    row("UNSUBSCRIBE of nothing", "UNSUBSCRIBE\nid:other\n", "no such subscription",
        "This connection has no such subscription.", 1002);
}

void TestStompFrames::aRefusedFrameEndsTheConnection()
{
    QFETCH(const QByteArray, frame);
    QFETCH(const QByteArray, message);
    QFETCH(const QByteArray, detail);
    QFETCH(const int, code);
    QFETCH(const QByteArray, version);
    StompFixture f;
    f.connect(version);
    f.subscribe();
    f.receive(frame + "receipt:77\n\n^@SEND\ndestination:/user/bob\nreceipt:78\n\nx^@");
    QCOMPARE(f.sent(), QByteArrayList{errorFrame(message, detail, "77")});
    QCOMPARE(int(f.connection.closeCode), code);
    QCOMPARE(f.connection.closeReason, message);
    QVERIFY(f.broker.published.empty());
    // The queue and the session are given back at once, and once only.
    QVERIFY(f.broker.calls.contains("unsubscribe queue.alice"));
    QCOMPARE(f.sessions.closed.size(), std::size_t(1));
    f.stomp->onClosed(true);
    QCOMPARE(f.broker.calls.count("unsubscribe queue.alice"), 1);
    QCOMPARE(f.sessions.closed.size(), std::size_t(1));
}

void TestStompFrames::aForeignQueueIsCounted()
{
    StompFixture f;
    f.connect();
    f.receive("SUBSCRIBE\nid:1\ndestination:/queue/queue.bob\n\n^@");
    QCOMPARE(f.strange("foreign_queue"), 1);
    StompFixture g;
    g.connect();
    g.receive("SEND\ndestination:/queue/queue.bob\n\n^@");
    QCOMPARE(g.strange("foreign_queue"), 1);
    QCOMPARE(g.strange("bad_credentials"), 0);
}

void TestStompFrames::subscriptionsAreLimited()
{
    StompFixture f([](StompSettings &s) { s.subscriptions = 2; });
    f.connect();
    for (int i = 0; i < 3; ++i)
        f.receive("SUBSCRIBE\nid:" + QByteArray::number(i)
                  + "\ndestination:/queue/queue.alice\nreceipt:" + QByteArray::number(i) + "\n\n^@");
    const QByteArrayList expected{receipt("0"), receipt("1"),
                                  errorFrame("too many subscriptions",
                                             "This connection has as many subscriptions as it may have.",
                                             "2")};
    QCOMPARE(f.sent(), expected);
    QCOMPARE(f.connection.closeCode, 1008);
}

void TestStompFrames::receiptIdsAreEchoedExactly_data()
{
    QTest::addColumn<QByteArray>("version");
    QTest::addColumn<QByteArray>("id");
    QTest::newRow("1.2") << QByteArray("1.2") << QByteArray("a\\cb\\\\c\\n\\r 世界 ");
    QTest::newRow("1.1") << QByteArray("1.1") << QByteArray("a\\cb\\\\c\\n 世界 ");
    QTest::newRow("1.0") << QByteArray("1.0") << QByteArray("a:b\\c\\t");
    QTest::newRow("empty") << QByteArray("1.2") << QByteArray();
}

void TestStompFrames::receiptIdsAreEchoedExactly()
{
    QFETCH(const QByteArray, version);
    QFETCH(const QByteArray, id);
    StompFixture f;
    f.connect(version);
    f.receive("SEND\ndestination:/user/bob\nreceipt:" + id + "\n\nx^@");
    QCOMPARE(f.sent(), QByteArrayList{receipt(id)});
}

QTEST_APPLESS_MAIN(TestStompFrames)
#include "tst_stompframes.moc"
