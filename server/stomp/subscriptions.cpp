// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/subscriptions.h"

#include <algorithm>

namespace msgsrv {

namespace {

template <typename Predicate>
bool removeFirst(std::vector<Subscription> &from, Predicate predicate)
{
    const auto it = std::find_if(from.begin(), from.end(), predicate);
    if (it == from.end())
        return false;
    from.erase(it);
    return true;
}

} // namespace

std::optional<Subscriptions::AddError> Subscriptions::add(Subscription subscription)
{
    const bool duplicate
        = std::any_of(m_subscriptions.begin(), m_subscriptions.end(), [&](const Subscription &other) {
              return other.id == subscription.id
                  && (subscription.id || other.destination == subscription.destination);
          });
    if (duplicate)
        return AddError::Duplicate;
    if (m_subscriptions.size() >= m_limit)
        return AddError::TooMany;
    m_subscriptions.push_back(std::move(subscription));
    return std::nullopt;
}

bool Subscriptions::removeById(std::string_view id)
{
    return removeFirst(m_subscriptions, [id](const Subscription &s) { return s.id == id; });
}

bool Subscriptions::removeByDestination(std::string_view destination)
{
    return removeFirst(m_subscriptions,
                       [destination](const Subscription &s) { return s.destination == destination; });
}

} // namespace msgsrv
