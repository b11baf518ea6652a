// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/listener.h"

#include "server/net/front.h"
#include "shared/base/log.h"

#include <QLoggingCategory>

#include <cerrno>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace msgsrv {

namespace {
Q_LOGGING_CATEGORY(lcNet, "msgsrv.net", QtInfoMsg)
} // namespace

Listener::Listener(Front &front, int descriptor, int acceptsPerTurn, int descriptorCeiling)
    : m_front(front)
    , m_descriptor(descriptor)
    , m_acceptsPerTurn(acceptsPerTurn)
    , m_descriptorCeiling(descriptorCeiling)
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

void Listener::pause()
{
    // The socket stays readable: only a notifier that is off keeps the loop from turning.
    m_notifier.setEnabled(false);
    m_paused = true;
    m_front.m_metrics.pausedListeners.fetch_add(1, std::memory_order_relaxed);
    m_front.m_metrics.rejected(FrontMetrics::Rejection::Descriptors);
    log::warning(lcNet(), "net.accept_paused", {{"port", int(serverPort())}});
}

void Listener::resumeAfterPause()
{
    if (!m_paused || !isListening() || !hasDescriptors())
        return;
    m_paused = false;
    m_front.m_metrics.pausedListeners.fetch_sub(1, std::memory_order_relaxed);
    log::info(lcNet(), "net.accept_resumed", {{"port", int(serverPort())}});
    m_notifier.setEnabled(true);
}

bool Listener::isBelowCeiling(int descriptor) const
{
    return m_descriptorCeiling == 0 || descriptor < m_descriptorCeiling;
}

/// The kernel hands out the lowest free descriptor, so that one tells how many are in use at least.
bool Listener::hasDescriptors() const
{
    const int lowest = ::fcntl(m_descriptor, F_DUPFD_CLOEXEC, 0);
    if (lowest < 0)
        return false;
    ::close(lowest);
    return isBelowCeiling(lowest);
}

void Listener::stop()
{
    if (!isListening())
        return;
    if (std::exchange(m_paused, false))
        m_front.m_metrics.pausedListeners.fetch_sub(1, std::memory_order_relaxed);
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
            if (isBelowCeiling(fd))
                continue;
            pause();
            return;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            pause();
            return;
        }
        if (errno == EINTR || errno == ECONNABORTED)
            continue;
        return; // EAGAIN: all are in
    }
    m_front.m_metrics.acceptTurnCut();
}

} // namespace msgsrv
