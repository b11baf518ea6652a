// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/wire.h"

#include <openssl/evp.h>
#include <strings.h>

#include <array>
#include <charconv>
#include <cstring>

namespace msgsrv::bench {

namespace {

std::uint64_t bigEndian(std::string_view bytes)
{
    std::uint64_t value = 0;
    for (const char byte : bytes)
        value = value << 8 | std::uint8_t(byte);
    return value;
}

} // namespace

std::string_view HttpMessage::header(std::string_view name) const
{
    std::size_t line = head.find("\r\n") + 2;
    while (line < head.size()) {
        const std::size_t end = head.find("\r\n", line);
        if (end - line > name.size() && head[line + name.size()] == ':'
            && ::strncasecmp(head.data() + line, name.data(), name.size()) == 0) {
            std::string_view value = head.substr(line + name.size() + 1, end - line - name.size() - 1);
            value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
            return value;
        }
        line = end + 2;
    }
    return {};
}

int HttpMessage::status() const
{
    int value = 0;
    if (startLine.size() >= 12)
        std::from_chars(startLine.data() + 9, startLine.data() + 12, value);
    return value;
}

HttpMessage readHttp(std::string_view bytes)
{
    HttpMessage message;
    const std::size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos)
        return message;
    message.head = bytes.substr(0, end + 2);
    message.startLine = bytes.substr(0, bytes.find("\r\n"));
    std::size_t length = 0;
    const std::string_view value = message.header("Content-Length");
    std::from_chars(value.data(), value.data() + value.size(), length);
    if (bytes.size() < end + 4 + length)
        return message;
    message.body = bytes.substr(end + 4, length);
    message.size = end + 4 + length;
    return message;
}

WebSocketFrame readFrame(std::string_view bytes)
{
    WebSocketFrame frame;
    if (bytes.size() < 2)
        return frame;
    frame.opcode = std::uint8_t(bytes[0]) & 0x0fU;
    frame.isMasked = (std::uint8_t(bytes[1]) & 0x80U) != 0;
    std::uint64_t length = std::uint8_t(bytes[1]) & 0x7fU;
    std::size_t head = 2;
    const std::size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
    if (bytes.size() < head + extra + (frame.isMasked ? 4 : 0))
        return frame;
    if (extra > 0)
        length = bigEndian(bytes.substr(head, extra));
    head += extra;
    if (frame.isMasked) {
        std::memcpy(&frame.mask, bytes.data() + head, 4);
        head += 4;
    }
    if (bytes.size() < head + length)
        return frame;
    frame.payload = bytes.substr(head, length);
    frame.size = head + length;
    return frame;
}

void appendFrame(std::string &out, unsigned opcode, std::string_view payload, std::uint32_t mask)
{
    const std::uint8_t maskBit = mask ? 0x80 : 0;
    out += char(0x80U | opcode);
    if (payload.size() < 126) {
        out += char(maskBit | payload.size());
    } else if (payload.size() < 65'536) {
        out += char(maskBit | 126U);
        out += char(payload.size() >> 8);
        out += char(payload.size());
    } else {
        out += char(maskBit | 127U);
        for (int shift = 56; shift >= 0; shift -= 8)
            out += char(payload.size() >> shift);
    }
    if (mask)
        out.append(reinterpret_cast<const char *>(&mask), 4);
    out += payload;
    if (mask)
        applyMask(out.data() + out.size() - payload.size(), payload.size(), mask);
}

void applyMask(char *bytes, std::size_t size, std::uint32_t mask)
{
    const std::uint64_t wide = std::uint64_t(mask) << 32 | mask;
    std::size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, bytes + i, 8);
        word ^= wide;
        std::memcpy(bytes + i, &word, 8);
    }
    std::array<char, 4> rest;
    std::memcpy(rest.data(), &mask, 4);
    for (std::size_t j = 0; i < size; ++i, ++j)
        bytes[i] = char(bytes[i] ^ rest[j % 4]);
}

std::string acceptValue(std::string_view key)
{
    const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, 1.3
    std::array<unsigned char, 20> digest;
    EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha1(), nullptr);
    std::array<unsigned char, 29> encoded;
    EVP_EncodeBlock(encoded.data(), digest.data(), int(digest.size()));
    return reinterpret_cast<const char *>(encoded.data());
}

} // namespace msgsrv::bench
