// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/session/session.h"
#include "shared/base/clock.h"
#include "shared/base/connectionid.h"
#include "shared/signaling/closecodes.h"

#include <QByteArray>

#include <variant>
#include <vector>

namespace msgsrv {

// clang-format off

/// What can happen to a session. Events may come late, twice, or not at all.
struct SessionEvent
{
    /// The store took the record, or did not.
    struct Stored {};
    struct StoreFailed {};
    /// The store has the record from an earlier run, whose end was a break of its connection if it was acked:
    /// then the session outlives that by `resumeWindow`.
    struct Restored { bool wasAcked = false; Duration resumeWindow{}; };
    /// The store no longer has the record, or may still have it.
    struct StoreRemoved {};
    struct StoreRemoveFailed {};
    /// A connection proved the key. When it breaks, the session outlives it by `resumeWindow`.
    struct Attached { ConnectionId connection = ConnectionId::None; Duration resumeWindow{}; };
    /// A connection is over, or its client sent DISCONNECT, which makes it no break.
    struct ConnectionClosed { ConnectionId connection = ConnectionId::None; bool broken = false; };
    /// What the broker tells.
    struct QueueCreated { ConnectionId consumer; };
    struct QueueDeleted { ConnectionId consumer; };
    /// The holder of the key wants the end.
    struct EndRequested {};
    /// An operator wants the end, now.
    struct CloseRequested { QByteArray reason; };
    /// Somebody else gets the userId.
    struct Superseded {};
    /// An inspection of the broker, begun at `begun`, found the queue or did not.
    struct Inspected { TimePoint begun; bool queueExists = false; };
    /// Time has passed.
    struct Tick {};

    using Any = std::variant<Stored, StoreFailed, Restored, StoreRemoved, StoreRemoveFailed, Attached, ConnectionClosed,
                             QueueCreated, QueueDeleted, EndRequested, CloseRequested, Superseded, Inspected,
                             Tick>;
};

/// What has to be done for a session, in the order given.
struct SessionEffect
{
    /// Make sure there is a reservation; leave one, or a queue, that exists as it is.
    struct ReserveQueue {};
    /// Queue, reservation and what waits.
    struct RemoveQueue {};
    /// Keep this consumer from the queue for good; what waits stays.
    struct DetachQueue { ConnectionId consumer; };
    struct PublishToDirectory {};
    struct WithdrawFromDirectory {};
    struct CloseConnection { ConnectionId connection; CloseCode code; QByteArray reason; };
    struct StoreUpdate {};
    /// To be answered by StoreRemoved or StoreRemoveFailed.
    struct StoreRemove {};
    struct ReportStrange { EndReason reason; };
    /// The session can be deleted. The last effect of all.
    struct Forget {};

    using Any = std::variant<ReserveQueue, RemoveQueue, DetachQueue, PublishToDirectory, WithdrawFromDirectory,
                             CloseConnection, StoreUpdate, StoreRemove, ReportStrange, Forget>;
};

// clang-format on

using SessionEffects = std::vector<SessionEffect::Any>;

} // namespace msgsrv
