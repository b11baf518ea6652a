// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <vector>

namespace msgsrv {

/// Spreads the visits of a long list over time, so that no turn of the event loop makes them all: whoever is
/// called now and then asks how many to visit each time, and comes round in a given time.
class Pacer
{
public:
    /// @p round: the time in which everything is visited once; more than zero.
    explicit Pacer(Duration round)
        : m_round(round)
    { }

    /// How many of @p size to visit at @p now: the part of them that the time since the last call is of the
    /// round, rounded up. All the first time, and after a round without a call.
    [[nodiscard]] std::size_t share(TimePoint now, std::size_t size)
    {
        const Duration passed = m_last ? std::clamp(now - *m_last, Duration::zero(), m_round) : m_round;
        m_last = now;
        const double part = double(passed.count()) / double(m_round.count());
        return std::min(size, std::size_t(std::ceil(part * double(size))));
    }

    /// Calls @p visit for the share of @p items whose turn it is. They are visited from the back, and
    /// @p items may change meanwhile as long as one that goes is replaced by the last.
    template <typename Item, typename Visit>
    void visit(TimePoint now, const std::vector<Item *> &items, Visit visit)
    {
        for (std::size_t left = share(now, items.size()); left > 0 && !items.empty(); --left) {
            m_next = std::min(m_next, items.size());
            if (m_next == 0)
                m_next = items.size();
            visit(*items[--m_next]);
        }
    }

private:
    const Duration m_round;
    std::optional<TimePoint> m_last;
    std::size_t m_next = 0; // of visit(): what is before it waits for its turn in this round
};

} // namespace msgsrv
