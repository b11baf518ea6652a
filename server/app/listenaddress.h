// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHostAddress>

#include <optional>
#include <string>
#include <string_view>

namespace msgsrv {

/// Where a listener is bound.
struct ListenAddress
{
    QHostAddress address; ///< QHostAddress::Any is every IPv4 and IPv6 address
    quint16 port = 0; ///< 0: the kernel chooses

    /// Reads "127.0.0.1:8080", "[::1]:8080", "0.0.0.0:0" (every IPv4 address) or "*:8080" (every address).
    /// "localhost" is 127.0.0.1; other names are refused, because they would be looked up in the net.
    [[nodiscard]] static std::optional<ListenAddress> parse(std::string_view text);

    /// The form that parse() reads.
    [[nodiscard]] std::string toString() const;

    /// True when one connection could reach both: the same port, and the same address or one that covers it.
    /// Ports chosen by the kernel never meet.
    [[nodiscard]] bool overlaps(const ListenAddress &other) const;

    friend bool operator==(const ListenAddress &a, const ListenAddress &b)
    {
        return a.address == b.address && a.port == b.port;
    }
};

} // namespace msgsrv
