// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"

#include <utility>
#include <vector>

namespace msgsrv {

/// What a queue may hold; 0 is unlimited.
struct QueueLimits
{
    qsizetype messages = 0;
    qsizetype bytes = 0; ///< sum of Message::weight()
};

/// A message in a queue, and who is still to be told what became of it (empty: nobody).
struct QueuedMessage
{
    MessagePtr message;
    Broker::PublishDone outcome;
    DeliveryTag tag = 0; ///< grows with the order of publishing
    bool redelivered = false; ///< see Delivery
    bool isSaved = false; ///< the journal's store has it
    JournalId journal = JournalId::NotKept;

    /// True while nobody may be told that it waits, or that it was written to somebody who has not
    /// acknowledged it.
    [[nodiscard]] bool awaitsStore() const
    {
        return journal != JournalId::NotKept && !isSaved && message->keep != Keep::Content;
    }
};

/// One queue: what waits, what its consumer took and has not settled, what it was written and has not
/// acknowledged, and whether the consumer needs to be
/// told. State only; it calls nobody and locks nothing. Its owner serialises access.
///
/// A queue without consumer is a reservation.
class MessageQueue
{
public:
    [[nodiscard]] ConnectionId consumer() const { return m_consumer; }
    [[nodiscard]] bool hasConsumer() const { return m_consumer != ConnectionId::None; }
    /// True from the first consumer on, also when it has gone and the next is awaited.
    [[nodiscard]] bool isEstablished() const { return m_established; }
    /// Messages that wait, are taken and not settled, or are unacknowledged.
    [[nodiscard]] std::size_t size() const
    {
        return m_waiting.size() - m_head + m_taken.size() + unacknowledged();
    }
    [[nodiscard]] std::size_t unacknowledged() const
    {
        return m_unacknowledged.size() - m_unacknowledgedHead;
    }

    /// Whether @p message still fits: all of size() counts.
    [[nodiscard]] bool admits(const Message &message, const QueueLimits &limits) const;

    /// True while a message that is appended now will be taken without delay, so that its outcome is open.
    [[nodiscard]] bool flows() const { return hasConsumer() && !m_blocked; }

    /// Appends; its tag is larger than all before. True when the consumer must be told now (it is not blocked
    /// and has not been told yet).
    [[nodiscard]] bool append(QueuedMessage message);

    /// Gives the queue to @p consumer (None: makes it a reservation), who may have taken @p taken before.
    /// What the former consumer held unacknowledged waits again.
    /// Returns what the former consumer had taken and not settled, and adds to @p returned.
    std::vector<QueuedMessage> setConsumer(ConnectionId consumer, std::vector<QueuedMessage> taken,
                                           std::uint64_t &returned);
    /// From now on admitsConsumer() is false for @p consumer. The latest 16 are remembered, which is many:
    /// a connection that lost its session is closed within seconds.
    void banConsumer(ConnectionId consumer);
    [[nodiscard]] bool admitsConsumer(ConnectionId consumer) const;

    /// True when messages wait and the consumer must be told now.
    [[nodiscard]] bool announceWaiting();

    /// See Broker::take().
    [[nodiscard]] std::vector<Delivery> take(int maxMessages, qsizetype maxBytes);
    /// Removes up to @p count of what was taken, oldest first, and returns them.
    [[nodiscard]] std::vector<QueuedMessage> settle(std::size_t count);

    /// The oldest @p count of what was taken are unacknowledged from now on. Returns the outcomes that may be
    /// told, and adds to @p asked those whose outcomes have to wait for the journal.
    [[nodiscard]] std::vector<Broker::PublishDone> hold(std::size_t count,
                                                        std::vector<const QueuedMessage *> &asked);
    /// Removes one that is unacknowledged and returns it; nothing inside when there is none of that tag.
    [[nodiscard]] QueuedMessage release(DeliveryTag tag);
    /// Puts messages that came from here back to their places. @p messages are in the order of their tags.
    void putBack(std::vector<QueuedMessage> messages);

    /// Moves the pending outcomes of the waiting messages out, but for those that have to wait for the
    /// journal, which are added to @p asked; the messages stay.
    [[nodiscard]] std::vector<Broker::PublishDone> releaseOutcomes(std::vector<const QueuedMessage *> &asked);

    /// Where a message of this queue is.
    enum class Place { Nowhere, Waiting, Taken, Unacknowledged };
    /// The message of @p tag; null: Nowhere. Valid until the queue changes.
    [[nodiscard]] std::pair<QueuedMessage *, Place> find(DeliveryTag tag);
    /// Removes one that waits and returns it.
    [[nodiscard]] QueuedMessage withdraw(DeliveryTag tag);
    /// What was taken and not settled, oldest first.
    [[nodiscard]] const std::vector<QueuedMessage> &taken() const { return m_taken; }
    /// The oldest of what waits.
    [[nodiscard]] std::vector<MessagePtr> peek(std::size_t count) const;
    /// All but the queue's name and limits.
    [[nodiscard]] QueueFacts facts() const;
    /// For facts(): messages of this queue were dropped.
    void noteDropped(std::size_t count) { m_dropped += count; }
    /// Moves everything that waits out.
    [[nodiscard]] std::vector<QueuedMessage> drain();
    /// All that waits.
    [[nodiscard]] std::vector<KeptMessage> waiting() const;
    /// As if there had been a consumer: see isEstablished().
    void establish() { m_established = true; }

    /// Moves out what waits and whose time is over; what was written before has no such time.
    [[nodiscard]] std::vector<QueuedMessage> takeExpired(TimePoint now);
    /// When takeExpired() may find something; perhaps later. TimePoint::max(): never.
    [[nodiscard]] TimePoint nextExpiry() const { return m_nextExpiry; }
    /// Where the owner's list of expiries has this queue: the owner's to keep.
    TimePoint filedExpiry = TimePoint::max();

private:
    using Messages = std::vector<QueuedMessage>;
    static void forgetHead(Messages &messages, std::size_t &head);
    static void insertByTag(Messages &messages, std::size_t &head, QueuedMessage message);
    [[nodiscard]] static Messages::iterator findByTag(Messages &messages, std::size_t head, DeliveryTag tag);

    ConnectionId m_consumer = ConnectionId::None;
    bool m_established = false;
    bool m_told = false; ///< the consumer was told and has not taken since
    bool m_blocked = false; ///< the last take left messages behind
    // A vector with a moving head instead of a deque: an idle queue, and most are idle, owns no memory.
    std::vector<QueuedMessage> m_waiting;
    std::size_t m_head = 0; ///< index of the oldest waiting message
    std::vector<QueuedMessage> m_taken; ///< oldest first
    std::vector<QueuedMessage> m_unacknowledged; ///< by tag
    std::size_t m_unacknowledgedHead = 0;
    qsizetype m_bytes = 0; ///< of all messages
    std::uint64_t m_accepted = 0;
    std::uint64_t m_dropped = 0;
    TimePoint m_nextExpiry = TimePoint::max(); ///< of what waits; perhaps earlier
    std::vector<ConnectionId> m_banned; ///< oldest first
};

} // namespace msgsrv
