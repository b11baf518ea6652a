// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/unixsignals.h"

#include <csignal>
#include <sys/signalfd.h>
#include <unistd.h>

namespace msgsrv {

namespace {

sigset_t watched()
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    return set;
}

int openSignals()
{
    const sigset_t set = watched();
    return ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

} // namespace

void UnixSignals::block()
{
    std::signal(SIGPIPE, SIG_IGN);
    std::signal(SIGXFSZ, SIG_IGN); // a file at its limit (RLIMIT_FSIZE) is an error of the write
    const sigset_t set = watched();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

UnixSignals::UnixSignals()
    : m_descriptor(openSignals())
    , m_notifier(m_descriptor, QSocketNotifier::Read)
{
    connect(&m_notifier, &QSocketNotifier::activated, this, [this] {
        signalfd_siginfo info{};
        while (::read(m_descriptor, &info, sizeof info) == ssize_t(sizeof info))
            emit terminationRequested();
    });
}

UnixSignals::~UnixSignals()
{
    m_notifier.setEnabled(false);
    ::close(m_descriptor);
}

} // namespace msgsrv
