// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/ratelimiter.h"

#include <algorithm>

namespace msgsrv {

namespace {

Duration intervalOf(int perSecond)
{
    if (perSecond <= 0)
        return Duration::zero();
    return std::max(Duration(seconds(1)) / perSecond, Duration(1));
}

} // namespace

RateLimiter::RateLimiter(Rate rate)
    : m_interval(intervalOf(rate.perSecond))
    , m_size(std::max(rate.burst, m_interval))
    , m_buckets(isUnlimited() ? 0 : BucketTable::defaultCapacity)
{ }

Duration RateLimiter::takeLimited(const BucketKey &key, TimePoint now)
{
    return m_buckets.update(key, now, [&](TimePoint &fullAt) {
        const Duration missing = fullAt + m_interval - now;
        if (missing > m_size)
            return missing - m_size;
        fullAt += m_interval;
        return Duration::zero();
    });
}

} // namespace msgsrv
