// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/session.h"

#include <algorithm>

namespace msgsrv {

const char *toString(EndReason reason)
{
    switch (reason) {
    case EndReason::None:
        return "none";
    case EndReason::ClientEnded:
        return "client_ended";
    case EndReason::ConnectionClosed:
        return "connection_closed";
    case EndReason::QueueDeleted:
        return "queue_deleted";
    case EndReason::UnackedExpired:
        return "unacked_expired";
    case EndReason::QueueLost:
        return "queue_lost";
    case EndReason::StoreRefused:
        return "store_refused";
    case EndReason::OperatorClosed:
        return "operator_closed";
    case EndReason::ResumeExpired:
        return "resume_expired";
    case EndReason::Superseded:
        return "superseded";
    }
    Q_UNREACHABLE();
}

std::optional<TimePoint> Session::deadline() const
{
    switch (state) {
    case SessionState::New:
        if (ackBy != TimePoint::max())
            return ackBy;
        return std::nullopt;
    case SessionState::Detached:
        return detachedUntil;
    case SessionState::Ending:
        if (closeAt && removeAgainAt)
            return std::min(*closeAt, *removeAgainAt);
        return closeAt ? closeAt : removeAgainAt;
    case SessionState::Opening:
    case SessionState::Acked:
    case SessionState::Forgotten:
        break;
    }
    return std::nullopt;
}

SessionRecord Session::record() const
{
    const bool acked = state == SessionState::Acked || state == SessionState::Detached;
    return {userId, key, generation, address, acked, createdAtMs};
}

} // namespace msgsrv
