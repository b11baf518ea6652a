// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "server/broker/flowtap.h"
#include "server/broker/messagejournal.h"
#include "server/broker/messagequeue.h"

#include <QHash>

#include <array>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace msgsrv {

/// The broker inside the process: queues in memory, in shards that each have a lock. Every function may be
/// called from any thread; callbacks, the port and signals are called without any lock held, so they may
/// call the broker again.
///
/// What a connection has taken stays its own until it settles, also when the queue is removed, detached or
/// handed over meanwhile: whether those messages were written is known to the connection alone. They count
/// as in flight until settle(), or until unsubscribe() of that connection, which says that none were.
///
/// Signals of one queue are emitted in the order in which things happened, by a thread that is just calling
/// the broker; usually the one that caused them.
class EmbeddedBroker final : public Broker, public MessageJournal::Listener
{
    Q_OBJECT

public:
    struct Settings
    {
        QueueLimits queue{1000, 4 * 1024 * 1024}; ///< while there is a consumer
        QueueLimits reservation{64, 256 * 1024}; ///< while there is none
    };

    using Now = std::function<TimePoint()>;

    /// @p port outlives the broker.
    EmbeddedBroker(Settings settings, DeliveryPort &port, Now now = &Clock::now, QObject *parent = nullptr);
    ~EmbeddedBroker() override;

    void reserve(const ListeningKey &queue) override;
    void subscribe(const ListeningKey &queue, ConnectionId consumer, SubscribeDone done) override;
    void unsubscribe(const ListeningKey &queue, ConnectionId consumer) override;
    void detach(const ListeningKey &queue, ConnectionId consumer) override;
    void remove(const ListeningKey &queue, DropReason reason) override;
    void publish(const ListeningKey &queue, MessagePtr message, Tell tell, PublishDone done) override;
    std::vector<Delivery> take(const ListeningKey &queue, ConnectionId consumer, int maxMessages,
                               qsizetype maxBytes) override;
    void settle(const ListeningKey &queue, ConnectionId consumer, int written, int dropped,
                DropReason reason) override;
    void hold(const ListeningKey &queue, ConnectionId consumer, int written, int returned) override;
    void acknowledge(const ListeningKey &queue, ConnectionId consumer, const std::vector<DeliveryTag> &tags,
                     Verdict verdict) override;
    void inspect(InspectDone done) override;
    [[nodiscard]] BrokerCounts counts() const override;
    [[nodiscard]] BrokerCounts totals() const override;
    void survey(SurveyDone done) override;
    void peek(const ListeningKey &queue, int count, PeekDone done) override;
    void purge(const ListeningKey &queue, PurgeDone done) override;
    [[nodiscard]] std::vector<KeptMessage> waiting(const ListeningKey &queue) const override;
    void restore(const ListeningKey &queue, std::vector<KeptMessage> messages, bool hadConsumer) override;

    /// Drops what has expired. Called about four times a second, by any thread; take() does not wait for it.
    void sweep();

    /// From now on @p tap is told what becomes of messages. It outlives the broker. Before any message.
    void setFlowTap(FlowTap *tap) { m_tap = tap; }
    /// From now on messages are kept in @p journal as they wish (Message::keep). Before any message; it lives
    /// as long as anybody calls the broker.
    void setJournal(MessageJournal *journal) { m_journal = journal; }
    void saved(const std::vector<MessageJournal::Place> &places) override;
    void notSaved(const std::vector<MessageJournal::Place> &places) override;

private:
    struct Event
    {
        bool created = false; ///< else deleted
        ListeningKey queue;
        ConnectionId consumer = ConnectionId::None;
    };
    using Owner = std::pair<ListeningKey, ConnectionId>;
    using Step = MessageWatch::Step;
    /// Who is to be told of messages when no lock is held any more: senders and the journal.
    class Followers
    {
    public:
        explicit Followers(MessageJournal *journal)
            : m_journal(journal)
        { }
        void add(const std::shared_ptr<MessageWatch> &watch);
        void addEnded(JournalId id)
        {
            m_ended.push_back(id);
            m_changed = true;
        }
        /// The journal was told something.
        void noteChange() { m_changed = true; }
        void tell() const;

    private:
        MessageJournal *const m_journal;
        std::vector<std::shared_ptr<MessageWatch>> m_watches;
        std::vector<JournalId> m_ended;
        bool m_changed = false;
    };

    /// Everything in it is guarded by its mutex.
    struct alignas(64) Shard
    {
        mutable std::mutex mutex;
        QHash<ListeningKey, MessageQueue> queues;
        /// Taken and not settled by connections that are no longer the consumer.
        QHash<Owner, std::vector<QueuedMessage>> leftovers;
        /// When to look at which queue for messages whose time is over; each queue is there once at most.
        std::multimap<TimePoint, ListeningKey> expiries;
        std::vector<Event> events; ///< to be emitted, in order
        bool announcing = false; ///< a thread is emitting this shard's events
        std::uint64_t accepted = 0; ///< the latest tag as well
        std::uint64_t delivered = 0;
        std::array<std::uint64_t, dropReasonCount> dropped{};
        std::uint64_t returned = 0;
        std::uint64_t refusedNoQueue = 0;
        std::uint64_t refusedFull = 0;

        void count(DropReason reason, std::size_t messages) { dropped[std::size_t(reason)] += messages; }
        void keepLeftovers(const ListeningKey &queue, ConnectionId consumer,
                           std::vector<QueuedMessage> taken);
        [[nodiscard]] std::vector<QueuedMessage> takeLeftovers(const Owner &owner, std::size_t count);
        /// Puts @p queue where its next expiry belongs.
        void file(const ListeningKey &key, MessageQueue &queue) { file(key, queue, queue.nextExpiry()); }
        void file(const ListeningKey &key, MessageQueue &queue, TimePoint at);
        /// Forgets a queue.
        void erase(QHash<ListeningKey, MessageQueue>::iterator queue);
    };
    static constexpr std::size_t shardCount = 64;

    [[nodiscard]] Shard &shardOf(const ListeningKey &queue);
    [[nodiscard]] const Shard &shardOf(const ListeningKey &queue) const;
    void announce(Shard &shard);
    /// Tells the tap and those who follow them of @p messages from index @p first on. With the shard's lock
    /// held, so that everything about one message is told in order.
    void note(Step step, const std::vector<QueuedMessage> &messages, std::size_t first, std::size_t count,
              const char *reason, Followers &followers) const;
    void noteDropped(DropReason reason, const std::vector<QueuedMessage> &messages, std::size_t first,
                     Followers &followers) const;
    void tellTap(FlowEvent::Kind kind, const std::vector<QueuedMessage> &messages, std::size_t first,
                 std::size_t count, const char *reason) const;
    /// With the lock of @p shard held: moves what has expired out of @p queue, counts and notes it.
    [[nodiscard]] std::vector<QueuedMessage> expire(Shard &shard, const ListeningKey &key,
                                                    MessageQueue &queue, TimePoint now,
                                                    Followers &followers) const;

    // The journal (embeddedbrokerjournal.cpp). With the shard's lock held.
    /// Gives @p queued, which is being accepted, to the journal. @p waits: nobody will take it at once. True:
    /// the journal is to be flushed.
    [[nodiscard]] bool keep(const ListeningKey &queue, QueuedMessage &queued, bool waits) const;
    /// The sender of @p queued waits for the journal.
    void ask(const ListeningKey &queue, const QueuedMessage &queued, Followers &followers) const;
    [[nodiscard]] std::vector<PublishDone> releaseOutcomes(const ListeningKey &queue, MessageQueue &from,
                                                           Followers &followers) const;
    void noteInJournal(Step step, const QueuedMessage &queued, Followers &followers) const;

    const Settings m_settings;
    DeliveryPort &m_port;
    const Now m_now;
    FlowTap *m_tap = nullptr;
    MessageJournal *m_journal = nullptr;
    std::array<Shard, shardCount> m_shards;
};

} // namespace msgsrv
