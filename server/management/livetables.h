// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "server/broker/destinations.h"
#include "server/management/negotiations.h"
#include "server/management/rowset.h"
#include "server/net/connection.h"
#include "server/session/sessionservice.h"
#include "shared/base/clock.h"

#include <QByteArray>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace msgsrv::management {

/// The rows of the tables as they were found at one moment; cells are made when somebody asks. Each in the
/// order of the table's columns (shared/management/tables).

class SessionRows final : public RowSet
{
public:
    struct Row
    {
        SessionFacts session;
        std::optional<ConnectionFacts> connection;
        std::int64_t in = 0;
        std::int64_t out = 0;
        std::int64_t backlog = 0;
        std::int64_t drops = 0;
        NegotiationFacts negotiation;
    };
    std::vector<Row> rows;
    std::string node;
    TimePoint now;
    qint64 nowMs = 0; ///< Unix time

    [[nodiscard]] std::size_t size() const override { return rows.size(); }
    [[nodiscard]] Cell cell(std::size_t index, std::size_t column, Addresses addresses) const override;
};

class QueueRows final : public RowSet
{
public:
    struct Row
    {
        Generation session = Generation::None;
        QByteArray user;
        QueueFacts queue;
        std::uint64_t held = 0; ///< its number, when it waits for a user who has no session
    };
    std::vector<Row> rows;
    TimePoint now;

    [[nodiscard]] std::size_t size() const override { return rows.size(); }
    [[nodiscard]] Cell cell(std::size_t index, std::size_t column, Addresses addresses) const override;
};

class ConnectionRows final : public RowSet
{
public:
    std::vector<ConnectionFacts> rows;
    TimePoint now;
    qint64 nowMs = 0; ///< Unix time

    [[nodiscard]] std::size_t size() const override { return rows.size(); }
    [[nodiscard]] Cell cell(std::size_t index, std::size_t column, Addresses addresses) const override;
};

class DestinationRows final : public RowSet
{
public:
    std::vector<DestinationFacts> rows;
    TimePoint now;

    [[nodiscard]] std::size_t size() const override { return rows.size(); }
    [[nodiscard]] Cell cell(std::size_t index, std::size_t column, Addresses addresses) const override;
};

/// Rows that are made at once.
class FixedRows final : public RowSet
{
public:
    std::vector<Row> rows;

    [[nodiscard]] std::size_t size() const override { return rows.size(); }
    [[nodiscard]] Cell cell(std::size_t index, std::size_t column, Addresses) const override
    {
        return rows[index][column];
    }
};

/// Messages that left a queue and were not dropped.
[[nodiscard]] std::int64_t outOf(const QueueFacts &queue);

} // namespace msgsrv::management
