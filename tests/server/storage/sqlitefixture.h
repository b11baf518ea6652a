// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/storage/sqlitesessionstore.h"

#include <QFile>
#include <QSqlDatabase>
#include <QSqlError>
#include <QSqlQuery>
#include <QTemporaryDir>
#include <QTest>

#include <memory>
#include <optional>

namespace msgsrv {

inline SessionRecord makeRecord(const QByteArray &userId, unsigned generation,
                                const ListeningKey &key = ListeningKey::generate())
{
    SessionRecord record;
    record.userId = UserId::parse({userId.constData(), std::size_t(userId.size())}).value();
    record.key = key;
    record.generation = Generation(generation);
    record.address = "ws://127.0.0.1:15674/ws";
    record.createdAtMs = 1'700'000'000'123;
    return record;
}

/// A folder with one SQLite file in it.
class SqliteFixture
{
public:
    [[nodiscard]] QString path(const char *suffix = "") const
    {
        return m_folder.filePath(QStringLiteral("sessions.sqlite")) + QLatin1String(suffix);
    }
    [[nodiscard]] QString file(const char *name) const { return m_folder.filePath(QLatin1String(name)); }

    /// A store over the file, open.
    [[nodiscard]] std::unique_ptr<SqliteSessionStore> open(SqliteSessionStore::Settings settings = {}) const
    {
        settings.path = path();
        auto store = std::make_unique<SqliteSessionStore>(std::move(settings));
        if (const auto opened = store->open(); !opened)
            qFatal("%s", qPrintable(opened.error()));
        return store;
    }

    /// What a start finds, or why it fails.
    [[nodiscard]] tl::expected<StoredSessions, QString> tryOpen() const
    {
        return SqliteSessionStore({.path = path()}).open();
    }

    /// Runs @p statements on the file behind the store's back; the values of the last row, joined.
    QString run(const QStringList &statements) const
    {
        QString values;
        {
            QSqlDatabase database
                = QSqlDatabase::addDatabase(QStringLiteral("QSQLITE"), QStringLiteral("fixture"));
            database.setDatabaseName(path());
            if (!database.open())
                qFatal("%s", qPrintable(database.lastError().text()));
            for (const QString &statement : statements) {
                QSqlQuery query(database);
                if (!query.exec(statement))
                    qFatal("%s: %s", qPrintable(statement), qPrintable(query.lastError().text()));
                QStringList row;
                while (query.next()) {
                    for (int i = 0; query.value(i).isValid(); ++i)
                        row.append(query.value(i).toString());
                }
                values = row.join(u'|');
            }
        }
        QSqlDatabase::removeDatabase(QStringLiteral("fixture"));
        return values;
    }

    [[nodiscard]] static QByteArray read(const QString &path)
    {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? file.readAll() : QByteArray();
    }
    static void write(const QString &path, const QByteArray &content)
    {
        QFile file(path);
        if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size())
            qFatal("cannot write %s", qPrintable(path));
    }

private:
    QTemporaryDir m_folder;
};

/// What a call of the store was answered, when it was.
using Told = std::shared_ptr<std::optional<StoreStatus>>;
inline Told insert(SessionStore &store, const SessionRecord &record)
{
    auto told = std::make_shared<std::optional<StoreStatus>>();
    store.insert(record, [told](StoreStatus status) { *told = status; });
    return told;
}

/// The answer, waited for.
inline StoreStatus answerOf(const Told &told)
{
    if (!QTest::qWaitFor([&] { return told->has_value(); }, 20'000))
        qFatal("no answer");
    return **told;
}

} // namespace msgsrv
