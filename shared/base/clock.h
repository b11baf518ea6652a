// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>

namespace msgsrv {

/// Monotonic time. Every deadline and TTL uses it, so that a step of the wall clock ends no session.
using Clock = std::chrono::steady_clock;
using TimePoint = Clock::time_point;
using Duration = Clock::duration;
using std::chrono::milliseconds;
using std::chrono::seconds;

} // namespace msgsrv
