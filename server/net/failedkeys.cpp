// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/failedkeys.h"

#include <algorithm>

namespace msgsrv {

namespace {

constexpr Duration window = std::chrono::minutes(1);

/// How often the shortest delay has to be doubled to be as long as @p longest, and once more.
std::int64_t stepsTo(Duration longest)
{
    std::int64_t steps = 1;
    for (Duration delay = FailedKeys::shortest; delay < longest; delay *= 2)
        ++steps;
    return steps;
}

} // namespace

FailedKeys::FailedKeys(const Settings &settings)
    : m_interval(settings.perMinute > 0 && settings.longest > Duration::zero()
                     ? std::max(window / settings.perMinute, Duration(1))
                     : Duration::zero())
    , m_longest(settings.longest)
    , m_mostExcess(stepsTo(settings.longest))
    , m_failures(m_interval == Duration::zero() ? 0 : BucketTable::defaultCapacity)
{ }

Duration FailedKeys::delayAfter(std::int64_t excess) const
{
    if (excess <= 0)
        return Duration::zero();
    return std::min(shortest * (std::int64_t(1) << (std::min(excess, m_mostExcess) - 1)), m_longest);
}

Duration FailedKeys::failed(const BucketKey &address, TimePoint now)
{
    if (m_interval == Duration::zero())
        return Duration::zero();
    return m_failures.update(address, now, [&](TimePoint &forgivenAt) {
        const Duration most = window + m_interval * m_mostExcess;
        const Duration debt = forgivenAt + m_interval - now;
        const Duration beyond = debt - window;
        const Duration delay
            = delayAfter(beyond > Duration::zero() ? (beyond + m_interval - Duration(1)) / m_interval : 0);
        forgivenAt = now + std::min(debt, most) + delay;
        return delay;
    });
}

} // namespace msgsrv
