// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/addressblock.h"

#include "server/net/cidr.h"

#include <QtEndian>

namespace msgsrv {

BucketKey addressBlock(const QHostAddress &address)
{
    const QHostAddress plain = unmapped(address);
    switch (plain.protocol()) {
    case QAbstractSocket::IPv4Protocol:
        return {0, (std::uint64_t(0xffff) << 32) | plain.toIPv4Address()};
    case QAbstractSocket::IPv6Protocol: {
        const Q_IPV6ADDR bytes = plain.toIPv6Address();
        return {qFromBigEndian<quint64>(bytes.c), 0};
    }
    default:
        return {0, 1};
    }
}

} // namespace msgsrv
