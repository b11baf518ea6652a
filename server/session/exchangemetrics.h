// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/metrics/metrics.h"
#include "server/session/absentqueues.h"
#include "server/session/senderledger.h"

namespace msgsrv {

/// Adds what waits for users who are not there, and the notices to senders. Both outlive @p metrics' last
/// render().
void addExchangeMetrics(Metrics &metrics, const AbsentQueues &absent, const SenderLedgers &ledgers);

} // namespace msgsrv
