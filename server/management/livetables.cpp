// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/livetables.h"

#include "server/net/iothreads.h"
#include "shared/signaling/redact.h"

#include <QHostAddress>

namespace msgsrv::management {

namespace {

constexpr qint64 second = 1000; // ms

Cell secondsSince(TimePoint then, TimePoint now)
{
    return std::int64_t(std::chrono::duration_cast<seconds>(now - then).count());
}

Cell text(const QByteArray &bytes)
{
    return bytes.toStdString();
}

Cell address(const QHostAddress &peer, Addresses addresses)
{
    if (peer.isNull())
        return {};
    const QByteArray whole = peer.toString().toUtf8();
    return text(addresses == Addresses::Whole ? whole : maskedAddress(whole));
}

std::string idOf(ConnectionId id)
{
    return std::to_string(std::uint64_t(id));
}

} // namespace

std::int64_t outOf(const QueueFacts &queue)
{
    const std::uint64_t kept = queue.ready + queue.unsettled + queue.dropped;
    return std::int64_t(queue.accepted > kept ? queue.accepted - kept : 0);
}

Cell SessionRows::cell(std::size_t index, std::size_t column, Addresses addresses) const
{
    const Row &row = rows[index];
    const auto &connection = row.connection;
    switch (column) {
    case 0:
        return std::to_string(std::uint64_t(row.session.generation));
    case 1:
        return text(row.session.userId.bytes());
    case 2:
        return std::string(row.session.state);
    case 3:
        return node;
    case 4:
        return connection ? address(connection->peer, addresses) : Cell();
    case 5:
        return std::string(connection ? "websocket" : "none");
    case 6:
        return connection ? Cell(connection->secure) : Cell();
    case 7:
        return std::int64_t(row.session.createdAtMs);
    case 8:
        return std::int64_t((nowMs - row.session.createdAtMs) / second);
    case 9:
        return connection ? Cell(idOf(connection->id)) : Cell();
    case 10:
        return row.in;
    case 11:
        return row.out;
    case 12:
        return row.backlog;
    case 13:
        return row.drops;
    case 14:
        return connection ? secondsSince(connection->seen, now) : Cell();
    case 15:
        return std::string(row.negotiation.state(now));
    case 16:
        return row.negotiation.offers;
    case 17:
        return row.negotiation.answers;
    case 18:
        return row.negotiation.candidatesOut;
    case 19:
        return row.negotiation.candidatesIn;
    default:
        return {};
    }
}

Cell QueueRows::cell(std::size_t index, std::size_t column, Addresses) const
{
    const Row &row = rows[index];
    const QueueFacts &queue = row.queue;
    switch (column) {
    case 0:
        return row.held > 0 ? "held-" + std::to_string(row.held) : std::to_string(std::uint64_t(row.session));
    case 1:
        return text(row.user);
    case 2:
        return std::int64_t(queue.ready);
    case 3:
        return std::int64_t(queue.unsettled);
    case 4:
        return std::int64_t(queue.consumer == ConnectionId::None ? 0 : 1);
    case 5:
        return std::int64_t(queue.bytes);
    case 6:
        return std::int64_t(queue.accepted);
    case 7:
        return outOf(queue);
    case 8:
        return std::int64_t(queue.dropped);
    case 9:
        return queue.oldest ? secondsSince(*queue.oldest, now) : Cell();
    case 10:
        return std::int64_t(queue.limitMessages);
    case 11:
        return std::int64_t(queue.limitBytes);
    case 12:
        return row.held > 0;
    default:
        return {};
    }
}

Cell DestinationRows::cell(std::size_t index, std::size_t column, Addresses) const
{
    const DestinationFacts &row = rows[index];
    const bool isQueue = row.name.kind == DestinationName::Kind::Queue;
    const std::uint64_t kept = row.ready + row.unsettled + row.dropped;
    switch (column) {
    case 0:
        return (isQueue ? "/queue/" : "/topic/") + row.name.name.toStdString();
    case 1:
        return std::string(isQueue ? "queue" : "topic");
    case 2:
        return std::int64_t(row.consumers);
    case 3:
        return std::int64_t(row.ready);
    case 4:
        return std::int64_t(row.unsettled);
    case 5:
        return std::int64_t(row.bytes);
    case 6:
        return std::int64_t(row.accepted);
    case 7:
        return std::int64_t(row.accepted - kept);
    case 8:
        return std::int64_t(row.dropped);
    case 9:
        return row.oldest ? secondsSince(*row.oldest, now) : Cell();
    case 10:
        return std::int64_t(row.limits.messages);
    case 11:
        return std::int64_t(row.limits.bytes);
    case 12:
        return row.arguments.durable;
    case 13:
        return row.arguments.exclusive;
    case 14:
        return row.arguments.autoDelete;
    case 15:
        return row.arguments.messageTtl
            ? Cell(std::chrono::duration<double>(*row.arguments.messageTtl).count())
            : Cell();
    default:
        return {};
    }
}

Cell ConnectionRows::cell(std::size_t index, std::size_t column, Addresses addresses) const
{
    const ConnectionFacts &row = rows[index];
    switch (column) {
    case 0:
        return idOf(row.id);
    case 1:
        return row.user.isEmpty() ? Cell() : text(row.user);
    case 2:
        return address(row.peer, addresses);
    case 3:
        return std::string("websocket");
    case 4:
        return row.secure;
    case 5:
        return std::int64_t(ioThreadOf(row.id));
    case 6:
        return row.version.isEmpty() ? Cell() : text(row.version);
    case 7:
        return std::int64_t(row.openedAtMs);
    case 8:
        return std::int64_t((nowMs - row.openedAtMs) / second);
    case 9:
        return std::int64_t(row.messagesIn);
    case 10:
        return std::int64_t(row.messagesOut);
    case 11:
        return std::int64_t(row.bytesIn);
    case 12:
        return std::int64_t(row.bytesOut);
    case 13:
        return std::int64_t(row.bytesQueued);
    case 14:
        return secondsSince(row.seen, now);
    default:
        return {};
    }
}

} // namespace msgsrv::management
