// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/listener.h"

#include "server/net/front.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace msgsrv {

Listener::Listener(Front &front, int descriptor, int acceptsPerTurn)
    : m_front(front)
    , m_descriptor(descriptor)
    , m_acceptsPerTurn(acceptsPerTurn)
    , m_notifier(QSocketNotifier::Read)
{
    // QTcpServer turns its own notifier on and off; an event dispatcher knows one reader per descriptor.
    setSocketDescriptor(::fcntl(descriptor, F_DUPFD_CLOEXEC, 0));
    pauseAccepting();
    m_notifier.setSocket(descriptor);
    connect(&m_notifier, &QSocketNotifier::activated, this, &Listener::acceptSome);
    m_notifier.setEnabled(true);
}

Listener::~Listener()
{
    stop();
}

QTcpSocket *Listener::nextPendingConnection()
{
    QTcpSocket *socket = QTcpServer::nextPendingConnection();
    pauseAccepting(); // taking one switches accepting on
    return socket;
}

void Listener::resumeAfterPause()
{
    if (isListening())
        m_notifier.setEnabled(true);
}

void Listener::stop()
{
    if (!m_notifier.isEnabled() && !isListening())
        return;
    m_notifier.setEnabled(false);
    close();
    ::close(m_descriptor);
}

void Listener::acceptSome()
{
    for (int i = 0; i < m_acceptsPerTurn || m_acceptsPerTurn == 0; ++i) {
        sockaddr_storage address{};
        socklen_t size = sizeof address;
        const int fd = ::accept4(m_descriptor, reinterpret_cast<sockaddr *>(&address), &size,
                                 SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            m_front.accepted(fd, QHostAddress(reinterpret_cast<const sockaddr *>(&address)));
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            m_notifier.setEnabled(false); // the front's sweep lets it try again
            m_front.m_metrics.rejected(FrontMetrics::Rejection::Descriptors);
            return;
        }
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        return; // EAGAIN: all are in
    }
}

} // namespace msgsrv
