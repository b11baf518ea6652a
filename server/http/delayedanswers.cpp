// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/delayedanswers.h"

#include <utility>

namespace msgsrv {

bool DelayedAnswers::add(TimePoint due, std::function<void()> answer)
{
    if (m_shut || m_waiting.size() >= most)
        return false;
    m_waiting.emplace(due, std::move(answer));
    return true;
}

void DelayedAnswers::shut()
{
    m_shut = true;
    for (auto &[due, answer] : std::exchange(m_waiting, {}))
        answer();
}

void DelayedAnswers::sweep(TimePoint now)
{
    while (!m_waiting.empty() && m_waiting.begin()->first <= now)
        m_waiting.extract(m_waiting.begin()).mapped()();
}

} // namespace msgsrv
