// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/threadexecutor.h"

#include <QThread>

namespace msgsrv {

ThreadExecutor::ThreadExecutor()
    : m_inbox([](std::function<void()> &&task) { task(); })
{ }

ThreadExecutor::~ThreadExecutor()
{
    close();
}

void ThreadExecutor::post(std::function<void()> task)
{
    m_inbox.push(std::move(task));
}

bool ThreadExecutor::isCurrent() const
{
    return m_inbox.thread() == QThread::currentThread();
}

} // namespace msgsrv
