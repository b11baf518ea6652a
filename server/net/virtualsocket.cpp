// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/virtualsocket.h"

#include <algorithm>
#include <cstring>

namespace msgsrv {

namespace {
constexpr qsizetype keptCapacity = 4096;
}

VirtualSocket::VirtualSocket(Wire *wire, const QHostAddress &peer, quint16 peerPort,
                             const QHostAddress &local, quint16 localPort)
    : m_wire(wire)
{
    setPeerAddress(peer);
    setPeerPort(peerPort);
    setLocalAddress(local);
    setLocalPort(localPort);
    setOpenMode(QIODevice::ReadWrite | QIODevice::Unbuffered);
    setSocketState(QAbstractSocket::ConnectedState);
}

VirtualSocket::~VirtualSocket()
{
    if (m_wire)
        std::exchange(m_wire, nullptr)->virtualSocketDestroyed();
    // ~QAbstractSocket calls the base class's abort() on a socket that is not unconnected.
    setSocketState(QAbstractSocket::UnconnectedState);
}

void VirtualSocket::feed(const char *bytes, qint64 size)
{
    if (!m_wire)
        return;
    if (m_position == m_in.size()) {
        m_position = 0;
        if (m_in.capacity() > keptCapacity)
            m_in = QByteArray();
        else
            m_in.resize(0);
    } else if (m_position > m_in.size() / 2) {
        m_in.remove(0, m_position);
        m_position = 0;
    }
    m_in.append(bytes, qsizetype(size));
    emit readyRead();
}

void VirtualSocket::hangUp()
{
    m_wire = nullptr;
    end();
}

qint64 VirtualSocket::bytesAvailable() const
{
    return unread() + QIODevice::bytesAvailable();
}

qint64 VirtualSocket::bytesToWrite() const
{
    return m_wire ? m_wire->bytesToPeer() : 0;
}

void VirtualSocket::close()
{
    disconnectFromHost();
}

void VirtualSocket::disconnectFromHost()
{
    if (state() == QAbstractSocket::UnconnectedState)
        return;
    if (m_wire)
        std::exchange(m_wire, nullptr)->virtualSocketClosed();
    end();
}

void VirtualSocket::end()
{
    if (state() == QAbstractSocket::UnconnectedState)
        return;
    m_in.clear();
    m_position = 0;
    emit aboutToClose();
    setSocketState(QAbstractSocket::UnconnectedState);
    emit stateChanged(QAbstractSocket::UnconnectedState);
    emit readChannelFinished();
    emit disconnected();
}

qint64 VirtualSocket::readData(char *data, qint64 maximum)
{
    const qint64 size = std::min(maximum, unread());
    if (size > 0) {
        std::memcpy(data, m_in.constData() + m_position, std::size_t(size));
        m_position += size;
    }
    return size;
}

qint64 VirtualSocket::readLineData(char *data, qint64 maximum)
{
    const char *begin = m_in.constData() + m_position;
    const auto *newline = static_cast<const char *>(std::memchr(begin, '\n', std::size_t(unread())));
    return readData(data, std::min(maximum, newline ? newline - begin + 1 : unread()));
}

qint64 VirtualSocket::skipData(qint64 maximum)
{
    const qint64 size = std::min(maximum, unread());
    m_position += size;
    return size;
}

qint64 VirtualSocket::writeData(const char *data, qint64 size)
{
    if (!m_wire)
        return -1;
    m_wire->writeToPeer(data, size);
    return size;
}

} // namespace msgsrv
