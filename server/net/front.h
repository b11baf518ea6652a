// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/connection.h"
#include "server/net/connectionlimiter.h"
#include "server/net/frontmetrics.h"
#include "server/net/frontsettings.h"
#include "server/net/httprouter.h"
#include "server/net/iothread.h"
#include "server/net/pacer.h"
#include "server/net/turnend.h"

#include <QObject>

#include <array>
#include <functional>
#include <memory>
#include <vector>

class QWebSocketServer;

namespace msgsrv {

class HttpAdapter;
class Link;
class Listener;
class VirtualSocket;

/// Everything of one thread that faces the network: its listeners, its QHttpServer and QWebSocketServer, and
/// the links between them. Belongs to the thread that creates it.
class Front final : public QObject, public Sweepable
{
    Q_OBJECT

public:
    /// Makes the protocol above a new WebSocket connection.
    using HandlerFactory = std::function<std::unique_ptr<ConnectionHandler>(Connection &)>;

    /// @p thread registers the WebSocket connections; null when @p settings has no WebSocket path.
    /// @p limiter and @p metrics are shared by all threads and outlive the front.
    Front(FrontSettings settings, std::vector<HttpRoute> routes, HandlerFactory handlerFactory,
          IoThread *thread, ConnectionLimiter &limiter, FrontMetrics &metrics);
    ~Front() override;

    /// Accepts from @p descriptor, a listening socket, and owns it.
    void listen(int descriptor);
    /// Stops accepting and ends HTTP connections as soon as nothing is under way on them. WebSocket
    /// connections stay until somebody closes them.
    void drain();
    [[nodiscard]] std::size_t linkCount() const { return m_links.size(); }

    void sweep(TimePoint now) override;

private:
    friend class Link;
    friend class Listener;

    // For Listener
    void accepted(int descriptor, const QHostAddress &peer);
    // For Link
    void remove(Link *link);
    void offerHttp(VirtualSocket *socket);
    void startUpgrade(VirtualSocket *socket);
    void onWebSocket();

    const FrontSettings m_settings;
    const HandlerFactory m_handlerFactory;
    IoThread *const m_thread;
    ConnectionLimiter &m_limiter;
    FrontMetrics &m_metrics;
    const HttpRouter m_router;
    TurnEnd m_turnEnd;
    std::unique_ptr<HttpAdapter> m_http;
    std::unique_ptr<QWebSocketServer> m_webSockets;
    std::vector<Listener *> m_listeners; // owned by QHttpServer
    std::vector<Link *> m_links; // children; a link knows its place (Link::m_index)
    Pacer m_pacer; // of the sweep over them
    Link *m_upgrading = nullptr; // the one whose handshake is being answered
    std::array<char, 64 * 1024> m_readBuffer{}; // shared by all links: a read never nests
    bool m_draining = false;
};

} // namespace msgsrv
