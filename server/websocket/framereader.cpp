// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/websocket/framereader.h"

#include "shared/base/utf8.h"

#include <algorithm>
#include <cstring>

namespace msgsrv::websocket {

namespace {

/// Capacity that is kept for the next message; a larger buffer is given back.
constexpr std::size_t keptCapacity = 1024;

/// RFC 6455, 5.3. @p at is the mask's position for the first byte; returns that for the byte after.
std::uint8_t unmask(std::span<char> bytes, const std::array<char, 4> &mask, std::uint8_t at)
{
    std::array<char, 8> wide{};
    for (std::size_t i = 0; i < wide.size(); ++i)
        wide[i] = mask[(at + i) % 4];
    std::uint64_t pattern = 0;
    std::memcpy(&pattern, wide.data(), sizeof pattern);
    std::size_t i = 0;
    for (; i + sizeof pattern <= bytes.size(); i += sizeof pattern) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes.data() + i, sizeof word);
        word ^= pattern;
        std::memcpy(bytes.data() + i, &word, sizeof word);
    }
    for (; i < bytes.size(); ++i)
        bytes[i] = char(bytes[i] ^ mask[(at + i) % 4]);
    return std::uint8_t((at + bytes.size()) % 4);
}

std::size_t headSize(std::uint8_t second)
{
    switch (second & 0x7F) {
    case 126:
        return 2 + 2 + 4;
    case 127:
        return 2 + 8 + 4;
    default:
        return 2 + 4;
    }
}

void giveBack(std::string &buffer)
{
    buffer.clear();
    if (buffer.capacity() > keptCapacity)
        std::string().swap(buffer);
}

std::string_view view(std::span<char> bytes)
{
    return {bytes.data(), bytes.size()};
}

} // namespace

FrameEvent FrameReader::next(std::span<char> &bytes)
{
    if (m_tellMessage) {
        m_tellMessage = false;
        giveBack(m_message);
    }
    while (m_stage != Stage::Over) {
        if (m_stage == Stage::Head) {
            if (!readHead(bytes))
                return NeedMore{};
            FrameEvent event = beginFrame();
            if (!std::holds_alternative<NeedMore>(event))
                return event;
            m_stage = Stage::Payload;
        }
        if (m_left > 0 && bytes.empty())
            return NeedMore{};
        FrameEvent event = readPayload(bytes);
        if (!std::holds_alternative<NeedMore>(event))
            return event;
        if (m_left > 0)
            return NeedMore{};
        m_stage = Stage::Head;
    }
    bytes = {};
    return NeedMore{};
}

/// True when m_head is whole. A frame without a mask is told by its second byte, before the rest is awaited.
bool FrameReader::readHead(std::span<char> &bytes)
{
    for (;;) {
        std::size_t wanted = 2;
        if (m_headSize >= 2) {
            const auto second = std::uint8_t(m_head[1]);
            if (!(second & 0x80))
                return true;
            wanted = headSize(second);
        }
        if (m_headSize >= wanted)
            return true;
        const std::size_t size = std::min(wanted - m_headSize, bytes.size());
        if (size == 0)
            return false;
        std::memcpy(m_head.data() + m_headSize, bytes.data(), size);
        m_headSize = std::uint8_t(m_headSize + size);
        bytes = bytes.subspan(size);
    }
}

/// NeedMore: the head is good.
FrameEvent FrameReader::beginFrame()
{
    const auto first = std::uint8_t(m_head[0]);
    const auto second = std::uint8_t(m_head[1]);
    if (first & 0x70)
        return fail(Breach::Protocol, "reserved bits without an extension");
    const Opcode code = opcode();
    switch (code) {
    case Opcode::Continuation:
    case Opcode::Text:
    case Opcode::Binary:
    case Opcode::Close:
    case Opcode::Ping:
    case Opcode::Pong:
        break;
    default:
        return fail(Breach::Protocol, "reserved opcode");
    }
    if (!(second & 0x80))
        return fail(Breach::Protocol, "frame without a mask");
    const std::size_t lengthBytes = headSize(second) - 2 - 4;
    std::uint64_t length = second & 0x7F;
    if (lengthBytes > 0) {
        length = 0;
        for (std::size_t i = 0; i < lengthBytes; ++i)
            length = length << 8 | std::uint8_t(m_head[2 + i]);
        if (length < 126 || (lengthBytes == 8 && length <= 0xFFFF))
            return fail(Breach::Protocol, "length not in its shortest form");
        if (length >> 63)
            return fail(Breach::Protocol, "length of 64 bits");
    }
    std::memcpy(m_mask.data(), m_head.data() + 2 + lengthBytes, m_mask.size());
    m_maskAt = 0;
    m_left = length;
    m_headSize = 0;

    if (isControl(code)) {
        if (!isFinal())
            return fail(Breach::Protocol, "fragmented control frame");
        if (length > controlLimit)
            return fail(Breach::Protocol, "control frame too long");
        m_control.clear();
        return NeedMore{};
    }
    if (code == Opcode::Continuation) {
        if (!m_inMessage)
            return fail(Breach::Protocol, "continuation of nothing");
    } else {
        if (m_inMessage)
            return fail(Breach::Protocol, "new message inside another one");
        m_inMessage = true;
        m_isText = code == Opcode::Text;
        m_fragments = 0;
        m_checked = 0;
    }
    ++m_fragments;
    if (m_limits.fragments > 0 && m_fragments > m_limits.fragments)
        return fail(Breach::TooManyFragments, "too many fragments");
    if (m_limits.bytes > 0
        && (length > std::uint64_t(m_limits.bytes)
            || m_message.size() + length > std::uint64_t(m_limits.bytes)))
        return fail(Breach::TooBig, "message too big");
    return NeedMore{};
}

FrameEvent FrameReader::readPayload(std::span<char> &bytes)
{
    const auto size = std::size_t(std::min<std::uint64_t>(m_left, bytes.size()));
    const std::span<char> piece = bytes.first(size);
    bytes = bytes.subspan(size);
    m_maskAt = unmask(piece, m_mask, m_maskAt);
    m_left -= size;

    std::string &buffer = isControl(opcode()) ? m_control : m_message;
    const bool isWhole = buffer.empty() && m_left == 0;
    if (isControl(opcode())) {
        if (isWhole)
            return controlFrame(view(piece));
        m_control += view(piece);
        return m_left == 0 ? controlFrame(m_control) : NeedMore{};
    }
    if (isWhole && isFinal())
        return dataFrame(view(piece));
    m_message += view(piece);
    if (m_isText) { // tell early what can never become UTF-8
        m_checked += utf8Prefix(std::string_view(m_message).substr(m_checked));
        if (!mayBecomeUtf8(std::string_view(m_message).substr(m_checked)))
            return fail(Breach::NotUtf8, "text that is not UTF-8");
    }
    if (m_left > 0 || !isFinal())
        return NeedMore{};
    m_tellMessage = true;
    return dataFrame(m_message);
}

FrameEvent FrameReader::controlFrame(std::string_view payload)
{
    m_stage = Stage::Head;
    switch (opcode()) {
    case Opcode::Ping:
        return PingReceived{payload};
    case Opcode::Pong:
        return PongReceived{payload};
    default:
        break;
    }
    CloseReceived close;
    if (payload.size() == 1)
        return fail(Breach::Protocol, "close code of one byte");
    if (payload.size() >= 2) {
        close.code = std::uint16_t(std::uint8_t(payload[0]) << 8 | std::uint8_t(payload[1]));
        close.reason = payload.substr(2);
        if (!maySend(close.code))
            return fail(Breach::Protocol, "no valid close code");
        if (!isUtf8(close.reason))
            return fail(Breach::NotUtf8, "close reason that is not UTF-8");
    }
    m_stage = Stage::Over;
    return close;
}

/// The last frame of a message is there.
FrameEvent FrameReader::dataFrame(std::string_view whole)
{
    m_stage = Stage::Head;
    m_inMessage = false;
    if (m_isText && !isUtf8(whole.substr(m_checked)))
        return fail(Breach::NotUtf8, "text that is not UTF-8");
    return MessageReceived{whole, m_isText};
}

FrameEvent FrameReader::fail(Breach breach, std::string_view detail)
{
    m_stage = Stage::Over;
    return FrameError{breach, detail};
}

} // namespace msgsrv::websocket
