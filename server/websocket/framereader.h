// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/websocket/frame.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace msgsrv::websocket {

/// What one message may be. 0 means unlimited.
struct MessageLimits
{
    std::int64_t bytes = 0; ///< the payloads of all its frames together
    int fragments = 0; ///< frames of one message
};

/// Everything that was given is read: call again with more.
struct NeedMore
{ };
/// One whole message, of however many frames. Text is valid UTF-8.
struct MessageReceived
{
    std::string_view payload;
    bool isText = false;
};
struct PingReceived
{
    std::string_view payload;
};
struct PongReceived
{
    std::string_view payload;
};
/// The peer closes; frames behind it are not read.
struct CloseReceived
{
    std::uint16_t code = status::noneGiven;
    std::string_view reason;
};
enum class Breach : std::uint8_t {
    Protocol,
    NotUtf8,
    TooBig, ///< MessageLimits::bytes
    TooManyFragments, ///< MessageLimits::fragments
    TooManyControlFrames, ///< for whoever counts them
};

/// What to close with.
[[nodiscard]] constexpr std::uint16_t statusOf(Breach breach)
{
    switch (breach) {
    case Breach::NotUtf8:
        return status::notUtf8;
    case Breach::TooBig:
        return status::tooBig;
    case Breach::TooManyFragments:
    case Breach::TooManyControlFrames:
        return status::policyViolation;
    case Breach::Protocol:
        break;
    }
    return status::protocolError;
}

/// The bytes break RFC 6455 or a limit. Nothing more is read.
struct FrameError
{
    Breach breach = Breach::Protocol;
    std::string_view detail; ///< a few words, a literal
};

using FrameEvent
    = std::variant<NeedMore, MessageReceived, PingReceived, PongReceived, CloseReceived, FrameError>;

/// Reads what a client sends: RFC 6455 frames without extensions. Bytes may come in any pieces. A message
/// that is one frame and came in one piece is not copied, and memory is taken for bytes that came, never for
/// bytes that a length field promises.
class FrameReader
{
public:
    explicit FrameReader(MessageLimits limits)
        : m_limits(limits)
    { }

    /// From the next frame's head on.
    void setLimits(MessageLimits limits) { m_limits = limits; }

    /// Takes bytes off the front of @p bytes, which it may change, until there is something to tell. The
    /// event's payload is valid until the next call or until @p bytes go.
    [[nodiscard]] FrameEvent next(std::span<char> &bytes);

    /// Bytes that are kept for a message or a control frame that is not whole yet.
    [[nodiscard]] std::size_t buffered() const { return m_message.size() + m_control.size(); }

private:
    enum class Stage : std::uint8_t { Head, Payload, Over };

    [[nodiscard]] bool readHead(std::span<char> &bytes);
    [[nodiscard]] FrameEvent beginFrame();
    [[nodiscard]] FrameEvent readPayload(std::span<char> &bytes);
    [[nodiscard]] FrameEvent controlFrame(std::string_view payload);
    [[nodiscard]] FrameEvent dataFrame(std::string_view whole);
    [[nodiscard]] FrameEvent fail(Breach breach, std::string_view detail);
    [[nodiscard]] Opcode opcode() const { return Opcode(std::uint8_t(m_head[0]) & 0x0F); }
    [[nodiscard]] bool isFinal() const { return (std::uint8_t(m_head[0]) & 0x80) != 0; }

    MessageLimits m_limits;
    std::array<char, 14> m_head{}; // of the current frame
    std::uint8_t m_headSize = 0; // bytes of it that are there
    Stage m_stage = Stage::Head;
    std::uint8_t m_maskAt = 0; // of the mask, for the next payload byte
    std::array<char, 4> m_mask{};
    bool m_inMessage = false; // between the first and the last frame of a message
    bool m_isText = false; // that message
    bool m_tellMessage = false; // m_message was handed out and is thrown away by the next call
    int m_fragments = 0;
    std::uint64_t m_left = 0; // payload bytes of the current frame that are to come
    std::size_t m_checked = 0; // bytes of m_message that are known to be UTF-8
    std::string m_message; // of the current message, unmasked
    std::string m_control; // of the current control frame, unmasked
};

} // namespace msgsrv::websocket
