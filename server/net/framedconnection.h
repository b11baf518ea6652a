// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/websocketconnection.h"

#include <string>

namespace msgsrv {

/// A WebSocket whose frames are our own (net.engine = "direct"). QWebSocketServer has answered the handshake.
/// docs/architecture.md says why; docs/benchmarks.md what it is worth.
class FramedConnection final : public WebSocketConnection
{
public:
    using WebSocketConnection::WebSocketConnection;

private:
    void messageReceived(const websocket::MessageReceived &message) override;
    void pingReceived(const websocket::PingReceived &ping) override;
    void pongReceived(const websocket::PongReceived &) override { }
    void closeReceived(const websocket::CloseReceived &close) override;
    void writeMessage(std::string_view bytes, bool isText) override;
    void writePing() override;
    void writeClose(quint16 code, const QByteArray &reason) override;
    void giveUp() override { }

    void write(websocket::Opcode opcode, std::string_view payload);
};

} // namespace msgsrv
