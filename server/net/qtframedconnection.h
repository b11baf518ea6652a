// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/websocketconnection.h"

#include <QObject>
#include <QPointer>

#include <string>

class QWebSocket;

namespace msgsrv {

/// A WebSocket whose frames are QWebSocket's (net.engine = "qt"), which reads and writes through a
/// VirtualSocket. It is fed whole, checked, unfragmented frames only: what QtWebSockets does wrong
/// with others (unmasked ones, a character split over two, deep recursion) it never meets.
class QtFramedConnection final : public QObject, public WebSocketConnection
{
    Q_OBJECT

public:
    /// Takes @p webSocket.
    QtFramedConnection(Facts facts, Link &link, const TransportLimits &limits, QWebSocket *webSocket);
    ~QtFramedConnection() override;

private:
    void messageReceived(const websocket::MessageReceived &message) override;
    void pingReceived(const websocket::PingReceived &ping) override;
    void pongReceived(const websocket::PongReceived &pong) override;
    void closeReceived(const websocket::CloseReceived &close) override;
    void writeMessage(std::string_view bytes, bool isText) override;
    void writePing() override;
    void writeClose(quint16 code, const QByteArray &reason) override;
    void giveUp() override;

    void feed(websocket::Opcode opcode, std::string_view payload);

    QPointer<QWebSocket> m_webSocket; // owned, deleted later
    std::string m_frame; // being fed
};

} // namespace msgsrv
