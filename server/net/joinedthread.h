// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QThread>

namespace msgsrv {

/// A QThread with an event loop whose end ThreadSanitizer sees: use join() instead of wait().
class JoinedThread final : public QThread
{
public:
    using QThread::QThread;

    /// Waits until the thread has ended. What it did happened before this returns.
    void join();

protected:
    void run() override;
};

} // namespace msgsrv
