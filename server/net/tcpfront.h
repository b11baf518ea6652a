// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/connectionlimiter.h"
#include "server/net/frontmetrics.h"
#include "server/net/frontsettings.h"
#include "server/net/iothread.h"
#include "server/net/pacer.h"
#include "server/net/tcpconnection.h"
#include "server/net/turnend.h"

#include <QSocketNotifier>

#include <array>
#include <functional>
#include <optional>
#include <vector>

namespace msgsrv {

/// What of one thread faces programs that speak without HTTP: a listener for plain TCP or TLS and its
/// connections. Belongs to the thread that creates it.
class TcpFront final : public QObject, public Sweepable
{
    Q_OBJECT

public:
    using HandlerFactory = std::function<std::unique_ptr<ConnectionHandler>(Connection &)>;

    /// Accepts from @p descriptor, a listening socket, and owns it. @p thread, @p limiter and @p metrics
    /// outlive the front. @p keepAlive: after so much silence TCP asks whether the peer is still there; zero:
    /// never.
    TcpFront(int descriptor, const TransportLimits &limits, std::optional<QSslConfiguration> tls,
             milliseconds keepAlive, HandlerFactory handlerFactory, IoThread &thread,
             ConnectionLimiter &limiter, FrontMetrics &metrics);
    ~TcpFront() override;

    /// Stops accepting.
    void drain();
    void sweep(TimePoint now) override;

private:
    friend class TcpConnection;

    void acceptSome();
    void accepted(int descriptor, const QHostAddress &peer);
    void remove(TcpConnection *connection);

    int m_descriptor; // -1: no longer listening
    const TransportLimits m_limits;
    const std::optional<QSslConfiguration> m_tls;
    const milliseconds m_keepAlive;
    const HandlerFactory m_handlerFactory;
    IoThread &m_thread;
    ConnectionLimiter &m_limiter;
    FrontMetrics &m_metrics;
    TurnEnd m_turnEnd;
    QSocketNotifier m_notifier;
    std::vector<TcpConnection *> m_connections; // children; each knows its place
    Pacer m_pacer; // of the sweep over them
    std::array<char, 16 * 1024> m_readBuffer{}; // shared by all: a read never nests
};

} // namespace msgsrv
