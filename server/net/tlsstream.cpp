// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/tlsstream.h"

#include <QSslConfiguration>

#include <chrono>
#include <unistd.h>
#include <utility>

#include <linux/sockios.h>
#include <sys/ioctl.h>

namespace msgsrv {

namespace {

/// What may pile up in Qt's buffer before it is read; the kernel holds the rest. Qt decrypts record by record
/// on its stack, so a larger buffer is a deeper one (measured: 32 KiB is safe on a stack of 8 MiB).
constexpr qint64 readBuffer = 32 * 1024;

constexpr std::chrono::milliseconds quietTime(200);

} // namespace

TlsStream::TlsStream(int descriptor, const QSslConfiguration &configuration, Reader &reader)
    : m_reader(reader)
{
    m_socket.setReadBufferSize(readBuffer);
    QObject::connect(&m_socket, &QSslSocket::readyRead, &m_socket, [this] {
        if (m_quiet)
            m_quiet->start();
        if (m_isReading && !m_isGone)
            m_reader.onReadable();
    });
    QObject::connect(&m_socket, &QSslSocket::disconnected, &m_socket, [this] { gone(); });
    // A failed handshake, or a reset, need not be followed by disconnected().
    QObject::connect(&m_socket, &QSslSocket::errorOccurred, &m_socket, [this] {
        if (m_socket.state() != QAbstractSocket::ConnectedState)
            gone();
    });
    QObject::connect(&m_socket, &QSslSocket::encryptedBytesWritten, &m_socket, [this] {
        if (!m_isGone)
            m_reader.onBytesTaken();
    });
    if (!m_socket.setSocketDescriptor(descriptor)) {
        ::close(descriptor);
        QMetaObject::invokeMethod(
            &m_socket, [this] { gone(); }, Qt::QueuedConnection);
        return;
    }
    m_socket.setSslConfiguration(configuration);
    m_socket.startServerEncryption();
}

TlsStream::~TlsStream()
{
    abort();
}

qint64 TlsStream::read(char *buffer, qint64 size)
{
    return m_isGone ? 0 : std::max<qint64>(m_socket.read(buffer, size), 0);
}

void TlsStream::setReading(bool on)
{
    if (std::exchange(m_isReading, on) == on || !on || m_socket.bytesAvailable() == 0)
        return;
    QMetaObject::invokeMethod(
        &m_socket,
        [this] {
            if (m_isReading && !m_isGone)
                m_reader.onReadable();
        },
        Qt::QueuedConnection);
}

void TlsStream::write(std::string_view bytes)
{
    if (!m_isGone)
        m_socket.write(bytes.data(), qint64(bytes.size()));
}

qint64 TlsStream::bytesQueued() const
{
    return m_isGone ? 0 : m_socket.bytesToWrite() + m_socket.encryptedBytesToWrite();
}

/// TLS has no half-close in Qt: after close_notify the socket is closed. So a peer that is sending is given
/// the time to read what was said and to fall silent; the owner's deadline ends one that never does.
qint64 TlsStream::bytesInKernel() const
{
    int bytes = 0;
    const int descriptor = int(m_socket.socketDescriptor());
    return descriptor >= 0 && ::ioctl(descriptor, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

void TlsStream::finishWriting(bool peerIsSending)
{
    if (m_isGone)
        return;
    if (!peerIsSending) {
        m_socket.disconnectFromHost(); // sends close_notify
        return;
    }
    m_quiet = std::make_unique<QTimer>();
    m_quiet->setSingleShot(true);
    QObject::connect(m_quiet.get(), &QTimer::timeout, &m_socket, [this] { m_socket.disconnectFromHost(); });
    m_quiet->start(quietTime);
}

void TlsStream::abort()
{
    m_isGone = true;
    m_quiet.reset();
    m_socket.abort();
}

void TlsStream::gone()
{
    if (!std::exchange(m_isGone, true))
        m_reader.onGone();
}

} // namespace msgsrv
