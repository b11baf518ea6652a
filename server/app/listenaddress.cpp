// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/listenaddress.h"

#include "server/net/cidr.h"

#include <charconv>

namespace msgsrv {

namespace {

std::optional<quint16> parsePort(std::string_view digits)
{
    quint16 port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (digits.empty() || error != std::errc() || end != digits.data() + digits.size())
        return std::nullopt;
    return port;
}

std::optional<QHostAddress> parseHost(std::string_view host, bool bracketed)
{
    if (!bracketed) {
        if (host == "*")
            return QHostAddress(QHostAddress::Any);
        if (host == "localhost")
            return QHostAddress(QHostAddress::LocalHost);
        auto address = parseIpAddress(host);
        if (address && address->protocol() != QAbstractSocket::IPv4Protocol)
            return std::nullopt;
        return address;
    }
    const std::size_t percent = host.find('%');
    const std::string_view zone = percent == host.npos ? std::string_view() : host.substr(percent + 1);
    if (percent != host.npos
        && (zone.empty() || zone.find_first_of("%/ ") != zone.npos || zone.size() > 15)) // IFNAMSIZ - 1
        return std::nullopt;
    auto address = parseIpAddress(host.substr(0, percent));
    if (!address || address->protocol() != QAbstractSocket::IPv6Protocol)
        return std::nullopt;
    if (!zone.empty())
        address->setScopeId(QString::fromUtf8(zone.data(), qsizetype(zone.size())));
    return address;
}

bool covers(const QHostAddress &a, const QHostAddress &b)
{
    if (a == b || a == QHostAddress(QHostAddress::Any))
        return true;
    return (a == QHostAddress(QHostAddress::AnyIPv4) && b.protocol() == QAbstractSocket::IPv4Protocol)
        || (a == QHostAddress(QHostAddress::AnyIPv6) && b.protocol() == QAbstractSocket::IPv6Protocol);
}

} // namespace

std::optional<ListenAddress> ListenAddress::parse(std::string_view text)
{
    const std::size_t colon = text.rfind(':');
    if (colon == text.npos)
        return std::nullopt;
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
    if (bracketed)
        host = host.substr(1, host.size() - 2);
    const auto address = parseHost(host, bracketed);
    const auto port = parsePort(text.substr(colon + 1));
    if (!address || !port)
        return std::nullopt;
    return ListenAddress{*address, *port};
}

std::string ListenAddress::toString() const
{
    const std::string suffix = ':' + std::to_string(port);
    if (address == QHostAddress(QHostAddress::Any))
        return '*' + suffix;
    const std::string host = address.toString().toStdString();
    return (address.protocol() == QAbstractSocket::IPv6Protocol ? '[' + host + ']' : host) + suffix;
}

bool ListenAddress::overlaps(const ListenAddress &other) const
{
    return port != 0 && port == other.port
        && (covers(address, other.address) || covers(other.address, address));
}

} // namespace msgsrv
