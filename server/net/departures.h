// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"

#include <algorithm>
#include <cstddef>

namespace msgsrv {

/// When a number of connections are closed, one after the other. A value; time comes in as one.
class Departures
{
public:
    /// The first of @p count is due at @p begin, the others evenly in @p spread, but never further apart than
    /// @p slowest: few need not wait as long as many. Zero @p spread: all at once.
    Departures(std::size_t count, TimePoint begin, Duration spread, Duration slowest)
        : m_count(count)
        , m_begin(begin)
        , m_interval(count > 0 ? std::min(spread / Duration::rep(count), slowest) : Duration::zero())
    { }

    /// From the first to when one more would be due.
    [[nodiscard]] Duration length() const { return m_interval * Duration::rep(m_count); }
    [[nodiscard]] TimePoint end() const { return m_begin + length(); }
    /// How many are due at @p now.
    [[nodiscard]] std::size_t due(TimePoint now) const
    {
        if (now < m_begin)
            return 0;
        if (m_interval <= Duration::zero())
            return m_count;
        return std::min(m_count, std::size_t((now - m_begin) / m_interval) + 1);
    }

private:
    std::size_t m_count;
    TimePoint m_begin;
    Duration m_interval;
};

} // namespace msgsrv
