// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/requestlimits.h"

#include "shared/base/random.h"

namespace msgsrv {

namespace {

prometheus::Counter &counterOf(Metrics &metrics, const char *limit)
{
    return metrics.counter("messaging_requests_limited_total",
                           "Requests and frames that were refused or delayed, by limit.", {{"limit", limit}});
}

} // namespace

RequestLimits::RequestLimits(const Settings &settings, Metrics &metrics)
    : m_connectsPerAddress(settings.connectsPerAddress)
    , m_exchangesPerAddress(settings.exchangesPerAddress)
    , m_exchangesPerUser(settings.exchangesPerUser)
    , m_failedKeys(settings.failedKeys)
    , m_connectsRefused(counterOf(metrics, "connects_per_address"))
    , m_addressExchangesRefused(counterOf(metrics, "exchanges_per_address"))
    , m_userExchangesRefused(counterOf(metrics, "exchanges_per_user"))
    , m_keysDelayed(counterOf(metrics, "failed_keys"))
{
    fillRandom(m_userSeeds.data(), sizeof m_userSeeds);
}

std::optional<Problem> RequestLimits::take(RateLimiter &limiter, prometheus::Counter &refused,
                                           const BucketKey &key, TimePoint now, const char *detail)
{
    const Duration wait = limiter.take(key, now);
    if (wait == Duration::zero())
        return std::nullopt;
    refused.Increment();
    return Problem{ProblemCause::RateLimited, detail, int(std::chrono::ceil<seconds>(wait).count())};
}

std::optional<Problem> RequestLimits::connect(const BucketKey &address, TimePoint now)
{
    return take(m_connectsPerAddress, m_connectsRefused, address, now,
                "Too many sessions are opened from this address.");
}

std::optional<Problem> RequestLimits::exchangeFrom(const BucketKey &address, TimePoint now)
{
    return take(m_exchangesPerAddress, m_addressExchangesRefused, address, now,
                "Too many messages are sent from this address.");
}

std::optional<Problem> RequestLimits::exchangeBy(const BucketKey &user, TimePoint now)
{
    return take(m_exchangesPerUser, m_userExchangesRefused, user, now, "This user sends too many messages.");
}

Duration RequestLimits::failedKey(const BucketKey &address, TimePoint now)
{
    const Duration delay = m_failedKeys.failed(address, now);
    if (delay > Duration::zero())
        m_keysDelayed.Increment();
    return delay;
}

BucketKey RequestLimits::keyOf(const UserId &user) const
{
    return {qHash(user.bytes(), m_userSeeds[0]), qHash(user.bytes(), m_userSeeds[1])};
}

} // namespace msgsrv
