// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/metrics/metrics.h"
#include "server/net/failedkeys.h"
#include "shared/base/ratelimiter.h"
#include "shared/signaling/problem.h"
#include "shared/signaling/userid.h"

#include <array>
#include <optional>

namespace msgsrv {

/// How often clients may ask for what. One object for all I/O threads, so that a limit means the same however
/// the kernel spreads a client's connections. Counts what it refuses. Addresses are those of addressBlock(),
/// of the client and not of a trusted proxy. Any thread.
class RequestLimits
{
public:
    struct Settings
    {
        Rate connectsPerAddress; ///< limits.connects_per_address, limits.burst
        Rate exchangesPerAddress; ///< limits.exchanges_per_address, limits.burst
        Rate exchangesPerUser; ///< limits.exchanges_per_user, limits.burst
        FailedKeys::Settings failedKeys;
    };

    RequestLimits(const Settings &settings, Metrics &metrics);

    /// One `POST /connect`. Nothing: go on; else the problem (RateLimited) to answer with.
    [[nodiscard]] std::optional<Problem> connect(const BucketKey &address, TimePoint now);
    /// One `POST /exchange` or SEND, as far as its address is concerned.
    [[nodiscard]] std::optional<Problem> exchangeFrom(const BucketKey &address, TimePoint now);
    /// The same, as far as its proven sender is concerned.
    [[nodiscard]] std::optional<Problem> exchangeBy(const BucketKey &user, TimePoint now);

    /// A key or passcode was presented that is no session's. How long the refusal has to wait; see
    /// FailedKeys.
    [[nodiscard]] Duration failedKey(const BucketKey &address, TimePoint now);

    /// What stands for @p user in exchangeBy(): a hash that nobody outside can foresee.
    [[nodiscard]] BucketKey keyOf(const UserId &user) const;

private:
    [[nodiscard]] static std::optional<Problem> take(RateLimiter &limiter, prometheus::Counter &refused,
                                                     const BucketKey &key, TimePoint now, const char *detail);

    RateLimiter m_connectsPerAddress;
    RateLimiter m_exchangesPerAddress;
    RateLimiter m_exchangesPerUser;
    FailedKeys m_failedKeys;
    std::array<std::size_t, 2> m_userSeeds{};
    prometheus::Counter &m_connectsRefused;
    prometheus::Counter &m_addressExchangesRefused;
    prometheus::Counter &m_userExchangesRefused;
    prometheus::Counter &m_keysDelayed;
};

} // namespace msgsrv
