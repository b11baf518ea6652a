// SPDX-License-Identifier: GPL-3.0-or-later
#include "stompfixture.h"

#include <QTest>

using namespace msgsrv;

namespace {

const ListeningKey alice = StompFixture::key("queue.alice");

QByteArrayList idsOf(const QByteArrayList &frames)
{
    QByteArrayList ids;
    for (const QByteArray &frame : frames) {
        const auto at = frame.indexOf("\nmessage-id:") + 12;
        ids += frame.mid(at, frame.indexOf('\n', at) - at);
    }
    return ids;
}

} // namespace

class TestStompDelivery : public QObject
{
    Q_OBJECT

private slots:
    void aMessageIsWrittenForItsReceiver_data();
    void aMessageIsWrittenForItsReceiver(); // items 10, 36, 90, 95
    void whatWaitedIsDeliveredAfterTheReceipt(); // item 83
    void messagesAreTakenUntilTheQueueIsEmpty(); // item 91
    void aBusyQueueLeavesTurnsToOthers();
    void aBatchIsBoundedByBytes();
    void aSlowConsumerIsNotWrittenTo();
    void aDrainThatWasNotToldIsNoticed();
    void whatCannotBeWrittenIsDropped();
    void noticesOfOtherQueuesAreIgnored();
    void nothingIsDeliveredWithoutASubscription();
};

void TestStompDelivery::aMessageIsWrittenForItsReceiver_data()
{
    QTest::addColumn<QByteArray>("version");
    QTest::addColumn<QByteArray>("from");
    QTest::addColumn<QByteArray>("headers"); // from "from:" on
    QTest::newRow("1.2") << QByteArray("1.2") << QByteArray("a:b\\c")
                         << QByteArray("from:a\\cb\\\\c\nx\\cy:1\\n2\nz:\\r\nfrom:forged\n");
    QTest::newRow("1.1") << QByteArray("1.1") << QByteArray("a:b\\c")
                         << QByteArray("from:a\\cb\\\\c\nx\\cy:1\\n2\nfrom:forged\n");
    QTest::newRow("1.0") << QByteArray("1.0") << QByteArray("a:b\\c")
                         << QByteArray("from:a:b\\c\nfrom:forged\n");
    QTest::newRow("another script") << QByteArray("1.2") << QByteArray("世界")
                                    << QByteArray("from:世界\nx\\cy:1\\n2\nz:\\r\nfrom:forged\n");
}

void TestStompDelivery::aMessageIsWrittenForItsReceiver()
{
    QFETCH(const QByteArray, version);
    QFETCH(const QByteArray, from);
    QFETCH(const QByteArray, headers);
    StompFixture f;
    f.connect(version);
    f.subscribe();
    f.broker.waiting.push_back(
        f.message("m1", from, {{"x:y", "1\n2"}, {"z", "\r"}, {"from", "forged"}}, R"({"content":"ä"})"));
    f.stomp->onMessagesReady(alice);
    QCOMPARE(f.sent(),
             QByteArrayList{"MESSAGE\ndestination:/queue/queue.alice\nsubscription:s\nmessage-id:m1\n"
                            "content-type:application/json\n"
                            + headers + "content-length:16\n\n{\"content\":\"ä\"}^@"});
}

void TestStompDelivery::whatWaitedIsDeliveredAfterTheReceipt()
{
    StompFixture f;
    f.connect();
    f.broker.waiting = {f.message("m1"), f.message("m2")};
    f.receive("SUBSCRIBE\nid:s\ndestination:/queue/queue.alice\nreceipt:r\n\n^@");
    const QByteArrayList sent = f.sent();
    QCOMPARE(sent.size(), 3);
    QCOMPARE(sent[0], QByteArray("RECEIPT\nreceipt-id:r\n\n^@"));
    QCOMPARE(idsOf(sent.mid(1)), (QByteArrayList{"m1", "m2"}));
}

void TestStompDelivery::messagesAreTakenUntilTheQueueIsEmpty()
{
    StompFixture f([](StompSettings &s) { s.delivery.batch = 2; });
    f.connect();
    f.subscribe();
    f.broker.calls.clear();
    f.broker.waiting = {f.message("1"), f.message("2"), f.message("3")};
    f.stomp->onMessagesReady(alice);
    QCOMPARE(idsOf(f.sent()), (QByteArrayList{"1", "2", "3"}));
    QCOMPARE(f.broker.calls, (QByteArrayList{"take 2", "settle 2 0", "take 1", "settle 1 0", "take 0"}));
}

void TestStompDelivery::aBusyQueueLeavesTurnsToOthers()
{
    StompFixture f([](StompSettings &s) {
        s.delivery.batch = 1;
        s.delivery.batchesPerTurn = 2;
    });
    f.connect();
    f.subscribe();
    f.broker.waiting = {f.message("1"), f.message("2"), f.message("3"), f.message("4"), f.message("5")};
    f.stomp->onMessagesReady(alice);
    QCOMPARE(idsOf(f.sent()), (QByteArrayList{"1", "2"}));
    QVERIFY(!f.ioThread.isIdle());
    f.ioThread.runAll();
    QCOMPARE(idsOf(f.sent()), (QByteArrayList{"3", "4", "5"}));
    QVERIFY(f.broker.waiting.empty());
}

void TestStompDelivery::aBatchIsBoundedByBytes()
{
    StompFixture f([](StompSettings &s) { s.delivery.batchBytes = 200; });
    f.connect();
    f.subscribe();
    f.broker.calls.clear();
    f.broker.waiting = {f.message("1", "bob", {}, QByteArray(500, ' ')), f.message("2"), f.message("3")};
    f.stomp->onMessagesReady(alice);
    QCOMPARE(f.broker.calls.mid(0, 4), (QByteArrayList{"take 1", "settle 1 0", "take 2", "settle 2 0"}));
}

void TestStompDelivery::aSlowConsumerIsNotWrittenTo()
{
    StompFixture f([](StompSettings &s) { s.delivery.batch = 2; });
    f.connect();
    f.subscribe();
    f.broker.calls.clear();
    f.broker.waiting = {f.message("1"), f.message("2"), f.message("3")};
    f.connection.results = {SendResult::Queued};
    f.connection.queued = 1;
    f.stomp->onMessagesReady(alice);
    // What was taken is written to its end; nothing more is taken, and the broker knows.
    QCOMPARE(idsOf(f.sent()), (QByteArrayList{"1", "2"}));
    QCOMPARE(f.broker.calls, (QByteArrayList{"take 2", "settle 2 0", "blocked"}));
    f.stomp->onMessagesReady(alice);
    f.tick(seconds(1));
    QVERIFY(f.sent().isEmpty());
    QCOMPARE(f.broker.calls, (QByteArrayList{"take 2", "settle 2 0", "blocked", "blocked"}));

    f.connection.queued = 0;
    f.stomp->onWritable();
    QCOMPARE(idsOf(f.sent()), (QByteArrayList{"3"}));
    QCOMPARE(f.broker.calls.last(), QByteArray("take 0"));
}

void TestStompDelivery::aDrainThatWasNotToldIsNoticed()
{
    StompFixture f;
    f.connect();
    f.subscribe();
    f.broker.waiting = {f.message("1")};
    f.connection.results = {SendResult::Queued};
    f.stomp->onMessagesReady(alice);
    f.sent();
    f.broker.waiting = {f.message("2")};
    f.stomp->onMessagesReady(alice);
    QVERIFY(f.sent().isEmpty());
    f.tick(milliseconds(250)); // bytesQueued() is 0
    QCOMPARE(idsOf(f.sent()), (QByteArrayList{"2"}));
}

void TestStompDelivery::whatCannotBeWrittenIsDropped()
{
    StompFixture f;
    f.connect();
    f.subscribe();
    f.broker.calls.clear();
    f.broker.waiting = {f.message("1"), f.message("2"), f.message("3")};
    f.connection.results = {SendResult::Sent, SendResult::Dropped, SendResult::Dropped};
    f.stomp->onMessagesReady(alice);
    QCOMPARE(f.broker.calls, (QByteArrayList{"take 3", "settle 1 2"}));
    QCOMPARE(f.broker.droppedAs, DropReason::ConnectionLost);
}

void TestStompDelivery::noticesOfOtherQueuesAreIgnored()
{
    StompFixture f;
    f.stomp->onMessagesReady(alice); // before the login
    f.connect();
    f.subscribe();
    f.broker.calls.clear();
    f.stomp->onMessagesReady(StompFixture::key("queue.bob"));
    QVERIFY(f.broker.calls.isEmpty());
}

void TestStompDelivery::nothingIsDeliveredWithoutASubscription()
{
    StompFixture f;
    f.connect();
    f.broker.waiting = {f.message("1")};
    f.stomp->onMessagesReady(alice);
    f.stomp->onWritable();
    QVERIFY(f.sent().isEmpty());
    QVERIFY(f.broker.calls.isEmpty());

    f.subscribe();
    f.sent();
    f.receive("DISCONNECT\n\n^@");
    f.broker.waiting = {f.message("2")};
    f.stomp->onMessagesReady(alice);
    f.stomp->onWritable();
    QVERIFY(f.sent().isEmpty());
    QCOMPARE(f.broker.waiting.size(), std::size_t(1));
}

QTEST_APPLESS_MAIN(TestStompDelivery)
#include "tst_stompdelivery.moc"
