// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"

namespace msgsrv {

/// Notices that a thread has not run for a while, because its process or its machine was stopped. Time has
/// passed then, but nobody has looked at what came meanwhile: until that is read, no peer can be blamed for
/// being silent.
class Standstill
{
public:
    /// @p now: the thread begins to run.
    explicit Standstill(TimePoint now)
        : m_last(now)
    { }

    static constexpr Duration noticed = seconds(1); ///< between two calls
    static constexpr Duration grace = seconds(1); ///< in which what came is read
    static constexpr Duration apart
        = seconds(5); ///< between two graces: a thread that is always late does judge

    /// To be called several times a second. True: deadlines may be enforced at @p now.
    [[nodiscard]] bool isOver(TimePoint now)
    {
        if (now - m_last > noticed && now - m_until >= apart)
            m_until = now + grace;
        m_last = now;
        return now >= m_until;
    }

private:
    TimePoint m_last;
    TimePoint m_until{}; ///< of the latest grace
};

} // namespace msgsrv
