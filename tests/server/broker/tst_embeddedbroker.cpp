// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/embeddedbroker.h"
#include "tests/server/broker/recordingport.h"

#include <QSignalSpy>
#include <QTest>

#include <initializer_list>
#include <memory>

using namespace msgsrv;

namespace {

constexpr auto anna = makeConnectionId(0, 1);
constexpr auto bert = makeConnectionId(1, 2);
constexpr qsizetype overhead = 64; // see Message::weight()

ListeningKey key(const char *name = "queue.one")
{
    return ListeningKey::fromPresented(name);
}

/// A message whose id is @p id and whose weight is @p weight bytes.
MessagePtr message(int id, qsizetype weight = 100)
{
    auto made = std::make_shared<Message>();
    made->id = QByteArray::number(id);
    made->body = QByteArray(weight - overhead, 'x');
    return made;
}

QByteArray ids(const std::vector<Delivery> &deliveries)
{
    QByteArrayList list;
    for (const Delivery &taken : deliveries)
        list.append(taken.message->id + (taken.redelivered ? "!" : ""));
    return list.join(' ');
}

QByteArray text(const PublishResult &result)
{
    switch (result.state) {
    case PublishResult::State::Written:
        return "written";
    case PublishResult::State::Queued:
        return "queued";
    case PublishResult::State::Dropped:
        return "dropped";
    case PublishResult::State::Refused:
        break;
    }
    switch (result.refusal) {
    case PublishRefusal::NoQueue:
        return "no queue";
    case PublishRefusal::QueueFull:
        return "full";
    default:
        return "refused";
    }
}

/// `accepted delivered dropped inFlight`, e.g. "3 1 1 1".
QByteArray flow(const BrokerCounts &counts)
{
    std::uint64_t dropped = 0;
    for (const std::uint64_t reason : counts.dropped)
        dropped += reason;
    return QByteArrayList{QByteArray::number(quint64(counts.accepted)),
                          QByteArray::number(quint64(counts.delivered)), QByteArray::number(quint64(dropped)),
                          QByteArray::number(quint64(counts.inFlight))}
        .join(' ');
}

std::uint64_t dropped(const BrokerCounts &counts, DropReason reason)
{
    return counts.dropped[int(reason)];
}

/// A broker with one queue, and what its callbacks told.
struct Bench
{
    explicit Bench(EmbeddedBroker::Settings settings = {})
        : broker(settings, port)
        , created(&broker, &Broker::queueCreated)
        , deleted(&broker, &Broker::queueDeleted)
    {
        broker.reserve(key());
    }

    bool subscribe(ConnectionId consumer, const ListeningKey &queue = key())
    {
        int calls = 0;
        bool result = false;
        broker.subscribe(queue, consumer, [&](bool subscribed) {
            ++calls;
            result = subscribed;
        });
        return calls == 1 && result;
    }

    /// Publishes messages with these ids; their outcomes are appended to `told`, as "id:what".
    void publish(std::initializer_list<int> messages, Broker::Tell tell = Broker::Tell::Acceptance)
    {
        for (const int id : messages)
            publish(message(id), tell);
    }

    void publish(const MessagePtr &published, Broker::Tell tell = Broker::Tell::Acceptance)
    {
        broker.publish(key(), published, tell, [this, id = published->id](PublishResult result) {
            told.append(id + ':' + text(result));
        });
    }

    QByteArray takeTold() { return std::exchange(told, {}).join(' '); }
    std::vector<Delivery> take(ConnectionId consumer, int messages = 100, qsizetype bytes = 1 << 20)
    {
        return broker.take(key(), consumer, messages, bytes);
    }
    void settle(ConnectionId consumer, int written, int droppedCount = 0,
                DropReason reason = DropReason::ConnectionLost)
    {
        broker.settle(key(), consumer, written, droppedCount, reason);
    }

    RecordingPort port;
    EmbeddedBroker broker;
    QSignalSpy created;
    QSignalSpy deleted;
    QByteArrayList told;
};

} // namespace

class TestEmbeddedBroker : public QObject
{
    Q_OBJECT

private slots:
    void aMessageForAnUnknownQueueIsRefused();
    void aReservationKeepsMessagesUntilTheConsumerSubscribes();
    void reservingTwiceKeepsWhatWaits();
    void subscribingWithoutReservationFails();
    void subscribingTwiceWithTheSameConnectionChangesNothing();
    void aLimitIsExact_data();
    void aLimitIsExact();
    void whatIsTakenAndNotSettledCountsAgainstTheLimit();
    void whoeverLeavesTheQueueGivesItsBytesBack_data();
    void whoeverLeavesTheQueueGivesItsBytesBack();
    void theConsumerIsToldOncePerBecomingNonEmpty();
    void aBlockedConsumerIsNotToldUntilItEmptiedTheQueue();
    void takeKeepsOrderAndLimits_data();
    void takeKeepsOrderAndLimits();
    void takeGivesNothingToAnotherConnection();
    void anOutcomeIsToldOnce_data();
    void anOutcomeIsToldOnce();
    void acceptanceIsToldAtOnceAndNeverAgain();
    void settlingPartlyDropsTheRestWithItsReason();
    void handOverKeepsWhatWaitsInOrder();
    void handOverTellsTheNewConsumerAndNoSignal();
    void theOldConsumerSettlesWhatItTookAfterTheHandOver();
    void aConsumerThatComesBackSettlesWhatItTookFirst();
    void aLateUnsubscribeOfTheOldConsumerDoesNotEndTheQueue();
    void detachMakesItAReservationAgain();
    void detachTellsThatMessagesWait();
    void aLateDetachOfTheOldConsumerDoesNothing();
    void aDetachedConnectionNeverGetsTheQueueAgain();
    void aDetachThatComesBeforeTheSubscribeRefusesIt();
    void aConsumerThatTakesNothingIsBlockedIfThereIsAnything();
    void unsubscribeDropsWhatWaitsAndWhatWasTaken();
    void removeDropsWhatWaitsAndLeavesWhatWasTakenToItsConsumer();
    void removeOfAnUnknownQueueDoesNothing();
    void removeOfAReservationTellsNoSignal();
    void anUnsettledTakeIsAccountedWhenItsConnectionUnsubscribes();
    void aSettleAfterUnsubscribeCountsNothing();
    void inspectTellsQueuesAndNotReservations();
    void callbacksMayCallTheBroker();
    void signalsOfAQueueKeepTheirOrderWhenAReceiverCallsBack();
    void everyDropReasonHasANameOfItsOwn();
    void whatWaitsIsToldAndStays();
    void whatIsRestoredIsDeliveredInItsOrderAndCounts();
    void aRestoredQueueHasTheLimitsThatItHad_data();
    void aRestoredQueueHasTheLimitsThatItHad();
};

void TestEmbeddedBroker::aMessageForAnUnknownQueueIsRefused()
{
    Bench bench;
    QByteArray told;
    bench.broker.publish(key("queue.other"), message(1), Broker::Tell::Outcome,
                         [&](PublishResult result) { told += text(result); });
    QCOMPARE(told, QByteArray("no queue"));
    QCOMPARE(bench.broker.counts().refusedNoQueue, std::uint64_t(1));
    QCOMPARE(flow(bench.broker.counts()), QByteArray("0 0 0 0"));
}

void TestEmbeddedBroker::aReservationKeepsMessagesUntilTheConsumerSubscribes()
{
    Bench bench;
    bench.publish({1, 2}, Broker::Tell::Outcome);
    QCOMPARE(bench.takeTold(), QByteArray("1:queued 2:queued"));
    QVERIFY(bench.port.takeNotices().empty());
    QCOMPARE(bench.broker.counts().queues, std::uint64_t(0));

    QVERIFY(bench.subscribe(anna));
    QCOMPARE(bench.created.size(), 1);
    QCOMPARE(bench.created.at(0).at(0).value<ListeningKey>(), key());
    QCOMPARE(bench.created.at(0).at(1).value<ConnectionId>(), anna);
    QCOMPARE(bench.port.takeNotices(), (std::vector{RecordingPort::Notice(anna, key())}));
    QCOMPARE(bench.broker.counts().queues, std::uint64_t(1));

    QCOMPARE(ids(bench.take(anna)), QByteArray("1 2"));
    bench.settle(anna, 2);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("2 2 0 0"));
    QVERIFY(bench.told.isEmpty()); // they had been told
}

void TestEmbeddedBroker::reservingTwiceKeepsWhatWaits()
{
    Bench bench;
    bench.publish({1});
    bench.broker.reserve(key());
    QVERIFY(bench.subscribe(anna));
    bench.broker.reserve(key());
    QCOMPARE(ids(bench.take(anna)), QByteArray("1"));
}

void TestEmbeddedBroker::subscribingWithoutReservationFails()
{
    Bench bench;
    int calls = 0;
    bool subscribed = true;
    bench.broker.subscribe(key("queue.other"), anna, [&](bool result) {
        ++calls;
        subscribed = result;
    });
    QCOMPARE(calls, 1);
    QVERIFY(!subscribed);
    QCOMPARE(bench.created.size(), 0);
}

void TestEmbeddedBroker::subscribingTwiceWithTheSameConnectionChangesNothing()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2});
    QCOMPARE(bench.port.takeNotices().size(), std::size_t(1));
    QCOMPARE(ids(bench.take(anna, 1)), QByteArray("1"));
    QVERIFY(bench.subscribe(anna));
    QCOMPARE(bench.created.size(), 1);
    QVERIFY(bench.port.takeNotices().empty());
    bench.settle(anna, 1);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("2 1 0 1"));
}

void TestEmbeddedBroker::aLimitIsExact_data()
{
    QTest::addColumn<bool>("subscribed");
    QTest::addColumn<qsizetype>("messages");
    QTest::addColumn<qsizetype>("bytes");
    QTest::addColumn<qsizetype>("weight");
    QTest::addColumn<int>("fitting"); // -1: 5,000 and no end
    for (const bool subscribed : {false, true}) {
        const QByteArray where = subscribed ? "queue" : "reservation";
        QTest::addRow("%s, by count", where.constData())
            << subscribed << qsizetype(3) << qsizetype(0) << qsizetype(100) << 3;
        QTest::addRow("%s, the last byte fits", where.constData())
            << subscribed << qsizetype(0) << qsizetype(300) << qsizetype(100) << 3;
        QTest::addRow("%s, one byte is missing", where.constData())
            << subscribed << qsizetype(0) << qsizetype(299) << qsizetype(100) << 2;
        QTest::addRow("%s, whichever comes first", where.constData())
            << subscribed << qsizetype(2) << qsizetype(300) << qsizetype(100) << 2;
        QTest::addRow("%s, larger than the queue", where.constData())
            << subscribed << qsizetype(0) << qsizetype(99) << qsizetype(100) << 0;
        QTest::addRow("%s, unlimited", where.constData())
            << subscribed << qsizetype(0) << qsizetype(0) << qsizetype(100) << -1;
    }
}

void TestEmbeddedBroker::aLimitIsExact()
{
    QFETCH(bool, subscribed);
    QFETCH(qsizetype, messages);
    QFETCH(qsizetype, bytes);
    QFETCH(qsizetype, weight);
    QFETCH(int, fitting);
    // The other limit is tight, so that taking the wrong one shows.
    const QueueLimits tested{messages, bytes};
    const QueueLimits tight{1, 1};
    Bench bench({subscribed ? tested : tight, subscribed ? tight : tested});
    if (subscribed)
        QVERIFY(bench.subscribe(anna));

    const int expected = fitting < 0 ? 5000 : fitting;
    for (int i = 0; i < expected; ++i)
        bench.publish(message(i, weight));
    QCOMPARE(bench.told.join(' ').count(":queued"), expected);
    QCOMPARE(bench.broker.counts().inFlight, std::uint64_t(expected));
    if (fitting >= 0) {
        bench.told.clear();
        bench.publish(message(9, weight), Broker::Tell::Outcome);
        QCOMPARE(bench.takeTold(), QByteArray("9:full"));
        QCOMPARE(bench.broker.counts().refusedFull, std::uint64_t(1));
        QCOMPARE(bench.broker.counts().accepted, std::uint64_t(expected));
    }
}

void TestEmbeddedBroker::whatIsTakenAndNotSettledCountsAgainstTheLimit()
{
    Bench bench({{2, 0}, {2, 0}});
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2});
    QCOMPARE(ids(bench.take(anna)), QByteArray("1 2"));
    bench.told.clear();
    bench.publish({3});
    QCOMPARE(bench.takeTold(), QByteArray("3:full"));
    bench.settle(anna, 1);
    bench.publish({4, 5});
    QCOMPARE(bench.takeTold(), QByteArray("4:queued 5:full"));
}

void TestEmbeddedBroker::whoeverLeavesTheQueueGivesItsBytesBack_data()
{
    using Step = std::function<void(Bench &)>;
    QTest::addColumn<Step>("step");
    QTest::addColumn<QByteArray>("told");
    QTest::newRow("nothing left") << Step([](Bench &b) { b.take(anna, 1); }) << QByteArray("3:full 4:full");
    QTest::newRow("one settled") << Step([](Bench &b) {
        b.take(anna, 2);
        b.settle(anna, 1);
    }) << QByteArray("3:queued 4:full");
    QTest::newRow("both settled") << Step([](Bench &b) {
        b.take(anna, 2);
        b.settle(anna, 1, 1);
    }) << QByteArray("3:queued 4:queued");
    QTest::newRow("one is the old consumer's") << Step([](Bench &b) {
        b.take(anna, 1);
        b.subscribe(bert);
    }) << QByteArray("3:queued 4:full");
    QTest::newRow("and comes back with it") << Step([](Bench &b) {
        b.take(anna, 1);
        b.subscribe(bert);
        b.subscribe(anna);
    }) << QByteArray("3:full 4:full");
}

void TestEmbeddedBroker::whoeverLeavesTheQueueGivesItsBytesBack()
{
    QFETCH(std::function<void(Bench &)>, step);
    QFETCH(QByteArray, told);
    Bench bench({{0, 200}, {0, 200}});
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2}); // 100 bytes each
    bench.told.clear();
    step(bench);
    bench.publish({3, 4});
    QCOMPARE(bench.takeTold(), told);
}

void TestEmbeddedBroker::theConsumerIsToldOncePerBecomingNonEmpty()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    QVERIFY(bench.port.takeNotices().empty());
    bench.publish({1, 2, 3});
    QCOMPARE(bench.port.takeNotices(), (std::vector{RecordingPort::Notice(anna, key())}));
    QCOMPARE(ids(bench.take(anna)), QByteArray("1 2 3"));
    bench.publish({4});
    QCOMPARE(bench.port.takeNotices().size(), std::size_t(1)); // also before it has settled
    QCOMPARE(ids(bench.take(anna)), QByteArray("4"));
    QCOMPARE(ids(bench.take(anna)), QByteArray(""));
    bench.publish({5});
    QCOMPARE(bench.port.takeNotices().size(), std::size_t(1));
}

void TestEmbeddedBroker::aBlockedConsumerIsNotToldUntilItEmptiedTheQueue()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2, 3});
    QCOMPARE(bench.port.takeNotices().size(), std::size_t(1));
    QCOMPARE(ids(bench.take(anna, 1)), QByteArray("1"));
    bench.publish({4});
    QVERIFY(bench.port.takeNotices().empty());
    QCOMPARE(ids(bench.take(anna, 1)), QByteArray("2"));
    bench.publish({5});
    QVERIFY(bench.port.takeNotices().empty());
    QCOMPARE(ids(bench.take(anna)), QByteArray("3 4 5"));
    bench.publish({6});
    QCOMPARE(bench.port.takeNotices().size(), std::size_t(1));
}

void TestEmbeddedBroker::takeKeepsOrderAndLimits_data()
{
    QTest::addColumn<QList<int>>("weights");
    QTest::addColumn<int>("messages");
    QTest::addColumn<qsizetype>("bytes");
    QTest::addColumn<QByteArray>("first");
    QTest::addColumn<QByteArray>("rest");
    const QList<int> hundreds{100, 100, 100};
    QTest::newRow("everything") << hundreds << 3 << qsizetype(300) << QByteArray("0 1 2") << QByteArray("");
    QTest::newRow("by count") << hundreds << 2 << qsizetype(300) << QByteArray("0 1") << QByteArray("2");
    QTest::newRow("by bytes") << hundreds << 3 << qsizetype(299) << QByteArray("0 1") << QByteArray("2");
    QTest::newRow("the first alone may be larger")
        << QList<int>{400, 100} << 3 << qsizetype(299) << QByteArray("0") << QByteArray("1");
    QTest::newRow("a large second waits for its turn")
        << QList<int>{100, 400, 100} << 3 << qsizetype(250) << QByteArray("0") << QByteArray("1 2");
    QTest::newRow("a byte limit of nothing still moves")
        << hundreds << 3 << qsizetype(0) << QByteArray("0") << QByteArray("1 2");
}

void TestEmbeddedBroker::takeKeepsOrderAndLimits()
{
    QFETCH(QList<int>, weights);
    QFETCH(int, messages);
    QFETCH(qsizetype, bytes);
    QFETCH(QByteArray, first);
    QFETCH(QByteArray, rest);
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    for (int i = 0; i < weights.size(); ++i)
        bench.publish(message(i, weights.at(i)));
    QCOMPARE(ids(bench.take(anna, messages, bytes)), first);
    QCOMPARE(ids(bench.take(anna)), rest);
    bench.settle(anna, int(weights.size()));
    QCOMPARE(bench.broker.counts().delivered, std::uint64_t(weights.size()));
}

void TestEmbeddedBroker::takeGivesNothingToAnotherConnection()
{
    Bench bench;
    bench.publish({1});
    QVERIFY(bench.take(anna).empty());
    QVERIFY(bench.subscribe(anna));
    QVERIFY(bench.take(bert).empty());
    QVERIFY(bench.broker.take(key("queue.other"), anna, 1, 1).empty());
    QCOMPARE(ids(bench.take(anna)), QByteArray("1"));
}

void TestEmbeddedBroker::anOutcomeIsToldOnce_data()
{
    using Step = std::function<void(Bench &)>;
    QTest::addColumn<Step>("step");
    QTest::addColumn<QByteArray>("told");
    QTest::newRow("written") << Step([](Bench &b) {
        b.take(anna);
        b.settle(anna, 2);
    }) << QByteArray("1:written 2:written");
    QTest::newRow("taken and dropped") << Step([](Bench &b) {
        b.take(anna);
        b.settle(anna, 1, 1);
    }) << QByteArray("1:written 2:dropped");
    QTest::newRow("left behind") << Step([](Bench &b) {
        b.take(anna, 1);
        b.settle(anna, 1);
        b.take(anna);
        b.settle(anna, 1);
    }) << QByteArray("2:queued 1:written");
    QTest::newRow("left behind and then removed") << Step([](Bench &b) {
        b.take(anna, 1);
        b.broker.remove(key(), DropReason::Expired);
        b.settle(anna, 1);
    }) << QByteArray("2:queued 1:written");
    QTest::newRow("removed before it was taken") << Step([](Bench &b) {
        b.broker.remove(key(), DropReason::SessionEnded);
        b.take(anna);
    }) << QByteArray("1:dropped 2:dropped");
    QTest::newRow("unsubscribed before it was taken")
        << Step([](Bench &b) { b.broker.unsubscribe(key(), anna); }) << QByteArray("1:dropped 2:dropped");
    QTest::newRow("unsubscribed before it was settled") << Step([](Bench &b) {
        b.take(anna);
        b.broker.unsubscribe(key(), anna);
        b.settle(anna, 2);
    }) << QByteArray("1:dropped 2:dropped");
    QTest::newRow("detached before it was taken") << Step([](Bench &b) {
        b.broker.detach(key(), anna);
        b.subscribe(bert);
        b.take(bert);
        b.settle(bert, 2);
    }) << QByteArray("1:queued 2:queued");
    QTest::newRow("detached before it was settled") << Step([](Bench &b) {
        b.take(anna);
        b.broker.detach(key(), anna);
        b.settle(anna, 2);
    }) << QByteArray("1:written 2:written");
    QTest::newRow("handed over before it was taken") << Step([](Bench &b) {
        b.subscribe(bert);
        b.take(bert);
        b.settle(bert, 2);
    }) << QByteArray("1:written 2:written");
    QTest::newRow("handed over before it was settled") << Step([](Bench &b) {
        b.take(anna, 1);
        b.subscribe(bert);
        b.take(bert);
        b.settle(bert, 1);
        b.settle(anna, 1);
    }) << QByteArray("2:queued 1:written");
}

void TestEmbeddedBroker::anOutcomeIsToldOnce()
{
    QFETCH(std::function<void(Bench &)>, step);
    QFETCH(QByteArray, told);
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2}, Broker::Tell::Outcome);
    QVERIFY(bench.told.isEmpty());
    step(bench);
    QCOMPARE(bench.told.join(' '), told);
    bench.broker.remove(key(), DropReason::SessionEnded);
    QCOMPARE(bench.takeTold(), told);
    QCOMPARE(bench.broker.counts().inFlight, std::uint64_t(0));
}

void TestEmbeddedBroker::acceptanceIsToldAtOnceAndNeverAgain()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2});
    QCOMPARE(bench.takeTold(), QByteArray("1:queued 2:queued"));
    bench.take(anna, 1);
    bench.settle(anna, 1);
    bench.broker.remove(key(), DropReason::SessionEnded);
    QVERIFY(bench.told.isEmpty());
    QCOMPARE(flow(bench.broker.counts()), QByteArray("2 1 1 0"));
}

void TestEmbeddedBroker::settlingPartlyDropsTheRestWithItsReason()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2, 3, 4});
    bench.take(anna, 3);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("4 0 0 4"));
    bench.settle(anna, 1, 0);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("4 1 0 3"));
    bench.settle(anna, 0, 2, DropReason::SlowConsumer);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("4 1 2 1"));
    QCOMPARE(dropped(bench.broker.counts(), DropReason::SlowConsumer), std::uint64_t(2));
}

void TestEmbeddedBroker::handOverKeepsWhatWaitsInOrder()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2, 3});
    QCOMPARE(ids(bench.take(anna, 1)), QByteArray("1"));
    QVERIFY(bench.subscribe(bert));
    bench.publish({4});
    bench.broker.detach(key(), bert);
    bench.publish({5});
    QVERIFY(bench.subscribe(anna));
    bench.publish({6});
    QCOMPARE(ids(bench.take(anna)), QByteArray("2 3 4 5 6"));
    QVERIFY(bench.take(bert).empty());
}

void TestEmbeddedBroker::handOverTellsTheNewConsumerAndNoSignal()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2, 3});
    bench.take(anna, 1); // blocked
    bench.settle(anna, 1);
    bench.port.takeNotices();
    QVERIFY(bench.subscribe(bert));
    QCOMPARE(bench.port.takeNotices(), (std::vector{RecordingPort::Notice(bert, key())}));
    QCOMPARE(bench.created.size(), 1);
    QCOMPARE(bench.deleted.size(), 0);
    bench.take(bert);
    bench.publish({4});
    QCOMPARE(bench.port.takeNotices(), (std::vector{RecordingPort::Notice(bert, key())}));
}

void TestEmbeddedBroker::theOldConsumerSettlesWhatItTookAfterTheHandOver()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2, 3});
    bench.take(anna, 2);
    QVERIFY(bench.subscribe(bert));
    bench.take(bert);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("3 0 0 3"));
    bench.settle(bert, 1);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("3 1 0 2"));
    bench.settle(anna, 1, 1);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("3 2 1 0"));
    bench.settle(anna, 1, 1);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("3 2 1 0"));
}

void TestEmbeddedBroker::aConsumerThatComesBackSettlesWhatItTookFirst()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2}, Broker::Tell::Outcome);
    bench.take(anna, 1);
    QVERIFY(bench.subscribe(bert));
    QVERIFY(bench.subscribe(anna));
    QCOMPARE(ids(bench.take(anna)), QByteArray("2"));
    bench.takeTold();
    bench.settle(anna, 1, 1);
    QCOMPARE(bench.takeTold(), QByteArray("1:written")); // 2 was told when it stayed behind
    QCOMPARE(flow(bench.broker.counts()), QByteArray("2 1 1 0"));
}

void TestEmbeddedBroker::aLateUnsubscribeOfTheOldConsumerDoesNotEndTheQueue()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    QVERIFY(bench.subscribe(bert));
    bench.publish({1});
    bench.broker.unsubscribe(key(), anna);
    QCOMPARE(bench.deleted.size(), 0);
    QCOMPARE(ids(bench.take(bert)), QByteArray("1"));
    bench.broker.unsubscribe(key(), bert);
    QCOMPARE(bench.deleted.size(), 1);
    QCOMPARE(bench.deleted.at(0).at(1).value<ConnectionId>(), bert);
    bench.broker.unsubscribe(key(), bert);
    QCOMPARE(bench.deleted.size(), 1);
}

void TestEmbeddedBroker::detachMakesItAReservationAgain()
{
    Bench bench({{4, 0}, {2, 0}});
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2, 3});
    bench.broker.detach(key(), anna);
    QCOMPARE(bench.deleted.size(), 0);
    QCOMPARE(bench.broker.counts().queues, std::uint64_t(0));
    bench.told.clear();
    bench.publish({4, 5}); // it keeps the limits of a queue: its next consumer is on the way
    QCOMPARE(bench.takeTold(), QByteArray("4:queued 5:full"));
    QVERIFY(bench.take(anna).empty());

    bench.port.takeNotices();
    QVERIFY(bench.subscribe(bert));
    QCOMPARE(bench.created.size(), 2);
    QCOMPARE(bench.port.takeNotices().size(), std::size_t(1));
    QCOMPARE(ids(bench.take(bert)), QByteArray("1 2 3 4"));
}

void TestEmbeddedBroker::detachTellsThatMessagesWait()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2}, Broker::Tell::Outcome);
    bench.broker.detach(key(), anna);
    QCOMPARE(bench.takeTold(), QByteArray("1:queued 2:queued"));
}

void TestEmbeddedBroker::aLateDetachOfTheOldConsumerDoesNothing()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    QVERIFY(bench.subscribe(bert));
    bench.broker.detach(key(), anna);
    bench.broker.detach(key("queue.other"), anna);
    QCOMPARE(bench.broker.counts().queues, std::uint64_t(1));
    bench.publish({1});
    QCOMPARE(ids(bench.take(bert)), QByteArray("1"));
}

void TestEmbeddedBroker::aDetachedConnectionNeverGetsTheQueueAgain()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    bench.broker.detach(key(), anna);
    QVERIFY(!bench.subscribe(anna));
    QCOMPARE(bench.created.size(), 1);
    QVERIFY(bench.subscribe(bert));
    QVERIFY(!bench.subscribe(anna));
    bench.publish({1});
    QVERIFY(bench.take(anna).empty());
    QCOMPARE(ids(bench.take(bert)), QByteArray("1"));
}

void TestEmbeddedBroker::aDetachThatComesBeforeTheSubscribeRefusesIt()
{
    Bench bench;
    bench.broker.detach(key(), anna);
    QVERIFY(!bench.subscribe(anna));
    QVERIFY(bench.subscribe(bert));
    constexpr auto carl = makeConnectionId(0, 3);
    bench.broker.detach(key(), carl);
    bench.broker.detach(key(), carl);
    QVERIFY(!bench.subscribe(carl));
    bench.publish({1});
    QCOMPARE(ids(bench.take(bert)), QByteArray("1"));
    // The ban is the queue's and ends with it.
    bench.broker.remove(key(), DropReason::SessionEnded);
    bench.broker.reserve(key());
    QVERIFY(bench.subscribe(anna));
}

void TestEmbeddedBroker::aConsumerThatTakesNothingIsBlockedIfThereIsAnything()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    QVERIFY(bench.take(anna, 0).empty());
    bench.publish({1}, Broker::Tell::Outcome);
    QCOMPARE(bench.port.takeNotices().size(), std::size_t(1)); // it was empty: not blocked
    QVERIFY(bench.take(anna, 0).empty());
    QCOMPARE(bench.takeTold(), QByteArray("1:queued"));
    bench.publish({2}, Broker::Tell::Outcome);
    QCOMPARE(bench.takeTold(), QByteArray("2:queued"));
    QVERIFY(bench.port.takeNotices().empty());
    QCOMPARE(ids(bench.take(anna)), QByteArray("1 2"));
}

void TestEmbeddedBroker::unsubscribeDropsWhatWaitsAndWhatWasTaken()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2, 3});
    bench.take(anna, 2);
    bench.broker.unsubscribe(key(), anna);
    const BrokerCounts counts = bench.broker.counts();
    QCOMPARE(flow(counts), QByteArray("3 0 3 0"));
    QCOMPARE(dropped(counts, DropReason::SessionEnded), std::uint64_t(1));
    QCOMPARE(dropped(counts, DropReason::ConnectionLost), std::uint64_t(2));
    QCOMPARE(bench.deleted.size(), 1);
    QVERIFY(!bench.subscribe(anna)); // the reservation has gone as well
    bench.told.clear();
    bench.publish({4});
    QCOMPARE(bench.takeTold(), QByteArray("4:no queue"));
}

void TestEmbeddedBroker::removeDropsWhatWaitsAndLeavesWhatWasTakenToItsConsumer()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2, 3});
    bench.take(anna, 2);
    bench.broker.remove(key(), DropReason::Expired);
    QCOMPARE(bench.deleted.size(), 1);
    QCOMPARE(bench.deleted.at(0).at(1).value<ConnectionId>(), anna);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("3 0 1 2"));
    QCOMPARE(dropped(bench.broker.counts(), DropReason::Expired), std::uint64_t(1));
    bench.settle(anna, 2);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("3 2 1 0"));
}

void TestEmbeddedBroker::removeOfAnUnknownQueueDoesNothing()
{
    Bench bench;
    bench.broker.remove(key("queue.other"), DropReason::SessionEnded);
    bench.broker.unsubscribe(key("queue.other"), anna);
    QCOMPARE(bench.deleted.size(), 0);
    QVERIFY(bench.subscribe(anna));
}

void TestEmbeddedBroker::removeOfAReservationTellsNoSignal()
{
    Bench bench;
    bench.publish({1});
    bench.broker.remove(key(), DropReason::SessionEnded);
    QCOMPARE(bench.deleted.size(), 0);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("1 0 1 0"));
    QVERIFY(!bench.subscribe(anna));
}

void TestEmbeddedBroker::anUnsettledTakeIsAccountedWhenItsConnectionUnsubscribes()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    bench.publish({1}, Broker::Tell::Outcome);
    bench.take(anna);
    bench.broker.remove(key(), DropReason::SessionEnded);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("1 0 0 1"));
    QCOMPARE(bench.takeTold(), QByteArray());
    bench.broker.unsubscribe(key(), anna);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("1 0 1 0"));
    QCOMPARE(bench.takeTold(), QByteArray("1:dropped"));
}

void TestEmbeddedBroker::aSettleAfterUnsubscribeCountsNothing()
{
    Bench bench;
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2});
    bench.take(anna);
    bench.broker.unsubscribe(key(), anna);
    bench.settle(anna, 2);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("2 0 2 0"));
}

void TestEmbeddedBroker::inspectTellsQueuesAndNotReservations()
{
    Bench bench;
    for (const char *name : {"queue.a", "queue.b", "queue.c"})
        bench.broker.reserve(key(name));
    QVERIFY(bench.subscribe(anna, key("queue.a")));
    QVERIFY(bench.subscribe(bert, key("queue.c")));
    int calls = 0;
    QSet<ListeningKey> queues;
    bench.broker.inspect([&](QSet<ListeningKey> found) {
        ++calls;
        queues = std::move(found);
    });
    QCOMPARE(calls, 1);
    QCOMPARE(queues, (QSet<ListeningKey>{key("queue.a"), key("queue.c")}));
}

void TestEmbeddedBroker::callbacksMayCallTheBroker()
{
    Bench bench;
    bool subscribed = false;
    QByteArray told;
    bench.broker.subscribe(key(), anna, [&](bool ok) {
        subscribed = ok;
        bench.broker.publish(key(), message(1), Broker::Tell::Outcome, [&](PublishResult result) {
            told += text(result);
            QCOMPARE(bench.broker.counts().delivered, std::uint64_t(1));
            bench.broker.remove(key(), DropReason::SessionEnded);
        });
    });
    QVERIFY(subscribed);
    bench.take(anna);
    bench.settle(anna, 1);
    QCOMPARE(told, QByteArray("written"));
    QCOMPARE(bench.deleted.size(), 1);
}

void TestEmbeddedBroker::signalsOfAQueueKeepTheirOrderWhenAReceiverCallsBack()
{
    Bench bench;
    QByteArrayList seen;
    // The first receiver ends the queue while queueCreated is still on its way to the second.
    connect(&bench.broker, &Broker::queueCreated, this,
            [&] { bench.broker.remove(key(), DropReason::SessionEnded); });
    connect(&bench.broker, &Broker::queueCreated, this, [&] { seen.append("created"); });
    connect(&bench.broker, &Broker::queueDeleted, this, [&] { seen.append("deleted"); });
    bench.broker.subscribe(key(), anna, [](bool) {});
    QCOMPARE(seen, (QByteArrayList{"created", "deleted"}));
}

void TestEmbeddedBroker::everyDropReasonHasANameOfItsOwn()
{
    QSet<QByteArray> names;
    for (int i = 0; i < dropReasonCount; ++i)
        names.insert(toString(DropReason(i)));
    QCOMPARE(names.size(), dropReasonCount);
}

void TestEmbeddedBroker::whatWaitsIsToldAndStays()
{
    const auto waiting = [](const Bench &bench) {
        QByteArrayList list;
        for (const KeptMessage &kept : bench.broker.waiting(key()))
            list.append(kept.message->id + (kept.redelivered ? "!" : ""));
        return list.join(' ');
    };
    Bench bench;
    QVERIFY(bench.broker.waiting(key("queue.other")).empty());
    QVERIFY(bench.subscribe(anna));
    bench.publish({1, 2, 3});
    QCOMPARE(ids(bench.take(anna, 2)), QByteArray("1 2"));
    QCOMPARE(waiting(bench), QByteArray("3"));
    bench.broker.hold(key(), anna, 2, 0);
    bench.broker.detach(key(), anna);
    QCOMPARE(waiting(bench), QByteArray("1! 2! 3"));
    QCOMPARE(waiting(bench), QByteArray("1! 2! 3"));
    bench.broker.remove(key(), DropReason::Saved);
    QCOMPARE(dropped(bench.broker.counts(), DropReason::Saved), std::uint64_t(3));
    QCOMPARE(flow(bench.broker.counts()), QByteArray("3 0 3 0"));
}

void TestEmbeddedBroker::whatIsRestoredIsDeliveredInItsOrderAndCounts()
{
    Bench bench({.queue = {100, 0}, .reservation = {1, 0}});
    bench.broker.restore(key("queue.other"), {{message(9), false}}, true); // of no session any more
    bench.broker.restore(key(), {{message(1), true}, {message(2), true}, {message(3), false}}, true);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("3 0 0 3"));
    bench.publish({4});
    QVERIFY(bench.subscribe(anna));
    QCOMPARE(bench.port.takeNotices(), (std::vector{RecordingPort::Notice(anna, key())}));
    const auto taken = bench.take(anna);
    QCOMPARE(ids(taken), QByteArray("1! 2! 3 4"));
    bench.broker.hold(key(), anna, 4, 0);
    bench.broker.acknowledge(key(), anna, {taken[1].tag}, Verdict::Return); // to its place
    QCOMPARE(ids(bench.take(anna)), QByteArray("2!"));
    bench.broker.hold(key(), anna, 1, 0);
    bench.broker.acknowledge(key(), anna, {taken[0].tag, taken[1].tag, taken[2].tag, taken[3].tag},
                             Verdict::Accept);
    QCOMPARE(flow(bench.broker.counts()), QByteArray("4 4 0 0"));
}

void TestEmbeddedBroker::aRestoredQueueHasTheLimitsThatItHad_data()
{
    QTest::addColumn<bool>("hadConsumer");
    QTest::addColumn<QByteArray>("told");
    QTest::newRow("a queue") << true << QByteArray("1:queued 2:queued 3:full");
    QTest::newRow("a reservation") << false << QByteArray("1:full 2:full 3:full");
}

void TestEmbeddedBroker::aRestoredQueueHasTheLimitsThatItHad()
{
    QFETCH(const bool, hadConsumer);
    Bench bench({.queue = {3, 0}, .reservation = {1, 0}});
    bench.broker.restore(key(), {{message(0), false}}, hadConsumer);
    bench.publish({1, 2, 3});
    QTEST(bench.takeTold(), "told");
}

QTEST_GUILESS_MAIN(TestEmbeddedBroker)
#include "tst_embeddedbroker.moc"
