// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/app/config.h"
#include "server/storage/sessionstore.h"

#include <memory>

namespace msgsrv {

/// The store that the configuration names, not yet open. Lives in the calling thread.
[[nodiscard]] std::unique_ptr<SessionStore> makeStore(const Config::Sessions &sessions);

/// SessionStore::open(), after making the folder of a file whose place was left to us. Blocks.
[[nodiscard]] tl::expected<StoredSessions, QString> openStore(const Config::Sessions &sessions,
                                                              SessionStore &store);

/// The name of the kind: a value of sessions.store.
[[nodiscard]] QString storeName(SessionStoreKind kind);

} // namespace msgsrv
