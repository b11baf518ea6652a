// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/managementmetrics.h"

namespace msgsrv::management {

const char *toString(Closing reason)
{
    switch (reason) {
    case Closing::LoginTimeout:
        return "login_timeout";
    case Closing::LineTooLong:
        return "line_too_long";
    case Closing::Slow:
        break;
    }
    return "slow";
}

const char *toString(Limit limit)
{
    switch (limit) {
    case Limit::Rows:
        return "rows";
    case Limit::Rate:
        return "rate";
    case Limit::Views:
        return "views";
    case Limit::Subscriptions:
        return "subscriptions";
    case Limit::Credit:
        return "credit";
    case Limit::Pending:
        break;
    }
    return "pending";
}

ManagementMetrics::ManagementMetrics(Metrics &metrics)
    : m_refusedLogins(
        metrics.counter("messaging_management_logins_refused_total", "Logins of consoles that were refused."))
    , m_rejected(metrics.counter("messaging_management_consoles_rejected_total",
                                 "Consoles that were not taken, since there are as many as may be."))
    , m_missed(metrics.counter("messaging_management_events_missed_total",
                               "Events that the management thread did not fetch in time."))
{
    for (std::size_t i = 0; i < m_closed.size(); ++i) {
        m_closed[i]
            = &metrics.counter("messaging_management_consoles_closed_total",
                               "Consoles that the server closed.", {{"reason", toString(Closing(i))}});
    }
    for (std::size_t i = 0; i < m_limited.size(); ++i) {
        m_limited[i] = &metrics.counter("messaging_management_limits_total",
                                        "Requests of consoles that a limit refused or cut.",
                                        {{"limit", toString(Limit(i))}});
    }
    metrics.addGauge("messaging_management_consoles", "Consoles that are connected.", {},
                     [count = consoles] { return double(count->load()); });
}

} // namespace msgsrv::management
