// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/storedjournal.h"
#include "tests/server/broker/brokerload.h"

#include <QTest>

#include <condition_variable>

using namespace msgsrv;
using namespace msgsrv::load;

namespace {

/// A store with a thread of its own, in which it answers, and which fails now and then.
class UnreliableStore final : public SessionStore
{
public:
    UnreliableStore()
        : m_thread([this] { run(); })
    { }
    ~UnreliableStore() override { finish(); }
    /// Answers what was asked, and ends the thread.
    void finish()
    {
        {
            const std::scoped_lock lock(m_mutex);
            m_isStopping = true;
        }
        m_arrived.notify_one();
        if (m_thread.joinable())
            m_thread.join();
    }
    void setReliable() { m_isReliable = true; }

    void insert(const SessionRecord &, Done) override { }
    void update(const SessionRecord &, Done) override { }
    void remove(const ListeningKey &, Generation, Done) override { }
    void load(LoadDone) override { }
    void changeMessages(MessageChanges changes, Done done) override
    {
        const std::scoped_lock lock(m_mutex);
        m_tooMany = m_tooMany || !m_calls.empty();
        m_calls.emplace_back(std::move(changes), std::move(done));
        m_arrived.notify_one();
    }
    [[nodiscard]] StoreHealth health() const override
    {
        StoreHealth health;
        health.up = m_isUp || m_isReliable; // a store looks by itself whether it is up again
        return health;
    }

    // When the thread has ended
    std::map<std::uint64_t, bool> rows; ///< whether it is to be redelivered
    int failures = 0;
    int addedTwice = 0;
    [[nodiscard]] bool hadTooMany() const { return m_tooMany; }

private:
    void run()
    {
        std::mt19937 random(7);
        std::unique_lock lock(m_mutex);
        for (;;) {
            m_arrived.wait(lock, [this] { return m_isStopping || !m_calls.empty(); });
            if (m_calls.empty())
                return;
            const auto [changes, done] = std::move(m_calls.front());
            m_calls.pop_front();
            lock.unlock();
            m_isUp = m_isReliable || random() % 4 != 0;
            if (m_isUp)
                carryOut(changes);
            else
                ++failures;
            done(m_isUp ? StoreStatus::Ok : StoreStatus::Unavailable);
            lock.lock();
        }
    }
    void carryOut(const MessageChanges &changes)
    {
        for (const StoredMessage &stored : changes.added)
            addedTwice += rows.emplace(stored.position, stored.redelivered).second ? 0 : 1;
        for (const std::uint64_t position : changes.written) {
            if (const auto row = rows.find(position); row != rows.end())
                row->second = true;
        }
        for (const std::uint64_t position : changes.ended)
            rows.erase(position);
    }

    std::mutex m_mutex; // guards the calls
    std::condition_variable m_arrived;
    std::deque<std::pair<MessageChanges, Done>> m_calls;
    bool m_isStopping = false;
    bool m_tooMany = false; ///< a call came before the one before was answered
    std::atomic<bool> m_isReliable{false};
    std::atomic<bool> m_isUp{true};
    std::thread m_thread;
};

} // namespace

class TestJournalStress : public QObject
{
    Q_OBJECT

private slots:
    void everyAnswerComesOnceAndTheStoreIsEmptyAtTheEnd();
};

void TestJournalStress::everyAnswerComesOnceAndTheStoreIsEmptyAtTheEnd()
{
    UnreliableStore store;
    Inboxes inboxes;
    EmbeddedBroker broker({{50, 8192}, {10, 2048}}, inboxes);
    StoredJournal journal(store);
    broker.setJournal(&journal);
    journal.begin(broker, JournalId::NotKept);
    for (int i = 0; i < queueCount; ++i)
        broker.reserve(queueKey(i));

    std::atomic<bool> stop{false};
    std::vector<std::unique_ptr<Publisher>> publishers;
    std::vector<std::unique_ptr<Consumer>> consumers;
    std::vector<std::thread> publishing;
    std::vector<std::thread> consuming;
    for (unsigned i = 0; i < consumerCount; ++i) {
        consumers.push_back(std::make_unique<Consumer>(broker, inboxes, i));
        consuming.emplace_back([consumer = consumers.back().get(), &stop] { consumer->run(stop); });
    }
    std::uint64_t gaps = 0;
    std::thread ticker([&] {
        while (!stop) {
            journal.tick();
            const BrokerCounts counts = broker.counts();
            gaps += counts.accepted != counts.delivered + droppedOf(counts) + counts.inFlight ? 1 : 0;
            std::this_thread::yield();
        }
    });
    for (int i = 0; i < publisherCount; ++i) {
        publishers.push_back(std::make_unique<Publisher>(broker, i, true));
        publishing.emplace_back([publisher = publishers.back().get()] { publisher->run(); });
    }
    for (std::thread &thread : publishing)
        thread.join();
    stop = true;
    for (std::thread &thread : consuming)
        thread.join();
    ticker.join();
    for (int i = 0; i < queueCount; ++i)
        broker.remove(queueKey(i), DropReason::SessionEnded);
    store.setReliable();
    QVERIFY(QTest::qWaitFor(
        [&] {
            journal.tick();
            return journal.pending() == 0;
        },
        20'000));
    store.finish();

    QCOMPARE(gaps, std::uint64_t(0));
    QVERIFY(!store.hadTooMany());
    QVERIFY(store.rows.empty());
    QCOMPARE(store.addedTwice, 0);
    QVERIFY(store.failures > 0 && journal.savedCount() > 0); // else the run has proved little
    QCOMPARE(journal.failures(), std::uint64_t(store.failures));
    const BrokerCounts counts = broker.counts();
    QCOMPARE(counts.inFlight, std::uint64_t(0));
    QCOMPARE(counts.accepted, counts.delivered + droppedOf(counts));
    for (const auto &consumer : consumers)
        QVERIFY(consumer->orderKept());
    std::uint64_t refused = 0;
    for (const auto &publisher : publishers) {
        for (const Fate &fate : publisher->fates()) {
            QCOMPARE(fate.calls.load(), 1);
            refused += fate.state == int(PublishResult::State::Refused) ? 1 : 0;
        }
    }
    const std::uint64_t withdrawn = counts.dropped[int(DropReason::NotSaved)];
    QVERIFY(withdrawn > 0);
    QCOMPARE(counts.refusedNoQueue + counts.refusedFull + withdrawn, refused);
    QCOMPARE(counts.accepted + refused - withdrawn, std::uint64_t(publisherCount * messagesPerPublisher));
}

QTEST_GUILESS_MAIN(TestJournalStress)
#include "tst_journalstress.moc"
