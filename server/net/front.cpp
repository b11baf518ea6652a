// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/front.h"

#include "server/net/httpadapter.h"
#include "server/net/link.h"
#include "server/net/listener.h"
#include "server/net/websocketconnection.h"

#include <QWebSocket>
#include <QWebSocketServer>

#include <unistd.h>
#include <utility>

namespace msgsrv {

namespace {
/// The time in which all links are looked at once: their deadlines are seconds.
constexpr seconds linkRound(1);
} // namespace

Front::Front(FrontSettings settings, std::vector<HttpRoute> routes, HandlerFactory handlerFactory,
             IoThread *thread, ConnectionLimiter &limiter, FrontMetrics &metrics)
    : m_settings(std::move(settings))
    , m_handlerFactory(std::move(handlerFactory))
    , m_thread(thread)
    , m_limiter(limiter)
    , m_metrics(metrics)
    , m_router(std::move(routes))
    , m_http(std::make_unique<HttpAdapter>(m_router, [&metrics](int status) { metrics.answered(status); }))
    , m_pacer(linkRound)
{
    if (m_settings.webSocketPath.empty())
        return;
    Q_ASSERT(m_thread);
    m_webSockets = std::make_unique<QWebSocketServer>(QString::fromStdString(m_settings.serverName),
                                                      QWebSocketServer::NonSecureMode);
    m_webSockets->setSupportedSubprotocols(
        {QStringLiteral("v12.stomp"), QStringLiteral("v11.stomp"), QStringLiteral("v10.stomp")});
    connect(m_webSockets.get(), &QWebSocketServer::newConnection, this, &Front::onWebSocket);
}

Front::~Front()
{
    // Links first: they tell their virtual sockets, which belong to Qt's servers, that they are gone.
    while (!m_links.empty())
        delete m_links.back();
}

void Front::listen(int descriptor)
{
    auto *listener
        = new Listener(*this, descriptor, m_settings.limits.acceptsPerTurn, m_settings.descriptorCeiling);
    m_listeners.push_back(listener);
    m_http->bind(listener);
}

void Front::drain()
{
    m_draining = true;
    // QHttpServer keeps the object; only the socket goes, so that the kernel sends nobody here any more.
    for (Listener *listener : m_listeners)
        listener->stop();
    for (Link *link : m_links)
        link->leaveWhenIdle();
}

void Front::accepted(int descriptor, const QHostAddress &peer)
{
    auto slot = m_limiter.admit(peer);
    if (!slot) {
        const bool total = slot.error() == ConnectionLimiter::Refusal::TooMany;
        m_metrics.rejected(total ? FrontMetrics::Rejection::Total : FrontMetrics::Rejection::Address);
        ::close(descriptor);
        return;
    }
    auto *link = new Link(*this, descriptor, peer);
    link->m_slot = *std::move(slot);
    link->m_index = m_links.size();
    m_links.push_back(link);
    m_metrics.httpConnections.fetch_add(1, std::memory_order_relaxed);
}

void Front::remove(Link *link)
{
    if (m_upgrading == link)
        m_upgrading = nullptr;
    const std::size_t index = link->m_index;
    Q_ASSERT(m_links.at(index) == link);
    m_links[index] = m_links.back();
    m_links[index]->m_index = index;
    m_links.pop_back();
}

void Front::offerHttp(VirtualSocket *socket)
{
    m_listeners.front()->offer(socket);
}

void Front::startUpgrade(VirtualSocket *socket)
{
    m_webSockets->handleConnection(socket);
}

void Front::onWebSocket()
{
    // QWebSocketServer writes the 101 and emits newConnection() in one go, so the link that wrote last is
    // the one that was upgraded.
    while (QWebSocket *webSocket = m_webSockets->nextPendingConnection()) {
        Q_ASSERT(m_upgrading);
        std::exchange(m_upgrading, nullptr)->upgraded(webSocket);
    }
}

void Front::sweep(TimePoint now)
{
    for (Listener *listener : m_listeners)
        listener->resumeAfterPause();
    m_pacer.visit(now, m_links, [now](Link &link) { link.sweep(now); });
}

} // namespace msgsrv
