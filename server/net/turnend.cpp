// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/turnend.h"

#include <QCoreApplication>
#include <QEvent>

#include <utility>

namespace msgsrv {

void TurnEnd::Task::leave()
{
    if (m_list)
        std::exchange(m_list, nullptr)->m_tasks[m_place] = nullptr;
}

TurnEnd::~TurnEnd()
{
    for (Task *task : m_tasks) {
        if (task)
            task->m_list = nullptr;
    }
}

void TurnEnd::add(Task &task)
{
    if (task.m_list)
        return;
    task.m_list = this;
    task.m_place = m_tasks.size();
    m_tasks.push_back(&task);
    if (!std::exchange(m_isPosted, true))
        QCoreApplication::postEvent(this, new QEvent(QEvent::User));
}

bool TurnEnd::event(QEvent *event)
{
    if (event->type() != QEvent::User)
        return QObject::event(event);
    m_isPosted = false;
    // What a task adds is for the next turn; what stood here before can still leave.
    const std::size_t count = m_tasks.size();
    for (std::size_t i = 0; i < count; ++i) {
        if (Task *task = std::exchange(m_tasks[i], nullptr)) {
            task->m_list = nullptr;
            task->atTurnEnd();
        }
    }
    m_running.assign(m_tasks.begin() + std::ptrdiff_t(count), m_tasks.end());
    m_tasks.swap(m_running);
    m_running.clear();
    std::size_t place = 0;
    for (Task *task : m_tasks) {
        if (task)
            task->m_place = place;
        ++place;
    }
    return true;
}

} // namespace msgsrv
