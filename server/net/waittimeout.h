// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"

#include <algorithm>
#include <limits>
#include <optional>

namespace msgsrv {

/// How long a thread may wait: until a time; not at all (TimePoint::min()); for ever (nothing).
using WaitUntil = std::optional<TimePoint>;
constexpr TimePoint doNotWait = TimePoint::min();

/// Whole milliseconds until @p due, rounded up, so that whoever waits them is not early. At least 0.
inline int millisecondsUntil(TimePoint due)
{
    if (due == doNotWait)
        return 0;
    const auto left = std::chrono::ceil<milliseconds>(due - Clock::now());
    return int(std::clamp(left, milliseconds(0), milliseconds(std::numeric_limits<int>::max())).count());
}

/// The timeout argument of epoll_wait() and poll().
inline int waitTimeout(const WaitUntil &until)
{
    return until ? millisecondsUntil(*until) : -1;
}

} // namespace msgsrv
