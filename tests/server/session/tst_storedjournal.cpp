// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/embeddedbroker.h"
#include "server/session/storedjournal.h"
#include "tests/server/broker/recordingport.h"
#include "tests/server/session/scriptedstore.h"

#include <QTest>

#include <utility>

using namespace msgsrv;

namespace {

constexpr ConnectionId reader{1};
constexpr ConnectionId second{2};

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
    return result.refusal == PublishRefusal::NotSaved ? "not saved" : "refused";
}

/// A broker with a journal over a store that answers when the test says so.
struct House
{
    House()
    {
        broker.setJournal(&journal);
        journal.begin(broker, JournalId(100));
        broker.reserve(queue);
    }

    void subscribe(ConnectionId consumer = reader)
    {
        bool subscribed = false;
        broker.subscribe(queue, consumer, [&](bool result) { subscribed = result; });
        QVERIFY(subscribed);
    }
    void publish(const QByteArray &id, Keep keep = Keep::Surely, Broker::Tell tell = Broker::Tell::Acceptance)
    {
        auto message = std::make_shared<Message>();
        message->id = id;
        message->body = "{}";
        message->keep = keep;
        broker.publish(queue, message, tell,
                       [this, id](const PublishResult &result) { told.append(id + ':' + text(result)); });
    }
    std::vector<Delivery> take(int count = 100, ConnectionId consumer = reader)
    {
        return broker.take(queue, consumer, count, 1 << 20);
    }
    void settle(int written, ConnectionId consumer = reader)
    {
        broker.settle(queue, consumer, written, 0, DropReason::ConnectionLost);
    }
    void acknowledge(const std::vector<Delivery> &deliveries, Verdict verdict = Verdict::Accept)
    {
        std::vector<DeliveryTag> tags;
        for (const Delivery &delivery : deliveries)
            tags.push_back(delivery.tag);
        broker.acknowledge(queue, reader, tags, verdict);
    }
    /// Everything that was asked of the store.
    void answerAll()
    {
        while (store.answerOne()) { }
    }

    QByteArray takeTold() { return std::exchange(told, {}).join(' '); }
    /// The ids of what the store has, "!" behind those to be redelivered, "-" behind those without content.
    QByteArray stored() const
    {
        QByteArrayList ids;
        for (const auto &[position, row] : store.messages)
            ids.append(row.message->id + (row.redelivered ? "!" : "") + (row.hasContent ? "" : "-"));
        return ids.join(' ');
    }
    std::uint64_t dropped(DropReason reason) const { return broker.counts().dropped[int(reason)]; }
    std::uint64_t inFlight() const { return broker.counts().inFlight; }

    const ListeningKey queue = ListeningKey::generate();
    RecordingPort port;
    EmbeddedBroker broker{{}, port};
    ScriptedStore store;
    StoredJournal journal{store};
    QByteArrayList told;
};

} // namespace

/// What waits in a broker is in the store when its sender is told so, and leaves it when it is over.
class TestStoredJournal : public QObject
{
    Q_OBJECT

private slots:
    void whoWaitsIsToldWhenTheStoreHasIt_data()
    {
        QTest::addColumn<bool>("outcome"); // is asked for, and not acceptance alone
        QTest::newRow("acceptance") << false;
        QTest::newRow("outcome") << true;
    }
    void whoWaitsIsToldWhenTheStoreHasIt()
    {
        QFETCH(const bool, outcome);
        House house;
        house.publish("1", Keep::Surely, outcome ? Broker::Tell::Outcome : Broker::Tell::Acceptance);
        QCOMPARE(house.takeTold(), QByteArray());
        QVERIFY(house.store.answerOne());
        QCOMPARE(house.takeTold(), QByteArray("1:queued"));
        QCOMPARE(house.stored(), QByteArray("1"));
        QCOMPARE(house.store.messages.begin()->first, std::uint64_t(101));
        QVERIFY(house.store.messages.begin()->second.queue == house.queue);
        house.subscribe();
        QCOMPARE(house.take().size(), std::size_t(1));
        house.settle(1);
        house.answerAll();
        QCOMPARE(house.stored(), QByteArray());
        QCOMPARE(house.takeTold(), QByteArray());
        QCOMPARE(house.journal.pending(), std::uint64_t(0));
    }

    void whatIsReadAtOnceNeverTouchesTheStore()
    {
        House house;
        house.subscribe();
        house.publish("1");
        house.publish("2", Keep::Surely, Broker::Tell::Outcome);
        QCOMPARE(house.takeTold(), QByteArray());
        (void)house.take();
        house.settle(2);
        QCOMPARE(house.takeTold(), QByteArray("1:written 2:written"));
        for (int i = 0; i < 4; ++i)
            house.journal.tick();
        QCOMPARE(house.store.changes, 0);
    }

    void whatNobodyTakesGetsThereWithoutAQuestion()
    {
        House house;
        house.subscribe(); // and is busy elsewhere
        house.publish("1");
        house.journal.tick();
        house.journal.tick();
        QCOMPARE(house.store.changes, 0);
        house.journal.tick();
        QCOMPARE(house.store.changes, 1);
        house.answerAll();
        QCOMPARE(house.takeTold(), QByteArray("1:queued"));
        QCOMPARE(house.stored(), QByteArray("1"));
    }

    void whatStaysBehindIsSaved()
    {
        House house;
        house.subscribe();
        house.publish("1");
        house.publish("2");
        (void)house.take(1); // and that is all it can take
        QCOMPARE(house.store.changes, 1);
        house.settle(1);
        QCOMPARE(house.takeTold(), QByteArray("1:written"));
        house.answerAll();
        QCOMPARE(house.takeTold(), QByteArray("2:queued"));
        QCOMPARE(house.stored(), QByteArray("2"));
    }

    void whatComesDuringASyncIsOneOperation()
    {
        House house;
        QByteArrayList ids;
        for (int i = 1; i <= 50; ++i) {
            ids.append(QByteArray::number(i));
            house.publish(ids.last());
        }
        QCOMPARE(house.store.changes, 1);
        house.answerAll();
        QCOMPARE(house.store.changes, 2);
        QCOMPARE(house.stored(), ids.join(' '));
        QCOMPARE(house.told.size(), qsizetype(50));
        QCOMPARE(house.told.last(), QByteArray("50:queued"));
        QCOMPARE(house.journal.savedCount(), std::uint64_t(50));
    }

    void whatEndsWhileItWaitsForItsTurnLeavesNoTrace()
    {
        House house;
        house.publish("1");
        house.publish("2"); // for the next operation
        house.subscribe();
        (void)house.take();
        house.settle(2);
        QCOMPARE(house.takeTold(), QByteArray("1:written 2:written"));
        QVERIFY(house.store.answerOne());
        QCOMPARE(house.stored(), QByteArray("1")); // it was under way
        house.answerAll();
        QCOMPARE(house.stored(), QByteArray());
        QCOMPARE(house.store.changes, 2);
        QCOMPARE(house.takeTold(), QByteArray());
    }

    void whatCannotBeSavedIsWithdrawn()
    {
        House house;
        house.publish("1");
        house.publish("2");
        house.store.away = true;
        house.answerAll();
        QCOMPARE(house.takeTold(), QByteArray("1:not saved 2:not saved"));
        QCOMPARE(house.dropped(DropReason::NotSaved), std::uint64_t(2));
        QCOMPARE(house.inFlight(), std::uint64_t(0));
        QCOMPARE(house.journal.pending(), std::uint64_t(0));
        QCOMPARE(house.journal.failures(), std::uint64_t(2));
        // Who reads is served all the same.
        house.subscribe();
        house.publish("3");
        (void)house.take();
        house.settle(1);
        QCOMPARE(house.takeTold(), QByteArray("3:written"));
        house.store.away = false;
        house.broker.detach(house.queue, reader);
        house.publish("4");
        house.answerAll();
        QCOMPARE(house.takeTold(), QByteArray("4:queued"));
        QCOMPARE(house.stored(), QByteArray("4"));
    }

    void whatWasTakenMeanwhileIsToldAsWhatBecameOfIt()
    {
        House house;
        house.publish("1");
        house.publish("2");
        house.subscribe();
        QCOMPARE(house.take(1).size(), std::size_t(1));
        house.store.away = true;
        QVERIFY(house.store.answerOne());
        QCOMPARE(house.takeTold(), QByteArray());
        house.settle(1);
        QCOMPARE(house.takeTold(), QByteArray("1:written"));
        house.answerAll();
        QCOMPARE(house.takeTold(), QByteArray("2:not saved"));
        QCOMPARE(house.journal.pending(), std::uint64_t(0));
    }

    void whatWasTakenAndComesBackIsAskedForAgain()
    {
        House house;
        house.publish("1");
        house.subscribe();
        (void)house.take();
        house.store.away = true;
        QVERIFY(house.store.answerOne());
        house.broker.hold(house.queue, reader, 0, 1); // it was not written
        QCOMPARE(house.takeTold(), QByteArray());
        house.answerAll();
        QCOMPARE(house.takeTold(), QByteArray("1:not saved"));
        QCOMPARE(house.inFlight(), std::uint64_t(0));
    }

    void whatAReaderHoldsUnacknowledgedIsSavedFirst()
    {
        House house;
        house.subscribe();
        house.publish("1", Keep::Surely, Broker::Tell::Outcome);
        const auto held = house.take();
        house.broker.hold(house.queue, reader, 1, 0);
        QCOMPARE(house.takeTold(), QByteArray());
        house.answerAll();
        QCOMPARE(house.takeTold(), QByteArray("1:written"));
        QCOMPARE(house.stored(), QByteArray("1!"));
        house.acknowledge(held);
        house.answerAll();
        QCOMPARE(house.stored(), QByteArray());
    }

    void anAcknowledgementAnswersBeforeTheStore_data()
    {
        QTest::addColumn<int>("verdict");
        QTest::addColumn<QByteArray>("stored");
        QTest::newRow("accepted") << int(Verdict::Accept) << QByteArray();
        QTest::newRow("rejected") << int(Verdict::Reject) << QByteArray();
    }
    void anAcknowledgementAnswersBeforeTheStore()
    {
        QFETCH(const int, verdict);
        House house;
        house.subscribe();
        house.publish("1");
        const auto held = house.take();
        house.broker.hold(house.queue, reader, 1, 0);
        house.acknowledge(held, Verdict(verdict));
        QCOMPARE(house.takeTold(), QByteArray("1:written"));
        house.answerAll();
        QTEST(house.stored(), "stored");
        QCOMPARE(house.takeTold(), QByteArray());
    }

    void whatWasWrittenIsNotWithdrawn()
    {
        House house;
        house.subscribe();
        house.publish("1");
        house.publish("2");
        const auto held = house.take();
        house.broker.hold(house.queue, reader, 2, 0);
        house.store.away = true;
        house.answerAll();
        QCOMPARE(house.takeTold(), QByteArray("1:written 2:written"));
        QCOMPARE(house.broker.counts().unacknowledged, std::uint64_t(2));
        QCOMPARE(house.journal.pending(), std::uint64_t(2));
        house.acknowledge({held[0]});
        house.journal.tick();
        house.answerAll();
        QCOMPARE(house.journal.pending(), std::uint64_t(1));
        house.store.away = false;
        for (int i = 0; i < 3; ++i)
            house.journal.tick();
        house.answerAll();
        QCOMPARE(house.stored(), QByteArray("2!"));
    }

    void aMarkIsMadeWhenTheStoreHasTheMessageAlready()
    {
        House house;
        house.publish("1");
        house.answerAll();
        house.subscribe();
        (void)house.take();
        house.broker.hold(house.queue, reader, 1, 0);
        house.answerAll();
        QCOMPARE(house.stored(), QByteArray("1!"));
        const int changes = house.store.changes;
        house.broker.detach(house.queue, reader); // it comes again, and need not be marked again
        house.subscribe(second);
        (void)house.take(1, second);
        house.broker.hold(house.queue, second, 1, 0);
        QCOMPARE(house.store.changes, changes);
    }

    void ofAFateAloneTheContentIsNotKept()
    {
        House house;
        house.publish("1", Keep::Fate);
        QCOMPARE(house.takeTold(), QByteArray());
        house.answerAll();
        QCOMPARE(house.takeTold(), QByteArray("1:queued"));
        QCOMPARE(house.stored(), QByteArray("1-"));
        house.store.away = true;
        house.publish("2", Keep::Fate);
        house.answerAll();
        QCOMPARE(house.takeTold(), QByteArray("2:queued")); // it waits in memory, as it would without a store
        QCOMPARE(house.inFlight(), std::uint64_t(2));
    }

    void aNoticeWaitsInMemoryWhenTheStoreIsAway()
    {
        House house;
        house.publish("1", Keep::Content);
        QCOMPARE(house.takeTold(), QByteArray("1:queued"));
        house.store.away = true;
        house.answerAll();
        QCOMPARE(house.inFlight(), std::uint64_t(1));
        house.store.away = false;
        for (int i = 0; i < 3; ++i)
            house.journal.tick();
        house.answerAll();
        QCOMPARE(house.stored(), QByteArray("1"));
    }

    void whileTheStoreIsAwayOnlyWhatIsAskedForIsTried()
    {
        House house;
        house.store.away = true;
        for (int i = 0; i < 20; ++i)
            house.publish("n" + QByteArray::number(i), Keep::Content);
        house.answerAll();
        const int before = house.store.changes;
        for (int i = 0; i < 10; ++i)
            house.journal.tick();
        QCOMPARE(house.store.changes, before);
        house.publish("1");
        QCOMPARE(house.store.changes, before + 1);
        house.answerAll();
        QCOMPARE(house.takeTold().right(11), QByteArray("1:not saved"));
        QCOMPARE(house.journal.pending(), std::uint64_t(20)); // no more than the queue holds
    }

    void withTheQueueGoesWhatWasInIt_data()
    {
        QTest::addColumn<bool>("isTaken");
        QTest::newRow("waiting") << false;
        QTest::newRow("being written") << true;
    }
    void withTheQueueGoesWhatWasInIt()
    {
        QFETCH(const bool, isTaken);
        House house;
        house.publish("1");
        house.answerAll();
        house.publish("2");
        house.subscribe();
        if (isTaken)
            QCOMPARE(house.take().size(), std::size_t(2));
        house.broker.remove(house.queue, DropReason::SessionEnded);
        house.answerAll();
        QCOMPARE(house.stored(), QByteArray());
        if (isTaken)
            house.settle(2);
        QCOMPARE(house.takeTold(),
                 isTaken ? QByteArray("1:queued 2:written") : QByteArray("1:queued 2:dropped"));
        QCOMPARE(house.inFlight(), std::uint64_t(0));
    }

    void theEndOfASessionFindsInTheStoreWhatWasWrittenDownBefore()
    {
        House house;
        SessionRecord record;
        record.key = house.queue;
        record.generation = Generation(1);
        house.store.insert(record, [](StoreStatus) {});
        house.publish("1"); // under way behind it
        house.broker.remove(house.queue, DropReason::SessionEnded);
        house.store.remove(record.key, record.generation, [](StoreStatus) {});
        for (int i = 0; i < 3; ++i)
            QVERIFY(house.store.answerOne()); // whenever it crashes, nobody finds another's message
        QCOMPARE(house.stored(), QByteArray());
    }

    void whatWasRestoredIsForgottenWhenItIsRead()
    {
        House house;
        house.publish("1");
        house.publish("2");
        house.answerAll();
        // The next run of the program, over the same store.
        RecordingPort port;
        EmbeddedBroker broker({}, port);
        StoredJournal journal(house.store);
        broker.setJournal(&journal);
        journal.begin(broker, JournalId(102));
        broker.reserve(house.queue);
        std::vector<KeptMessage> kept;
        for (const auto &[position, row] : house.store.messages)
            kept.push_back({row.message, row.redelivered, JournalId(position), true});
        broker.restore(house.queue, kept, true);
        for (const KeptMessage &message : broker.waiting(house.queue))
            QVERIFY(message.isSaved && message.journal != JournalId::NotKept);
        broker.subscribe(house.queue, reader, {});
        QCOMPARE(broker.take(house.queue, reader, 1, 1000).size(), std::size_t(1));
        broker.settle(house.queue, reader, 1, 0, DropReason::ConnectionLost);
        house.answerAll();
        QCOMPARE(house.stored(), QByteArray("2"));
    }

    void afterItsEndItTakesNothingToTheStore()
    {
        House house;
        QVERIFY(house.journal.shut());
        House busy;
        busy.publish("1");
        busy.publish("2");
        QVERIFY(!busy.journal.shut());
        busy.answerAll();
        QCOMPARE(busy.store.changes, 1);
        busy.journal.tick();
        busy.broker.remove(busy.queue, DropReason::Saved);
        busy.answerAll();
        QCOMPARE(busy.store.changes, 1);
    }
};

QTEST_APPLESS_MAIN(TestStoredJournal)
#include "tst_storedjournal.moc"
