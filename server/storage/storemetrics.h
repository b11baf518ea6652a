// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/metrics/metrics.h"
#include "server/storage/sessionstore.h"

namespace msgsrv {

/// Shows the health of @p store as messaging_store_*; docs/metrics.md lists them. The store outlives the last
/// scrape.
void addStoreMetrics(Metrics &metrics, const SessionStore &store);

} // namespace msgsrv
