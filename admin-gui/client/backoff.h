// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>

namespace msgsrv::console {

/// How long to wait before the next attempt: twice as long each time up to a limit, and a random part of it,
/// so that many consoles do not come back to a restarted server in the same moment.
class Backoff
{
public:
    using Duration = std::chrono::milliseconds;

    Backoff(Duration first, Duration longest)
        : m_first(first)
        , m_longest(longest)
    { }

    /// @p random is uniform in [0, 1). The answer lies between half of the step and the step.
    [[nodiscard]] Duration next(double random);
    /// A connection came up: begin again with the first step.
    void reset() { m_attempt = 0; }

private:
    Duration m_first;
    Duration m_longest;
    int m_attempt = 0;
};

} // namespace msgsrv::console
