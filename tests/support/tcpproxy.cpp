// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/tcpproxy.h"

#include <algorithm>

#include <sys/socket.h>

namespace msgsrv::test {

TcpProxy::TcpProxy(const QByteArray &target)
    : m_target(target)
{
    connect(&m_listener, &QTcpServer::newConnection, this, &TcpProxy::onNewConnection);
    if (!m_listener.listen(QHostAddress::LocalHost))
        qFatal("the proxy cannot listen");
}

QByteArray TcpProxy::address() const
{
    return "127.0.0.1:" + QByteArray::number(m_listener.serverPort());
}

void TcpProxy::stall()
{
    m_stalled = true;
}

void TcpProxy::resume()
{
    m_stalled = false;
    pumpAll();
}

void TcpProxy::reset()
{
    const auto pairs = std::move(m_pairs);
    m_pairs.clear();
    for (const auto &pair : pairs) {
        for (QTcpSocket *socket : {pair->client.get(), pair->server.get()}) {
            socket->disconnect(this);
            const linger discard{1, 0};
            ::setsockopt(int(socket->socketDescriptor()), SOL_SOCKET, SO_LINGER, &discard, sizeof discard);
            socket->abort();
        }
    }
}

void TcpProxy::halfCloseTowardsServer()
{
    for (const auto &pair : m_pairs) {
        pump(*pair->client, *pair->server);
        pair->server->flush();
        ::shutdown(int(pair->server->socketDescriptor()), SHUT_WR);
    }
}

void TcpProxy::onNewConnection()
{
    while (QTcpSocket *accepted = m_listener.nextPendingConnection()) {
        accepted->setParent(nullptr);
        auto pair = std::make_unique<Pair>();
        pair->client.reset(accepted);
        pair->client->setSocketOption(QAbstractSocket::LowDelayOption, 1);
        pair->server = openSocket(m_target);
        QTcpSocket &client = *pair->client;
        QTcpSocket &server = *pair->server;
        connect(&client, &QTcpSocket::readyRead, this, [&, this] { pump(client, server); });
        connect(&server, &QTcpSocket::readyRead, this, [&, this] { pump(server, client); });
        connect(&client, &QTcpSocket::disconnected, this, [&, this] { onEnd(client); });
        connect(&server, &QTcpSocket::disconnected, this, [&, this] { onEnd(server); });
        m_pairs.push_back(std::move(pair));
    }
}

void TcpProxy::pump(QTcpSocket &from, QTcpSocket &to) const
{
    if (!m_stalled && from.bytesAvailable() > 0)
        to.write(from.readAll());
}

void TcpProxy::pumpAll()
{
    for (const auto &pair : m_pairs) {
        pump(*pair->client, *pair->server);
        pump(*pair->server, *pair->client);
        for (QTcpSocket *socket : {pair->client.get(), pair->server.get()}) {
            if (socket->state() == QAbstractSocket::UnconnectedState)
                QMetaObject::invokeMethod(
                    this, [this, socket] { onEnd(*socket); }, Qt::QueuedConnection);
        }
    }
}

void TcpProxy::onEnd(QTcpSocket &ended)
{
    if (m_stalled)
        return;
    const auto found = std::find_if(m_pairs.begin(), m_pairs.end(), [&](const auto &pair) {
        return pair->client.get() == &ended || pair->server.get() == &ended;
    });
    if (found == m_pairs.end())
        return;
    const std::unique_ptr<Pair> pair = std::move(*found);
    m_pairs.erase(found);
    QTcpSocket &other = pair->client.get() == &ended ? *pair->server : *pair->client;
    pump(ended, other);
    for (auto *socket : {&pair->client, &pair->server}) {
        (*socket)->disconnect(this);
        QTcpSocket *leaving = socket->release(); // may be the sender of the signal that brought us here
        connect(leaving, &QTcpSocket::disconnected, leaving, &QObject::deleteLater);
        if (leaving->state() == QAbstractSocket::UnconnectedState)
            leaving->deleteLater();
        else
            leaving->disconnectFromHost();
    }
}

} // namespace msgsrv::test
