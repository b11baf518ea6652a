// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/websocket/frame.h"

namespace msgsrv::websocket {

namespace {

constexpr std::size_t reasonLimit = controlLimit - 2;

void appendHead(std::string &out, Opcode opcode, std::size_t size, unsigned maskBit)
{
    out += char(0x80U | unsigned(opcode));
    int lengthBytes = 0;
    if (size < 126) {
        out += char(maskBit | unsigned(size));
    } else if (size <= 0xFFFF) {
        out += char(maskBit | 126U);
        lengthBytes = 2;
    } else {
        out += char(maskBit | 127U);
        lengthBytes = 8;
    }
    for (int i = lengthBytes - 1; i >= 0; --i)
        out += char((size >> (8 * i)) & 0xFF);
}

} // namespace

void appendFrameHead(std::string &out, Opcode opcode, std::size_t payloadSize)
{
    appendHead(out, opcode, payloadSize, 0);
}

void appendFrame(std::string &out, Opcode opcode, std::string_view payload)
{
    appendFrameHead(out, opcode, payload.size());
    out += payload;
}

void appendMaskedFrame(std::string &out, Opcode opcode, std::string_view payload)
{
    appendHead(out, opcode, payload.size(), 0x80);
    out.append(4, '\0');
    out += payload;
}

std::string closePayload(std::uint16_t code, std::string_view reason)
{
    if (reason.size() > reasonLimit) {
        std::size_t end = reasonLimit;
        while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xC0) == 0x80)
            --end;
        reason = reason.substr(0, end);
    }
    std::string payload{char(code >> 8), char(code & 0xFF)};
    payload += reason;
    return payload;
}

} // namespace msgsrv::websocket
