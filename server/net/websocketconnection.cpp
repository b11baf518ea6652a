// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/websocketconnection.h"

#include "server/net/frontsettings.h"
#include "server/net/link.h"
#include "shared/base/utf8.h"

#include <QWebSocket>

#include <algorithm>
#include <utility>

namespace msgsrv {

namespace {
/// Above this many waiting bytes a sender is asked to stop, below half of it to go on.
constexpr qint64 highWater = 256 * 1024;
/// RFC 6455, 5.5: a control frame carries 125 bytes, two of them the code.
constexpr qsizetype reasonLimit = 123;
} // namespace

WebSocketConnection::WebSocketConnection(ConnectionId id, Link &link, QWebSocket *webSocket,
                                         QHostAddress peer, bool secure, QByteArray subprotocol,
                                         const TransportLimits &limits)
    : m_id(id)
    , m_link(link)
    , m_webSocket(webSocket)
    , m_peer(std::move(peer))
    , m_secure(secure)
    , m_subprotocol(std::move(subprotocol))
    , m_limits(limits)
{
    m_webSocket->setParent(this);
    connect(m_webSocket, &QWebSocket::textMessageReceived, this, [this](const QString &message) {
        const QByteArray bytes = message.toUtf8();
        received({bytes.constData(), std::size_t(bytes.size())}, true);
    });
    connect(m_webSocket, &QWebSocket::binaryMessageReceived, this, [this](const QByteArray &message) {
        received({message.constData(), std::size_t(message.size())}, false);
    });
}

WebSocketConnection::~WebSocketConnection()
{
    // The virtual socket may be on the stack above us; Qt deletes both when it is safe.
    m_webSocket->disconnect(this);
    m_webSocket->setParent(nullptr);
    m_webSocket->deleteLater();
}

void WebSocketConnection::setHandler(std::unique_ptr<ConnectionHandler> handler)
{
    m_handler = std::move(handler);
}

qint64 WebSocketConnection::bytesQueued() const
{
    return m_link.bytesQueued();
}

SendResult WebSocketConnection::send(std::string_view bytes)
{
    if (m_closing || m_ended)
        return SendResult::Dropped;
    if (isUtf8(bytes))
        m_webSocket->sendTextMessage(QString::fromUtf8(bytes.data(), qsizetype(bytes.size())));
    else
        m_webSocket->sendBinaryMessage(QByteArray(bytes.data(), qsizetype(bytes.size())));
    if (bytesQueued() <= highWater)
        return SendResult::Sent;
    m_backedUp = true; // until bytesTaken(), whatever is sent meanwhile
    return SendResult::Queued;
}

void WebSocketConnection::ping()
{
    if (!m_closing && !m_ended)
        m_webSocket->ping();
}

void WebSocketConnection::close(quint16 code, const QByteArray &reason)
{
    if (m_closing || m_ended)
        return;
    m_closing = true;
    m_closeDeadline = Clock::now() + m_limits.closeTimeout;
    // Qt closes its end only when the peer has answered, or at once when the peer has closed first.
    m_webSocket->close(QWebSocketProtocol::CloseCode(code),
                       QString::fromUtf8(reason.first(std::min(reason.size(), reasonLimit))));
}

void WebSocketConnection::abort()
{
    m_link.abort();
}

void WebSocketConnection::setMessageLimit(qint64 bytes)
{
    const auto limit = bytes > 0 ? quint64(bytes) : QWebSocket::maxIncomingMessageSize();
    m_webSocket->setMaxAllowedIncomingFrameSize(limit);
    m_webSocket->setMaxAllowedIncomingMessageSize(limit);
}

void WebSocketConnection::peerActive(TimePoint now)
{
    if (!m_ended)
        m_handler->onActivity(now);
}

void WebSocketConnection::bytesTaken()
{
    if (m_backedUp && !m_closing && !m_ended && bytesQueued() <= highWater / 2) {
        m_backedUp = false;
        m_handler->onWritable();
    }
}

void WebSocketConnection::ended(bool clean)
{
    if (std::exchange(m_ended, true))
        return;
    m_handler->onClosed(clean);
}

void WebSocketConnection::received(std::string_view bytes, bool isText)
{
    if (!m_closing && !m_ended)
        m_handler->onMessage(bytes, isText, Clock::now());
}

} // namespace msgsrv
