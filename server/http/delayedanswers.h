// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/sweepable.h"
#include "shared/base/clock.h"

#include <cstddef>
#include <functional>
#include <map>

namespace msgsrv {

/// Answers that are known already but given later. Belongs to one I/O thread, whose sweep gives them; what
/// still waits when it goes is never given.
class DelayedAnswers final : public Sweepable
{
public:
    /// Each of them holds a connection and its request, so there is an end to it.
    static constexpr std::size_t most = 256;

    /// Calls @p answer in the first sweep from @p due on. False, and nothing is kept, when `most` wait, or
    /// after shut().
    [[nodiscard]] bool add(TimePoint due, std::function<void()> answer);
    /// Gives all of them now, and takes no more.
    void shut();
    [[nodiscard]] std::size_t size() const { return m_waiting.size(); }

    void sweep(TimePoint now) override;

private:
    std::multimap<TimePoint, std::function<void()>> m_waiting;
    bool m_shut = false;
};

} // namespace msgsrv
