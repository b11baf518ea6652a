// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/cidr.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace msgsrv {

namespace {

using Bytes = std::array<std::uint8_t, 16>;

constexpr int mappedPrefix = 96; ///< bits of ::ffff:0:0/96, the block of all IPv4-mapped addresses
constexpr Bytes mappedBase{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};

bool isMapped(const Bytes &bytes)
{
    return std::equal(mappedBase.begin(), mappedBase.begin() + mappedPrefix / 8, bytes.begin());
}

/// QHostAddress::toIPv6Address() would tell 0.0.0.0 as ::, so IPv4 is mapped here.
Bytes bytesOf(const QHostAddress &address)
{
    Bytes bytes = mappedBase;
    if (address.protocol() == QAbstractSocket::IPv4Protocol) {
        const quint32 v4 = htonl(address.toIPv4Address());
        std::memcpy(bytes.data() + mappedPrefix / 8, &v4, sizeof v4);
    } else {
        const Q_IPV6ADDR raw = address.toIPv6Address();
        std::memcpy(bytes.data(), &raw, bytes.size());
    }
    return bytes;
}

bool samePrefix(const Bytes &a, const Bytes &b, int bits)
{
    const auto whole = std::size_t(bits / 8);
    if (!std::equal(a.begin(), a.begin() + std::ptrdiff_t(whole), b.begin()))
        return false;
    const int rest = bits % 8;
    return rest == 0 || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0;
}

Bytes cleared(Bytes bytes, int bits)
{
    for (int i = 0; i < 16; ++i) {
        const int kept = std::clamp(bits - i * 8, 0, 8);
        bytes[std::size_t(i)] = std::uint8_t(bytes[std::size_t(i)] & (0xff00 >> kept));
    }
    return bytes;
}

std::string textOf(bool isIpv4, const Bytes &bytes)
{
    char buffer[INET6_ADDRSTRLEN] = {};
    const void *source = isIpv4 ? bytes.data() + mappedPrefix / 8 : bytes.data();
    inet_ntop(isIpv4 ? AF_INET : AF_INET6, source, buffer, sizeof buffer);
    return buffer;
}

} // namespace

std::optional<QHostAddress> parseIpAddress(std::string_view text)
{
    char buffer[INET6_ADDRSTRLEN] = {};
    if (text.size() >= sizeof buffer || text.find('\0') != text.npos)
        return std::nullopt;
    text.copy(buffer, text.size());
    in_addr v4{};
    if (inet_pton(AF_INET, buffer, &v4) == 1)
        return QHostAddress(ntohl(v4.s_addr));
    in6_addr v6{};
    if (inet_pton(AF_INET6, buffer, &v6) == 1)
        return QHostAddress(v6.s6_addr);
    return std::nullopt;
}

QHostAddress unmapped(const QHostAddress &address)
{
    if (address.protocol() != QAbstractSocket::IPv6Protocol)
        return address;
    const Bytes bytes = bytesOf(address);
    if (!isMapped(bytes))
        return address;
    return QHostAddress(quint32(bytes[12]) << 24 | quint32(bytes[13]) << 16 | quint32(bytes[14]) << 8
                        | quint32(bytes[15]));
}

tl::expected<Cidr, std::string> Cidr::parse(std::string_view text)
{
    const std::size_t slash = text.find('/');
    const std::optional<QHostAddress> address = parseIpAddress(text.substr(0, slash));
    if (!address)
        return tl::make_unexpected("is no address block; write it like 10.0.0.0/8 or 2001:db8::/32");

    const bool writtenAsIpv4 = address->protocol() == QAbstractSocket::IPv4Protocol;
    const int maximum = writtenAsIpv4 ? 32 : 128;
    int prefix = maximum;
    if (slash != text.npos) {
        const std::string_view digits = text.substr(slash + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), prefix);
        if (digits.empty() || digits.front() == '-' || error != std::errc()
            || end != digits.data() + digits.size() || prefix > maximum)
            return tl::make_unexpected("has a prefix length that is not between 0 and "
                                       + std::to_string(maximum));
    }
    const int bits = writtenAsIpv4 ? prefix + mappedPrefix : prefix;
    const Bytes bytes = bytesOf(*address);
    const Bytes network = cleared(bytes, bits);
    if (network != bytes)
        return tl::make_unexpected("has bits set after its prefix; write " + textOf(writtenAsIpv4, network)
                                   + '/' + std::to_string(prefix));
    return Cidr(writtenAsIpv4 || (bits >= mappedPrefix && isMapped(bytes)), bytes, bits);
}

bool Cidr::contains(const QHostAddress &address) const
{
    if (address.protocol() != QAbstractSocket::IPv4Protocol
        && address.protocol() != QAbstractSocket::IPv6Protocol)
        return false;
    const Bytes bytes = bytesOf(address);
    return isMapped(bytes) == m_isIpv4 && samePrefix(bytes, m_bytes, m_prefix);
}

bool contains(const std::vector<Cidr> &blocks, const QHostAddress &address)
{
    return std::any_of(blocks.begin(), blocks.end(),
                       [&](const Cidr &block) { return block.contains(address); });
}

} // namespace msgsrv
