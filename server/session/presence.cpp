// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/presence.h"

#include <QDateTime>

#include <algorithm>

namespace msgsrv {

QByteArray PresenceFact::toJsonMembers() const
{
    const char *name = "offline";
    if (state == State::Online)
        name = "online";
    else if (state == State::Detached)
        name = "detached";
    return R"("state":")" + QByteArray(name) + R"(","since":)"
        + (sinceMs ? QByteArray::number(*sinceMs) : QByteArrayLiteral("null"));
}

Presence::Presence(const Settings &settings, DeliveryPort &port, NowMs now)
    : m_settings(settings)
    , m_port(port)
    , m_now(now ? std::move(now) : &QDateTime::currentMSecsSinceEpoch)
{ }

void Presence::set(const UserId &user, PresenceFact::State state)
{
    if (!m_settings.enabled)
        return;
    std::vector<ConnectionId> toTell;
    {
        const std::scoped_lock lock(m_mutex);
        auto entry = m_entries.find(user);
        if (entry == m_entries.end()) {
            if (state == PresenceFact::State::Offline)
                return;
            entry = m_entries.insert(user, {});
        }
        if (entry->fact.state == state)
            return;
        entry->fact = {state, m_now()};
        m_left.erase(std::exchange(entry->leftAs, 0));
        if (state == PresenceFact::State::Offline) {
            entry->leftAs = ++m_departures;
            m_left.emplace(entry->leftAs, user);
        }
        for (const SubscriberId &watcher : entry->watchers) {
            auto &changed = m_changed[watcher.connection];
            if (changed.empty())
                toTell.push_back(watcher.connection);
            const std::pair change(watcher.subscription, user);
            if (std::find(changed.begin(), changed.end(), change) == changed.end())
                changed.push_back(change);
        }
        if (m_left.size() > m_settings.remembered) {
            const auto oldest = m_left.begin();
            const auto forgotten = m_entries.find(oldest->second);
            m_left.erase(oldest);
            forgotten->leftAs = 0;
            forgetIfUseless(forgotten);
        }
    }
    for (const ConnectionId connection : toTell)
        m_port.messagesReady(connection, ListeningKey());
}

PresenceFact Presence::of(const UserId &user) const
{
    const std::scoped_lock lock(m_mutex);
    const auto entry = m_entries.constFind(user);
    return entry == m_entries.cend() ? PresenceFact() : entry->fact;
}

PresenceFact Presence::watch(const UserId &user, SubscriberId watcher)
{
    const std::scoped_lock lock(m_mutex);
    Entry &entry = m_entries[user];
    entry.watchers.push_back(watcher);
    ++m_watchers;
    return entry.fact;
}

void Presence::unwatch(const UserId &user, SubscriberId watcher)
{
    const std::scoped_lock lock(m_mutex);
    const auto entry = m_entries.find(user);
    if (entry == m_entries.end())
        return;
    m_watchers -= std::erase(entry->watchers, watcher);
    forgetIfUseless(entry);
    const auto changed = m_changed.find(watcher.connection);
    if (changed == m_changed.end())
        return;
    std::erase(*changed, std::pair(watcher.subscription, user));
    if (changed->empty())
        m_changed.erase(changed);
}

std::vector<Presence::Change> Presence::take(ConnectionId connection)
{
    std::vector<Change> changes;
    const std::scoped_lock lock(m_mutex);
    const auto changed = m_changed.find(connection);
    if (changed == m_changed.end())
        return changes;
    for (auto &[subscription, user] : *changed) {
        const auto entry = m_entries.constFind(user);
        changes.push_back({subscription, user, entry == m_entries.cend() ? PresenceFact() : entry->fact});
    }
    m_changed.erase(changed);
    return changes;
}

std::size_t Presence::watchers() const
{
    const std::scoped_lock lock(m_mutex);
    return m_watchers;
}

/// Nobody watches it, and nothing is to be said of it that would not be said without it.
void Presence::forgetIfUseless(QHash<UserId, Entry>::iterator entry)
{
    if (entry->watchers.empty() && entry->fact.state == PresenceFact::State::Offline && entry->leftAs == 0)
        m_entries.erase(entry);
}

} // namespace msgsrv
