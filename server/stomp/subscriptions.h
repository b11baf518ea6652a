// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace msgsrv {

/// One SUBSCRIBE that is in force.
struct Subscription
{
    /// As the client chose it. STOMP 1.0 may do without: MESSAGE then has no subscription header.
    std::optional<std::string> id;
    std::string destination; ///< as the client wrote it
};

/// The subscriptions of one connection. All of them are to the same queue, so they compete for its messages:
/// the oldest gets them.
class Subscriptions
{
public:
    enum class AddError { Duplicate, TooMany };

    explicit Subscriptions(int limit)
        : m_limit(std::size_t(limit))
    { }

    /// Nothing when it was added. A duplicate has the same id, or the same destination and no id.
    std::optional<AddError> add(Subscription subscription);
    /// False when there is none.
    bool removeById(std::string_view id);
    bool removeByDestination(std::string_view destination);

    [[nodiscard]] bool isEmpty() const { return m_subscriptions.empty(); }
    /// The one that messages go to; there is at least one.
    [[nodiscard]] const Subscription &first() const { return m_subscriptions.front(); }

private:
    const std::size_t m_limit;
    std::vector<Subscription> m_subscriptions; ///< oldest first
};

} // namespace msgsrv
