// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/joinedthread.h"

#include "server/net/tsan.h"

namespace msgsrv {

void JoinedThread::join()
{
    wait();
    tsanAcquire(this);
}

void JoinedThread::run()
{
    exec();
    tsanRelease(this);
}

} // namespace msgsrv
