// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/socket.h"

#include <QSslSocket>
#include <QTcpServer>

namespace msgsrv::test {

void QuietDelete::operator()(QTcpSocket *socket) const
{
    socket->disconnect();
    socket->abort();
    delete socket;
}

SocketPtr openSocket(const QByteArray &address, Tls tls)
{
    const qsizetype colon = address.lastIndexOf(':');
    const QString host = QString::fromLatin1(address.left(colon));
    const quint16 port = address.mid(colon + 1).toUShort();
    if (tls == Tls::Off) {
        SocketPtr socket(new QTcpSocket);
        socket->connectToHost(host, port);
        socket->setSocketOption(QAbstractSocket::LowDelayOption, 1);
        return socket;
    }
    auto *socket = new QSslSocket;
    socket->setPeerVerifyMode(QSslSocket::VerifyNone);
    socket->connectToHostEncrypted(host, port);
    return SocketPtr(socket);
}

quint16 freePort()
{
    QTcpServer server;
    server.listen(QHostAddress::LocalHost);
    return server.serverPort();
}

} // namespace msgsrv::test
