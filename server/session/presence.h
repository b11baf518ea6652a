// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/destinations.h"
#include "shared/base/connectionid.h"
#include "shared/signaling/deliveryport.h"
#include "shared/signaling/userid.h"

#include <QByteArray>
#include <QHash>

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace msgsrv {

/// Whether a user can be reached.
struct PresenceFact
{
    enum class State {
        Offline, ///< no session, or one to which nobody has subscribed yet
        Detached, ///< its connection broke and may be resumed
        Online, ///< subscribed
    };
    State state = State::Offline;
    std::optional<qint64> sinceMs{}; ///< Unix time; nothing: not known

    friend bool operator==(const PresenceFact &, const PresenceFact &) = default;
    /// The members `state` and `since`, without braces.
    [[nodiscard]] QByteArray toJsonMembers() const;
};

/// Who is there, for users who ask, and for those who watch. A watcher that does not read is told the latest
/// state of each user once when it reads again: what waits for it is never more than what it watches.
///
/// Any thread.
class Presence
{
public:
    struct Settings
    {
        bool enabled = true; ///< presence.enabled; false: nobody is told anything
        std::size_t remembered
            = 10'000; ///< presence.remembered: users who left and whose time of that is known
    };
    using NowMs = std::function<qint64()>;

    /// @p port outlives this object. DeliveryPort::messagesReady() with the null key tells a watcher that
    /// there is something to take().
    Presence(const Settings &settings, DeliveryPort &port, NowMs now = {});

    [[nodiscard]] bool isEnabled() const { return m_settings.enabled; }

    /// Nothing when it is the state that is known.
    void set(const UserId &user, PresenceFact::State state);
    [[nodiscard]] PresenceFact of(const UserId &user) const;

    /// From now on @p watcher is told of changes. The state now.
    [[nodiscard]] PresenceFact watch(const UserId &user, SubscriberId watcher);
    void unwatch(const UserId &user, SubscriberId watcher);

    struct Change
    {
        std::uint64_t subscription = 0;
        UserId user;
        PresenceFact fact;
    };
    /// What has changed for the watchers of @p connection since it took, each of them once.
    [[nodiscard]] std::vector<Change> take(ConnectionId connection);

    [[nodiscard]] std::size_t watchers() const; ///< subscriptions

private:
    struct Entry
    {
        PresenceFact fact;
        std::uint64_t leftAs = 0; ///< place in m_left; 0: none
        std::vector<SubscriberId> watchers;
    };

    void forgetIfUseless(QHash<UserId, Entry>::iterator entry);

    const Settings m_settings;
    DeliveryPort &m_port;
    const NowMs m_now;
    mutable std::mutex m_mutex; // guards what follows
    QHash<UserId, Entry> m_entries;
    std::map<std::uint64_t, UserId> m_left; ///< who is offline and remembered, who left first first
    std::uint64_t m_departures = 0;
    QHash<ConnectionId, std::vector<std::pair<std::uint64_t, UserId>>> m_changed;
    std::size_t m_watchers = 0;
};

} // namespace msgsrv
