// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/buckettable.h"
#include "shared/base/clock.h"

namespace msgsrv {

/// How long to wait with the answer to a key that is no session's: nothing for the first failures of an
/// address in a minute, then longer each time. Only failures are looked at, so a valid key is never slowed
/// down, whatever others do behind the same address. Time is a value; bounded memory; any thread.
class FailedKeys
{
public:
    struct Settings
    {
        int perMinute = 60; ///< limits.failed_keys: failures without a delay; 0: never a delay
        Duration longest = seconds(5); ///< limits.failed_key_delay; zero: never a delay
    };
    /// The first delay. Each one after it is twice as long as the one before, up to Settings::longest.
    static constexpr Duration shortest = milliseconds(250);

    explicit FailedKeys(const Settings &settings);

    /// Counts one failure at @p address; returns how long its answer has to wait. The time of the wait
    /// itself forgives nothing; afterwards one failure is forgiven every 60 s / perMinute.
    [[nodiscard]] Duration failed(const BucketKey &address, TimePoint now);

private:
    [[nodiscard]] Duration delayAfter(std::int64_t excess) const;

    const Duration m_interval; ///< in which one failure is forgiven; zero: no delays
    const Duration m_longest;
    const std::int64_t m_mostExcess; ///< failures beyond the free ones; more make no longer delay
    BucketTable m_failures;
};

} // namespace msgsrv
