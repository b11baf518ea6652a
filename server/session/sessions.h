// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/storage/sessionstore.h"
#include "shared/base/clock.h"
#include "shared/base/connectionid.h"
#include "shared/signaling/listeningkey.h"
#include "shared/signaling/problem.h"
#include "shared/signaling/userid.h"

#include <tl/expected.hpp>

#include <functional>
#include <optional>

namespace msgsrv {

/// A `POST /connect`.
struct OpenRequest
{
    UserId userId;
    QByteArray address; ///< kept in the record
    ListeningKey key{}; ///< as presented, to have the session back that it opens; null when none was
};

/// What `POST /connect` hands out.
struct OpenedSession
{
    UserId userId;
    ListeningKey key;
    Generation generation = Generation::None;
};

/// A STOMP CONNECT that wants to act for a session.
struct AttachRequest
{
    ConnectionId connection = ConnectionId::None;
    QByteArray login; ///< as presented
    ListeningKey passcode; ///< as presented
    std::optional<Duration> resume{}; ///< what it wishes: how long the session may outlive a break
};

enum class AttachRefusal { BadCredentials, Draining };

struct AttachedSession
{
    UserId userId;
    ListeningKey key;
    Generation generation = Generation::None;
    Duration resumeWindow{}; ///< granted: how long the session outlives a break of this connection; zero: not
    bool resumed = false; ///< a connection before this one had it, and the queue is what it left
};

/// How a connection came to its end.
enum class ConnectionEnd {
    Finished, ///< its client said so
    Broken,
};

/// The sessions as the transports see them. The implementation lives in the main thread and is the only
/// owner of session state; these functions may be called from any thread, and every `done` is called
/// exactly once, in the main thread (callers hop back to their own executor).
class Sessions
{
public:
    virtual ~Sessions() = default;

    /// Opens a session, or gives back the one that the presented key opens. Problems: UserIdTaken, Draining,
    /// Unavailable.
    virtual void open(const OpenRequest &request,
                      std::function<void(tl::expected<OpenedSession, Problem>)> done)
        = 0;

    /// Ends the session that @p key names: nothing more is delivered, its connection is closed when its
    /// DISCONNECT comes or 5 s later. Told when the store has forgotten it, so that it does not come back
    /// after a restart. Problems: UnknownKey; Unavailable, when the store could not: the session has ended
    /// all the same, and the store is asked again until it has forgotten.
    virtual void end(const ListeningKey &key, std::function<void(tl::expected<void, Problem>)> done) = 0;

    /// Binds a connection to its session; the newest wins, an older connection is asked to close
    /// (4001 "replaced").
    virtual void attach(const AttachRequest &request,
                        std::function<void(tl::expected<AttachedSession, AttachRefusal>)> done)
        = 0;

    /// The connection that had attached is over, or its client sent DISCONNECT. Late and repeated calls
    /// are harmless: only the connection that holds the session can end it. A connection that goes while
    /// its attach() is under way calls this with the key that it presented, from the same thread. A session
    /// that was granted a resumeWindow outlives a broken connection; its queue must then be detached and not
    /// unsubscribed.
    virtual void connectionClosed(const ListeningKey &key, ConnectionId connection, ConnectionEnd how) = 0;
};

} // namespace msgsrv
