// SPDX-License-Identifier: GPL-3.0-or-later
//
// The messages in the file of the sessions: how they get in and out while a daemon runs, and at its end.
#include "server/storage/sqlitemessagestatements.h"
#include "server/storage/sqlitevalues.h"

#include <QVariant>

#include <utility>

namespace msgsrv {

namespace {

int wishesOf(const NoticeWishes &wishes)
{
    return (wishes.written ? 1 : 0) | (wishes.acked ? 2 : 0) | (wishes.failed ? 4 : 0);
}

} // namespace

SqliteDatabase::MessageStatements::MessageStatements(const QSqlDatabase &database)
    : add(database)
    , addHeader(database)
    , markWritten(database)
    , end(database)
    , endHeaders(database)
    , forgetContent(database)
    , endOfQueue(database)
    , endHeadersOfQueue(database)
{ }

bool SqliteDatabase::MessageStatements::prepare()
{
    return add.prepare(QStringLiteral(
               "INSERT OR REPLACE INTO messages (position, queue, held, recipient, message_id, sender, "
               "sender_key, "
               "exchange_id, wishes, body, via, accepted_at_ms, redelivered, expires_at_ms, event) "
               "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"))
        && addHeader.prepare(QStringLiteral(
            "INSERT OR REPLACE INTO message_headers (message, position, name, value) VALUES (?, ?, ?, ?)"))
        && markWritten.prepare(QStringLiteral("UPDATE messages SET redelivered = 1 WHERE position = ?"))
        && end.prepare(QStringLiteral("DELETE FROM messages WHERE position = ?"))
        && endHeaders.prepare(QStringLiteral("DELETE FROM message_headers WHERE message = ?"))
        && forgetContent.prepare(QStringLiteral("UPDATE messages SET body = NULL WHERE queue = ? AND "
                                                "body IS NOT NULL AND sender_key IS NOT NULL AND wishes & 4"))
        && endOfQueue.prepare(QStringLiteral("DELETE FROM messages WHERE queue = ? AND body IS NOT NULL"))
        && endHeadersOfQueue.prepare(QStringLiteral("DELETE FROM message_headers WHERE message IN "
                                                    "(SELECT position FROM messages WHERE queue = ?)"));
}

StoreStatus SqliteDatabase::saveMessages(std::vector<StoredMessage> messages)
{
    for (const char *statement : {"DELETE FROM message_headers", "DELETE FROM messages"}) {
        if (const StoreStatus status = execute(QString::fromLatin1(statement)); status != StoreStatus::Ok)
            return status;
    }
    std::uint64_t position = 0;
    for (StoredMessage &stored : messages) {
        stored.position = ++position;
        if (const StoreStatus status = addMessage(stored); status != StoreStatus::Ok)
            return status;
    }
    return StoreStatus::Ok;
}

StoreStatus SqliteDatabase::changeMessages(const MessageChanges &changes)
{
    for (const StoredMessage &stored : changes.added) {
        if (const StoreStatus status = addMessage(stored); status != StoreStatus::Ok)
            return status;
    }
    for (const std::uint64_t position : changes.written) {
        m_messageStatements->markWritten.bindValue(0, qint64(position));
        if (const StoreStatus status = execute(m_messageStatements->markWritten); status != StoreStatus::Ok)
            return status;
    }
    for (const std::uint64_t position : changes.ended) {
        if (const StoreStatus status = endMessage(position); status != StoreStatus::Ok)
            return status;
    }
    return StoreStatus::Ok;
}

StoreStatus SqliteDatabase::addMessage(const StoredMessage &stored)
{
    const Message &message = *stored.message;
    const MessageOrigin &origin = stored.origin;
    const bool isFollowed = !origin.sender.isNull();
    QSqlQuery &query = m_messageStatements->add;
    query.bindValue(0, qint64(stored.position));
    query.bindValue(1, digestOf(stored.queue));
    query.bindValue(2, int(stored.isHeld));
    query.bindValue(3, notNull(message.to.bytes()));
    query.bindValue(4, notNull(message.id));
    query.bindValue(5, notNull(message.from.bytes()));
    query.bindValue(6, isFollowed ? QVariant(digestOf(origin.sender)) : QVariant());
    query.bindValue(7, origin.exchangeId.isNull() ? QVariant() : QVariant(origin.exchangeId));
    query.bindValue(8, wishesOf(origin.wishes));
    query.bindValue(9, stored.hasContent ? QVariant(notNull(message.body)) : QVariant());
    query.bindValue(10, QString::fromLatin1(message.via));
    query.bindValue(11, wallClockMs(message.acceptedAt));
    query.bindValue(12, int(stored.redelivered));
    const bool isMortal = message.expiresAt != TimePoint::max();
    query.bindValue(13, isMortal ? QVariant(wallClockMs(message.expiresAt)) : QVariant());
    query.bindValue(14, *message.event ? QVariant(QString::fromLatin1(message.event)) : QVariant());
    if (const StoreStatus status = execute(query); status != StoreStatus::Ok)
        return status;
    if (!stored.hasContent)
        return StoreStatus::Ok;
    int headerPosition = 0;
    QSqlQuery &header = m_messageStatements->addHeader;
    for (const auto &[name, value] : message.headers) {
        header.bindValue(0, qint64(stored.position));
        header.bindValue(1, ++headerPosition);
        header.bindValue(2, notNull(name));
        header.bindValue(3, notNull(value));
        if (const StoreStatus status = execute(header); status != StoreStatus::Ok)
            return status;
    }
    return StoreStatus::Ok;
}

StoreStatus SqliteDatabase::endMessage(std::uint64_t position)
{
    for (QSqlQuery *const query : {&m_messageStatements->endHeaders, &m_messageStatements->end}) {
        query->bindValue(0, qint64(position));
        if (const StoreStatus status = execute(*query); status != StoreStatus::Ok)
            return status;
    }
    return StoreStatus::Ok;
}

StoreStatus SqliteDatabase::endMessagesOf(const ListeningKey &queue)
{
    for (QSqlQuery *const query : {&m_messageStatements->endHeadersOfQueue,
                                   &m_messageStatements->forgetContent, &m_messageStatements->endOfQueue}) {
        query->bindValue(0, digestOf(queue));
        if (const StoreStatus status = execute(*query); status != StoreStatus::Ok)
            return status;
    }
    return StoreStatus::Ok;
}

} // namespace msgsrv
