// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace msgsrv::bench {

/// An HTTP message of which the head and the whole body have come.
struct HttpMessage
{
    std::size_t size = 0; ///< of head and body; 0: not complete yet
    std::string_view startLine;
    std::string_view head; ///< with the start line
    std::string_view body;

    /// The value of the header @p name (any case), or empty.
    [[nodiscard]] std::string_view header(std::string_view name) const;
    /// Of a response.
    [[nodiscard]] int status() const;
};

/// Reads one message with Content-Length, or without body. Trusts its peer, which is ours.
[[nodiscard]] HttpMessage readHttp(std::string_view bytes);

/// One WebSocket frame (RFC 6455, 5.2).
struct WebSocketFrame
{
    enum Opcode : unsigned { Continuation = 0, Text = 1, Binary = 2, Close = 8, Ping = 9, Pong = 10 };
    std::size_t size = 0; ///< with its head; 0: not complete yet
    unsigned opcode = 0;
    bool isMasked = false;
    std::uint32_t mask = 0; ///< in network byte order, as it came
    std::string_view payload; ///< still masked when isMasked
};

[[nodiscard]] WebSocketFrame readFrame(std::string_view bytes);

/// Appends a frame; @p mask 0: not masked, as a server sends it.
void appendFrame(std::string &out, unsigned opcode, std::string_view payload, std::uint32_t mask = 0);

/// Masks or unmasks in place.
void applyMask(char *bytes, std::size_t size, std::uint32_t mask);

/// Sec-WebSocket-Accept for a Sec-WebSocket-Key.
[[nodiscard]] std::string acceptValue(std::string_view key);

} // namespace msgsrv::bench
