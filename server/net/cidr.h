// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHostAddress>

#include <tl/expected.hpp>

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace msgsrv {

/// Reads one IPv4 or IPv6 address in its usual text form (RFC 5952, dotted quads), without brackets, port,
/// zone or blanks, and without the short IPv4 forms ("127.1") that inet_aton() takes.
[[nodiscard]] std::optional<QHostAddress> parseIpAddress(std::string_view text);

/// The IPv4 address of an IPv4-mapped IPv6 address (::ffff:a.b.c.d), else @p address itself, so that a peer
/// of a dual-stack listener counts as the same client whichever way it came.
[[nodiscard]] QHostAddress unmapped(const QHostAddress &address);

/// A block of addresses, "10.0.0.0/8" or "2001:db8::/32"; an address without a length is a block of one.
/// An IPv4-mapped block is the IPv4 block; other IPv6 blocks never contain an IPv4 address.
class Cidr
{
public:
    /// The error is the end of a sentence that begins with the text, e.g. "has bits set after its prefix;
    /// write 10.0.0.0/8".
    [[nodiscard]] static tl::expected<Cidr, std::string> parse(std::string_view text);

    [[nodiscard]] bool contains(const QHostAddress &address) const;

    friend bool operator==(const Cidr &, const Cidr &) = default;

private:
    using Bytes = std::array<std::uint8_t, 16>; ///< IPv4: as an IPv4-mapped address

    Cidr(bool isIpv4, const Bytes &bytes, int prefix)
        : m_isIpv4(isIpv4)
        , m_bytes(bytes)
        , m_prefix(prefix)
    { }

    bool m_isIpv4;
    Bytes m_bytes;
    int m_prefix; ///< bits of m_bytes that count, 0 to 128
};

/// True when one of @p blocks contains @p address. A null address is in none.
[[nodiscard]] bool contains(const std::vector<Cidr> &blocks, const QHostAddress &address);

} // namespace msgsrv
