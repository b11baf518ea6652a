// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/metrics/metrics.h"
#include "shared/stomp/parser.h"

#include <cstdint>
#include <optional>
#include <string>

namespace msgsrv {

enum class CloseCode : std::uint16_t;

/// Why a connection is ended by an ERROR frame, and what that frame says.
struct Fault
{
    CloseCode code{};
    std::string message; ///< the `message` header and the close reason: short; no colon, no backslash
    std::string detail; ///< the body: one sentence for the client's author, no secret
    std::optional<std::string> receiptId = std::nullopt; ///< of the frame that failed
    bool listVersions = false; ///< adds the `version` header of a failed negotiation
    std::optional<Strange> strange = std::nullopt; ///< to be counted as well
};

/// The value of a header, or nothing.
[[nodiscard]] std::optional<std::string> valueOf(const stomp::Frame &frame, std::string_view name);

/// Bytes that are no STOMP.
[[nodiscard]] Fault brokenFrame(const stomp::ParseError &error);
/// A frame that breaks the protocol, although its grammar is right.
[[nodiscard]] Fault protocolFault(const stomp::Frame &frame, const char *message, const char *detail);
/// A frame that is understood and not allowed.
[[nodiscard]] Fault policyFault(const stomp::Frame &frame, const char *message, const char *detail);
/// A connected client sent a command that is not served.
[[nodiscard]] Fault unservedCommand(const stomp::Frame &frame);
[[nodiscard]] Fault headerMissing(const stomp::Frame &frame, const char *header);
[[nodiscard]] Fault foreignQueue(const stomp::Frame &frame);
[[nodiscard]] Fault unsupported(const stomp::Frame &frame, const std::string &what);

} // namespace msgsrv
