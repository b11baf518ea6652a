// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/destinations.h"
#include "shared/base/clock.h"

#include <deque>
#include <map>
#include <vector>

namespace msgsrv {

/// What a shard of destinations counts.
struct DestinationCounts
{
    std::uint64_t accepted = 0; ///< the latest tag as well
    std::uint64_t delivered = 0;
    std::uint64_t dropped[dropReasonCount] = {};
    std::uint64_t returned = 0;
    std::uint64_t refusedFull = 0;
    std::uint64_t refusedQueues = 0; ///< that were not made

    void drop(DropReason reason, std::size_t messages) { dropped[int(reason)] += messages; }
};

/// A bounded queue with any number of subscribers that get messages in turn. State only: it calls nobody and
/// locks nothing; its owner serialises access and tells subscribers.
class WorkQueue
{
public:
    /// @p counts outlives the queue and is changed by it.
    WorkQueue(const QueueArguments &arguments, const QueueLimits &limits, DestinationCounts &counts);
    /// What it still holds is dropped as QueueDeleted.
    ~WorkQueue();
    WorkQueue(const WorkQueue &) = delete;
    WorkQueue &operator=(const WorkQueue &) = delete;

    void subscribe(SubscriberId subscriber, bool acknowledges, std::size_t window);
    void unsubscribe(SubscriberId subscriber, TimePoint now);
    [[nodiscard]] bool hasSubscribers() const { return !m_subscribers.empty(); }
    /// False for an exclusive queue and another connection.
    [[nodiscard]] bool admits(ConnectionId connection) const;

    /// Whether a message of that weight fits.
    [[nodiscard]] bool admits(const Message &message) const;
    void append(MessagePtr message, std::optional<milliseconds> ttl, TimePoint now);
    /// Counts a message that did not fit as accepted and dropped: a copy of a topic's.
    void discard();

    [[nodiscard]] std::vector<Delivery> take(SubscriberId subscriber, int maxMessages, qsizetype maxBytes,
                                             TimePoint now);
    void settle(SubscriberId subscriber, std::size_t written, std::size_t returned);
    void acknowledge(SubscriberId subscriber, const std::vector<DeliveryTag> &tags, Verdict verdict);

    /// Drops what has expired at the head, and gives what waits to those whose turn it is. Returns the
    /// connections that must be told; to be called after every change.
    [[nodiscard]] std::vector<ConnectionId> dispatch(TimePoint now);

    /// True when nobody needs it any more.
    [[nodiscard]] bool isOver(TimePoint now) const;

    [[nodiscard]] std::size_t size() const { return m_size; }
    [[nodiscard]] std::size_t unacknowledged() const;
    /// All but the name.
    [[nodiscard]] DestinationFacts facts() const;

    /// What an auto-mode subscriber may have before it, at most.
    static constexpr std::size_t defaultWindow = 64;

private:
    struct Queued
    {
        MessagePtr message;
        DeliveryTag tag = 0;
        bool redelivered = false;
        TimePoint expires = TimePoint::max();
    };
    struct Subscriber
    {
        SubscriberId id;
        bool acknowledges = false;
        std::size_t window = 0;
        std::deque<Queued> assigned; ///< its turn's, not taken
        std::deque<Queued> taken;
        std::map<DeliveryTag, Queued> unacknowledged;
        bool told = false;

        [[nodiscard]] bool hasRoom() const;
    };

    [[nodiscard]] Subscriber *find(SubscriberId id);
    void putBack(Queued queued, bool redelivered);
    void forget(const Queued &queued);
    void dropExpired(TimePoint now);
    void drop(DropReason reason);

    const QueueArguments m_arguments;
    const QueueLimits m_limits;
    DestinationCounts &m_counts;
    std::deque<Queued> m_waiting; ///< by tag
    std::vector<Subscriber> m_subscribers;
    std::size_t m_next = 0; ///< whose turn it is
    std::size_t m_size = 0; ///< waiting and with subscribers
    qsizetype m_bytes = 0;
    std::uint64_t m_accepted = 0;
    std::uint64_t m_dropped = 0;
    bool m_wasUsed = false; ///< somebody subscribed before
    TimePoint m_unusedSince = TimePoint::max();
};

} // namespace msgsrv
