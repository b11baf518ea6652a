// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/storage/sessionstore.h"
#include "server/storage/sqlscripts.h"

#include <QSqlDatabase>
#include <QSqlError>
#include <QSqlQuery>

#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace msgsrv {

/// The SQLite file of the sessions, synchronous: every function blocks on the disk. Opened, used and
/// destroyed in one thread, whichever that is.
///
/// What changes it, between begin() and commit(), is done as a whole or not at all, and is on the disk when
/// commit() says Ok (WAL, synchronous=FULL). After Unavailable the transaction has to be rolled back.
class SqliteDatabase
{
public:
    /// Marks the file as ours (PRAGMA application_id): "MsgS".
    static constexpr int applicationId = 0x4d736753;

    SqliteDatabase();
    /// Closes it; the write-ahead log is written back and removed if the disk lets it.
    ~SqliteDatabase();
    SqliteDatabase(const SqliteDatabase &) = delete;
    SqliteDatabase &operator=(const SqliteDatabase &) = delete;

    /// Opens @p path, which exists and may be empty, checks it, and runs those of @p scripts that it has not
    /// seen. A file of a newer program, of another program, or a damaged one is refused and left as it is.
    /// The error is one sentence that says what to do, with its full stop.
    [[nodiscard]] tl::expected<void, QString> open(const QString &path,
                                                   const std::vector<SqlScript> &scripts);

    [[nodiscard]] StoreStatus begin();
    [[nodiscard]] StoreStatus commit();
    /// Never fails: without a transaction it does nothing.
    void rollBack();

    // As the functions of SessionStore
    [[nodiscard]] StoreStatus insert(const SessionRecord &record);
    [[nodiscard]] StoreStatus update(const SessionRecord &record);
    [[nodiscard]] StoreStatus remove(const ListeningKey &key, Generation generation);
    [[nodiscard]] StoreStatus load(std::vector<SessionRecord> &records);
    [[nodiscard]] StoreStatus loadYoungest(Generation &youngest);

    [[nodiscard]] StoreStatus saveMessages(std::vector<StoredMessage> messages);
    [[nodiscard]] StoreStatus changeMessages(const MessageChanges &changes);
    /// Appends all. Gives those that are held a fresh key, and removes what cannot be read.
    [[nodiscard]] StoreStatus loadMessages(std::vector<StoredMessage> &messages);

    /// Writes something of no meaning, to learn whether that is possible.
    [[nodiscard]] StoreStatus probe();

    /// Of the last call that was Unavailable.
    [[nodiscard]] const QString &lastError() const { return m_lastError; }

private:
    /// Prepared for as long as the database is open.
    struct Statements;
    struct MessageStatements;

    [[nodiscard]] tl::expected<void, QString> checkIdentity(int known);
    [[nodiscard]] tl::expected<void, QString> upgrade(const std::vector<SqlScript> &scripts);
    [[nodiscard]] tl::expected<void, QString> configure();
    using HeadersByMessage = std::unordered_map<qint64, std::vector<std::pair<QByteArray, QByteArray>>>;
    [[nodiscard]] StoreStatus loadHeaders(HeadersByMessage &headers);
    [[nodiscard]] StoreStatus addMessage(const StoredMessage &stored);
    [[nodiscard]] StoreStatus endMessage(std::uint64_t position);
    [[nodiscard]] StoreStatus endMessagesOf(const ListeningKey &queue);
    /// What was left of messages that are held, under keys whose secrets nobody knows.
    [[nodiscard]] StoreStatus renewKeys(std::vector<StoredMessage> &messages);
    [[nodiscard]] StoreStatus execute(QSqlQuery &query);
    [[nodiscard]] StoreStatus execute(const QString &statement);
    /// The one value of a query without parameters; invalid when it failed.
    [[nodiscard]] QVariant value(const QString &statement);
    [[nodiscard]] QString sentence(const QString &what) const;

    const QString m_name; // of the connection
    QString m_path;
    QSqlDatabase m_database;
    std::unique_ptr<Statements> m_statements;
    std::unique_ptr<MessageStatements> m_messageStatements;
    int m_rowsAffected = 0; // by the last prepared statement
    QString m_lastError;
};

} // namespace msgsrv
