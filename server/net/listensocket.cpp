// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/listensocket.h"

#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace msgsrv {

namespace {

union SocketAddress {
    sockaddr base;
    sockaddr_in v4;
    sockaddr_in6 v6;
};

socklen_t fill(SocketAddress &out, const QHostAddress &address, quint16 port)
{
    std::memset(&out, 0, sizeof out);
    if (address.protocol() == QAbstractSocket::IPv4Protocol) {
        out.v4.sin_family = AF_INET;
        out.v4.sin_port = htons(port);
        out.v4.sin_addr.s_addr = htonl(address.toIPv4Address());
        return sizeof out.v4;
    }
    out.v6.sin6_family = AF_INET6;
    out.v6.sin6_port = htons(port);
    if (address != QHostAddress(QHostAddress::Any)) {
        const Q_IPV6ADDR bytes = address.toIPv6Address();
        std::memcpy(&out.v6.sin6_addr, &bytes, sizeof bytes);
    }
    return sizeof out.v6;
}

/// A bound and listening descriptor, or -errno.
int listenOn(const QHostAddress &address, quint16 port, bool shared)
{
    SocketAddress socketAddress;
    const socklen_t size = fill(socketAddress, address, port);
    const int fd = ::socket(socketAddress.base.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        const int error = errno;
        // A kernel without IPv6: every address means every IPv4 address.
        if (error == EAFNOSUPPORT && address == QHostAddress(QHostAddress::Any))
            return listenOn(QHostAddress(QHostAddress::AnyIPv4), port, shared);
        return -error;
    }
    const int on = 1;
    const int off = 0;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Accepted sockets inherit it: without it small messages wait for the peer's acknowledgement.
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (shared)
        ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (socketAddress.base.sa_family == AF_INET6) {
        const bool dualStack = address == QHostAddress(QHostAddress::Any);
        ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, dualStack ? &off : &on, sizeof on);
    }
    if (::bind(fd, &socketAddress.base, size) < 0 || ::listen(fd, ListenSockets::backlog) < 0) {
        const int error = errno;
        ::close(fd);
        return -error;
    }
    return fd;
}

quint16 portOf(int fd)
{
    SocketAddress socketAddress;
    socklen_t size = sizeof socketAddress;
    if (::getsockname(fd, &socketAddress.base, &size) < 0)
        return 0;
    return ntohs(socketAddress.base.sa_family == AF_INET ? socketAddress.v4.sin_port
                                                         : socketAddress.v6.sin6_port);
}

QString sentence(const QHostAddress &address, quint16 port, int error)
{
    return QStringLiteral("cannot listen on %1 port %2: %3")
        .arg(address.toString())
        .arg(port)
        .arg(QString::fromLocal8Bit(std::strerror(error)));
}

} // namespace

ListenSockets &ListenSockets::operator=(ListenSockets &&other) noexcept
{
    m_address = std::exchange(other.m_address, {});
    m_port = std::exchange(other.m_port, 0);
    std::swap(m_descriptors, other.m_descriptors);
    return *this;
}

ListenSockets::~ListenSockets()
{
    for (const int fd : m_descriptors) {
        if (fd >= 0)
            ::close(fd);
    }
}

tl::expected<ListenSockets, QString> ListenSockets::open(const QHostAddress &address, quint16 port, int count)
{
    // Without SO_REUSEPORT a second server on this address is an error; with it, both would silently share
    // the connections. So the address is taken alone first.
    constexpr int attempts = 10; // the kernel's choice may be taken by another between the two binds
    for (int attempt = 0;; ++attempt) {
        const int probe = listenOn(address, port, false);
        if (probe < 0)
            return tl::make_unexpected(sentence(address, port, -probe));
        ListenSockets result;
        result.m_address = address;
        result.m_port = portOf(probe);
        ::close(probe);

        int error = 0;
        for (int i = 0; i < count && error == 0; ++i) {
            const int fd = listenOn(address, result.m_port, count > 1);
            if (fd < 0)
                error = -fd;
            else
                result.m_descriptors.push_back(fd);
        }
        if (error == 0)
            return result;
        if (port != 0 || attempt == attempts)
            return tl::make_unexpected(sentence(address, result.m_port, error));
    }
}

int ListenSockets::take(int index)
{
    return std::exchange(m_descriptors.at(std::size_t(index)), -1);
}

} // namespace msgsrv
