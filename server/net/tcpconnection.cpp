// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/tcpconnection.h"

#include "server/net/plainstream.h"
#include "server/net/tcpfront.h"
#include "server/net/tlsstream.h"

#include <utility>

namespace msgsrv {

namespace {

/// Above it a sender is asked to wait, as on WebSockets.
constexpr qint64 usualHighWater = 64 * 1024;

} // namespace

TcpConnection::TcpConnection(TcpFront &front, int descriptor, const QHostAddress &peer, ConnectionId id)
    : QObject(&front)
    , m_front(front)
    , m_id(id)
    , m_peer(peer)
    , m_progress(Clock::now())
{
    if (front.m_tls)
        m_stream = std::make_unique<TlsStream>(descriptor, *front.m_tls, *this);
    else
        m_stream = std::make_unique<PlainStream>(descriptor, *this, front.m_turnEnd);
}

TcpConnection::~TcpConnection()
{
    m_front.remove(this);
}

bool TcpConnection::secure() const
{
    return m_front.m_tls.has_value();
}

SendResult TcpConnection::send(std::string_view bytes)
{
    if (m_closing || m_ended)
        return SendResult::Dropped;
    const qint64 limit = m_front.m_limits.sendQueue;
    if (limit > 0 && bytesQueued() + qint64(bytes.size()) > limit) {
        m_front.m_metrics.closed(FrontMetrics::Closing::SlowConsumer);
        abort();
        return SendResult::Dropped;
    }
    if (bytesQueued() == 0)
        m_progress = Clock::now();
    m_stream->write(bytes);
    if (bytesQueued() <= m_front.m_limits.highWater(usualHighWater))
        return SendResult::Sent;
    m_backedUp = true;
    return SendResult::Queued;
}

qint64 TcpConnection::bytesUnconfirmed() const
{
    return m_stream->bytesQueued() + m_stream->bytesInKernel();
}

void TcpConnection::close(quint16, const QByteArray &)
{
    if (m_closing || m_ended)
        return;
    m_closing = true;
    if (m_front.m_limits.closeTimeout > Duration::zero())
        m_closeDeadline = Clock::now() + m_front.m_limits.closeTimeout;
    sayTheEnd();
}

void TcpConnection::abort()
{
    if (m_ended)
        return;
    m_stream->abort();
    ended();
}

void TcpConnection::onReadable()
{
    while (!m_ended) {
        auto &buffer = m_front.m_readBuffer;
        const qint64 count = m_stream->read(buffer.data(), qint64(buffer.size()));
        if (count <= 0)
            return;
        if (!m_closing) // else it is thrown away until the peer closes too
            m_handler->onMessage({buffer.data(), std::size_t(count)}, false, Clock::now());
    }
}

void TcpConnection::onBytesTaken()
{
    m_progress = Clock::now();
    if (m_closing) {
        sayTheEnd();
    } else if (m_backedUp && bytesQueued() <= m_front.m_limits.highWater(usualHighWater) / 2) {
        m_backedUp = false;
        m_handler->onWritable();
    }
}

void TcpConnection::onPeerFinished()
{
    m_peerFinished = true;
    // What it asked for before it stopped sending is still sent, if it is there already.
    if (m_closing)
        sayTheEnd();
    else
        close(0, {});
}

/// With nothing queued: shuts our side, and is over when the peer has shut its own.
void TcpConnection::sayTheEnd()
{
    if (m_ended || bytesQueued() > 0)
        return;
    if (!std::exchange(m_endSaid, true))
        m_stream->finishWriting(!m_peerFinished);
    if (m_peerFinished)
        abort();
}

void TcpConnection::sweep(TimePoint now)
{
    const TransportLimits &limits = m_front.m_limits;
    if (m_ended)
        return;
    if (limits.sendStall > Duration::zero() && bytesQueued() > 0 && now - m_progress > limits.sendStall) {
        m_front.m_metrics.closed(FrontMetrics::Closing::SlowConsumer);
        abort();
    } else if (now >= m_closeDeadline) {
        m_front.m_metrics.closed(FrontMetrics::Closing::CloseTimeout);
        abort();
    }
}

void TcpConnection::ended()
{
    if (std::exchange(m_ended, true))
        return;
    m_front.m_thread.unregisterConnection(m_id);
    m_handler->onClosed(m_endSaid);
    deleteLater(); // a read or a handler may be on the stack
}

} // namespace msgsrv
