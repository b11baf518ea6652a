// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/destinations.h"
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
    std::optional<DestinationName> shared{};
    std::optional<UserId> watched{}; ///< whose presence it is about
    std::size_t prefetch = 0; ///< how many may be unacknowledged at once; 0: as many as the queue may hold

    std::uint64_t serial = 0; ///< among the connection's; never used again
    Unacknowledged unacknowledged{};
    std::size_t inTransactions = 0; ///< acknowledged by a transaction that is open

    /// It is to the session's own queue.
    [[nodiscard]] bool isOwn() const { return !shared && !watched; }
    [[nodiscard]] bool acknowledges() const { return ack != AckMode::Auto; }
    /// How many messages may be written for it now, at most @p most.
    [[nodiscard]] int room(int most) const;
};

/// What an ACK or NACK has settled.
struct Acknowledgement
{
    std::uint64_t subscription = 0; ///< Subscription::serial
    std::optional<DestinationName> shared; ///< Subscription::shared
    Unacknowledged::Messages messages;
    Verdict verdict = Verdict::Accept;
};

/// The subscriptions of one connection. Those to the session's own queue compete for its messages: the oldest
/// that has room gets them.
class Subscriptions
{
public:
    enum class AddError { Duplicate, TooMany, TooManyWatched };

    /// @p watched: of those that are about presence, which do not count among the others.
    explicit Subscriptions(int limit, int watched = 0)
        : m_limit(std::size_t(limit))
        , m_watchedLimit(std::size_t(watched))
    { }

    /// Nothing when it was added. A duplicate has the same id, or the same destination and no id.
    std::optional<AddError> add(Subscription subscription);
    /// Nothing when there is none.
    std::optional<Subscription> removeById(std::string_view id);
    std::optional<Subscription> removeByDestination(std::string_view destination);

    [[nodiscard]] const std::vector<Subscription> &all() const { return m_subscriptions; }
    [[nodiscard]] std::vector<Subscription> &all() { return m_subscriptions; }
    /// One of them is to the session's own queue.
    [[nodiscard]] bool hasOwn() const;
    [[nodiscard]] bool hasShared() const { return m_shared > 0; }
    [[nodiscard]] bool hasWatched() const { return m_watched > 0; }
    /// The oldest, if possible to the session's own queue; null when there is none. Valid until one is added
    /// or removed, as are all pointers here.
    [[nodiscard]] Subscription *first();
    /// The one that the next message of the own queue goes to; null when none has room.
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
    const std::size_t m_watchedLimit;
    std::vector<Subscription> m_subscriptions; ///< oldest first
    int m_shared = 0; ///< how many are to shared destinations
    std::size_t m_watched = 0; ///< and about presence
    std::uint64_t m_serials = 0;
    std::uint64_t m_numbers = 0;
};

} // namespace msgsrv
