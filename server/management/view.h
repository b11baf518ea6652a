// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/management/rowset.h"
#include "shared/base/clock.h"
#include "shared/management/filter.h"
#include "shared/management/jsonrpc.h"
#include "shared/management/tables.h"

#include <QJsonObject>

#include <tl/expected.hpp>

#include <string>
#include <vector>

namespace msgsrv::management {

/// What a client may ask of views.
struct ViewLimits
{
    int rows = usual::rows; ///< of one range
    int rate = usual::rate; ///< deltas of one view in a second
    int views = usual::views; ///< of one client
};

/// What a client wants to see of a table.
struct ViewQuery
{
    const Table *table = nullptr;
    std::vector<std::size_t> columns; ///< the first is the id
    Filter filter;
    std::size_t sortColumn = 0;
    bool descending = false;
    std::size_t first = 0; ///< row
    std::size_t count = 0;
    Duration interval = seconds(1); ///< least time between two deltas
    Addresses addresses = Addresses::Masked;
    ViewLimits limits{};

    /// Of the parameters of view.open. The error's id is not set.
    [[nodiscard]] static tl::expected<ViewQuery, Failure>
    parse(const QJsonObject &params, Addresses addresses, const ViewLimits &limits = {});
    /// Those of view.change: what is not there stays.
    [[nodiscard]] tl::expected<void, Failure> change(const QJsonObject &params);
};

/// The rows of one view at one moment.
struct Window
{
    struct Line
    {
        std::string id;
        std::string json; ///< the row as a JSON array
        bool operator==(const Line &) const = default;
    };
    std::size_t total = 0; ///< rows that pass the filter
    std::vector<Line> lines;
};

/// Filters, orders and cuts.
[[nodiscard]] Window select(const RowSet &rows, const ViewQuery &query);

/// One open view: what its client has seen, and what it is to be told next.
class View
{
public:
    View(int number, ViewQuery query)
        : m_number(number)
        , m_query(std::move(query))
    { }

    [[nodiscard]] int number() const { return m_number; }
    [[nodiscard]] const ViewQuery &query() const { return m_query; }
    /// A new generation begins with the next snapshot().
    [[nodiscard]] tl::expected<void, Failure> change(const QJsonObject &params);

    /// The result of view.open and view.change, as JSON: @p rows as they are now.
    [[nodiscard]] std::string snapshot(const RowSet &rows, TimePoint now, bool withColumns);
    /// The parameters of the next view.delta, as JSON. Empty: nothing has changed, and the last one was not
    /// long ago.
    [[nodiscard]] std::string delta(const RowSet &rows, TimePoint now);

    [[nodiscard]] bool isOpen() const { return m_revision > 0; } ///< the first snapshot was made
    [[nodiscard]] bool isDue(TimePoint now) const { return isOpen() && now >= m_next; }
    /// The client is too slow for the delta that is due.
    void skip(TimePoint now);

private:
    [[nodiscard]] std::string head() const;

    const int m_number;
    ViewQuery m_query;
    int m_generation = 0;
    std::uint64_t m_revision = 0;
    std::uint64_t m_skipped = 0; ///< deltas since the last one
    Window m_window; ///< as the client has it
    TimePoint m_next; ///< when the next delta is due
    TimePoint m_said; ///< when anything was said last
};

} // namespace msgsrv::management
