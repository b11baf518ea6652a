// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <functional>

namespace msgsrv {

/// Something that runs tasks one after the other in one thread: an I/O thread or the main thread.
class Executor
{
public:
    virtual ~Executor() = default;

    /// Runs @p task in the executor's thread, after everything posted before it by the same thread.
    /// May be called from any thread. After the executor has stopped, tasks are destroyed unrun.
    virtual void post(std::function<void()> task) = 0;

    /// True when the caller is in the executor's own thread.
    [[nodiscard]] virtual bool isCurrent() const = 0;

    /// Runs @p task at once when called in the executor's own thread, else posts it.
    void run(std::function<void()> task)
    {
        if (isCurrent())
            task();
        else
            post(std::move(task));
    }
};

} // namespace msgsrv
