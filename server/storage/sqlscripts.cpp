// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/storage/sqlscripts.h"

#include <QDir>
#include <QFile>

static void registerScripts()
{
    Q_INIT_RESOURCE(sql); // the linker forgets resources of a static library that nobody names
}

namespace msgsrv {

std::vector<SqlScript> sqliteScripts()
{
    registerScripts();
    std::vector<SqlScript> scripts;
    const QDir folder(QStringLiteral(":/sql/sqlite"));
    const QStringList names = folder.entryList(QDir::Files, QDir::Name);
    for (const QString &name : names) {
        // 001_name.sql: a missing number would make every later version another one.
        if (name.section(u'_', 0, 0).toUInt() != scripts.size() + 1)
            qFatal("resources/sql: %s is out of order", qPrintable(name));
        QFile file(folder.filePath(name));
        if (!file.open(QIODevice::ReadOnly))
            qFatal("resources/sql: %s cannot be read", qPrintable(name));
        scripts.push_back({name, sqlStatements(QString::fromUtf8(file.readAll()))});
    }
    return scripts;
}

QStringList sqlStatements(const QString &script)
{
    QStringList statements;
    QString statement;
    const QStringList lines = script.split(u'\n');
    for (const QString &line : lines) {
        const QString text = line.trimmed();
        if (text.isEmpty() || text.startsWith(QLatin1String("--")))
            continue;
        if (!statement.isEmpty())
            statement += u'\n';
        statement += text;
        if (statement.endsWith(u';')) {
            statement.chop(1);
            statements.append(statement);
            statement.clear();
        }
    }
    if (!statement.isEmpty())
        statements.append(statement);
    return statements;
}

} // namespace msgsrv
