// SPDX-License-Identifier: GPL-3.0-or-later
//
// The messages in the file of the sessions: between the end of one daemon and the start of the next.
#include "server/storage/sqlitedatabase.h"
#include "shared/base/clock.h"

#include <QDateTime>
#include <QVariant>

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

namespace msgsrv {

namespace {

/// Null and empty are the same to us, but not to SQL.
QByteArray notNull(const QByteArray &bytes)
{
    return bytes.isNull() ? QByteArray("") : bytes;
}

qint64 wallClockMs(TimePoint time)
{
    const auto age = std::chrono::duration_cast<milliseconds>(Clock::now() - time);
    return QDateTime::currentMSecsSinceEpoch() - age.count();
}

/// Now for what lies in the future: the wall clock was set.
TimePoint pastTimePoint(qint64 ms)
{
    return Clock::now() - milliseconds(std::max<qint64>(QDateTime::currentMSecsSinceEpoch() - ms, 0));
}

TimePoint timePoint(qint64 ms)
{
    return Clock::now() + milliseconds(ms - QDateTime::currentMSecsSinceEpoch());
}

/// The one of @p texts, which are static, that @p value is; else the last.
const char *known(const QVariant &value, std::initializer_list<const char *> texts)
{
    const QByteArray bytes = value.toByteArray();
    const char *found = "";
    for (const char *text : texts) {
        found = text;
        if (bytes == text)
            break;
    }
    return found;
}

/// Message::event of what a broker keeps: that of a notice to a sender.
const char *eventOf(const QVariant &value)
{
    return known(value, {"written", "acked", "failed", ""});
}

std::optional<UserId> userOf(const QVariant &value)
{
    const QByteArray bytes = value.toByteArray();
    const auto parsed = UserId::parse({bytes.constData(), std::size_t(bytes.size())});
    return parsed ? std::optional(*parsed) : std::nullopt;
}

} // namespace

StoreStatus SqliteDatabase::saveMessages(const std::vector<StoredMessage> &messages)
{
    if (const StoreStatus status = removeMessages(); status != StoreStatus::Ok)
        return status;
    QSqlQuery message(m_database);
    QSqlQuery header(m_database);
    if (!message.prepare(
            QStringLiteral("INSERT INTO messages (position, session, message_id, sender, body, via, "
                           "accepted_at_ms, redelivered, expires_at_ms, event) "
                           "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"))
        || !header.prepare(QStringLiteral(
            "INSERT INTO message_headers (message, position, name, value) VALUES (?, ?, ?, ?)"))) {
        m_lastError = m_database.lastError().databaseText();
        return StoreStatus::Unavailable;
    }
    qint64 position = 0;
    for (const StoredMessage &stored : messages) {
        message.bindValue(0, ++position);
        message.bindValue(1, qint64(stored.session));
        message.bindValue(2, notNull(stored.message->id));
        message.bindValue(3, notNull(stored.message->from.bytes()));
        message.bindValue(4, notNull(stored.message->body));
        message.bindValue(5, QString::fromLatin1(stored.message->via));
        message.bindValue(6, wallClockMs(stored.message->acceptedAt));
        message.bindValue(7, int(stored.redelivered));
        const bool isMortal = stored.message->expiresAt != TimePoint::max();
        message.bindValue(8, isMortal ? QVariant(wallClockMs(stored.message->expiresAt)) : QVariant());
        message.bindValue(
            9, *stored.message->event ? QVariant(QString::fromLatin1(stored.message->event)) : QVariant());
        if (const StoreStatus status = execute(message); status != StoreStatus::Ok)
            return status;
        int headerPosition = 0;
        for (const auto &[name, value] : stored.message->headers) {
            header.bindValue(0, position);
            header.bindValue(1, ++headerPosition);
            header.bindValue(2, notNull(name));
            header.bindValue(3, notNull(value));
            if (const StoreStatus status = execute(header); status != StoreStatus::Ok)
                return status;
        }
    }
    return StoreStatus::Ok;
}

StoreStatus SqliteDatabase::loadMessages(std::vector<StoredMessage> &messages)
{
    HeadersByMessage headers;
    if (const StoreStatus status = loadHeaders(headers); status != StoreStatus::Ok)
        return status;
    QSqlQuery query(m_database);
    query.setForwardOnly(true);
    if (query.exec(QStringLiteral(
            "SELECT m.position, m.session, m.message_id, m.sender, m.body, m.via, m.accepted_at_ms, "
            "m.redelivered, s.user_id, m.expires_at_ms, m.event FROM messages m JOIN sessions s ON "
            "s.generation = m.session "
            "ORDER BY m.position"))) {
        while (query.next()) {
            const auto sender = userOf(query.value(3));
            const auto recipient = userOf(query.value(8));
            const char *const event = eventOf(query.value(10));
            if ((!sender && !*event) || !recipient)
                continue;
            auto message = std::make_shared<Message>();
            message->id = query.value(2).toByteArray();
            message->from = sender.value_or(UserId());
            message->event = event;
            if (!query.value(9).isNull())
                message->expiresAt = timePoint(query.value(9).toLongLong());
            message->body = query.value(4).toByteArray();
            message->via = known(query.value(5), {"stomp", "server", "http"});
            message->acceptedAt = pastTimePoint(query.value(6).toLongLong());
            message->to = *recipient;
            if (const auto found = headers.find(query.value(0).toLongLong()); found != headers.end())
                message->headers = std::move(found->second);
            messages.push_back(
                {Generation(query.value(1).toULongLong()), std::move(message), query.value(7).toBool()});
        }
    }
    if (query.lastError().isValid()) {
        m_lastError = query.lastError().databaseText();
        return StoreStatus::Unavailable;
    }
    return StoreStatus::Ok;
}

StoreStatus SqliteDatabase::loadHeaders(HeadersByMessage &headers)
{
    QSqlQuery query(m_database);
    query.setForwardOnly(true);
    if (query.exec(
            QStringLiteral("SELECT message, name, value FROM message_headers ORDER BY message, position"))) {
        while (query.next())
            headers[query.value(0).toLongLong()].emplace_back(query.value(1).toByteArray(),
                                                              query.value(2).toByteArray());
    }
    if (query.lastError().isValid()) {
        m_lastError = query.lastError().databaseText();
        return StoreStatus::Unavailable;
    }
    return StoreStatus::Ok;
}

StoreStatus SqliteDatabase::removeMessages()
{
    // What people wrote to each other does not stay behind in free pages.
    for (const char *statement : {"PRAGMA secure_delete = ON", "DELETE FROM message_headers",
                                  "DELETE FROM messages", "PRAGMA secure_delete = OFF"}) {
        if (const StoreStatus status = execute(QString::fromLatin1(statement)); status != StoreStatus::Ok)
            return status;
    }
    return StoreStatus::Ok;
}

} // namespace msgsrv
