// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

#include <cstddef>
#include <vector>

namespace msgsrv {

/// Runs things once when the rest of this turn's work is done, so that what one turn has to say to one peer
/// leaves in one system call. Works on every event dispatcher: the end of a turn is an event that is posted
/// behind what is posted already. Belongs to one thread.
class TurnEnd final : public QObject
{
public:
    /// Something to be run. Leaves the list it stands in when it is destroyed.
    class Task
    {
    public:
        Task() = default;
        Task(const Task &) = delete;
        Task &operator=(const Task &) = delete;
        virtual ~Task() { leave(); }
        virtual void atTurnEnd() = 0;

    private:
        friend class TurnEnd;
        void leave();

        TurnEnd *m_list = nullptr;
        std::size_t m_place = 0;
    };

    ~TurnEnd() override;

    /// Runs @p task at the end of this turn, or of the next when it is added while tasks run. A task that
    /// waits already: nothing.
    void add(Task &task);

protected:
    bool event(QEvent *event) override;

private:
    std::vector<Task *> m_tasks; // null: left
    std::vector<Task *> m_running; // kept for its memory
    bool m_isPosted = false;
};

} // namespace msgsrv
