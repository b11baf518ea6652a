// SPDX-License-Identifier: GPL-3.0-or-later
//
// Messages that their consumer acknowledges. The numbers are items of docs/stomp-conformance.md.
#include "server/broker/embeddedbroker.h"
#include "tests/server/broker/recordingport.h"

#include <QTest>

using namespace msgsrv;

namespace {

constexpr auto anna = makeConnectionId(0, 1);
constexpr auto bert = makeConnectionId(1, 2);

ListeningKey key()
{
    return ListeningKey::fromPresented("queue.one");
}

/// A broker with one queue, anna's. Deliveries are shown by message id, with "!" when redelivered.
struct Bench
{
    explicit Bench(const EmbeddedBroker::Settings &settings = {})
        : broker(settings, port)
    {
        broker.reserve(key());
        broker.subscribe(key(), anna, {});
    }

    void publish(std::initializer_list<int> messages, Broker::Tell tell = Broker::Tell::Acceptance)
    {
        for (const int id : messages) {
            auto message = std::make_shared<Message>();
            message->id = QByteArray::number(id);
            broker.publish(key(), std::move(message), tell, [this, id](const PublishResult &result) {
                told += QByteArray::number(id) + ':' + QByteArray::number(int(result.state)) + ' ';
            });
        }
    }

    QByteArray take(ConnectionId consumer = anna, int messages = 100)
    {
        QByteArrayList shown;
        for (const Delivery &delivery : broker.take(key(), consumer, messages, 1 << 20)) {
            tags.insert(delivery.message->id, delivery.tag);
            shown += delivery.message->id + (delivery.redelivered ? "!" : "");
        }
        return shown.join(' ');
    }

    void acknowledge(std::initializer_list<int> messages, Verdict verdict, ConnectionId consumer = anna)
    {
        std::vector<DeliveryTag> list;
        for (const int id : messages)
            list.push_back(tags.value(QByteArray::number(id)));
        broker.acknowledge(key(), consumer, list, verdict);
    }

    /// accepted, delivered, dropped, in flight, and of these unacknowledged.
    [[nodiscard]] QByteArray flow() const
    {
        const BrokerCounts counts = broker.counts();
        std::uint64_t dropped = 0;
        for (const std::uint64_t reason : counts.dropped)
            dropped += reason;
        QByteArrayList list;
        for (const std::uint64_t count :
             {counts.accepted, counts.delivered, dropped, counts.inFlight, counts.unacknowledged})
            list += QByteArray::number(quint64(count));
        return list.join(' ');
    }
    [[nodiscard]] std::uint64_t dropped(DropReason reason) const
    {
        return broker.counts().dropped[int(reason)];
    }

    RecordingPort port;
    EmbeddedBroker broker;
    QHash<QByteArray, DeliveryTag> tags;
    QByteArray told;
};

} // namespace

class TestAcknowledge : public QObject
{
    Q_OBJECT

private slots:
    void whatIsHeldIsInFlightUntilItIsAccepted()
    {
        Bench b;
        b.publish({1, 2, 3});
        QCOMPARE(b.take(), QByteArray("1 2 3"));
        b.broker.hold(key(), anna, 3, 0);
        QCOMPARE(b.flow(), QByteArray("3 0 0 3 3"));
        b.acknowledge({2}, Verdict::Accept);
        QCOMPARE(b.flow(), QByteArray("3 1 0 2 2"));
        b.acknowledge({1, 3}, Verdict::Accept);
        QCOMPARE(b.flow(), QByteArray("3 3 0 0 0"));
    }

    void aTagIsGoodOnce()
    {
        Bench b;
        b.publish({1, 2});
        b.take();
        b.broker.hold(key(), anna, 2, 0);
        b.acknowledge({1, 1}, Verdict::Accept);
        b.acknowledge({1}, Verdict::Reject);
        b.acknowledge({1}, Verdict::Return);
        QCOMPARE(b.flow(), QByteArray("2 1 0 1 1"));
        b.broker.acknowledge(key(), anna, {0, 999'999}, Verdict::Accept);
        b.broker.acknowledge(ListeningKey::fromPresented("queue.other"), anna, {b.tags["2"]},
                             Verdict::Accept);
        b.acknowledge({2}, Verdict::Accept, bert); // not the consumer
        QCOMPARE(b.flow(), QByteArray("2 1 0 1 1"));
    }

    void aRejectedMessageIsDroppedWithItsReason() // item 77
    {
        Bench b;
        b.publish({1, 2});
        b.take();
        b.broker.hold(key(), anna, 2, 0);
        b.acknowledge({1}, Verdict::Reject);
        QCOMPARE(b.flow(), QByteArray("2 0 1 1 1"));
        QCOMPARE(b.dropped(DropReason::Rejected), std::uint64_t(1));
    }

    void returnedMessagesStandWhereTheyStood() // item 92
    {
        Bench b;
        b.publish({1, 2, 3, 4});
        QCOMPARE(b.take(), QByteArray("1 2 3 4"));
        b.broker.hold(key(), anna, 4, 0);
        b.publish({5, 6});
        QCOMPARE(b.take(anna, 1), QByteArray("5"));
        b.broker.hold(key(), anna, 1, 0);
        b.acknowledge({3, 1}, Verdict::Return); // in any order
        b.acknowledge({5}, Verdict::Return);
        QCOMPARE(b.take(), QByteArray("1! 3! 5! 6"));
        b.broker.hold(key(), anna, 4, 0);
        b.acknowledge({1, 2, 3, 4, 5, 6}, Verdict::Return);
        QCOMPARE(b.take(), QByteArray("1! 2! 3! 4! 5! 6!"));
        QCOMPARE(b.broker.counts().returned, std::uint64_t(9));
    }

    void whatReturnsIsAnnounced()
    {
        Bench b;
        b.publish({1});
        QCOMPARE(b.port.takeNotices().size(), std::size_t(1));
        b.take();
        b.broker.hold(key(), anna, 1, 0);
        b.acknowledge({1}, Verdict::Return);
        const auto notices = b.port.takeNotices();
        QCOMPARE(notices.size(), std::size_t(1));
        QCOMPARE(notices[0].first, anna);
    }

    void whatCouldNotBeWrittenReturnsAsNew()
    {
        Bench b;
        b.publish({1, 2, 3}, Broker::Tell::Outcome);
        b.take();
        b.broker.hold(key(), anna, 1, 2);
        QCOMPARE(b.told, QByteArray("1:0 2:1 3:1 ")); // written, queued, queued
        QCOMPARE(b.flow(), QByteArray("3 0 0 3 1"));
        QCOMPARE(b.take(), QByteArray("2 3"));
    }

    void aSenderIsToldOfTheWriteAndNotOfTheAcknowledgement()
    {
        Bench b;
        b.publish({1}, Broker::Tell::Outcome);
        b.take();
        b.broker.hold(key(), anna, 1, 0);
        QCOMPARE(b.told, QByteArray("1:0 "));
        b.acknowledge({1}, Verdict::Return);
        b.take();
        b.broker.hold(key(), anna, 1, 0);
        b.acknowledge({1}, Verdict::Accept);
        QCOMPARE(b.told, QByteArray("1:0 "));
    }

    void heldMessagesCountAgainstTheLimits()
    {
        Bench b({{2, 0}, {2, 0}});
        b.publish({1, 2});
        b.take();
        b.broker.hold(key(), anna, 2, 0);
        b.publish({3});
        QCOMPARE(b.broker.counts().refusedFull, std::uint64_t(1));
        b.acknowledge({1}, Verdict::Accept);
        b.publish({4});
        QCOMPARE(b.broker.counts().refusedFull, std::uint64_t(1));
    }

    void bytesAreGivenBackOnceWhateverTheVerdict()
    {
        // Room for two messages by bytes; each has passed through every place before the last is taken.
        Bench b({{0, 128}, {0, 128}});
        for (const Verdict verdict : {Verdict::Accept, Verdict::Reject}) {
            b.publish({1, 2});
            b.take();
            b.broker.hold(key(), anna, 2, 0);
            b.acknowledge({1, 2}, Verdict::Return);
            b.take();
            b.broker.hold(key(), anna, 1, 1);
            b.take();
            b.broker.hold(key(), anna, 1, 0);
            b.publish({3});
            b.acknowledge({1, 2}, verdict);
        }
        QCOMPARE(b.broker.counts().refusedFull, std::uint64_t(2));
        QCOMPARE(b.broker.counts().accepted, std::uint64_t(4));
    }

    void theNextConsumerGetsWhatTheFirstDidNotAcknowledge_data()
    {
        QTest::addColumn<bool>("detached");
        QTest::newRow("handed over") << false;
        QTest::newRow("detached first") << true;
    }
    void theNextConsumerGetsWhatTheFirstDidNotAcknowledge() // item 92
    {
        QFETCH(const bool, detached);
        Bench b;
        b.publish({1, 2, 3});
        b.take();
        b.broker.hold(key(), anna, 3, 0);
        b.acknowledge({2}, Verdict::Accept);
        b.publish({4});
        if (detached)
            b.broker.detach(key(), anna);
        b.broker.subscribe(key(), bert, {});
        b.acknowledge({1}, Verdict::Accept); // too late: anna has lost it
        QCOMPARE(b.take(bert), QByteArray("1! 3! 4"));
        QCOMPARE(b.flow(), QByteArray("4 1 0 3 0"));
    }

    void whatIsWrittenWhileTheQueueChangesHandsReturns()
    {
        Bench b;
        b.publish({1, 2}, Broker::Tell::Outcome);
        b.take();
        b.broker.subscribe(key(), bert, {});
        b.broker.hold(key(), anna, 1, 1);
        QCOMPARE(b.told, QByteArray("1:0 2:1 "));
        QCOMPARE(b.take(bert), QByteArray("1! 2!"));
        QCOMPARE(b.flow(), QByteArray("2 0 0 2 0"));
    }

    void whatIsWrittenWhileTheQueueIsRemovedIsDropped()
    {
        Bench b;
        b.publish({1, 2}, Broker::Tell::Outcome);
        b.take();
        b.broker.remove(key(), DropReason::SessionEnded);
        b.broker.hold(key(), anna, 1, 1);
        QCOMPARE(b.told, QByteArray("1:0 2:2 "));
        QCOMPARE(b.flow(), QByteArray("2 0 2 0 0"));
    }

    void theEndOfTheQueueDropsWhatIsHeld_data()
    {
        QTest::addColumn<bool>("removed");
        QTest::newRow("unsubscribe") << false;
        QTest::newRow("remove") << true;
    }
    void theEndOfTheQueueDropsWhatIsHeld()
    {
        QFETCH(const bool, removed);
        Bench b;
        b.publish({1, 2, 3});
        b.take(anna, 2);
        b.broker.hold(key(), anna, 2, 0);
        if (removed)
            b.broker.remove(key(), DropReason::SessionEnded);
        else
            b.broker.unsubscribe(key(), anna);
        QCOMPARE(b.flow(), QByteArray("3 0 3 0 0"));
        QCOMPARE(b.dropped(DropReason::SessionEnded), std::uint64_t(3));
        b.acknowledge({1}, Verdict::Accept);
        QCOMPARE(b.flow(), QByteArray("3 0 3 0 0"));
    }
};

QTEST_GUILESS_MAIN(TestAcknowledge)
#include "tst_acknowledge.moc"
