// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/session/sessionevent.h"

namespace msgsrv {

/// The rules of a session: event in, effects out. It knows no socket, no store, no broker and no clock; it
/// keeps nothing, so one machine serves all sessions, and any thread.
///
/// Connections are told apart by their ids, never by the order in which events come: what is said of a
/// connection that does not hold the session cannot end or ack it. Every event is harmless when it comes
/// again, or when the session is over.
class SessionMachine
{
public:
    struct Settings
    {
        Duration unackedTtl = seconds(60); ///< New for so long ends it; zero: never
        Duration disconnectGrace = seconds(5); ///< what a client has to close its connection by itself
        /// A queue that an inspection misses is lost when one begun this much later misses it too: in between
        /// an event that was under way when the first looked has arrived.
        Duration lostConfirmation = seconds(1);
        Duration storeRetry = seconds(5); ///< until a failed removal from the store is tried again
    };

    explicit SessionMachine(Settings settings)
        : m_settings(settings)
    { }

    [[nodiscard]] const Settings &settings() const { return m_settings; }

    /// Moves @p session by @p event at @p now and returns what is to be done, in order.
    [[nodiscard]] SessionEffects step(Session &session, const SessionEvent::Any &event, TimePoint now) const;

private:
    const Settings m_settings;
};

} // namespace msgsrv
