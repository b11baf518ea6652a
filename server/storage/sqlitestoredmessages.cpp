// SPDX-License-Identifier: GPL-3.0-or-later
//
// The messages that the file has when it is opened.
#include "server/storage/sqlitedatabase.h"
#include "server/storage/sqlitevalues.h"

#include <QVariant>

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

namespace msgsrv {

namespace {

constexpr char columns[]
    = "m.position, m.queue, m.held AND s.generation IS NULL, m.recipient, m.message_id, m.sender, "
      "m.sender_key, m.exchange_id, m.wishes, m.body, m.via, m.accepted_at_ms, m.redelivered, "
      "m.expires_at_ms, m.event";

/// Nothing: it makes no sense.
std::optional<StoredMessage> messageOf(const QSqlQuery &row)
{
    const auto queue = keyOf(row.value(1));
    const auto recipient = userOf(row.value(3));
    const auto sender = userOf(row.value(5));
    // Of what a broker keeps: that of a notice to a sender.
    const char *const event = knownText(row.value(14), {"written", "acked", "failed", ""});
    const bool isHeld = row.value(2).toBool();
    if (!queue || (!sender && !*event) || (!recipient && (isHeld || !*event)))
        return std::nullopt;
    auto message = std::make_shared<Message>();
    message->id = row.value(4).toByteArray();
    message->from = sender.value_or(UserId());
    message->to = recipient.value_or(UserId());
    message->body = row.value(9).toByteArray();
    message->via = knownText(row.value(10), {"stomp", "server", "http"});
    message->acceptedAt = pastTimePoint(row.value(11).toLongLong());
    if (!row.value(13).isNull())
        message->expiresAt = timePoint(row.value(13).toLongLong());
    message->event = event;
    message->keep = Keep::Content;
    message->isHeld = isHeld;

    StoredMessage stored;
    stored.position = row.value(0).toULongLong();
    stored.queue = *queue;
    stored.isHeld = isHeld;
    stored.redelivered = row.value(12).toBool();
    stored.hasContent = !row.value(9).isNull();
    stored.origin.sender = keyOf(row.value(6)).value_or(ListeningKey());
    if (!row.value(7).isNull())
        stored.origin.exchangeId = notNull(row.value(7).toByteArray());
    const int wishes = row.value(8).toInt();
    // One that was written has been told as written.
    stored.origin.wishes = {(wishes & 1) != 0 && !stored.redelivered, (wishes & 2) != 0, (wishes & 4) != 0};
    stored.message = std::move(message);
    return stored;
}

} // namespace

StoreStatus SqliteDatabase::loadMessages(std::vector<StoredMessage> &messages)
{
    HeadersByMessage headers;
    if (const StoreStatus status = loadHeaders(headers); status != StoreStatus::Ok)
        return status;
    std::vector<std::uint64_t> senseless;
    QSqlQuery query(m_database);
    query.setForwardOnly(true);
    if (query.exec(QStringLiteral("SELECT %1 FROM messages m LEFT JOIN sessions s ON s.key_digest = m.queue "
                                  "ORDER BY m.position")
                       .arg(QLatin1String(columns)))) {
        while (query.next()) {
            auto stored = messageOf(query);
            const qint64 position = query.value(0).toLongLong();
            if (!stored) {
                senseless.push_back(std::uint64_t(position));
                continue;
            }
            if (const auto found = headers.find(position); found != headers.end() && stored->hasContent) {
                auto whole = std::make_shared<Message>(*stored->message);
                whole->headers = std::move(found->second);
                stored->message = std::move(whole);
            }
            messages.push_back(*std::move(stored));
        }
    }
    if (query.lastError().isValid()) {
        m_lastError = query.lastError().databaseText();
        return StoreStatus::Unavailable;
    }
    for (const std::uint64_t position : senseless) {
        if (const StoreStatus status = endMessage(position); status != StoreStatus::Ok)
            return status;
    }
    return renewKeys(messages);
}

StoreStatus SqliteDatabase::renewKeys(std::vector<StoredMessage> &messages)
{
    QSqlQuery update(m_database);
    if (!update.prepare(QStringLiteral("UPDATE messages SET queue = ? WHERE position = ?"))) {
        m_lastError = m_database.lastError().databaseText();
        return StoreStatus::Unavailable;
    }
    std::unordered_map<std::string, ListeningKey> fresh; // by user
    for (StoredMessage &stored : messages) {
        if (!stored.isHeld || !stored.hasContent)
            continue;
        ListeningKey &key = fresh[stored.message->to.bytes().toStdString()];
        if (key.isNull())
            key = ListeningKey::generate();
        stored.queue = key;
        update.bindValue(0, digestOf(key));
        update.bindValue(1, qint64(stored.position));
        if (const StoreStatus status = execute(update); status != StoreStatus::Ok)
            return status;
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

} // namespace msgsrv
