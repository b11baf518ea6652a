// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/exchangemetrics.h"

namespace msgsrv {

void addExchangeMetrics(Metrics &metrics, const AbsentQueues &absent, const SenderLedgers &ledgers,
                        const StoredJournal *journal)
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
    metrics.addGauge("messaging_journal_pending",
                     "What became of messages that are kept in case of a crash, and is not in the store yet.",
                     {}, [journal] { return journal ? double(journal->pending()) : 0.0; });
    metrics.addCounter("messaging_journal_saved_total",
                       "Messages that were written to the store while they waited, or whom to tell of them.",
                       {}, [journal] { return journal ? double(journal->savedCount()) : 0.0; });
    metrics.addCounter("messaging_journal_failures_total",
                       "Attempts to do so that failed; they are made again.", {},
                       [journal] { return journal ? double(journal->failures()) : 0.0; });
}

} // namespace msgsrv
