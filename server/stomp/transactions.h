// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/stomp/subscriptions.h"
#include "shared/stomp/frame.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace msgsrv {

/// An ACK or NACK that takes effect with COMMIT.
struct TransactedAck
{
    Acknowledgement acknowledgement;
    std::optional<std::string> receiptId;
};

/// One frame of a transaction: a SEND whose destination was checked, or an ACK or NACK.
using TransactedFrame = std::variant<stomp::Frame, TransactedAck>;

/// The open transactions of one connection (STOMP 1.2, "BEGIN").
class Transactions
{
public:
    struct Limits
    {
        int count = 16; ///< stomp.transactions
        std::int64_t bytes = 1024 * 1024; ///< stomp.transaction_bytes; 0: unlimited, as is a count of 0
    };
    enum class Error { Exists, TooMany, TooLarge, Unknown };

    explicit Transactions(const Limits &limits)
        : m_limits(limits)
    { }

    /// Nothing when it has begun. Errors: Exists, TooMany.
    std::optional<Error> begin(const std::string &name);
    /// Nothing when @p frame is part of the transaction now. All transactions together are limited in bytes.
    /// Errors: Unknown, TooLarge.
    std::optional<Error> add(const std::string &name, TransactedFrame frame);
    [[nodiscard]] bool contains(const std::string &name) const { return m_open.count(name) > 0; }
    /// Ends it; nothing when there is none. The frames are in their order.
    [[nodiscard]] std::optional<std::vector<TransactedFrame>> end(const std::string &name);

private:
    struct Transaction
    {
        std::vector<TransactedFrame> frames;
        std::int64_t bytes = 0;
    };

    const Limits m_limits;
    std::map<std::string, Transaction> m_open;
    std::int64_t m_bytes = 0;
};

} // namespace msgsrv
