// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/storage/sqlitedatabase.h"

namespace msgsrv {

/// What is done to messages while the database is open.
struct SqliteDatabase::MessageStatements
{
    explicit MessageStatements(const QSqlDatabase &database);
    [[nodiscard]] bool prepare();

    QSqlQuery add;
    QSqlQuery addHeader;
    QSqlQuery markWritten;
    QSqlQuery end;
    QSqlQuery endHeaders;
    // When a session goes
    QSqlQuery forgetContent;
    QSqlQuery endOfQueue;
    QSqlQuery endHeadersOfQueue;
};

} // namespace msgsrv
