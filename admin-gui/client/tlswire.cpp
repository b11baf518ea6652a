// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/client/tlswire.h"

#include <QSslError>

#include <utility>

namespace msgsrv::console {

TlsWire::TlsWire(TlsAccess access)
    : m_access(std::move(access))
{
    connect(&m_socket, &QSslSocket::encrypted, this, &Wire::opened, Qt::QueuedConnection);
    connect(&m_socket, &QSslSocket::readyRead, this, [this] { emit received(m_socket.readAll()); });
    connect(
        &m_socket, &QSslSocket::disconnected, this,
        [this] { emit closed(tr("The server closed the connection")); }, Qt::QueuedConnection);
    connect(&m_socket, &QSslSocket::sslErrors, this, [this](const QList<QSslError> &errors) {
        m_certificateProblem = errors.isEmpty() ? QString() : errors.first().errorString();
    });
    connect(
        &m_socket, &QSslSocket::errorOccurred, this,
        [this] {
            if (m_socket.state() == QSslSocket::UnconnectedState)
                emit closed(reason());
        },
        Qt::QueuedConnection);
}

void TlsWire::open()
{
    const auto tls = m_access.configuration();
    if (!tls) {
        fail(tls.error());
        return;
    }
    m_socket.setSslConfiguration(*tls);
    m_socket.connectToHostEncrypted(m_access.host, m_access.port);
}

void TlsWire::send(const QByteArray &bytes)
{
    m_socket.write(bytes);
}

void TlsWire::close()
{
    m_socket.disconnect(this);
    m_socket.abort();
}

void TlsWire::fail(const QString &why)
{
    QMetaObject::invokeMethod(
        this, [this, why] { emit closed(why); }, Qt::QueuedConnection);
}

QString TlsWire::reason() const
{
    if (!m_certificateProblem.isEmpty())
        return tr("The certificate of %1 is not believed: %2").arg(m_access.address(), m_certificateProblem);
    switch (m_socket.error()) {
    case QAbstractSocket::ConnectionRefusedError:
        return tr("Nothing listens at %1; is management.listen set?").arg(m_access.address());
    case QAbstractSocket::HostNotFoundError:
        return tr("There is no host %1").arg(m_access.host);
    case QAbstractSocket::RemoteHostClosedError:
        return tr("The server closed the connection");
    default:
        return m_socket.errorString();
    }
}

} // namespace msgsrv::console
