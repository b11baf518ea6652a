// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/embeddeddestinations.h"
#include "tests/server/broker/recordingport.h"

#include <QTest>

#include <algorithm>
#include <tuple>

using namespace msgsrv;

namespace {

using Result = Destinations::SubscribeResult;

constexpr SubscriberId anna{makeConnectionId(0, 1), 1};
constexpr SubscriberId annaToo{makeConnectionId(0, 1), 2};
constexpr SubscriberId bert{makeConnectionId(1, 2), 1};
const DestinationName work{DestinationName::Kind::Queue, "work"};
const DestinationName news{DestinationName::Kind::Topic, "news"};

struct Bench
{
    explicit Bench(const EmbeddedDestinations::Settings &settings = {})
        : broker(settings, port, [this] { return now; })
    { }

    Result subscribe(const DestinationName &to, SubscriberId who, const QueueArguments &arguments = {},
                     bool acknowledges = false, std::size_t window = 0)
    {
        Result result = Result::Unavailable;
        broker.subscribe(to, who, arguments, acknowledges, window, [&](Result r) { result = r; });
        return result;
    }
    /// True when all were accepted.
    bool publish(const DestinationName &to, int first, int last, std::optional<milliseconds> ttl = {})
    {
        bool accepted = true;
        for (int id = first; id <= last; ++id) {
            auto message = std::make_shared<Message>();
            message->id = QByteArray::number(id);
            broker.publish(to, std::move(message), ttl, [&](const PublishResult &result) {
                accepted = accepted && result.state == PublishResult::State::Queued;
            });
        }
        return accepted;
    }
    QByteArray take(const DestinationName &from, SubscriberId who, int most = 100)
    {
        QByteArrayList list;
        for (const Delivery &delivery : broker.take(from, who, most, 1 << 20)) {
            list += delivery.message->id + (delivery.redelivered ? "!" : "");
            tags.insert(delivery.message->id, delivery.tag);
        }
        return list.join(' ');
    }
    /// Takes and writes.
    QByteArray receive(const DestinationName &from, SubscriberId who, int most = 100)
    {
        const QByteArray taken = take(from, who, most);
        broker.settle(from, who, taken.isEmpty() ? 0 : int(taken.count(' ')) + 1, 0);
        return taken;
    }
    void acknowledge(SubscriberId who, const QByteArray &id, Verdict verdict)
    {
        broker.acknowledge(work, who, {tags.value(id)}, verdict);
    }
    /// accepted, delivered, dropped, in flight; asserts the law.
    [[nodiscard]] QByteArray flow() const
    {
        const BrokerCounts counts = broker.counts();
        std::uint64_t dropped = 0;
        for (const std::uint64_t reason : counts.dropped)
            dropped += reason;
        QByteArrayList list;
        for (const std::uint64_t count : {counts.accepted, counts.delivered, dropped, counts.inFlight})
            list += QByteArray::number(quint64(count));
        return (counts.accepted == counts.delivered + dropped + counts.inFlight ? "" : "BROKEN ")
            + list.join(' ');
    }
    [[nodiscard]] std::uint64_t dropped(DropReason reason) const
    {
        return broker.counts().dropped[int(reason)];
    }

    TimePoint now{seconds(1000)};
    RecordingPort port;
    EmbeddedDestinations broker;
    QHash<QByteArray, DeliveryTag> tags;
};

} // namespace

class TestEmbeddedDestinations : public QObject
{
    Q_OBJECT

private slots:
    void whatThereIsCanBeLookedAt()
    {
        Bench b({.queue = {10, 0}});
        QueueArguments arguments;
        arguments.durable = true;
        arguments.maximum = {3, 500};
        QCOMPARE(b.subscribe(work, anna, arguments, true, 1), Result::Subscribed);
        QVERIFY(b.publish(work, 1, 5)); // one is with anna, three wait, the oldest of four fell out
        QCOMPARE(b.receive(work, anna), QByteArray("1"));
        (void)b.subscribe(news, anna);
        (void)b.subscribe(news, bert);
        QVERIFY(b.publish(news, 6, 7));
        QCOMPARE(b.receive(news, bert), QByteArray("6 7"));

        std::vector<DestinationFacts> all;
        b.broker.survey([&](std::vector<DestinationFacts> found) { all = std::move(found); });
        QCOMPARE(all.size(), std::size_t(2));
        const auto isQueue = [](const DestinationFacts &facts) { return facts.name == work; };
        std::partition(all.begin(), all.end(), isQueue);
        const auto &[queue, topic] = std::tie(all[0], all[1]);
        QVERIFY(queue.name == work && topic.name == news);
        QVERIFY(queue.arguments.durable && !queue.arguments.exclusive && !topic.arguments.durable);
        QCOMPARE(queue.consumers, 1U);
        QCOMPARE(queue.ready, 3U);
        QCOMPARE(queue.unsettled, 1U);
        QCOMPARE(queue.accepted, 5U);
        QCOMPARE(queue.dropped, 1U);
        QVERIFY(queue.oldest.has_value());
        QCOMPARE(queue.limits.messages, qsizetype(3)); // the stricter of both
        QCOMPARE(queue.limits.bytes, qsizetype(500));
        QCOMPARE(topic.consumers, 2U);
        QCOMPARE(topic.accepted, 4U);
        QCOMPARE(topic.unsettled, 2U);
        QCOMPARE(topic.dropped, 0U);
    }
    void aQueueKeepsMessagesUntilSomebodySubscribes()
    {
        Bench b;
        QVERIFY(b.publish(work, 1, 3));
        QCOMPARE(b.flow(), QByteArray("3 0 0 3"));
        QCOMPARE(b.subscribe(work, anna), Result::Subscribed);
        const auto notices = b.port.takeNotices();
        QCOMPARE(notices.size(), std::size_t(1));
        QCOMPARE(notices[0].first, anna.connection);
        QVERIFY(notices[0].second.isNull());
        QCOMPARE(b.receive(work, anna), QByteArray("1 2 3"));
        QCOMPARE(b.flow(), QByteArray("3 3 0 0"));
    }

    void subscribersTakeTurns()
    {
        Bench b;
        b.subscribe(work, anna);
        b.subscribe(work, bert);
        b.publish(work, 1, 5);
        QCOMPARE(b.receive(work, anna), QByteArray("1 3 5"));
        QCOMPARE(b.receive(work, bert), QByteArray("2 4"));
        b.publish(work, 6, 7);
        QCOMPARE(b.receive(work, bert), QByteArray("6"));
        QCOMPARE(b.receive(work, anna), QByteArray("7"));
    }

    void oneWhoDoesNotReadHoldsOnlyItsWindow()
    {
        Bench b;
        b.subscribe(work, anna);
        b.subscribe(work, bert);
        b.publish(work, 1, 300);
        int received = 0;
        while (true) {
            const QByteArray got = b.receive(work, bert, 10);
            if (got.isEmpty())
                break;
            received += int(got.count(' ')) + 1;
        }
        QCOMPARE(received, 300 - int(WorkQueue::defaultWindow));
    }

    void theWindowCountsWhatIsUnacknowledged()
    {
        Bench b;
        b.subscribe(work, anna, {}, true, 2);
        b.publish(work, 1, 4);
        QCOMPARE(b.receive(work, anna), QByteArray("1 2"));
        QCOMPARE(b.receive(work, anna), QByteArray());
        b.port.takeNotices();
        b.acknowledge(anna, "2", Verdict::Accept);
        QCOMPARE(b.port.takeNotices().size(), std::size_t(1));
        QCOMPARE(b.receive(work, anna), QByteArray("3"));
        QCOMPARE(b.broker.counts().unacknowledged, std::uint64_t(2));
        QCOMPARE(b.flow(), QByteArray("4 1 0 3"));
    }

    void whatASubscriberLeavesReturnsInOrder()
    {
        Bench b;
        b.subscribe(work, anna, {}, true);
        b.publish(work, 1, 4);
        QCOMPARE(b.receive(work, anna, 2), QByteArray("1 2")); // 3 and 4 are assigned
        b.acknowledge(anna, "1", Verdict::Accept);
        b.publish(work, 5, 5);
        b.subscribe(work, bert);
        b.broker.unsubscribe(work, anna);
        QCOMPARE(b.receive(work, bert), QByteArray("2! 3 4 5"));
        QCOMPARE(b.flow(), QByteArray("5 5 0 0"));
    }

    void verdictsAreCarriedOut()
    {
        Bench b;
        b.subscribe(work, anna, {}, true);
        b.publish(work, 1, 2);
        b.receive(work, anna);
        b.acknowledge(anna, "1", Verdict::Return);
        b.acknowledge(anna, "2", Verdict::Reject);
        b.acknowledge(anna, "2", Verdict::Accept); // once
        b.acknowledge(bert, "1", Verdict::Accept); // not the subscriber
        QCOMPARE(b.receive(work, anna), QByteArray("1!"));
        QCOMPARE(b.flow(), QByteArray("2 0 1 1"));
        QCOMPARE(b.dropped(DropReason::Rejected), std::uint64_t(1));
    }

    void whatCouldNotBeWrittenReturns()
    {
        Bench b;
        b.subscribe(work, anna);
        b.publish(work, 1, 3);
        QCOMPARE(b.take(work, anna), QByteArray("1 2 3"));
        b.broker.settle(work, anna, 1, 2);
        QCOMPARE(b.receive(work, anna), QByteArray("2! 3!"));
        QCOMPARE(b.flow(), QByteArray("3 3 0 0"));
    }

    void aTopicCopiesToEverySubscription()
    {
        Bench b;
        QVERIFY(b.publish(news, 1, 1)); // nobody hears it
        b.subscribe(news, anna);
        b.subscribe(news, annaToo);
        b.subscribe(news, bert);
        b.publish(news, 2, 3);
        for (const SubscriberId who : {anna, annaToo, bert})
            QCOMPARE(b.receive(news, who), QByteArray("2 3"));
        QCOMPARE(b.flow(), QByteArray("6 6 0 0"));
        b.broker.unsubscribe(news, anna);
        b.publish(news, 4, 4);
        QCOMPARE(b.receive(news, anna), QByteArray());
        QCOMPARE(b.receive(news, bert), QByteArray("4"));
    }

    void aQueueAndATopicOfOneNameAreTwo()
    {
        Bench b;
        const DestinationName other{DestinationName::Kind::Topic, "work"};
        b.subscribe(other, anna);
        b.publish(work, 1, 1);
        QCOMPARE(b.receive(other, anna), QByteArray());
        b.broker.unsubscribe(work, anna);
        b.publish(other, 2, 2);
        QCOMPARE(b.receive(other, anna), QByteArray("2"));
    }

    void queuesAreBounded()
    {
        Bench b({.queue = {2, 0}});
        QVERIFY(b.publish(work, 1, 2));
        QVERIFY(!b.publish(work, 3, 3));
        b.subscribe(work, anna, {}, true);
        b.receive(work, anna);
        QVERIFY(!b.publish(work, 4, 4)); // what is unacknowledged counts
        b.acknowledge(anna, "1", Verdict::Accept);
        QVERIFY(b.publish(work, 5, 5));
        QCOMPARE(b.broker.counts().refusedFull, std::uint64_t(2));
    }

    void aSlowSubscriberOfATopicLosesItsCopiesAlone()
    {
        Bench b({.queue = {2, 0}});
        b.subscribe(news, anna);
        b.subscribe(news, bert);
        b.publish(news, 1, 2);
        QCOMPARE(b.receive(news, bert), QByteArray("1 2"));
        QVERIFY(b.publish(news, 3, 3));
        QCOMPARE(b.receive(news, bert), QByteArray("3"));
        QCOMPARE(b.receive(news, anna), QByteArray("1 2"));
        QCOMPARE(b.dropped(DropReason::SlowConsumer), std::uint64_t(1));
        QCOMPARE(b.flow(), QByteArray("6 5 1 0"));
    }

    void thereAreOnlySoManyQueues()
    {
        Bench b({.queues = 2});
        QCOMPARE(b.subscribe(work, anna), Result::Subscribed);
        QCOMPARE(b.subscribe(news, anna), Result::Subscribed);
        QCOMPARE(b.subscribe(news, bert), Result::TooMany);
        QCOMPARE(b.subscribe(work, bert), Result::Subscribed); // the same queue
        const DestinationName other{DestinationName::Kind::Queue, "other"};
        QCOMPARE(b.subscribe(other, anna), Result::TooMany);
        QVERIFY(!b.publish(other, 1, 1));
        b.broker.unsubscribe(news, anna);
        QVERIFY(b.publish(other, 2, 2)); // it has taken the place
        QCOMPARE(b.subscribe(news, bert), Result::TooMany);
        QCOMPARE(b.subscribe(other, anna), Result::Subscribed);
        b.receive(other, anna);
        b.broker.unsubscribe(other, anna); // empty and unused: forgotten
        QCOMPARE(b.subscribe(news, bert), Result::Subscribed);
    }

    void messagesExpire_data()
    {
        QTest::addColumn<int>("queueTtl"); // ms, 0: none
        QTest::addColumn<int>("messageTtl");
        QTest::newRow("the server's") << 0 << 0;
        QTest::newRow("x-message-ttl") << 1000 << 0;
        QTest::newRow("expiration") << 0 << 1000;
        QTest::newRow("the smaller one") << 1000 << 50'000;
    }
    void messagesExpire()
    {
        QFETCH(const int, queueTtl);
        QFETCH(const int, messageTtl);
        Bench b({.messageTtl = seconds(10)});
        QueueArguments arguments;
        if (queueTtl > 0)
            arguments.messageTtl = milliseconds(queueTtl);
        arguments.expires = seconds(100); // so that the queue outlives its subscriptions
        b.subscribe(work, anna, arguments);
        b.broker.unsubscribe(work, anna);
        b.publish(work, 1, 1, messageTtl > 0 ? std::optional(milliseconds(messageTtl)) : std::nullopt);
        const milliseconds ttl = queueTtl + messageTtl > 0 ? milliseconds(1000) : milliseconds(10'000);
        b.now += ttl - milliseconds(1);
        b.broker.sweep();
        QCOMPARE(b.flow(), QByteArray("1 0 0 1"));
        b.now += milliseconds(1);
        b.broker.sweep();
        QCOMPARE(b.flow(), QByteArray("1 0 1 0"));
        QCOMPARE(b.dropped(DropReason::Expired), std::uint64_t(1));
    }

    void whatExpiresBeforeItIsTakenIsNotDelivered()
    {
        Bench b;
        b.subscribe(work, anna);
        b.publish(work, 1, 1, milliseconds(5));
        b.publish(work, 2, 2);
        b.now += milliseconds(5);
        QCOMPARE(b.receive(work, anna), QByteArray("2"));
        QCOMPARE(b.flow(), QByteArray("2 1 1 0"));
    }

    void aMaximumDropsTheOldest()
    {
        Bench b;
        QueueArguments arguments;
        arguments.maximum.messages = 2;
        arguments.expires = seconds(100);
        b.subscribe(work, anna, arguments);
        b.broker.unsubscribe(work, anna);
        QVERIFY(b.publish(work, 1, 4));
        b.subscribe(work, bert);
        QCOMPARE(b.receive(work, bert), QByteArray("3 4"));
        QCOMPARE(b.dropped(DropReason::Overflow), std::uint64_t(2));
    }

    void queuesGoAsTheyWereAskedTo_data()
    {
        QTest::addColumn<bool>("autoDelete");
        QTest::addColumn<bool>("exclusive");
        QTest::addColumn<bool>("expires");
        QTest::addColumn<bool>("goesAtOnce");
        QTest::addColumn<bool>("goesLater");
        QTest::newRow("plain") << false << false << false << false << false;
        QTest::newRow("auto-delete") << true << false << false << true << true;
        QTest::newRow("exclusive") << false << true << false << true << true;
        QTest::newRow("x-expires") << false << false << true << false << true;
    }
    void queuesGoAsTheyWereAskedTo()
    {
        QFETCH(const bool, autoDelete);
        QFETCH(const bool, exclusive);
        QFETCH(const bool, expires);
        Bench b;
        QueueArguments arguments;
        arguments.autoDelete = autoDelete;
        arguments.exclusive = exclusive;
        if (expires)
            arguments.expires = seconds(5);
        b.subscribe(work, anna, arguments, true);
        b.publish(work, 1, 1);
        b.receive(work, anna);
        b.broker.unsubscribe(work, anna);
        QTEST(b.dropped(DropReason::QueueDeleted) == 1, "goesAtOnce");
        b.now += seconds(5);
        b.broker.sweep();
        QTEST(b.dropped(DropReason::QueueDeleted) == 1, "goesLater");
    }

    void anExclusiveQueueIsOneConnections()
    {
        Bench b;
        QueueArguments arguments;
        arguments.exclusive = true;
        QCOMPARE(b.subscribe(work, anna, arguments), Result::Subscribed);
        QCOMPARE(b.subscribe(work, bert), Result::Exclusive);
        QCOMPARE(b.subscribe(work, annaToo), Result::Subscribed);
    }
};

QTEST_GUILESS_MAIN(TestEmbeddedDestinations)
#include "tst_embeddeddestinations.moc"
