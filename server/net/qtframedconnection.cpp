// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/qtframedconnection.h"

#include "server/net/link.h"

#include <QWebSocket>

#include <algorithm>
#include <utility>

namespace msgsrv {

namespace {
/// RFC 6455, 5.5: a control frame carries 125 bytes, two of them the code.
constexpr qsizetype reasonLimit = 123;
} // namespace

QtFramedConnection::QtFramedConnection(Facts facts, Link &link, const TransportLimits &limits,
                                       QWebSocket *webSocket)
    : WebSocketConnection(std::move(facts), link, limits)
    , m_webSocket(webSocket)
{
    // The guard has applied the limits.
    m_webSocket->setMaxAllowedIncomingFrameSize(QWebSocket::maxIncomingFrameSize());
    m_webSocket->setMaxAllowedIncomingMessageSize(QWebSocket::maxIncomingMessageSize());
    connect(m_webSocket, &QWebSocket::textMessageReceived, this, [this](const QString &message) {
        const QByteArray bytes = message.toUtf8();
        deliver({bytes.constData(), std::size_t(bytes.size())}, true);
    });
    connect(m_webSocket, &QWebSocket::binaryMessageReceived, this, [this](const QByteArray &message) {
        deliver({message.constData(), std::size_t(message.size())}, false);
    });
}

QtFramedConnection::~QtFramedConnection()
{
    giveUp();
}

void QtFramedConnection::giveUp()
{
    if (!m_webSocket)
        return;
    // The virtual socket may be on the stack above us; Qt deletes both when it is safe.
    m_webSocket->disconnect(this);
    std::exchange(m_webSocket, nullptr)->deleteLater();
}

void QtFramedConnection::messageReceived(const websocket::MessageReceived &message)
{
    feed(message.isText ? websocket::Opcode::Text : websocket::Opcode::Binary, message.payload);
}

void QtFramedConnection::pingReceived(const websocket::PingReceived &ping)
{
    feed(websocket::Opcode::Ping, ping.payload);
}

void QtFramedConnection::pongReceived(const websocket::PongReceived &pong)
{
    feed(websocket::Opcode::Pong, pong.payload);
}

/// QWebSocket answers, closes the virtual socket, and the link hears of that.
void QtFramedConnection::closeReceived(const websocket::CloseReceived &close)
{
    feed(websocket::Opcode::Close,
         close.code == websocket::status::noneGiven ? std::string()
                                                    : websocket::closePayload(close.code, close.reason));
}

void QtFramedConnection::writeMessage(std::string_view bytes, bool isText)
{
    if (!m_webSocket)
        return;
    if (isText)
        m_webSocket->sendTextMessage(QString::fromUtf8(bytes.data(), qsizetype(bytes.size())));
    else
        m_webSocket->sendBinaryMessage(QByteArray(bytes.data(), qsizetype(bytes.size())));
}

void QtFramedConnection::writePing()
{
    if (m_webSocket)
        m_webSocket->ping();
}

void QtFramedConnection::writeClose(quint16 code, const QByteArray &reason)
{
    // Qt closes its end only when the peer has answered, or at once when the peer has closed first.
    if (m_webSocket)
        m_webSocket->close(QWebSocketProtocol::CloseCode(code),
                           QString::fromUtf8(reason.first(std::min(reason.size(), reasonLimit))));
}

void QtFramedConnection::feed(websocket::Opcode opcode, std::string_view payload)
{
    m_frame.clear();
    websocket::appendMaskedFrame(m_frame, opcode, payload);
    link().feedVirtual(m_frame);
    if (m_frame.capacity() > 4096)
        std::string().swap(m_frame);
}

} // namespace msgsrv
