// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/openstore.h"

#include "server/storage/memorysessionstore.h"
#include "server/storage/sqlitesessionstore.h"
#include "shared/base/directories.h"

#include <QFileInfo>

namespace msgsrv {

namespace {

bool isPlacedByUs(const Config::Sessions &sessions)
{
    return sessions.store == SessionStoreKind::Sqlite && sessions.file.empty();
}

QString pathOf(const Config::Sessions &sessions)
{
    if (isPlacedByUs(sessions))
        return stateDirectory().path + QStringLiteral("/sessions.sqlite");
    return QFileInfo(QString::fromStdString(sessions.file)).absoluteFilePath();
}

} // namespace

std::unique_ptr<SessionStore> makeStore(const Config::Sessions &sessions)
{
    if (sessions.store == SessionStoreKind::Memory)
        return std::make_unique<MemorySessionStore>();
    Q_ASSERT(sessions.store == SessionStoreKind::Sqlite); // no other is let through by the configuration
    return std::make_unique<SqliteSessionStore>(
        SqliteSessionStore::Settings{.path = pathOf(sessions), .queue = std::size_t(sessions.storeQueue)});
}

tl::expected<StoredSessions, QString> openStore(const Config::Sessions &sessions, SessionStore &store)
{
    if (isPlacedByUs(sessions)) {
        if (const auto prepared = prepareDirectory(stateDirectory()); !prepared)
            return tl::unexpected(
                QStringLiteral("The session store has no place: %1; name a file in sessions.file, or set "
                               "sessions.store = \"memory\".")
                    .arg(prepared.error()));
    }
    return store.open();
}

QString storeName(SessionStoreKind kind)
{
    switch (kind) {
    case SessionStoreKind::Memory:
        return QStringLiteral("memory");
    case SessionStoreKind::Sqlite:
        return QStringLiteral("sqlite");
    case SessionStoreKind::PostgreSql:
        return QStringLiteral("postgresql");
    }
    Q_UNREACHABLE();
}

} // namespace msgsrv
