// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/utf8.h"

#include <cstdint>
#include <cstring>

namespace msgsrv {

namespace {

/// What Unicode's table 3-7 says of a leading byte: how many bytes follow, and the range of the first of
/// them (the later ones are always 80..BF).
struct Lead
{
    unsigned following;
    unsigned char first, last;
};

constexpr Lead leadOf(unsigned char byte)
{
    if (byte >= 0xC2 && byte <= 0xDF)
        return {1, 0x80, 0xBF};
    if (byte == 0xE0)
        return {2, 0xA0, 0xBF};
    if (byte == 0xED)
        return {2, 0x80, 0x9F};
    if (byte >= 0xE1 && byte <= 0xEF)
        return {2, 0x80, 0xBF};
    if (byte == 0xF0)
        return {3, 0x90, 0xBF};
    if (byte >= 0xF1 && byte <= 0xF3)
        return {3, 0x80, 0xBF};
    if (byte == 0xF4)
        return {3, 0x80, 0x8F};
    return {0, 0, 0};
}

} // namespace

Utf8Step decodeUtf8(std::string_view bytes, std::size_t at) noexcept
{
    const auto lead = static_cast<unsigned char>(bytes[at]);
    if (lead < 0x80)
        return {lead, 1, true};
    const Lead form = leadOf(lead);
    if (form.following == 0)
        return {};
    char32_t codePoint = lead & (0x3Fu >> form.following);
    for (std::size_t i = 1; i <= form.following; ++i) {
        if (at + i >= bytes.size())
            return {U'\uFFFD', i, false};
        const auto next = static_cast<unsigned char>(bytes[at + i]);
        const unsigned char first = i == 1 ? form.first : 0x80;
        const unsigned char last = i == 1 ? form.last : 0xBF;
        if (next < first || next > last)
            return {U'\uFFFD', i, false};
        codePoint = (codePoint << 6) | (next & 0x3Fu);
    }
    return {codePoint, form.following + 1, true};
}

std::size_t utf8Prefix(std::string_view bytes) noexcept
{
    constexpr std::uint64_t highBits = 0x8080808080808080u;
    std::size_t at = 0;
    while (at < bytes.size()) {
        while (at + sizeof(std::uint64_t) <= bytes.size()) {
            std::uint64_t eight = 0;
            std::memcpy(&eight, bytes.data() + at, sizeof eight);
            if (eight & highBits)
                break;
            at += sizeof eight;
        }
        if (at == bytes.size())
            break;
        const Utf8Step step = decodeUtf8(bytes, at);
        if (!step.isValid)
            break;
        at += step.size;
    }
    return at;
}

bool isUtf8(std::string_view bytes) noexcept
{
    return utf8Prefix(bytes) == bytes.size();
}

bool mayBecomeUtf8(std::string_view rest) noexcept
{
    if (rest.empty())
        return true;
    const Lead form = leadOf(static_cast<unsigned char>(rest[0]));
    if (rest.size() > form.following)
        return isUtf8(rest);
    for (std::size_t i = 1; i < rest.size(); ++i) {
        const auto next = static_cast<unsigned char>(rest[i]);
        if (next < (i == 1 ? form.first : 0x80) || next > (i == 1 ? form.last : 0xBF))
            return false;
    }
    return true;
}

} // namespace msgsrv
