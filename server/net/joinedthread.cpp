// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/joinedthread.h"

#include "server/net/tsan.h"

#include <QCoreApplication>

#include <openssl/crypto.h>

namespace msgsrv {

void JoinedThread::join()
{
    wait();
    tsanAcquire(this);
}

void JoinedThread::run()
{
    exec();
    // wait() returns while the system still ends the thread. What OpenSSL keeps for the thread is given back
    // here, after the last sockets, and not at a moment when the process may be leaving.
    QCoreApplication::sendPostedEvents(nullptr, QEvent::DeferredDelete);
    OPENSSL_thread_stop();
    tsanRelease(this);
}

} // namespace msgsrv
