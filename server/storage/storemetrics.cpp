// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/storage/storemetrics.h"

namespace msgsrv {

void addStoreMetrics(Metrics &metrics, const SessionStore &store)
{
    metrics.addGauge("messaging_store_up",
                     "1: the last attempt to write sessions succeeded; 0: /connect is answered 503.", {},
                     [&store] { return store.health().up ? 1.0 : 0.0; });
    metrics.addGauge("messaging_store_pending",
                     "Operations that wait for the store, or are being carried out.", {},
                     [&store] { return double(store.health().pending); });
    metrics.addCounter("messaging_store_operations_total", "Operations that the store carried out.", {},
                       [&store] { return double(store.health().operations); });
    metrics.addCounter("messaging_store_commits_total", "Transactions that were committed and synced.", {},
                       [&store] { return double(store.health().commits); });
    metrics.addCounter("messaging_store_commit_seconds_total", "Time that these transactions took.", {},
                       [&store] { return store.health().commitSeconds; });
    metrics.addCounter("messaging_store_errors_total", "Transactions that failed.", {},
                       [&store] { return double(store.health().errors); });
    metrics.addCounter("messaging_store_refused_total",
                       "Operations that were refused because of sessions.store_queue.", {},
                       [&store] { return double(store.health().refused); });
}

} // namespace msgsrv
