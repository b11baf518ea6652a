// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/tlswire.h"

#include <QMetaObject>
#include <QSslSocket>

namespace msgsrv::management {

namespace {
/// Read at once, and what may wait decrypted: the rest stays with the kernel.
constexpr qint64 readSize = 64 * 1024;
} // namespace

TlsWire::TlsWire(QSslSocket *socket)
    : m_socket(socket)
{
    socket->setParent(this);
    socket->setReadBufferSize(readSize);
    connect(socket, &QSslSocket::readyRead, this, &TlsWire::read);
    connect(socket, &QSslSocket::encryptedBytesWritten, this, &Wire::progressed);
    // Queued: a socket may tell its end from within a write.
    connect(socket, &QSslSocket::disconnected, this, &Wire::closed, Qt::QueuedConnection);
    setReading(true); // what came with the handshake
}

TlsWire::~TlsWire()
{
    m_socket->disconnect(this);
}

void TlsWire::write(const QByteArray &bytes)
{
    m_socket->write(bytes);
}

qint64 TlsWire::bytesQueued() const
{
    return m_socket->bytesToWrite() + m_socket->encryptedBytesToWrite();
}

void TlsWire::setReading(bool reading)
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

void TlsWire::finish()
{
    m_reading = false;
    m_socket->disconnectFromHost();
}

void TlsWire::abort()
{
    m_reading = false;
    // Queued, since the socket tells its end from within abort().
    QMetaObject::invokeMethod(m_socket, &QSslSocket::abort, Qt::QueuedConnection);
}

void TlsWire::read()
{
    if (m_reading && m_socket->bytesAvailable() > 0) {
        const QByteArray bytes = m_socket->read(readSize);
        emit received(bytes);
        if (m_reading)
            setReading(true); // what came meanwhile, in another turn
    }
}

} // namespace msgsrv::management
