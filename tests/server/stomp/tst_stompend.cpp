// SPDX-License-Identifier: GPL-3.0-or-later
//
// How a connection ends: DISCONNECT, a close asked for from elsewhere, a peer that is gone; and heart-beats.
#include "stompfixture.h"

#include <QTest>

using namespace msgsrv;

namespace {

QByteArray errorFrame(const QByteArray &message, const QByteArray &detail)
{
    return "ERROR\nmessage:" + message + "\ncontent-type:text/plain\ncontent-length:"
        + QByteArray::number(detail.size() + 1) + "\n\n" + detail + "\n^@";
}

} // namespace

class TestStompEnd : public QObject
{
    Q_OBJECT

private slots:
    void disconnectIsAnsweredAndThenClosed(); // items 14, 85
    void framesBehindDisconnectAreIgnored(); // items 15, 85
    void disconnectWaitsForSendsUnderWay();
    void disconnectWaitsOnlySoLong();
    void aLostConnectionGivesEverythingBack(); // item 15
    void aConnectionThatNeverLoggedInGivesNothingBack();
    void aSubscribeAnswerAfterTheEndIsIgnored();
    void aCloseRequestIsExplained_data();
    void aCloseRequestIsExplained(); // item 93
    void aReplacedConnectionLeavesTheQueue();
    void aCloseRequestWhileClosingIsIgnored();
    void drainingIsToldOnTheOwnSubscription_data();
    void drainingIsToldOnTheOwnSubscription();
    void withoutAnOwnSubscriptionDrainingIsNotTold();

    void beatsAreSentWhenNothingElseIs(); // item 11
    void noBeatIsSentWhileBytesAreQueued();
    void aClientThatStopsBeatingIsClosed(); // item 64
    void anyOctetIsABeat(); // item 60
    void aClientWithoutBeatsIsPinged();
    void aStomp10ClientIsNotHeldToItsBeats(); // item 63
};

void TestStompEnd::disconnectIsAnsweredAndThenClosed()
{
    StompFixture f;
    f.connect();
    f.subscribe();
    QByteArrayList order;
    f.sessions.onClosed = [&] { order += "session, sent " + QByteArray::number(f.connection.sent.size()); };
    f.broker.onUnsubscribe = [&] { order += "queue, closes " + QByteArray::number(f.connection.closes); };
    f.receive("DISCONNECT\nreceipt:77\n\n^@");
    QCOMPARE(order, (QByteArrayList{"session, sent 1", "queue, closes 0"}));
    QCOMPARE(f.sent(), QByteArrayList{"RECEIPT\nreceipt-id:77\n\n^@"});
    QCOMPARE(f.connection.closeCode, 1000);
    f.stomp->onClosed(true);
    QCOMPARE(f.sessions.closed.size(), std::size_t(1));
    QCOMPARE(f.broker.calls.count("unsubscribe queue.alice"), 1);
}

void TestStompEnd::framesBehindDisconnectAreIgnored()
{
    StompFixture f;
    f.connect();
    f.receive("DISCONNECT\n\n^@SEND\ndestination:/user/bob\nreceipt:1\n\nx^@rubbish\0");
    f.receive("SEND\ndestination:/user/bob\nreceipt:2\n\nx^@");
    QVERIFY(f.sent().isEmpty());
    QCOMPARE(f.connection.closeCode, 1000);
    QCOMPARE(f.connection.closes, 1);
    QVERIFY(f.broker.published.empty());
}

void TestStompEnd::disconnectWaitsForSendsUnderWay()
{
    StompFixture f;
    f.connect();
    f.subscribe();
    f.broker.publishesAtOnce = false;
    f.receive("SEND\ndestination:/user/bob\nreceipt:1\n\nx^@SEND\ndestination:/user/bob\n\nx^@"
              "DISCONNECT\nreceipt:3\n\n^@");
    f.broker.answerPublish();
    QCOMPARE(f.sent(), QByteArrayList{"RECEIPT\nreceipt-id:1\n\n^@"});
    QCOMPARE(f.connection.closeCode, 0);
    f.broker.publishResult = {PublishResult::State::Refused, PublishRefusal::QueueFull};
    f.broker.answerPublish();
    const QByteArrayList sent = f.sent();
    QCOMPARE(sent.size(), 2);
    QVERIFY(sent[0].contains("\nevent:undeliverable\n"));
    QCOMPARE(sent[1], QByteArray("RECEIPT\nreceipt-id:3\n\n^@"));
    QCOMPARE(f.connection.closeCode, 1000);
}

void TestStompEnd::disconnectWaitsOnlySoLong()
{
    StompFixture f;
    f.connect();
    f.broker.publishesAtOnce = false;
    f.receive("SEND\ndestination:/user/bob\n\nx^@DISCONNECT\nreceipt:3\n\n^@");
    f.tick(milliseconds(4999));
    QVERIFY(f.sent().isEmpty());
    f.tick(milliseconds(1));
    QCOMPARE(f.sent(), QByteArrayList{"RECEIPT\nreceipt-id:3\n\n^@"});
    QCOMPARE(f.connection.closeCode, 1000);
    f.broker.answerPublish();
    QCOMPARE(f.connection.closes, 1);
}

void TestStompEnd::aLostConnectionGivesEverythingBack()
{
    StompFixture f;
    f.connect();
    f.subscribe();
    f.stomp->onClosed(false);
    QVERIFY(f.broker.calls.contains("unsubscribe queue.alice"));
    QCOMPARE(f.sessions.closed.size(), std::size_t(1));
    QVERIFY(f.sessions.closed[0].first == StompFixture::key("queue.alice"));
    QCOMPARE(f.sessions.closed[0].second, f.connection.id());
    // Whatever comes late is harmless.
    f.stomp->onMessagesReady(StompFixture::key("queue.alice"));
    f.stomp->onWritable();
    f.stomp->onCloseRequested(4001, "replaced");
    f.tick(seconds(100));
    f.receive("\n");
    QVERIFY(f.sent().isEmpty());
    QCOMPARE(f.connection.closes, 0);
}

void TestStompEnd::aConnectionThatNeverLoggedInGivesNothingBack()
{
    StompFixture f;
    f.receive("CONNECT\n");
    f.stomp->onClosed(false);
    QVERIFY(f.broker.calls.isEmpty());
    QVERIFY(f.sessions.closed.empty());
}

void TestStompEnd::aSubscribeAnswerAfterTheEndIsIgnored()
{
    StompFixture f;
    f.connect();
    f.broker.subscribesAtOnce = false;
    f.subscribe();
    f.stomp->onClosed(false);
    QVERIFY(f.broker.calls.contains("unsubscribe queue.alice"));
    f.broker.answerSubscribe(true);
    f.stomp.reset();
    QVERIFY(f.sent().isEmpty());
    QVERIFY(!f.broker.calls.contains("take 0"));
}

void TestStompEnd::aCloseRequestIsExplained_data()
{
    QTest::addColumn<int>("code");
    QTest::addColumn<QByteArray>("reason");
    QTest::addColumn<QByteArray>("error"); // empty: no ERROR frame
    QTest::newRow("normal") << 1000 << QByteArray() << QByteArray();
    QTest::newRow("going away") << 1001 << QByteArray("server stops") << QByteArray();
    QTest::newRow("replaced") << 4001 << QByteArray("replaced") << QByteArray("replaced");
    QTest::newRow("session ended") << 4002 << QByteArray("a:b\\c") << QByteArray("a b c");
    QTest::newRow("without a reason") << 4002 << QByteArray() << QByteArray("closed by the server");
}

void TestStompEnd::aCloseRequestIsExplained()
{
    QFETCH(const int, code);
    QFETCH(const QByteArray, reason);
    QFETCH(const QByteArray, error);
    for (const bool loggedIn : {true, false}) {
        StompFixture f;
        if (loggedIn)
            f.connect();
        f.stomp->onCloseRequested(quint16(code), reason);
        QCOMPARE(f.sent(), error.isEmpty() ? QByteArrayList() : QByteArrayList{errorFrame(error, error)});
        QCOMPARE(int(f.connection.closeCode), code);
        QCOMPARE(f.sessions.closed.size(), std::size_t(loggedIn ? 1 : 0));
    }
}

void TestStompEnd::aReplacedConnectionLeavesTheQueue()
{
    StompFixture f;
    f.connect();
    f.subscribe();
    f.stomp->onCloseRequested(4001, "replaced");
    f.stomp->onClosed(true);
    QVERIFY(f.broker.calls.contains("detach queue.alice"));
    QVERIFY(!f.broker.calls.contains("unsubscribe queue.alice"));
}

void TestStompEnd::aCloseRequestWhileClosingIsIgnored()
{
    StompFixture f;
    f.connect();
    f.receive("DISCONNECT\n\n^@");
    f.stomp->onCloseRequested(4002, "session ended");
    QCOMPARE(f.connection.closes, 1);
    QCOMPARE(f.connection.closeCode, 1000);
}

void TestStompEnd::drainingIsToldOnTheOwnSubscription_data()
{
    QTest::addColumn<QByteArray>("version");
    QTest::addColumn<QByteArray>("ack");
    QTest::addColumn<QByteArray>("ackHeader");
    QTest::newRow("auto") << QByteArray("1.2") << QByteArray("auto") << QByteArray();
    QTest::newRow("acknowledging") << QByteArray("1.2") << QByteArray("client") << QByteArray("ack:1\n");
    QTest::newRow("acknowledging in 1.1") << QByteArray("1.1") << QByteArray("client") << QByteArray();
}

void TestStompEnd::drainingIsToldOnTheOwnSubscription()
{
    QFETCH(const QByteArray, version);
    QFETCH(const QByteArray, ack);
    QFETCH(const QByteArray, ackHeader);
    StompFixture f([](StompSettings &settings) { settings.users = {{"/topic/*"}, {"/topic/*"}}; });
    f.connect(version);
    f.receive("SUBSCRIBE\nid:t\ndestination:/topic/news\n\n^@");
    f.receive("SUBSCRIBE\nid:s\ndestination:/queue/queue.alice\nack:" + ack + "\n\n^@");
    QVERIFY(f.sent().isEmpty());
    f.stomp->onDraining(milliseconds(12'000), f.now);
    QCOMPARE(f.sent(),
             QByteArrayList{"MESSAGE\ndestination:/queue/queue.alice\nsubscription:s\nmessage-id:event-1\n"
                            + ackHeader
                            + "content-type:application/json\nevent:draining\ncontent-length:24\n\n"
                              "{\"reconnectAfter\":12000}^@"});
    // The connection goes on until it is asked to close.
    f.receive("SEND\ndestination:/user/bob\nreceipt:1\n\nx^@");
    QCOMPARE(f.sent(), QByteArrayList{"RECEIPT\nreceipt-id:1\n\n^@"});
    if (!ackHeader.isEmpty()) {
        f.receive("ACK\nid:1\nreceipt:2\n\n^@");
        QCOMPARE(f.sent(), QByteArrayList{"RECEIPT\nreceipt-id:2\n\n^@"});
    }
    f.stomp->onCloseRequested(1001, "The server is stopping.");
    QVERIFY(f.sent().isEmpty());
    QCOMPARE(f.connection.closeCode, 1001);
    f.stomp->onDraining(milliseconds(1), f.now);
    QVERIFY(f.sent().isEmpty());
}

void TestStompEnd::withoutAnOwnSubscriptionDrainingIsNotTold()
{
    StompFixture f([](StompSettings &settings) { settings.users = {{"/topic/*"}, {"/topic/*"}}; });
    f.stomp->onDraining(milliseconds(1), f.now);
    f.connect();
    f.stomp->onDraining(milliseconds(1), f.now);
    f.receive("SUBSCRIBE\nid:t\ndestination:/topic/news\n\n^@");
    f.stomp->onDraining(milliseconds(1), f.now);
    f.subscribe();
    f.receive("UNSUBSCRIBE\nid:s\n\n^@");
    f.stomp->onDraining(milliseconds(1), f.now);
    QVERIFY(f.sent().isEmpty());
    QCOMPARE(f.connection.closeCode, 0);
}

void TestStompEnd::beatsAreSentWhenNothingElseIs()
{
    StompFixture f;
    f.connect("1.2", "heart-beat:0,10000\n");
    f.tick(milliseconds(4999));
    QVERIFY(f.sent().isEmpty());
    f.tick(milliseconds(1));
    QCOMPARE(f.sent(), QByteArrayList{"\n"});
    f.tick(seconds(4));
    f.receive("SEND\ndestination:/user/bob\nreceipt:1\n\nx^@"); // its RECEIPT is a beat
    f.sent();
    f.tick(seconds(4));
    QVERIFY(f.sent().isEmpty());
    f.stomp->onMessagesReady(StompFixture::key("queue.alice")); // a notice that delivers nothing is none
    f.tick(seconds(1));
    QCOMPARE(f.sent(), QByteArrayList{"\n"});

    f.subscribe();
    f.sent();
    f.tick(seconds(4));
    f.broker.waiting = {f.message("1")};
    f.stomp->onMessagesReady(StompFixture::key("queue.alice"));
    f.sent();
    f.tick(seconds(4));
    QVERIFY(f.sent().isEmpty());
    f.tick(seconds(1));
    QCOMPARE(f.sent(), QByteArrayList{"\n"});
    QCOMPARE(f.connection.pings, 0);
}

void TestStompEnd::noBeatIsSentWhileBytesAreQueued()
{
    StompFixture f;
    f.connect("1.2", "heart-beat:0,10000\n");
    f.connection.queued = 1;
    f.tick(seconds(6));
    QVERIFY(f.sent().isEmpty());
    f.connection.queued = 0;
    f.tick(milliseconds(250));
    QCOMPARE(f.sent(), QByteArrayList{"\n"});
}

void TestStompEnd::aClientThatStopsBeatingIsClosed()
{
    StompFixture f;
    f.connect("1.2", "heart-beat:10000,0\n");
    f.subscribe();
    f.tick(seconds(20));
    f.receive("\n");
    f.tick(milliseconds(20'500));
    QCOMPARE(f.connection.closeCode, 0);
    f.tick(milliseconds(1));
    QCOMPARE(f.sent(),
             QByteArrayList{errorFrame("heart-beat lost", "Nothing came from the client for too long.")});
    QCOMPARE(f.connection.closeCode, 4003);
    QVERIFY(f.broker.calls.contains("unsubscribe queue.alice"));
    QCOMPARE(f.connection.pings, 0);
}

void TestStompEnd::anyOctetIsABeat()
{
    StompFixture f;
    f.connect("1.2", "heart-beat:10000,0\n");
    for (const QByteArray &bytes : {QByteArray("\r\n"), QByteArray("SE"), QByteArray("ND\n")}) {
        f.tick(seconds(20));
        f.receive(bytes);
    }
    f.tick(seconds(20));
    f.stomp->onActivity(f.now); // a part of a message
    f.tick(seconds(20));
    QCOMPARE(f.connection.closeCode, 0);
}

void TestStompEnd::aClientWithoutBeatsIsPinged()
{
    StompFixture f;
    f.connect();
    f.tick(seconds(30));
    QCOMPARE(f.connection.pings, 1);
    f.stomp->onActivity(f.now);
    f.tick(seconds(30));
    QCOMPARE(f.connection.pings, 2);
    f.tick(milliseconds(29750));
    QCOMPARE(f.connection.closeCode, 0);
    f.tick(milliseconds(250));
    QCOMPARE(f.connection.closeCode, 4003);
    QCOMPARE(f.connection.pings, 2);
}

void TestStompEnd::aStomp10ClientIsNotHeldToItsBeats()
{
    StompFixture f;
    f.connect("1.0", "heart-beat:1000,1000\n");
    f.tick(seconds(29));
    QCOMPARE(f.connection.closeCode, 0);
    QVERIFY(f.sent().isEmpty());
    f.tick(seconds(1));
    QCOMPARE(f.connection.pings, 1);
}

QTEST_APPLESS_MAIN(TestStompEnd)
#include "tst_stompend.moc"
