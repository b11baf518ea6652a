// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace msgsrv::log {

/// Counts the lines of each event and says when there are too many in one second. Not thread-safe.
class RateLimit
{
public:
    /// 0 = unlimited.
    explicit RateLimit(int perSecond)
        : m_perSecond(perSecond)
    { }

    /// True when a line of @p event may be written now; else it is counted as suppressed.
    [[nodiscard]] bool admit(std::string_view event, TimePoint now);

    /// The events with suppressed lines whose second is over, or all when @p all, each with its count. They
    /// are forgotten.
    [[nodiscard]] std::vector<std::pair<std::string, std::uint64_t>> takeSuppressed(TimePoint now,
                                                                                    bool all = false);

private:
    struct Window
    {
        TimePoint begin;
        int written = 0;
        std::uint64_t suppressed = 0;
    };
    void close(const std::string &event, Window &window);

    int m_perSecond;
    std::map<std::string, Window, std::less<>> m_windows; ///< by event; event names are a fixed set
    std::vector<std::pair<std::string, std::uint64_t>> m_closed;
    bool m_anySuppressed = false; ///< some window may have a count: spares the walk
};

} // namespace msgsrv::log
