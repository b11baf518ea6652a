// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/stomp/ackrequest.h"
#include "server/stomp/unacknowledged.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace msgsrv {

/// The `ack` header of SUBSCRIBE.
enum class AckMode { Auto, Client, ClientIndividual };

/// One SUBSCRIBE that is in force.
struct Subscription
{
    /// As the client chose it. STOMP 1.0 may do without: MESSAGE then has no subscription header.
    std::optional<std::string> id;
    std::string destination; ///< as the client wrote it
    AckMode ack = AckMode::Auto;
    std::size_t prefetch = 0; ///< how many may be unacknowledged at once; 0: as many as the queue may hold

    std::uint64_t serial = 0; ///< among the connection's; never used again
    Unacknowledged unacknowledged{};
    std::size_t inTransactions = 0; ///< acknowledged by a transaction that is open

    [[nodiscard]] bool acknowledges() const { return ack != AckMode::Auto; }
    /// How many messages may be written for it now, at most @p most.
    [[nodiscard]] int room(int most) const;
};

/// What an ACK or NACK has settled.
struct Acknowledgement
{
    std::uint64_t subscription = 0; ///< Subscription::serial
    Unacknowledged::Messages messages;
    Verdict verdict = Verdict::Accept;
};

/// The subscriptions of one connection. All of them are to the same queue, so they compete for its messages:
/// the oldest that has room gets them.
class Subscriptions
{
public:
    enum class AddError { Duplicate, TooMany };

    explicit Subscriptions(int limit)
        : m_limit(std::size_t(limit))
    { }

    /// Nothing when it was added. A duplicate has the same id, or the same destination and no id.
    std::optional<AddError> add(Subscription subscription);
    /// Nothing when there is none.
    std::optional<Subscription> removeById(std::string_view id);
    std::optional<Subscription> removeByDestination(std::string_view destination);

    [[nodiscard]] bool isEmpty() const { return m_subscriptions.empty(); }
    /// The oldest; there is at least one. Valid until one is added or removed, as are all pointers here.
    [[nodiscard]] Subscription &first() { return m_subscriptions.front(); }
    /// The one that the next message goes to; null when none has room.
    [[nodiscard]] Subscription *firstWithRoom();
    [[nodiscard]] Subscription *find(std::uint64_t serial);

    /// The number of a MESSAGE that is to be acknowledged.
    [[nodiscard]] std::uint64_t nextNumber() { return ++m_numbers; }
    /// Takes what @p request settles out of its subscription; nothing when it names no message that waits for
    /// it (STOMP 1.2, "ACK").
    [[nodiscard]] std::optional<Acknowledgement> acknowledge(const AckRequest &request);

private:
    std::optional<Subscription> remove(std::vector<Subscription>::iterator at);

    const std::size_t m_limit;
    std::vector<Subscription> m_subscriptions; ///< oldest first
    std::uint64_t m_serials = 0;
    std::uint64_t m_numbers = 0;
};

} // namespace msgsrv
