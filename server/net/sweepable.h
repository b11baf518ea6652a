// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/visitlist.h"
#include "shared/base/clock.h"

#include <cassert>

namespace msgsrv {

/// Something with deadlines of its own, looked at by its thread's one sweep instead of by a timer each.
class Sweepable : private VisitHook
{
public:
    Sweepable() = default;
    Sweepable(const Sweepable &) = delete;
    Sweepable &operator=(const Sweepable &) = delete;
    virtual ~Sweepable() { assert(!isSwept()); }

    /// Called every 250 ms or oftener, the oftener the more connections the thread has. May add and remove
    /// sweepables, itself included.
    virtual void sweep(TimePoint now) = 0;

    /// True while a thread sweeps it.
    [[nodiscard]] bool isSwept() const { return place != nowhere; }

private:
    friend class VisitList<Sweepable>;
};

} // namespace msgsrv
