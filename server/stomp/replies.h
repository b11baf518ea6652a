// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/session/presence.h"
#include "server/stomp/fault.h"
#include "server/stomp/subscriptions.h"
#include "shared/base/clock.h"
#include "shared/signaling/message.h"
#include "shared/signaling/problem.h"
#include "shared/signaling/userid.h"
#include "shared/stomp/frame.h"

#include <QByteArray>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace msgsrv {

/// The frames that the server sends, ready for the wire. Pure functions.
namespace reply {

struct Connected
{
    std::string heartBeat; ///< the header's value
    QByteArray session;
    QByteArray server;
    /// Left out when it holds a blank, a colon or a backslash: CONNECTED is never escaped, and some clients'
    /// parsers stop at such a value.
    UserId userId;
    std::optional<milliseconds> resumeWindow{}; ///< granted; `resume` and `resumed` are left out without
    bool resumed = false;
};
[[nodiscard]] std::string connected(stomp::Version version, const Connected &facts);

[[nodiscard]] std::string receipt(stomp::Version version, std::string_view receiptId);

/// The ERROR frame. The `version` of the failed negotiation is there when the fault says so.
[[nodiscard]] std::string error(stomp::Version version, const Fault &fault);

/// @p ackNumber: 0 when it is not to be acknowledged. Its `ack` header is there in 1.2 only.
[[nodiscard]] std::string message(stomp::Version version, const Subscription &subscription,
                                  const Message &relayed, std::uint64_t ackNumber = 0,
                                  bool redelivered = false);

/// The event that tells a sender that its SEND was not accepted.
struct Undeliverable
{
    QByteArray eventId; ///< the message-id
    Problem problem;
    QByteArray destination; ///< as the client wrote it
    std::optional<std::string> receiptId;
    qint64 timestampMs = 0; ///< Unix time
    std::uint64_t ackNumber = 0; ///< as in message()
};
[[nodiscard]] std::string undeliverable(stomp::Version version, const Subscription &subscription,
                                        const Undeliverable &event);

/// The event that tells a watcher whether a user is there.
struct PresenceChange
{
    QByteArray eventId; ///< the message-id
    UserId user;
    PresenceFact fact;
};
[[nodiscard]] std::string presence(stomp::Version version, const Subscription &subscription,
                                   const PresenceChange &change);

/// The event that tells a client that the server stops.
struct Draining
{
    QByteArray eventId; ///< the message-id
    milliseconds reconnectAfter{}; ///< after the close
    std::uint64_t ackNumber = 0; ///< as in message()
};
[[nodiscard]] std::string draining(stomp::Version version, const Subscription &subscription,
                                   const Draining &event);

} // namespace reply

} // namespace msgsrv
