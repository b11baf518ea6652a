// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/storage/sqlitedatabase.h"

#include "server/storage/sqlitemessagestatements.h"
#include "server/storage/sqlitevalues.h"

#include <QVariant>

#include <algorithm>
#include <atomic>

namespace msgsrv {

namespace {

QString newConnectionName()
{
    static std::atomic<unsigned> count{0};
    return QStringLiteral("sessions-%1").arg(++count);
}

std::optional<SessionRecord> recordOf(const QSqlQuery &row)
{
    const auto user = userOf(row.value(1));
    const auto key = keyOf(row.value(2));
    if (!user || !key)
        return std::nullopt;
    SessionRecord record;
    record.generation = Generation(row.value(0).toULongLong());
    record.userId = *user;
    record.key = *key;
    record.address = row.value(3).toByteArray();
    record.acked = row.value(4).toBool();
    record.createdAtMs = row.value(5).toLongLong();
    return record;
}

} // namespace

struct SqliteDatabase::Statements
{
    explicit Statements(const QSqlDatabase &database)
        : insert(database)
        , update(database)
        , find(database)
        , remove(database)
        , probe(database)
    { }

    bool prepare()
    {
        return insert.prepare(
                   QStringLiteral("INSERT INTO sessions (generation, user_id, key_digest, address, "
                                  "acked, created_at_ms) VALUES (?, ?, ?, ?, ?, ?) "
                                  "ON CONFLICT DO NOTHING"))
            && update.prepare(QStringLiteral("UPDATE OR IGNORE sessions SET user_id = ?, address = ?, "
                                             "acked = ?, created_at_ms = ? "
                                             "WHERE generation = ? AND key_digest = ?"))
            && find.prepare(QStringLiteral("SELECT 1 FROM sessions WHERE generation = ? AND key_digest = ?"))
            && remove.prepare(QStringLiteral("DELETE FROM sessions WHERE generation = ? AND key_digest = ?"))
            && probe.prepare(QStringLiteral("UPDATE probe SET written = written + 1"));
    }

    QSqlQuery insert;
    QSqlQuery update;
    QSqlQuery find;
    QSqlQuery remove;
    QSqlQuery probe;
};

SqliteDatabase::SqliteDatabase()
    : m_name(newConnectionName())
{ }

SqliteDatabase::~SqliteDatabase()
{
    m_statements.reset();
    m_messageStatements.reset();
    if (m_database.isOpen()) {
        // Closing does the same, but only if nobody else has the file open.
        if (execute(QStringLiteral("PRAGMA wal_checkpoint(TRUNCATE)")) == StoreStatus::Ok)
            m_lastError.clear();
        m_database.close();
    }
    m_database = {};
    QSqlDatabase::removeDatabase(m_name);
}

QString SqliteDatabase::sentence(const QString &what) const
{
    return QStringLiteral("The session store %1 %2.").arg(m_path, what);
}

tl::expected<void, QString> SqliteDatabase::open(const QString &path, const std::vector<SqlScript> &scripts)
{
    m_path = path;
    if (!QSqlDatabase::isDriverAvailable(QStringLiteral("QSQLITE")))
        return tl::unexpected(
            sentence(QStringLiteral("needs Qt's SQLite driver, which is not installed (Debian's package "
                                    "libqt6sql6-sqlite); install it, or set sessions.store = \"memory\"")));
    m_database = QSqlDatabase::addDatabase(QStringLiteral("QSQLITE"), m_name);
    m_database.setDatabaseName(path);
    m_database.setConnectOptions(QStringLiteral("QSQLITE_BUSY_TIMEOUT=2000"));
    if (!m_database.open())
        return tl::unexpected(
            sentence(QStringLiteral("cannot be opened: %1").arg(m_database.lastError().databaseText())));
    if (auto checked = checkIdentity(int(scripts.size())); !checked)
        return checked;
    if (auto configured = configure(); !configured)
        return configured;
    if (auto upgraded = upgrade(scripts); !upgraded)
        return upgraded;
    m_statements = std::make_unique<Statements>(m_database);
    m_messageStatements = std::make_unique<MessageStatements>(m_database);
    if (!m_statements->prepare() || !m_messageStatements->prepare())
        return tl::unexpected(sentence(
            QStringLiteral("has not the tables that its version promises; move it away to start without "
                           "sessions")));
    return {};
}

tl::expected<void, QString> SqliteDatabase::checkIdentity(int known)
{
    // The first statement that reads: it fails when this is no database.
    const QVariant tables = value(QStringLiteral("SELECT count(*) FROM sqlite_schema"));
    const QString sound
        = tables.isValid() ? value(QStringLiteral("PRAGMA quick_check(1)")).toString() : m_lastError;
    if (sound != QLatin1String("ok"))
        return tl::unexpected(sentence(
            QStringLiteral("is damaged or no SQLite file (%1); move it away to start without sessions, or "
                           "put a backup in its place")
                .arg(sound.isEmpty() ? m_lastError : sound)));
    const int version = value(QStringLiteral("PRAGMA user_version")).toInt();
    const bool empty = tables.toInt() == 0 && version == 0;
    if (!empty && value(QStringLiteral("PRAGMA application_id")).toInt() != applicationId)
        return tl::unexpected(
            sentence(QStringLiteral("is a database of another program; name another file in sessions.file")));
    if (version > known)
        return tl::unexpected(sentence(
            QStringLiteral("has schema version %1, and this messaging-server knows versions up to %2; start "
                           "a newer one, or move the file away to start without sessions")
                .arg(version)
                .arg(known)));
    return {};
}

tl::expected<void, QString> SqliteDatabase::configure()
{
    const QString journal = value(QStringLiteral("PRAGMA journal_mode = WAL")).toString();
    if (journal != QLatin1String("wal"))
        return tl::unexpected(sentence(
            QStringLiteral("cannot be written to (%1); see to the permissions and the space of its folder")
                .arg(journal.isEmpty() ? m_lastError : QStringLiteral("journal mode ") + journal)));
    for (const char *pragma :
         // secure_delete: what people wrote to each other does not stay behind in free pages
         {"PRAGMA synchronous = FULL", "PRAGMA secure_delete = ON", "PRAGMA trusted_schema = OFF",
          "PRAGMA temp_store = MEMORY", "PRAGMA wal_autocheckpoint = 4000",
          "PRAGMA journal_size_limit = 16777216"}) {
        if (execute(QString::fromLatin1(pragma)) != StoreStatus::Ok)
            return tl::unexpected(sentence(QStringLiteral("cannot be set up: %1").arg(m_lastError)));
    }
    return {};
}

tl::expected<void, QString> SqliteDatabase::upgrade(const std::vector<SqlScript> &scripts)
{
    const auto version = std::size_t(value(QStringLiteral("PRAGMA user_version")).toInt());
    if (version == scripts.size())
        return {};
    const auto failed = [this](const QString &what) {
        const QString error = m_lastError;
        rollBack();
        return tl::unexpected(
            sentence(QStringLiteral("cannot be upgraded (%1: %2); it is as it was").arg(what, error)));
    };
    if (begin() != StoreStatus::Ok)
        return failed(QStringLiteral("begin"));
    for (std::size_t i = version; i < scripts.size(); ++i) {
        for (const QString &statement : scripts[i].statements) {
            if (execute(statement) != StoreStatus::Ok)
                return failed(scripts[i].name);
        }
    }
    if (execute(QStringLiteral("PRAGMA application_id = %1").arg(applicationId)) != StoreStatus::Ok
        || execute(QStringLiteral("PRAGMA user_version = %1").arg(scripts.size())) != StoreStatus::Ok
        || commit() != StoreStatus::Ok)
        return failed(QStringLiteral("commit"));
    return {};
}

StoreStatus SqliteDatabase::begin()
{
    // IMMEDIATE: who else writes is met here, and not by the statement in the middle.
    return execute(QStringLiteral("BEGIN IMMEDIATE"));
}

StoreStatus SqliteDatabase::commit()
{
    return execute(QStringLiteral("COMMIT"));
}

void SqliteDatabase::rollBack()
{
    const QString error = m_lastError;
    // Some errors have ended the transaction already; then this one fails, as it may.
    (void)execute(QStringLiteral("ROLLBACK"));
    m_lastError = error;
}

StoreStatus SqliteDatabase::insert(const SessionRecord &record)
{
    QSqlQuery &query = m_statements->insert;
    query.bindValue(0, qint64(record.generation));
    query.bindValue(1, notNull(record.userId.bytes()));
    query.bindValue(2, digestOf(record.key));
    query.bindValue(3, notNull(record.address));
    query.bindValue(4, int(record.acked));
    query.bindValue(5, record.createdAtMs);
    if (const StoreStatus status = execute(query); status != StoreStatus::Ok)
        return status;
    return m_rowsAffected == 1 ? StoreStatus::Ok : StoreStatus::Conflict;
}

StoreStatus SqliteDatabase::update(const SessionRecord &record)
{
    QSqlQuery &query = m_statements->update;
    query.bindValue(0, notNull(record.userId.bytes()));
    query.bindValue(1, notNull(record.address));
    query.bindValue(2, int(record.acked));
    query.bindValue(3, record.createdAtMs);
    query.bindValue(4, qint64(record.generation));
    query.bindValue(5, digestOf(record.key));
    if (const StoreStatus status = execute(query); status != StoreStatus::Ok)
        return status;
    if (m_rowsAffected == 1)
        return StoreStatus::Ok;
    QSqlQuery &find = m_statements->find;
    find.bindValue(0, qint64(record.generation));
    find.bindValue(1, digestOf(record.key));
    if (const StoreStatus status = execute(find); status != StoreStatus::Ok)
        return status;
    const bool found = find.next();
    find.finish();
    return found ? StoreStatus::Conflict : StoreStatus::NotFound;
}

StoreStatus SqliteDatabase::remove(const ListeningKey &key, Generation generation)
{
    QSqlQuery &query = m_statements->remove;
    query.bindValue(0, qint64(generation));
    query.bindValue(1, digestOf(key));
    if (const StoreStatus status = execute(query); status != StoreStatus::Ok)
        return status;
    return m_rowsAffected == 1 ? endMessagesOf(key) : StoreStatus::NotFound;
}

StoreStatus SqliteDatabase::load(std::vector<SessionRecord> &records)
{
    QSqlQuery query(m_database);
    query.setForwardOnly(true);
    if (!query.exec(QStringLiteral("SELECT generation, user_id, key_digest, address, acked, created_at_ms "
                                   "FROM sessions ORDER BY generation"))) {
        m_lastError = query.lastError().databaseText();
        return StoreStatus::Unavailable;
    }
    while (query.next()) {
        if (auto record = recordOf(query))
            records.push_back(*std::move(record));
    }
    if (query.lastError().isValid()) {
        m_lastError = query.lastError().databaseText();
        return StoreStatus::Unavailable;
    }
    return StoreStatus::Ok;
}

StoreStatus SqliteDatabase::loadYoungest(Generation &youngest)
{
    const QVariant largest
        = value(QStringLiteral("SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'sessions'"));
    youngest = Generation(largest.toULongLong());
    return largest.isValid() ? StoreStatus::Ok : StoreStatus::Unavailable;
}

StoreStatus SqliteDatabase::probe()
{
    return execute(m_statements->probe);
}

StoreStatus SqliteDatabase::execute(QSqlQuery &query)
{
    if (query.exec()) {
        m_rowsAffected = query.numRowsAffected();
        if (!query.isSelect())
            query.finish(); // a statement that is not reset may hold up the commit
        return StoreStatus::Ok;
    }
    m_lastError = query.lastError().databaseText();
    return StoreStatus::Unavailable;
}

StoreStatus SqliteDatabase::execute(const QString &statement)
{
    QSqlQuery query(m_database);
    if (query.exec(statement))
        return StoreStatus::Ok;
    m_lastError = query.lastError().databaseText();
    return StoreStatus::Unavailable;
}

QVariant SqliteDatabase::value(const QString &statement)
{
    QSqlQuery query(m_database);
    if (query.exec(statement) && query.next())
        return query.value(0);
    m_lastError = query.lastError().databaseText();
    return {};
}

} // namespace msgsrv
