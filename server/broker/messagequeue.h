// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"

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
};

/// One queue: what waits, what its consumer took and has not settled, and whether the consumer needs to be
/// told. State only; it calls nobody and locks nothing. Its owner serialises access.
///
/// A queue without consumer is a reservation.
class MessageQueue
{
public:
    [[nodiscard]] ConnectionId consumer() const { return m_consumer; }
    [[nodiscard]] bool hasConsumer() const { return m_consumer != ConnectionId::None; }
    /// Messages that wait or are taken and not settled.
    [[nodiscard]] std::size_t size() const { return m_waiting.size() - m_head + m_taken.size(); }

    /// Whether @p message still fits: what is taken and not settled counts as well.
    [[nodiscard]] bool admits(const Message &message, const QueueLimits &limits) const;

    /// True while a message that is appended now will be taken without delay, so that its outcome is open.
    [[nodiscard]] bool flows() const { return hasConsumer() && !m_blocked; }

    /// Appends. True when the consumer must be told now (it is not blocked and has not been told yet).
    [[nodiscard]] bool append(QueuedMessage message);

    /// Gives the queue to @p consumer (None: makes it a reservation), who may have taken @p taken before.
    /// Returns what the former consumer had taken and not settled.
    std::vector<QueuedMessage> setConsumer(ConnectionId consumer, std::vector<QueuedMessage> taken);
    /// From now on admitsConsumer() is false for @p consumer. The latest 16 are remembered, which is many:
    /// a connection that lost its session is closed within seconds.
    void banConsumer(ConnectionId consumer);
    [[nodiscard]] bool admitsConsumer(ConnectionId consumer) const;

    /// True when messages wait and the consumer must be told now.
    [[nodiscard]] bool announceWaiting();

    /// See Broker::take().
    [[nodiscard]] std::vector<MessagePtr> take(int maxMessages, qsizetype maxBytes);
    /// Removes up to @p count of what was taken, oldest first, and returns them.
    [[nodiscard]] std::vector<QueuedMessage> settle(std::size_t count);

    /// Moves the pending outcomes of the waiting messages out; the messages stay.
    [[nodiscard]] std::vector<Broker::PublishDone> releaseOutcomes();
    /// The oldest of what waits.
    [[nodiscard]] std::vector<MessagePtr> peek(std::size_t count) const;
    /// All but the queue's name and limits.
    [[nodiscard]] QueueFacts facts() const;
    /// For facts(): messages of this queue were dropped.
    void noteDropped(std::size_t count) { m_dropped += count; }
    /// Moves everything that waits out.
    [[nodiscard]] std::vector<QueuedMessage> drain();

private:
    void forgetHead();

    ConnectionId m_consumer = ConnectionId::None;
    bool m_told = false; ///< the consumer was told and has not taken since
    bool m_blocked = false; ///< the last take left messages behind
    // A vector with a moving head instead of a deque: an idle queue, and most are idle, owns no memory.
    std::vector<QueuedMessage> m_waiting;
    std::size_t m_head = 0; ///< index of the oldest waiting message
    std::vector<QueuedMessage> m_taken; ///< oldest first
    qsizetype m_bytes = 0; ///< of waiting and taken messages
    std::uint64_t m_accepted = 0;
    std::uint64_t m_dropped = 0;
    std::vector<ConnectionId> m_banned; ///< oldest first
};

} // namespace msgsrv
