// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/localwire.h"

#include <QLocalSocket>
#include <QMetaObject>

namespace msgsrv::management {

namespace {
/// Read at once, and what may wait in the socket's buffer: the rest stays with the kernel.
constexpr qint64 readSize = 64 * 1024;
} // namespace

LocalWire::LocalWire(QLocalSocket *socket)
    : m_socket(socket)
{
    socket->setParent(this);
    socket->setReadBufferSize(readSize);
    connect(socket, &QLocalSocket::readyRead, this, &LocalWire::read);
    connect(socket, &QLocalSocket::bytesWritten, this, &Wire::progressed);
    connect(socket, &QLocalSocket::disconnected, this, &Wire::closed);
}

LocalWire::~LocalWire()
{
    m_socket->disconnect(this);
}

void LocalWire::write(const QByteArray &bytes)
{
    m_socket->write(bytes);
}

qint64 LocalWire::bytesQueued() const
{
    return m_socket->bytesToWrite();
}

void LocalWire::setReading(bool reading)
{
    m_reading = reading;
    if (!reading || m_readScheduled || m_socket->bytesAvailable() == 0)
        return;
    m_readScheduled = true;
    QMetaObject::invokeMethod(
        this,
        [this] {
            m_readScheduled = false;
            read();
        },
        Qt::QueuedConnection);
}

void LocalWire::finish()
{
    m_reading = false;
    m_socket->disconnectFromServer();
}

void LocalWire::abort()
{
    m_reading = false;
    // Queued, since the socket tells its end from within abort().
    QMetaObject::invokeMethod(m_socket, &QLocalSocket::abort, Qt::QueuedConnection);
}

void LocalWire::read()
{
    if (m_reading && m_socket->bytesAvailable() > 0) {
        const QByteArray bytes = m_socket->read(readSize);
        emit received(bytes);
        if (m_reading)
            setReading(true); // what came meanwhile, in another turn
    }
}

} // namespace msgsrv::management
