// SPDX-License-Identifier: GPL-3.0-or-later
//
// ACK and NACK. The numbers are items of docs/stomp-conformance.md.
#include "stompfixture.h"

#include <QTest>

using namespace msgsrv;

namespace {

const ListeningKey alice = StompFixture::key("queue.alice");

QByteArray receipt(const QByteArray &id)
{
    return "RECEIPT\nreceipt-id:" + id + "\n\n^@";
}

QByteArray headerOf(const QByteArray &frame, const QByteArray &name)
{
    const auto at = frame.indexOf('\n' + name + ':');
    if (at < 0)
        return {};
    const auto from = at + name.size() + 2;
    return frame.mid(from, frame.indexOf('\n', from) - from);
}

/// `message-id=ack` of each MESSAGE.
QByteArray shown(const QByteArrayList &frames)
{
    QByteArrayList list;
    for (const QByteArray &frame : frames)
        list += headerOf(frame, "message-id") + '=' + headerOf(frame, "ack");
    return list.join(' ');
}

/// A subscription "s" in @p mode; the queue's further messages are a, b, c and d, whose tags are 1 to 4.
struct AckFixture : StompFixture
{
    explicit AckFixture(const QByteArray &mode, const QByteArray &version = "1.2",
                        const QByteArray &headers = {})
    {
        connect(version);
        receive("SUBSCRIBE\nid:s\ndestination:/queue/queue.alice\nack:" + mode + '\n' + headers + "\n^@");
        for (const char *id : {"a", "b", "c", "d"})
            broker.waiting.push_back(message(id));
        stomp->onMessagesReady(alice);
        broker.calls.clear();
    }

    /// What the broker was told, without what it was asked for.
    QByteArray verdicts()
    {
        QByteArrayList list;
        for (const QByteArray &call : std::exchange(broker.calls, {})) {
            if (!call.startsWith("take") && call != "blocked")
                list += call;
        }
        return list.join(", ");
    }
};

} // namespace

class TestStompAck : public QObject
{
    Q_OBJECT

private slots:
    void theAckHeaderIsThereWhereItHasAUse_data()
    {
        QTest::addColumn<QByteArray>("version");
        QTest::addColumn<QByteArray>("mode");
        QTest::addColumn<QByteArray>("messages");
        QTest::newRow("item 76: 1.2, client")
            << QByteArray("1.2") << QByteArray("client") << QByteArray("a=1 b=2 c=3 d=4");
        QTest::newRow("1.2, client-individual")
            << QByteArray("1.2") << QByteArray("client-individual") << QByteArray("a=1 b=2 c=3 d=4");
        QTest::newRow("1.2, auto") << QByteArray("1.2") << QByteArray("auto") << QByteArray("a= b= c= d=");
        QTest::newRow("1.1, client") << QByteArray("1.1") << QByteArray("client")
                                     << QByteArray("a= b= c= d=");
        QTest::newRow("1.0, client") << QByteArray("1.0") << QByteArray("client")
                                     << QByteArray("a= b= c= d=");
    }
    void theAckHeaderIsThereWhereItHasAUse()
    {
        QFETCH(const QByteArray, version);
        QFETCH(const QByteArray, mode);
        AckFixture f(mode, version);
        QTEST(shown(f.sent()), "messages");
    }

    void aMessageIsWrittenWithItsAckHeader() // items 76, 92
    {
        StompFixture f;
        f.connect();
        f.receive("SUBSCRIBE\nid:s\ndestination:/queue/queue.alice\nack:client\n\n^@");
        f.broker.waiting = {f.message("m!")};
        f.stomp->onMessagesReady(alice);
        QCOMPARE(
            f.sent(),
            QByteArrayList{"MESSAGE\ndestination:/queue/queue.alice\nsubscription:s\nmessage-id:m!\nack:1\n"
                           "redelivered:true\ncontent-type:application/json\nfrom:bob\ncontent-length:2\n"
                           "\n{}^@"});
    }

    void whatIsWrittenIsHeld()
    {
        StompFixture f;
        f.connect();
        f.receive("SUBSCRIBE\nid:s\ndestination:/queue/queue.alice\nack:client\n\n^@");
        f.broker.calls.clear();
        f.broker.waiting = {f.message("a"), f.message("b")};
        f.connection.results = {SendResult::Sent, SendResult::Dropped};
        f.stomp->onMessagesReady(alice);
        QCOMPARE(f.broker.calls, (QByteArrayList{"take 2", "hold 1 1"}));
    }

    void acknowledgementsAreSettled_data()
    {
        QTest::addColumn<QByteArray>("version");
        QTest::addColumn<QByteArray>("mode");
        QTest::addColumn<QByteArray>("frames");
        QTest::addColumn<QByteArray>("verdicts");

        const auto row = [](const char *name, const char *version, const char *mode, const char *frames,
                            const char *verdicts) {
            QTest::newRow(name) << QByteArray(version) << QByteArray(mode) << QByteArray(frames)
                                << QByteArray(verdicts);
        };
        row("item 74: client is cumulative", "1.2", "client", "ACK\nid:3\n\n^@", "accept 1 2 3");
        row("client in two steps", "1.2", "client", "ACK\nid:1\n\n^@ACK\nid:4\n\n^@",
            "accept 1, accept 2 3 4");
        row("item 74: client-individual is not", "1.2", "client-individual", "ACK\nid:3\n\n^@", "accept 3");
        row("in any order", "1.2", "client-individual", "ACK\nid:3\n\n^@ACK\nid:1\n\n^@ACK\nid:4\n\n^@",
            "accept 3, accept 1, accept 4");
        row("item 75: 1.2 by id, whatever subscription says", "1.2", "client-individual",
            "ACK\nid:2\nsubscription:other\n\n^@", "accept 2");
        row("item 75: 1.1 by message-id and subscription", "1.1", "client-individual",
            "ACK\nmessage-id:b\nsubscription:s\n\n^@", "accept 2");
        row("item 75: 1.0 by message-id", "1.0", "client", "ACK\nmessage-id:b\n\n^@", "accept 1 2");
        row("1.0 with a subscription", "1.0", "client", "ACK\nmessage-id:b\nsubscription:s\n\n^@",
            "accept 1 2");
        row("item 77: NACK returns", "1.2", "client-individual", "NACK\nid:2\n\n^@", "return 2");
        row("item 74: NACK in client mode", "1.2", "client", "NACK\nid:2\n\n^@", "return 1 2");
        row("item 77: requeue:false", "1.1", "client-individual",
            "NACK\nmessage-id:c\nsubscription:s\nrequeue:false\n\n^@", "reject 3");
        row("requeue:true", "1.2", "client-individual", "NACK\nid:4\nrequeue:true\n\n^@", "return 4");
    }
    void acknowledgementsAreSettled()
    {
        QFETCH(const QByteArray, version);
        QFETCH(const QByteArray, mode);
        QFETCH(const QByteArray, frames);
        AckFixture f(mode, version);
        f.receive(frames);
        QCOMPARE(f.connection.closeCode, 0);
        QTEST(f.verdicts(), "verdicts");
    }

    void aReceiptFollowsTheSettling() // item 82
    {
        AckFixture f("client");
        f.sent();
        f.receive("ACK\nid:1\nreceipt:r\n\n^@NACK\nid:2\nreceipt:q\n\n^@");
        QCOMPARE(f.sent(), (QByteArrayList{receipt("r"), receipt("q")}));
    }

    void cumulationEndsAtTheSubscription() // item 74
    {
        StompFixture f;
        f.connect();
        f.receive("SUBSCRIBE\nid:s\ndestination:/queue/queue.alice\nack:client\nprefetch-count:1\n\n^@"
                  "SUBSCRIBE\nid:t\ndestination:/queue/queue.alice\nack:client\n\n^@");
        for (const char *id : {"a", "b", "c"})
            f.broker.waiting.push_back(f.message(id));
        f.stomp->onMessagesReady(alice);
        const QByteArrayList sent = f.sent();
        QCOMPARE(shown(sent), QByteArray("a=1 b=2 c=3"));
        QCOMPARE(headerOf(sent[0], "subscription"), QByteArray("s"));
        QCOMPARE(headerOf(sent[1], "subscription"), QByteArray("t"));
        f.broker.calls.clear();
        f.receive("ACK\nid:3\n\n^@");
        QCOMPARE(f.broker.calls.first(), QByteArray("accept 2 3"));
    }

    void aRefusedAcknowledgementEndsTheConnection_data()
    {
        QTest::addColumn<QByteArray>("version");
        QTest::addColumn<QByteArray>("mode");
        QTest::addColumn<QByteArray>("frame");
        QTest::addColumn<QByteArray>("message");

        const auto row = [](const char *name, const char *version, const char *mode, const char *frame,
                            const char *message = "no such message") {
            QTest::newRow(name) << QByteArray(version) << QByteArray(mode) << QByteArray(frame)
                                << QByteArray(message);
        };
        row("item 78: unknown", "1.2", "client", "ACK\nid:5\n");
        row("no number", "1.2", "client", "ACK\nid:a\n");
        row("an empty one", "1.2", "client", "ACK\nid:\n");
        row("zero", "1.2", "client", "ACK\nid:0\n");
        row("a number written otherwise", "1.2", "client", "ACK\nid:01\n");
        row("more than a number", "1.2", "client", "ACK\nid:1x\n");
        row("item 78: auto", "1.2", "auto", "ACK\nid:1\n");
        row("auto in 1.1", "1.1", "auto", "ACK\nmessage-id:a\nsubscription:s\n");
        row("item 75: a wrong subscription", "1.1", "client", "ACK\nmessage-id:a\nsubscription:t\n");
        row("an unknown message-id", "1.0", "client", "ACK\nmessage-id:e\n");
        row("1.2 without id", "1.2", "client", "ACK\nmessage-id:a\nsubscription:s\n", "header missing");
        row("1.1 without subscription", "1.1", "client", "ACK\nmessage-id:a\n", "header missing");
        row("1.1 without message-id", "1.1", "client", "ACK\nid:1\nsubscription:s\n", "header missing");
        row("1.0 without message-id", "1.0", "client", "ACK\nsubscription:s\n", "header missing");
        row("item 77: NACK in 1.0", "1.0", "client", "NACK\nmessage-id:a\n", "unknown command");
        row("requeue is neither", "1.2", "client", "NACK\nid:1\nrequeue:no\n", "malformed requeue");
    }
    void aRefusedAcknowledgementEndsTheConnection()
    {
        QFETCH(const QByteArray, version);
        QFETCH(const QByteArray, mode);
        QFETCH(const QByteArray, frame);
        QFETCH(const QByteArray, message);
        AckFixture f(mode, version);
        f.sent();
        f.receive(frame + "receipt:77\n\n^@");
        const QByteArrayList sent = f.sent();
        QCOMPARE(sent.size(), 1); // an ERROR and no RECEIPT
        QVERIFY(sent[0].startsWith("ERROR\nmessage:" + message + "\nreceipt-id:77\n"));
        QCOMPARE(f.connection.closeCode, 1002);
        QVERIFY(!f.verdicts().contains("accept"));
    }

    void anAcknowledgementIsGoodOnce() // item 78
    {
        for (const char *frames : {"ACK\nid:2\n\n^@ACK\nid:2\n\n^@", "NACK\nid:2\n\n^@ACK\nid:2\n\n^@"}) {
            AckFixture f("client-individual");
            f.sent();
            f.receive(frames);
            QCOMPARE(f.connection.closeCode, 1002);
        }
        AckFixture cumulative("client");
        cumulative.receive("ACK\nid:3\n\n^@ACK\nid:2\n\n^@");
        QCOMPARE(cumulative.connection.closeCode, 1002);
    }

    void prefetchBoundsWhatIsUnacknowledged()
    {
        AckFixture f("client-individual", "1.2", "prefetch-count:2\n");
        QCOMPARE(shown(f.sent()), QByteArray("a=1 b=2"));
        f.stomp->onMessagesReady(alice);
        QVERIFY(f.sent().isEmpty());
        QCOMPARE(f.broker.calls, QByteArrayList{"blocked"});
        f.receive("ACK\nid:2\n\n^@");
        QCOMPARE(shown(f.sent()), QByteArray("c=3"));
        f.receive("ACK\nid:1\n\n^@NACK\nid:3\n\n^@");
        QCOMPARE(shown(f.sent()), QByteArray("d=4"));
    }

    void prefetchMeansNothingInAutoMode()
    {
        AckFixture f("auto", "1.2", "prefetch-count:1\n");
        QCOMPARE(f.sent().size(), 4);
    }

    void aMalformedPrefetchCountIsRefused_data()
    {
        QTest::addColumn<QByteArray>("value");
        for (const char *value : {"", "-1", "1x", "65536", "99999999999999999999", " 1"})
            QTest::newRow(value) << QByteArray(value);
    }
    void aMalformedPrefetchCountIsRefused()
    {
        QFETCH(const QByteArray, value);
        StompFixture f;
        f.connect();
        f.receive("SUBSCRIBE\nid:s\ndestination:/queue/queue.alice\nack:client\nprefetch-count:" + value
                  + "\n\n^@");
        QVERIFY(f.sent().value(0).startsWith("ERROR\nmessage:malformed prefetch-count\n"));
        QCOMPARE(f.connection.closeCode, 1002);
    }

    void theEndOfASubscriptionReturnsItsMessagesToTheOthers() // item 73
    {
        AckFixture f("client-individual");
        f.receive("SUBSCRIBE\nid:t\ndestination:/queue/queue.alice\nack:client\n\n^@ACK\nid:2\n\n^@");
        f.sent();
        f.broker.calls.clear();
        f.broker.waiting = {f.message("a!")}; // as the broker would give it again
        f.receive("UNSUBSCRIBE\nid:s\nreceipt:u\n\n^@");
        QCOMPARE(f.broker.calls.first(), QByteArray("return 1 3 4"));
        const QByteArrayList sent = f.sent();
        QCOMPARE(sent.value(0), receipt("u"));
        QCOMPARE(headerOf(sent.value(1), "subscription"), QByteArray("t"));
        f.receive("ACK\nid:1\n\n^@"); // of the ended subscription
        QCOMPARE(f.connection.closeCode, 1002);
    }

    void theEndOfTheLastSubscriptionEndsTheQueue()
    {
        AckFixture f("client");
        f.receive("UNSUBSCRIBE\nid:s\n\n^@");
        QCOMPARE(f.verdicts(), QByteArray("unsubscribe queue.alice"));
    }

    void anEventIsAcknowledgedLikeAMessage()
    {
        AckFixture f("client");
        f.sent();
        f.receive("SEND\ndestination:/user/nobody\n\nx^@");
        QCOMPARE(shown(f.sent()), QByteArray("event-1=5"));
        f.receive("ACK\nid:5\n\n^@");
        QCOMPARE(f.connection.closeCode, 0);
        QVERIFY(f.verdicts().endsWith("accept 1 2 3 4 0"));
    }

    void eventsThatNobodyAcknowledgesAreForgotten()
    {
        AckFixture f("client-individual");
        f.receive(
            QByteArray("SEND\ndestination:/user/nobody\n\nx^@").repeated(Unacknowledged::mostEvents + 1));
        f.receive("ACK\nid:1\n\n^@ACK\nid:6\n\n^@"); // a message, and the second event
        QCOMPARE(f.connection.closeCode, 0);
        f.receive("ACK\nid:5\n\n^@"); // the first event
        QCOMPARE(f.connection.closeCode, 1002);
    }
};

QTEST_APPLESS_MAIN(TestStompAck)
#include "tst_stompack.moc"
