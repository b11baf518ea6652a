// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace msgsrv {

/// WebSocket close codes that the server sends (RFC 6455, 7.4). Up to 1015 the RFC gives the meaning; from
/// 4000 on they are ours. What a client should do after each is a table in docs/stomp.md: a code that is
/// added here is added there.
enum class CloseCode : std::uint16_t {
    Normal = 1000, ///< after the client's DISCONNECT
    GoingAway = 1001, ///< the server stops or drains
    ProtocolError = 1002, ///< a frame that breaks STOMP, or that is not allowed at this point
    InvalidData = 1007, ///< text that is not UTF-8
    PolicyViolation = 1008, ///< understood, but not allowed or not supported
    TooBig = 1009, ///< a frame, header or message above its limit
    InternalError = 1011,
    Replaced = 4001, ///< a newer connection of the same session, or another session of the userId, took over
    SessionEnded = 4002, ///< the session is over: /disconnect, an administrator, or a lost queue
    HeartBeatLost = 4003, ///< nothing came from the client for too long
    SlowConsumer = 4004, ///< the client did not read what was sent to it
    LoginTimeout = 4005, ///< no CONNECT in time
    CredentialsRefused = 4006, ///< login and passcode are no live session's
};

} // namespace msgsrv
