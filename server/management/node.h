// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/management/rowset.h"
#include "shared/signaling/message.h"

#include <QByteArray>
#include <QJsonObject>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace msgsrv::management {

/// One value that is sampled every second and kept for a day: see Series.
struct Gauge
{
    std::string_view name;
    std::string_view unit;
    std::string_view meaning;
};

/// The server as its management sees it. Everything is called in the management thread and answers there,
/// once, perhaps before the call returns, unless the node has gone by then.
class Node
{
public:
    virtual ~Node() = default;

    /// What table @p table holds now. @p done gets null when there is no such table.
    virtual void collect(std::string_view table, std::function<void(std::shared_ptr<const RowSet>)> done) = 0;

    /// The result of server.status.
    [[nodiscard]] virtual QJsonObject status() const = 0;

    /// What is sampled, and the values of now (nan: nothing known).
    [[nodiscard]] virtual std::span<const Gauge> gauges() const = 0;
    [[nodiscard]] virtual std::vector<double> sample() = 0;

    using Session = std::uint64_t; ///< the `id` of the tables sessions and queues

    /// Ends a session; its connection is closed with 4002 and @p reason. False: there is none.
    virtual void closeSession(Session id, const QByteArray &reason, std::function<void(bool)> done) = 0;
    /// The oldest messages of a session's queue. Nothing: there is none.
    virtual void peek(Session id, int count, std::function<void(std::optional<std::vector<MessagePtr>>)> done)
        = 0;
    /// Drops what waits in a session's queue. Nothing: there is none.
    virtual void purge(Session id, std::function<void(std::optional<std::size_t>)> done) = 0;
};

} // namespace msgsrv::management
