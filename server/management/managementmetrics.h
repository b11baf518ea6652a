// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/metrics/metrics.h"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>

namespace msgsrv::management {

/// Why the server ended a console; the label of messaging_management_consoles_closed_total.
enum class Closing { LoginTimeout, LineTooLong, Slow };
[[nodiscard]] const char *toString(Closing reason);

/// Limits that a request can pass; the label of messaging_management_limits_total, as the keys are called.
enum class Limit { Rows, Rate, Views, Subscriptions, Credit, Pending };
[[nodiscard]] const char *toString(Limit limit);

/// What the management counts. Any thread.
class ManagementMetrics
{
public:
    explicit ManagementMetrics(Metrics &metrics);

    void refusedLogin() { m_refusedLogins.Increment(); }
    void closed(Closing reason) { m_closed[std::size_t(reason)]->Increment(); }
    void rejected() { m_rejected.Increment(); }
    void limited(Limit limit) { m_limited[std::size_t(limit)]->Increment(); }
    /// Events of the data path that the management thread did not fetch in time.
    void missed(std::uint64_t events) { m_missed.Increment(double(events)); }
    /// Shared with the metrics, which may ask after the server has gone.
    std::shared_ptr<std::atomic<std::int64_t>> consoles = std::make_shared<std::atomic<std::int64_t>>(0);

private:
    prometheus::Counter &m_refusedLogins;
    prometheus::Counter &m_rejected;
    prometheus::Counter &m_missed;
    std::array<prometheus::Counter *, 3> m_closed{};
    std::array<prometheus::Counter *, 6> m_limited{};
};

} // namespace msgsrv::management
