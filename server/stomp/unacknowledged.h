// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"

#include <QByteArray>

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <vector>

namespace msgsrv {

/// A MESSAGE that was written for a subscription and waits for its ACK or NACK.
struct UnacknowledgedMessage
{
    std::uint64_t number = 0; ///< counts the connection's deliveries; the `ack` header of STOMP 1.2
    DeliveryTag tag = 0; ///< the broker's; 0: an event, which no broker knows
    QByteArray messageId;
};

/// What one subscription was sent and has not acknowledged, in the order of delivery.
class Unacknowledged
{
public:
    using Messages = std::vector<UnacknowledgedMessage>;

    /// Its number is larger than all before.
    void add(UnacknowledgedMessage message);
    /// Where a message stands; nothing when it is not here.
    [[nodiscard]] std::optional<std::size_t> find(std::uint64_t number) const;
    [[nodiscard]] std::optional<std::size_t> find(std::string_view messageId) const;

    /// Takes out the one at @p index, or all up to it (STOMP 1.2, "ACK": cumulative in client mode).
    [[nodiscard]] Messages takeOne(std::size_t index);
    [[nodiscard]] Messages takeUpTo(std::size_t index);
    [[nodiscard]] Messages takeAll();
    /// Undoes a take.
    void putBack(Messages messages);

    [[nodiscard]] std::size_t size() const { return m_messages.size(); }

    /// Events are made by the server for as long as a client cannot be served, so they are not kept without
    /// end: of more than these the oldest cannot be acknowledged any more.
    static constexpr int mostEvents = 64;

private:
    std::deque<UnacknowledgedMessage> m_messages;
};

} // namespace msgsrv
