// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace msgsrv::websocket {

/// RFC 6455, 5.2.
enum class Opcode : std::uint8_t {
    Continuation = 0x0,
    Text = 0x1,
    Binary = 0x2,
    Close = 0x8,
    Ping = 0x9,
    Pong = 0xA,
};

[[nodiscard]] constexpr bool isControl(Opcode opcode)
{
    return (std::uint8_t(opcode) & 0x8) != 0;
}

/// RFC 6455, 7.4.1: what a connection is closed with.
namespace status {
constexpr std::uint16_t normal = 1000;
constexpr std::uint16_t protocolError = 1002;
constexpr std::uint16_t noneGiven = 1005; ///< never sent: the peer's Close had no code
constexpr std::uint16_t notUtf8 = 1007;
constexpr std::uint16_t policyViolation = 1008;
constexpr std::uint16_t tooBig = 1009;
} // namespace status

/// True for a code that may stand in a Close frame (RFC 6455, 7.4.2, and the IANA registry).
[[nodiscard]] constexpr bool maySend(std::uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

/// RFC 6455, 5.5: a control frame carries so much at most.
constexpr std::size_t controlLimit = 125;

/// Appends the head of a whole frame as a server sends it; @p payloadSize bytes must follow.
void appendFrameHead(std::string &out, Opcode opcode, std::size_t payloadSize);

/// Appends one whole frame as a server sends it: FIN set, not masked.
void appendFrame(std::string &out, Opcode opcode, std::string_view payload);

/// The same as a client would send it, with a mask of zeros, which leaves the payload as it is.
void appendMaskedFrame(std::string &out, Opcode opcode, std::string_view payload);

/// The payload of a Close frame, @p reason cut to what fits, between two characters.
[[nodiscard]] std::string closePayload(std::uint16_t code, std::string_view reason);

} // namespace msgsrv::websocket
