// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/management/tables.h"

#include "shared/base/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace msgsrv::management {

namespace {

using enum ColumnType;

constexpr Column sessionColumns[] = {
    {"id", Text, Unit::None, "number of the session in this boot"},
    {"user", Text, Unit::None, "the session's user"},
    {"state", Text, Unit::None, "where it stands in its life", "new acked detached ending"},
    {"node", Text, Unit::None, "which node has it"},
    {"address", Text, Unit::None, "of the client, masked by role"},
    {"transport", Text, Unit::None, "how its connection speaks", "websocket none"},
    {"tls", Flag, Unit::None, "the client speaks TLS"},
    {"since", Number, Unit::UnixMilliseconds, "when it was opened"},
    {"age", Number, Unit::Seconds, "since then"},
    {"connection", Text, Unit::None, "id of its connection"},
    {"in", Number, Unit::Count, "messages accepted from the user"},
    {"out", Number, Unit::Count, "messages written to the user"},
    {"backlog", Number, Unit::Count, "messages that wait for the user, or are not settled"},
    {"drops", Number, Unit::Count, "messages to the user that were dropped"},
    {"seen", Number, Unit::Seconds, "since anything came from the client"},
    {"negotiation", Text, Unit::None, "how far offers and answers have come",
     "none offered answered connected stuck ended"},
    {"offers", Number, Unit::Count, "offers, sent and received, while somebody watched"},
    {"answers", Number, Unit::Count, "answers, sent and received, while somebody watched"},
    {"candidatesOut", Number, Unit::Count, "candidates that the user sent, while somebody watched"},
    {"candidatesIn", Number, Unit::Count, "candidates for the user, while somebody watched"},
};

constexpr Column queueColumns[] = {
    {"id", Text, Unit::None, "the session's id, or held-N"},
    {"user", Text, Unit::None, "the session's user, or who is waited for"},
    {"ready", Number, Unit::Count, "messages that wait"},
    {"unacked", Number, Unit::Count, "messages that were taken and not settled"},
    {"consumers", Number, Unit::Count, "0 or 1"},
    {"bytes", Number, Unit::Bytes, "of what it holds"},
    {"in", Number, Unit::Count, "messages accepted"},
    {"out", Number, Unit::Count, "messages delivered"},
    {"drops", Number, Unit::Count, "messages dropped"},
    {"oldest", Number, Unit::Seconds, "age of the oldest message"},
    {"limitMessages", Number, Unit::Count, "what it may hold; 0: unlimited"},
    {"limitBytes", Number, Unit::Bytes, "what it may hold; 0: unlimited"},
    {"held", Flag, Unit::None, "its user has no session"},
};

constexpr Column destinationColumns[] = {
    {"id", Text, Unit::None, "the destination as STOMP names it"},
    {"kind", Text, Unit::None, "what it is", "queue topic"},
    {"consumers", Number, Unit::Count, "subscriptions"},
    {"ready", Number, Unit::Count, "messages that wait"},
    {"unacked", Number, Unit::Count, "messages that a subscriber has, or is next to get"},
    {"bytes", Number, Unit::Bytes, "of what it holds"},
    {"in", Number, Unit::Count, "messages accepted; of a topic, copies"},
    {"out", Number, Unit::Count, "messages delivered"},
    {"drops", Number, Unit::Count, "messages dropped"},
    {"oldest", Number, Unit::Seconds, "age of the oldest message that waits"},
    {"limitMessages", Number, Unit::Count, "what a queue of it may hold; 0: unlimited"},
    {"limitBytes", Number, Unit::Bytes, "what a queue of it may hold; 0: unlimited"},
    {"durable", Flag, Unit::None, "its first subscription said so"},
    {"exclusive", Flag, Unit::None, "one connection has it for itself"},
    {"autoDelete", Flag, Unit::None, "it goes with its last subscription"},
    {"ttl", Number, Unit::Seconds, "that a message may wait"},
};

constexpr Column connectionColumns[] = {
    {"id", Text, Unit::None, "number of the connection"},
    {"user", Text, Unit::None, "whose session it holds"},
    {"address", Text, Unit::None, "of the client, masked by role"},
    {"transport", Text, Unit::None, "what it speaks", "websocket"},
    {"tls", Flag, Unit::None, "the client speaks TLS"},
    {"worker", Number, Unit::None, "the I/O thread that owns it"},
    {"version", Text, Unit::None, "of STOMP"},
    {"since", Number, Unit::UnixMilliseconds, "when it became a WebSocket"},
    {"age", Number, Unit::Seconds, "since then"},
    {"in", Number, Unit::Count, "WebSocket messages that came"},
    {"out", Number, Unit::Count, "WebSocket messages that were sent"},
    {"bytesIn", Number, Unit::Bytes, "that came"},
    {"bytesOut", Number, Unit::Bytes, "that were sent"},
    {"queued", Number, Unit::Bytes, "that wait to be sent"},
    {"seen", Number, Unit::Seconds, "since anything came"},
};

constexpr Column nodeColumns[] = {
    {"id", Text, Unit::None, "name of the node"},
    {"version", Text, Unit::None, "of the server"},
    {"state", Text, Unit::None, "whether it takes sessions", "ready stopping"},
    {"uptime", Number, Unit::Seconds, "since its start"},
    {"sessions", Number, Unit::Count, "live sessions"},
    {"connections", Number, Unit::Count, "open connections"},
    {"rss", Number, Unit::Bytes, "memory in use"},
    {"descriptors", Number, Unit::Count, "open file descriptors"},
    {"workers", Number, Unit::Count, "I/O threads"},
    {"store", Text, Unit::None, "the session store"},
    {"broker", Text, Unit::None, "the message broker"},
};

constexpr Table tableList[] = {
    {"sessions", sessionColumns},         {"queues", queueColumns},
    {"connections", connectionColumns},   {"nodes", nodeColumns},
    {"destinations", destinationColumns},
};

constexpr Column flowColumns[] = {
    {"event", Text, Unit::None, "what happened to the message", "accepted written dropped refused"},
    {"message", Text, Unit::None, "id of the message"},
    {"from", Text, Unit::None, "who sent it"},
    {"to", Text, Unit::None, "for whom it is"},
    {"kind", Text, Unit::None, "what it is in a negotiation", "offer answer candidate bye text other"},
    {"bytes", Number, Unit::Bytes, "of the content"},
    {"via", Text, Unit::None, "how it came; server: a notice to a sender", "http stomp server"},
    {"delay", Number, Unit::Microseconds, "since it was accepted"},
    {"reason", Text, Unit::None, "why it was dropped or refused"},
};
constexpr Table flow{"flow", flowColumns};

std::size_t rank(const Cell &cell)
{
    const std::size_t index = cell.index();
    return index == 3 ? 2 : index; // the two kinds of numbers are compared with each other
}

double number(const Cell &cell)
{
    if (const auto *whole = std::get_if<std::int64_t>(&cell))
        return double(*whole);
    return std::get<double>(cell);
}

template <typename T>
int order(const T &a, const T &b)
{
    return a < b ? -1 : b < a ? 1 : 0;
}

} // namespace

std::span<const Table> tables()
{
    return tableList;
}

const Table *findTable(std::string_view name)
{
    const auto *found = std::find_if(std::begin(tableList), std::end(tableList),
                                     [name](const Table &table) { return table.name == name; });
    return found == std::end(tableList) ? nullptr : found;
}

const Table &flowTable()
{
    return flow;
}

std::optional<std::size_t> findColumn(std::span<const Column> columns, std::string_view name)
{
    for (std::size_t i = 0; i < columns.size(); ++i) {
        if (columns[i].name == name)
            return i;
    }
    return {};
}

void appendCell(std::string &json, const Cell &cell)
{
    char digits[32];
    if (const auto *text = std::get_if<std::string>(&cell)) {
        appendJsonString(json, *text);
    } else if (const auto *whole = std::get_if<std::int64_t>(&cell)) {
        json.append(digits, std::to_chars(digits, std::end(digits), *whole).ptr);
    } else if (const auto *real = std::get_if<double>(&cell); real && std::isfinite(*real)) {
        json.append(digits, std::to_chars(digits, std::end(digits), *real).ptr);
    } else if (const auto *flag = std::get_if<bool>(&cell)) {
        json.append(*flag ? "true" : "false");
    } else {
        json.append("null");
    }
}

int compareCells(const Cell &a, const Cell &b)
{
    if (rank(a) != rank(b))
        return order(rank(a), rank(b));
    if (a.index() != b.index())
        return order(number(a), number(b));
    return std::visit(
        [&b](const auto &value) {
            using T = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<T, std::string>)
                return order(value.compare(std::get<T>(b)), 0);
            else if constexpr (std::is_same_v<T, std::monostate>)
                return 0;
            else
                return order(value, std::get<T>(b));
        },
        a);
}

} // namespace msgsrv::management
