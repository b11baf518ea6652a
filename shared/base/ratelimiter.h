// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/buckettable.h"
#include "shared/base/clock.h"

namespace msgsrv {

/// How often something may happen: `perSecond` times in the long run, and so many seconds' worth of that at
/// once.
struct Rate
{
    int perSecond = 0; ///< 0: as often as one likes
    Duration burst = seconds(10); ///< the bucket's size; it holds one token at least
};

/// One token bucket for each key, in bounded memory: see BucketTable. Time is a value. Any thread.
class RateLimiter
{
public:
    explicit RateLimiter(Rate rate);

    [[nodiscard]] bool isUnlimited() const { return m_interval == Duration::zero(); }

    /// Takes one token of @p key's bucket. Zero: it was there. Else nothing was taken, and the time tells how
    /// long it is until there is one.
    [[nodiscard]] Duration take(const BucketKey &key, TimePoint now)
    {
        return isUnlimited() ? Duration::zero() : takeLimited(key, now);
    }

private:
    [[nodiscard]] Duration takeLimited(const BucketKey &key, TimePoint now);

    const Duration m_interval; ///< in which one token comes
    const Duration m_size; ///< in which all come
    BucketTable m_buckets;
};

} // namespace msgsrv
