// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/subscriptions.h"

#include <algorithm>
#include <utility>

namespace msgsrv {

int Subscription::room(int most) const
{
    if (!acknowledges() || prefetch == 0)
        return most;
    const std::size_t held = unacknowledged.size() + inTransactions;
    return held >= prefetch ? 0 : int(std::min(prefetch - held, std::size_t(most)));
}

std::optional<Subscriptions::AddError> Subscriptions::add(Subscription subscription)
{
    const bool duplicate
        = std::any_of(m_subscriptions.begin(), m_subscriptions.end(), [&](const Subscription &other) {
              return other.id == subscription.id
                  && (subscription.id || other.destination == subscription.destination);
          });
    if (duplicate)
        return AddError::Duplicate;
    if (subscription.watched ? m_watched >= m_watchedLimit : m_subscriptions.size() - m_watched >= m_limit)
        return subscription.watched ? AddError::TooManyWatched : AddError::TooMany;
    subscription.serial = ++m_serials;
    m_shared += subscription.shared ? 1 : 0;
    m_watched += subscription.watched ? 1 : 0;
    m_subscriptions.push_back(std::move(subscription));
    return std::nullopt;
}

std::optional<Subscription> Subscriptions::removeById(std::string_view id)
{
    return remove(std::find_if(m_subscriptions.begin(), m_subscriptions.end(),
                               [id](const Subscription &s) { return s.id == id; }));
}

std::optional<Subscription> Subscriptions::removeByDestination(std::string_view destination)
{
    return remove(
        std::find_if(m_subscriptions.begin(), m_subscriptions.end(),
                     [destination](const Subscription &s) { return s.destination == destination; }));
}

std::optional<Subscription> Subscriptions::remove(std::vector<Subscription>::iterator at)
{
    if (at == m_subscriptions.end())
        return std::nullopt;
    Subscription removed = std::move(*at);
    m_subscriptions.erase(at);
    m_shared -= removed.shared ? 1 : 0;
    m_watched -= removed.watched ? 1 : 0;
    return removed;
}

bool Subscriptions::hasOwn() const
{
    return std::any_of(m_subscriptions.begin(), m_subscriptions.end(),
                       [](const Subscription &s) { return s.isOwn(); });
}

Subscription *Subscriptions::first()
{
    const auto own = std::find_if(m_subscriptions.begin(), m_subscriptions.end(),
                                  [](const Subscription &s) { return s.isOwn(); });
    if (own != m_subscriptions.end())
        return &*own;
    const auto shared = std::find_if(m_subscriptions.begin(), m_subscriptions.end(),
                                     [](const Subscription &s) { return s.shared.has_value(); });
    return shared == m_subscriptions.end() ? nullptr : &*shared;
}

Subscription *Subscriptions::firstWithRoom()
{
    for (Subscription &subscription : m_subscriptions) {
        if (subscription.isOwn() && subscription.room(1) > 0)
            return &subscription;
    }
    return nullptr;
}

Subscription *Subscriptions::find(std::uint64_t serial)
{
    const auto it = std::find_if(m_subscriptions.begin(), m_subscriptions.end(),
                                 [serial](const Subscription &s) { return s.serial == serial; });
    return it == m_subscriptions.end() ? nullptr : &*it;
}

std::optional<Acknowledgement> Subscriptions::acknowledge(const AckRequest &request)
{
    for (Subscription &subscription : m_subscriptions) {
        Unacknowledged &held = subscription.unacknowledged;
        if (request.subscription && !request.number && request.subscription != subscription.id)
            continue;
        const auto at = request.number ? held.find(*request.number) : held.find(request.messageId);
        if (!at)
            continue;
        return Acknowledgement{subscription.serial, subscription.shared,
                               subscription.ack == AckMode::Client ? held.takeUpTo(*at) : held.takeOne(*at),
                               request.verdict};
    }
    return std::nullopt;
}

} // namespace msgsrv
