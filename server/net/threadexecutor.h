// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/inbox.h"
#include "shared/base/executor.h"

namespace msgsrv {

/// Runs tasks in the event loop of the thread that constructs it, e.g. the main thread. Outlives everybody
/// who posts.
class ThreadExecutor final : public Executor
{
public:
    ThreadExecutor();
    ~ThreadExecutor() override;

    void post(std::function<void()> task) override;
    [[nodiscard]] bool isCurrent() const override;

    /// From now on tasks are destroyed unrun, those that wait included. Called in the executor's thread.
    void close() { m_inbox.close(); }

private:
    Inbox<std::function<void()>> m_inbox;
};

} // namespace msgsrv
