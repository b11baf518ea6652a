// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/management/managementserver.h"
#include "server/management/node.h"
#include "server/management/wire.h"

#include <QJsonDocument>
#include <QList>
#include <QPointer>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace msgsrv::management::test {

/// A wire within the process: what passes is bytes, as on a socket. The console's end of it belongs to the
/// test, which says how much the system takes.
class MemoryWire final : public Wire
{
public:
    void write(const QByteArray &bytes) override
    {
        m_queued += bytes;
        if (takesAll)
            take(m_queued.size());
    }
    [[nodiscard]] qint64 bytesQueued() const override { return m_queued.size(); }
    void setReading(bool reading) override { isReading = reading; }
    void finish() override { finished = true; }
    void abort() override { aborted = true; }

    /// The console reads so much.
    void take(qsizetype bytes)
    {
        m_taken += m_queued.first(std::min(bytes, m_queued.size()));
        m_queued.remove(0, bytes);
    }
    void takeMore(qsizetype bytes)
    {
        take(bytes);
        emit progressed();
    }
    /// The console writes.
    void say(const QByteArray &bytes) { emit received(bytes); }
    void hangUp() { emit closed(); }

    /// Messages that the console has read whole, each once.
    QList<QJsonObject> messages()
    {
        QList<QJsonObject> result;
        for (qsizetype end = m_taken.indexOf('\n'); end >= 0; end = m_taken.indexOf('\n')) {
            result.append(QJsonDocument::fromJson(m_taken.first(end)).object());
            m_taken.remove(0, end + 1);
        }
        return result;
    }

    bool takesAll = true;
    bool isReading = true;
    bool finished = false;
    bool aborted = false;

private:
    QByteArray m_queued;
    QByteArray m_taken;
};

/// Rows that a test writes down.
class PlainRows final : public RowSet
{
public:
    std::vector<Row> rows;
    [[nodiscard]] std::size_t size() const override { return rows.size(); }
    [[nodiscard]] Cell cell(std::size_t row, std::size_t column, Addresses addresses) const override
    {
        const Cell &cell = rows.at(row).at(column);
        constexpr std::size_t address = 4; // of the table sessions
        return column == address && addresses == Addresses::Masked ? Cell(std::string("masked")) : cell;
    }
};

/// One row of the table sessions.
inline Row sessionRow(int id, const std::string &user, const std::string &state, std::int64_t backlog)
{
    Row row(findTable("sessions")->columns.size());
    row[0] = std::to_string(id);
    row[1] = user;
    row[2] = state;
    row[4] = std::string("192.0.2.7");
    row[12] = backlog;
    return row;
}

class FakeNode final : public Node
{
public:
    std::vector<Row> sessions;
    int collections = 0;
    bool answersLate = false;
    std::vector<std::function<void()>> late;
    std::vector<Session> closed;
    std::map<Session, std::vector<MessagePtr>> queues;

    void collect(std::string_view table, std::function<void(std::shared_ptr<const RowSet>)> done) override
    {
        ++collections;
        auto rows = std::make_shared<PlainRows>();
        if (table == "sessions")
            rows->rows = sessions;
        if (answersLate)
            late.push_back([done, rows] { done(rows); });
        else
            done(rows);
    }
    [[nodiscard]] QJsonObject status() const override
    {
        return {{QStringLiteral("state"), QStringLiteral("ready")}};
    }
    [[nodiscard]] std::span<const Gauge> gauges() const override
    {
        static constexpr Gauge all[] = {{"load", "%", "of the fake"}};
        return all;
    }
    [[nodiscard]] std::vector<double> sample() override { return {1.0}; }
    void closeSession(Session id, const QByteArray &, std::function<void(bool)> done) override
    {
        closed.push_back(id);
        if (answersLate)
            late.push_back([done] { done(true); });
        else
            done(id < 100);
    }
    void peek(Session id, int count,
              std::function<void(std::optional<std::vector<MessagePtr>>)> done) override
    {
        if (!queues.contains(id))
            return done(std::nullopt);
        std::vector<MessagePtr> messages = queues[id];
        messages.resize(std::min(messages.size(), std::size_t(count)));
        done(messages);
    }
    void purge(Session id, std::function<void(std::optional<std::size_t>)> done) override
    {
        if (!queues.contains(id))
            return done(std::nullopt);
        done(std::exchange(queues[id], {}).size());
    }
};

/// The server with a node that a test fills, and consoles in memory.
struct Fixture
{
    explicit Fixture(ManagementServer::Settings settings = {.boot = QStringLiteral("b00t")})
        : server(std::move(settings), node, tap, managementMetrics)
    { }

    /// A console of @p user; greeted.
    MemoryWire *connect(uid_t user = 0, bool local = true)
    {
        auto wire = std::make_unique<MemoryWire>();
        MemoryWire *raw = wire.get();
        Origin origin;
        if (local)
            origin.credentials = PeerCredentials{user, 65'534, 1};
        server.accept(std::move(wire), origin);
        (void)raw->messages();
        return raw;
    }
    MemoryWire *login(uid_t user = 0)
    {
        MemoryWire *wire = connect(user);
        (void)call(wire, "login", R"({"scheme":"peer"})");
        return wire;
    }
    /// Sends a request and returns all that was read then.
    QList<QJsonObject> call(MemoryWire *wire, const QByteArray &method, const QByteArray &params = "{}")
    {
        wire->say(R"({"jsonrpc":"2.0","id":)" + QByteArray::number(++lastId) + R"(,"method":")" + method
                  + R"(","params":)" + params + "}\n");
        return wire->messages();
    }
    QJsonObject result(MemoryWire *wire, const QByteArray &method, const QByteArray &params = "{}")
    {
        const auto all = call(wire, method, params);
        return all.isEmpty() ? QJsonObject() : all.first().value(u"result").toObject();
    }
    int error(MemoryWire *wire, const QByteArray &method, const QByteArray &params = "{}")
    {
        const auto all = call(wire, method, params);
        return all.isEmpty() ? 0 : all.first().value(u"error").toObject().value(u"code").toInt();
    }

    Metrics metrics;
    ManagementMetrics managementMetrics{metrics};
    FakeNode node;
    FlowTap tap;
    ManagementServer server;
    int lastId = 0;
};

} // namespace msgsrv::management::test
