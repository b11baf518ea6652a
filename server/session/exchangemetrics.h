// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/metrics/metrics.h"
#include "server/session/absentqueues.h"
#include "server/session/senderledger.h"
#include "server/session/storedjournal.h"

namespace msgsrv {

/// Adds what waits for users who are not there, and the notices to senders. Both outlive @p metrics' last
/// render().
/// @p journal: null, if nothing is kept in case of a crash.
void addExchangeMetrics(Metrics &metrics, const AbsentQueues &absent, const SenderLedgers &ledgers,
                        const StoredJournal *journal);

} // namespace msgsrv
