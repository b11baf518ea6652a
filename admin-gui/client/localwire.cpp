// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/client/localwire.h"

#include "shared/base/directories.h"

#include <QFileInfo>

#include <utility>

namespace msgsrv::console {

QString defaultSocket()
{
    const QString own = runtimeDirectory().path + QLatin1String("/management.sock");
    const QString service = QStringLiteral("/run/messaging-server/management.sock");
    return !QFileInfo::exists(own) && QFileInfo::exists(service) ? service : own;
}

LocalWire::LocalWire(QString path)
    : m_path(std::move(path))
{
    connect(&m_socket, &QLocalSocket::connected, this, &Wire::opened, Qt::QueuedConnection);
    connect(&m_socket, &QLocalSocket::readyRead, this, [this] { emit received(m_socket.readAll()); });
    connect(
        &m_socket, &QLocalSocket::disconnected, this,
        [this] { emit closed(tr("The server closed the connection")); }, Qt::QueuedConnection);
    connect(
        &m_socket, &QLocalSocket::errorOccurred, this,
        [this] {
            if (m_socket.state() == QLocalSocket::UnconnectedState)
                emit closed(reason());
        },
        Qt::QueuedConnection);
}

void LocalWire::open()
{
    m_socket.connectToServer(m_path);
}

void LocalWire::send(const QByteArray &bytes)
{
    m_socket.write(bytes);
}

void LocalWire::close()
{
    m_socket.disconnect(this);
    m_socket.abort();
}

QString LocalWire::reason() const
{
    switch (m_socket.error()) {
    case QLocalSocket::ServerNotFoundError:
        return tr("There is no socket at %1; is the server running?").arg(m_path);
    case QLocalSocket::ConnectionRefusedError:
        return tr("Nothing listens at %1; is the server running?").arg(m_path);
    case QLocalSocket::SocketAccessError:
        return tr("You may not open %1; you have to be its owner or in its group").arg(m_path);
    case QLocalSocket::PeerClosedError:
        return tr("The server closed the connection");
    default:
        return m_socket.errorString();
    }
}

} // namespace msgsrv::console
