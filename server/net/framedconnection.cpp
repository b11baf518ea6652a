// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/framedconnection.h"

#include "server/net/link.h"

namespace msgsrv {

void FramedConnection::messageReceived(const websocket::MessageReceived &message)
{
    deliver(message.payload, message.isText);
}

void FramedConnection::pingReceived(const websocket::PingReceived &ping)
{
    if (!isClosing())
        write(websocket::Opcode::Pong, ping.payload);
}

/// RFC 6455, 5.5.1: the answer has the code that came.
void FramedConnection::closeReceived(const websocket::CloseReceived &close)
{
    std::string answer;
    if (!isClosing() && close.code != websocket::status::noneGiven)
        answer = websocket::closePayload(close.code, {});
    if (!isClosing())
        write(websocket::Opcode::Close, answer);
    link().closeWebSocket({}, true);
}

void FramedConnection::writeMessage(std::string_view bytes, bool isText)
{
    write(isText ? websocket::Opcode::Text : websocket::Opcode::Binary, bytes);
}

void FramedConnection::writePing()
{
    write(websocket::Opcode::Ping, {});
}

void FramedConnection::writeClose(quint16 code, const QByteArray &reason)
{
    write(websocket::Opcode::Close,
          websocket::closePayload(code, {reason.constData(), std::size_t(reason.size())}));
}

void FramedConnection::write(websocket::Opcode opcode, std::string_view payload)
{
    link().writeFrame(opcode, payload);
}

} // namespace msgsrv
