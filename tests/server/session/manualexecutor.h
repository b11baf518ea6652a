// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/executor.h"

#include <deque>
#include <functional>
#include <mutex>
#include <utility>

namespace msgsrv {

/// An executor whose tasks run when the test says so, one by one if it likes. Tasks may be posted from any
/// thread; one thread runs them. Outside of a task nobody is in "its thread", so everything is posted.
class ManualExecutor final : public Executor
{
public:
    void post(std::function<void()> task) override
    {
        const std::scoped_lock lock(m_mutex);
        m_tasks.push_back(std::move(task));
    }

    [[nodiscard]] bool isCurrent() const override { return s_running == this; }

    /// Runs the oldest task. False when there is none.
    bool runOne()
    {
        std::function<void()> task;
        {
            const std::scoped_lock lock(m_mutex);
            if (m_tasks.empty())
                return false;
            task = std::move(m_tasks.front());
            m_tasks.pop_front();
        }
        inside(task);
        return true;
    }

    /// Runs @p what as if it were one of the tasks.
    void inside(const std::function<void()> &what)
    {
        const ManualExecutor *outer = std::exchange(s_running, this);
        what();
        s_running = outer;
    }

private:
    static inline thread_local const ManualExecutor *s_running = nullptr;
    mutable std::mutex m_mutex;
    std::deque<std::function<void()>> m_tasks; // guarded by m_mutex
};

} // namespace msgsrv
