// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/plainstream.h"

#include <cerrno>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace msgsrv {

namespace {

/// What is read of one socket before others have their turn: who sends faster than we read would never let
/// go.
constexpr qint64 readsPerTurn = 256 * 1024;

} // namespace

PlainStream::PlainStream(int descriptor, Reader &reader, TurnEnd &turnEnd)
    : m_descriptor(descriptor)
    , m_reader(reader)
    , m_turnEnd(turnEnd)
    , m_readable(descriptor, QSocketNotifier::Read)
{
    QObject::connect(&m_readable, &QSocketNotifier::activated, &m_readable, [this] {
        m_drained = false;
        m_readThisTurn = 0;
        m_reader.onReadable();
    });
}

PlainStream::~PlainStream()
{
    abort();
}

qint64 PlainStream::read(char *buffer, qint64 size)
{
    if (m_descriptor < 0 || m_peerFinished || m_drained)
        return 0;
    ssize_t count = 0;
    do {
        count = ::recv(m_descriptor, buffer, std::size_t(size), 0);
    } while (count < 0 && errno == EINTR);
    if (count > 0) {
        m_readThisTurn += count;
        // What comes from now on, or is left, is notified again.
        m_drained = count < size || m_readThisTurn >= readsPerTurn;
        return count;
    }
    if (count == 0) {
        m_peerFinished = true;
        m_readable.setEnabled(false);
        m_reader.onPeerFinished();
    } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        m_drained = true;
    } else {
        gone();
    }
    return 0;
}

void PlainStream::setReading(bool on)
{
    if (m_descriptor >= 0 && !m_peerFinished)
        m_readable.setEnabled(on);
    if (on)
        m_drained = false;
}

void PlainStream::write(std::string_view bytes)
{
    if (m_descriptor < 0)
        return;
    m_out += bytes;
    if (!m_writable || !m_writable->isEnabled())
        m_turnEnd.add(*this);
}

void PlainStream::atTurnEnd()
{
    const std::size_t before = m_sent;
    while (m_descriptor >= 0 && m_sent < m_out.size()) {
        const ssize_t count
            = ::send(m_descriptor, m_out.data() + m_sent, m_out.size() - m_sent, MSG_NOSIGNAL);
        if (count >= 0) {
            m_sent += std::size_t(count);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) {
            break;
        } else if (errno != EINTR) {
            gone();
            return;
        }
    }
    if (m_descriptor < 0)
        return;
    const bool progress = m_sent != before;
    const bool isDone = m_sent == m_out.size();
    if (isDone) {
        std::string().swap(m_out); // an idle connection keeps no buffer
        m_sent = 0;
    } else if (m_sent > m_out.size() / 2) {
        m_out.erase(0, m_sent);
        m_sent = 0;
    }
    watchForWriting(!isDone);
    if (progress)
        m_reader.onBytesTaken();
}

void PlainStream::watchForWriting(bool on)
{
    if (on && !m_writable) {
        m_writable = std::make_unique<QSocketNotifier>(m_descriptor, QSocketNotifier::Write);
        QObject::connect(m_writable.get(), &QSocketNotifier::activated, m_writable.get(),
                         [this] { atTurnEnd(); });
    } else if (m_writable) {
        m_writable->setEnabled(on);
    }
}

qint64 PlainStream::bytesInKernel() const
{
    int bytes = 0;
    const int descriptor = m_descriptor;
    return descriptor >= 0 && ::ioctl(descriptor, SIOCOUTQ, &bytes) == 0 ? bytes : 0;
}

void PlainStream::finishWriting(bool)
{
    if (m_descriptor >= 0)
        ::shutdown(m_descriptor, SHUT_WR);
}

void PlainStream::abort()
{
    if (m_descriptor < 0)
        return;
    m_readable.setEnabled(false);
    if (m_writable)
        m_writable->setEnabled(false);
    ::close(std::exchange(m_descriptor, -1));
    std::string().swap(m_out);
    m_sent = 0;
}

void PlainStream::gone()
{
    abort();
    m_reader.onGone();
}

} // namespace msgsrv
