// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/exchangemetrics.h"

namespace msgsrv {

void addExchangeMetrics(Metrics &metrics, const AbsentQueues &absent, const SenderLedgers &ledgers)
{
    metrics.addGauge("messaging_held_users",
                     "Users without a session for whom messages wait (limits.held_users).", {},
                     [&absent] { return double(absent.users()); });
    const std::string refused = "messaging_held_refused_total";
    const std::string meaning = "Messages for users without a session that may not wait, by the limit.";
    metrics.addCounter(refused, meaning, {{"limit", "held_users"}},
                       [&absent] { return double(absent.refusedUsers()); });
    metrics.addCounter(refused, meaning, {{"limit", "held_per_sender"}},
                       [&absent] { return double(absent.refusedOfSender()); });
    metrics.addCounter("messaging_notices_total", "Notices to senders that got into their queue.", {},
                       [&ledgers] { return double(ledgers.posted()); });
    metrics.addCounter("messaging_notices_lost_total",
                       "Notices to senders that did not: the queue was full, or the session over.", {},
                       [&ledgers] { return double(ledgers.lost()); });
}

} // namespace msgsrv
