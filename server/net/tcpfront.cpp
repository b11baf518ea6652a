// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/tcpfront.h"

#include <QHostAddress>

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace msgsrv {

namespace {

/// The time in which all connections are looked at once: their deadlines are seconds.
constexpr seconds connectionRound(1);

void setOption(int descriptor, int level, int name, int value)
{
    ::setsockopt(descriptor, level, name, &value, sizeof value);
}

} // namespace

TcpFront::TcpFront(int descriptor, const TransportLimits &limits, std::optional<QSslConfiguration> tls,
                   milliseconds keepAlive, HandlerFactory handlerFactory, IoThread &thread,
                   ConnectionLimiter &limiter, FrontMetrics &metrics)
    : m_descriptor(descriptor)
    , m_limits(limits)
    , m_tls(std::move(tls))
    , m_keepAlive(keepAlive)
    , m_handlerFactory(std::move(handlerFactory))
    , m_thread(thread)
    , m_limiter(limiter)
    , m_metrics(metrics)
    , m_notifier(descriptor, QSocketNotifier::Read)
    , m_pacer(connectionRound)
{
    connect(&m_notifier, &QSocketNotifier::activated, this, &TcpFront::acceptSome);
}

TcpFront::~TcpFront()
{
    drain();
    while (!m_connections.empty())
        delete m_connections.back();
}

void TcpFront::drain()
{
    if (m_descriptor < 0)
        return;
    m_notifier.setEnabled(false);
    ::close(std::exchange(m_descriptor, -1));
}

void TcpFront::sweep(TimePoint now)
{
    if (m_descriptor >= 0)
        m_notifier.setEnabled(true); // after a pause
    m_pacer.visit(now, m_connections, [now](TcpConnection &connection) { connection.sweep(now); });
}

void TcpFront::acceptSome()
{
    for (int i = 0; i < m_limits.acceptsPerTurn || m_limits.acceptsPerTurn == 0; ++i) {
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        const int fd = ::accept4(m_descriptor, reinterpret_cast<sockaddr *>(&address), &size,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            accepted(fd, QHostAddress(reinterpret_cast<const sockaddr *>(&address)));
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            m_notifier.setEnabled(false); // the sweep lets it try again
            m_metrics.rejected(FrontMetrics::Rejection::Descriptors);
            return;
        }
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        return; // EAGAIN: all are in
    }
}

void TcpFront::accepted(int descriptor, const QHostAddress &peer)
{
    auto slot = m_limiter.admit(peer);
    if (!slot) {
        const bool total = slot.error() == ConnectionLimiter::Refusal::TooMany;
        m_metrics.rejected(total ? FrontMetrics::Rejection::Total : FrontMetrics::Rejection::Address);
        ::close(descriptor);
        return;
    }
    setOption(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    if (m_keepAlive.count() > 0) {
        const int idle = std::max(1, int(std::chrono::ceil<seconds>(m_keepAlive).count()));
        setOption(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
        setOption(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, idle);
        setOption(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, std::max(1, idle / 3));
        setOption(descriptor, IPPROTO_TCP, TCP_KEEPCNT, 3);
    }
    auto *connection = new TcpConnection(*this, descriptor, peer, m_thread.nextConnectionId());
    connection->m_slot = *std::move(slot);
    connection->m_index = m_connections.size();
    m_connections.push_back(connection);
    m_metrics.tcpConnections.fetch_add(1, std::memory_order_relaxed);
    connection->setHandler(m_handlerFactory(*connection));
    m_thread.registerConnection(connection->id(), &connection->handler());
}

void TcpFront::remove(TcpConnection *connection)
{
    m_thread.unregisterConnection(connection->id());
    m_metrics.tcpConnections.fetch_sub(1, std::memory_order_relaxed);
    const std::size_t index = connection->m_index;
    m_connections[index] = m_connections.back();
    m_connections[index]->m_index = index;
    m_connections.pop_back();
}

} // namespace msgsrv
