// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>
#include <QStringList>

#include <vector>

namespace msgsrv {

/// One step of a schema: a file of resources/sql.
struct SqlScript
{
    QString name; ///< of the file, for errors
    QStringList statements; ///< without their semicolons
};

/// The scripts that make a SQLite database what this program expects. The first makes version 1 of an empty
/// database, each further one the next version: the number of scripts is the version that is known.
[[nodiscard]] std::vector<SqlScript> sqliteScripts();

/// The statements of a script, each of which ends with a semicolon at the end of a line; lines that begin
/// with `--` are comments.
[[nodiscard]] QStringList sqlStatements(const QString &script);

} // namespace msgsrv
