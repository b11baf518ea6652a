// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/storage/sessionstore.h"
#include "shared/base/clock.h"
#include "shared/base/connectionid.h"
#include "shared/signaling/listeningkey.h"
#include "shared/signaling/userid.h"

#include <optional>

namespace msgsrv {

/// docs/architecture.md has the diagram.
enum class SessionState {
    Opening, ///< the store has not confirmed the record; the key is known to nobody
    New, ///< un-acked: may be attached, waits for its queue to be created
    Acked, ///< the queue of the current connection exists
    Detached, ///< its connection broke; the queue waits for the key to connect again
    Ending, ///< the key is no longer valid; connection and stored record are being put away
    Forgotten, ///< nothing is left to do; no event has any effect
};

/// Why a session ended: the `reason` of the log event session.ended and of messaging_sessions_ended_total.
/// The order may only grow at the end.
enum class EndReason {
    None,
    ClientEnded, ///< the client asked for it by /disconnect
    ConnectionClosed, ///< the connection that held the session is over
    QueueDeleted, ///< the subscription ended
    UnackedExpired, ///< strange: nobody subscribed in time
    QueueLost, ///< strange: the queue was gone and no event had told so
    StoreRefused, ///< it never began: the store did not take the record
    OperatorClosed, ///< somebody closed it by the management protocol
    ResumeExpired, ///< its connection broke and nobody resumed it in time
    Superseded, ///< another wanted the userId, and this one was dead, or the newcomer has the right of way
};
constexpr int endReasonCount = 10;
[[nodiscard]] const char *toString(EndReason reason);

/// All that is known of one session. A value: changed by SessionMachine only.
struct Session
{
    UserId userId;
    ListeningKey key;
    Generation generation = Generation::None;
    QByteArray address; ///< the listeningAddress that was handed out
    qint64 createdAtMs = 0; ///< Unix time, milliseconds

    SessionState state = SessionState::Opening;
    EndReason endReason = EndReason::None;
    /// Who holds the session; while Ending, whom we still owe a close.
    ConnectionId connection = ConnectionId::None;
    /// Whose queue was created although it does not hold the session: not yet, or no longer.
    ConnectionId earlyConsumer = ConnectionId::None;
    bool stored = false; ///< the store has, or may have, the record
    bool restored = false; ///< the store has it from an earlier run of the daemon

    TimePoint ackBy = TimePoint::max(); ///< while New
    /// How long the session outlives a break of its connection, as that connection was granted; zero: not.
    Duration resumeWindow = Duration::zero();
    TimePoint detachedUntil; ///< while Detached
    TimePoint ackedAt; ///< while Acked
    std::optional<TimePoint> missingSince; ///< while Acked: the start of the inspection that missed the queue
    std::optional<TimePoint> closeAt; ///< while Ending with a connection
    std::optional<TimePoint> removeAgainAt; ///< while Ending, when the store failed to remove the record

    /// True while the key opens the session and messages are accepted for it.
    [[nodiscard]] bool isLive() const
    {
        return state == SessionState::New || state == SessionState::Acked || state == SessionState::Detached;
    }

    /// When the session wants its next Tick, if ever.
    [[nodiscard]] std::optional<TimePoint> deadline() const;

    [[nodiscard]] SessionRecord record() const;
};

} // namespace msgsrv
