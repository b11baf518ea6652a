// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/view.h"

#include "shared/base/json.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace msgsrv::management {

namespace {

tl::unexpected<Failure> bad(QLatin1String parameter, const QString &message)
{
    return tl::unexpected(Failure{QJsonValue::Null,
                                  ErrorCode::BadParameters,
                                  message,
                                  {{QStringLiteral("parameter"), QString(parameter)}}});
}

constexpr QLatin1String tableName("table");
constexpr QLatin1String columnsName("columns");
constexpr QLatin1String filterName("filter");
constexpr QLatin1String sortName("sort");
constexpr QLatin1String rangeName("range");
constexpr QLatin1String rateName("rate");

tl::expected<void, Failure> takeColumns(ViewQuery &query, const QJsonValue &value)
{
    query.columns = {0};
    if (value.isUndefined()) {
        query.columns.resize(query.table->columns.size());
        std::iota(query.columns.begin(), query.columns.end(), std::size_t(0));
        return {};
    }
    for (const QJsonValue &name : value.toArray()) {
        const auto column = findColumn(query.table->columns, name.toString().toStdString());
        if (!column)
            return bad(columnsName, QStringLiteral("There is no column \"%1\".").arg(name.toString()));
        if (std::find(query.columns.begin(), query.columns.end(), *column) == query.columns.end())
            query.columns.push_back(*column);
    }
    return {};
}

tl::expected<void, Failure> takeSort(ViewQuery &query, const QString &text)
{
    query.descending = text.startsWith(u'-');
    const auto column = findColumn(query.table->columns, text.mid(query.descending ? 1 : 0).toStdString());
    if (!column)
        return bad(sortName, QStringLiteral("There is no such column."));
    query.sortColumn = *column;
    return {};
}

tl::expected<void, Failure> takeRange(ViewQuery &query, const QJsonArray &range)
{
    const double first = range.at(0).toDouble(-1);
    const double count = range.at(1).toDouble(-1);
    constexpr double most = 1e9;
    if (range.size() != 2 || !(first >= 0 && first <= most) || !(count >= 0 && count <= query.limits.rows)) {
        return bad(rangeName,
                   QStringLiteral("A range is [first, count] with at most %1 rows.").arg(query.limits.rows));
    }
    query.first = std::size_t(first);
    query.count = std::size_t(count);
    return {};
}

tl::expected<void, Failure> takeRate(ViewQuery &query, double rate)
{
    if (!(rate >= leastRate && rate <= query.limits.rate))
        return bad(rateName, QStringLiteral("A rate is 0.1 to %1.").arg(query.limits.rate));
    query.interval = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(1 / rate));
    return {};
}

class TableRow final : public RowReader
{
public:
    TableRow(const RowSet &rows, const ViewQuery &query)
        : m_rows(rows)
        , m_query(query)
    { }
    void setRow(std::size_t row) { m_row = row; }
    [[nodiscard]] std::size_t columnCount() const override { return m_query.table->columns.size(); }
    [[nodiscard]] Cell cell(std::size_t column) const override
    {
        return m_rows.cell(m_row, column, m_query.addresses);
    }

private:
    const RowSet &m_rows;
    const ViewQuery &m_query;
    std::size_t m_row = 0;
};

/// Ids are numbers as text: the shorter is the smaller.
int compareIds(const Cell &a, const Cell &b)
{
    const auto *left = std::get_if<std::string>(&a);
    const auto *right = std::get_if<std::string>(&b);
    if (left && right && left->size() != right->size())
        return left->size() < right->size() ? -1 : 1;
    return compareCells(a, b);
}

struct Candidate
{
    Cell key;
    std::size_t row = 0;
};

std::string decimal(std::uint64_t value)
{
    return std::to_string(value);
}

void appendRows(std::string &json, const std::vector<Window::Line> &lines)
{
    json += '[';
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (i > 0)
            json += ',';
        json += lines[i].json;
    }
    json += ']';
}

bool sameIds(const Window &a, const Window &b)
{
    return std::equal(a.lines.begin(), a.lines.end(), b.lines.begin(), b.lines.end(),
                      [](const Window::Line &x, const Window::Line &y) { return x.id == y.id; });
}

} // namespace

tl::expected<ViewQuery, Failure> ViewQuery::parse(const QJsonObject &params, Addresses addresses,
                                                  const ViewLimits &limits)
{
    ViewQuery query;
    query.limits = limits;
    query.addresses = addresses;
    query.table = findTable(params.value(tableName).toString().toStdString());
    if (!query.table)
        return bad(tableName, QStringLiteral("There is no such table."));
    if (const auto taken = takeColumns(query, params.value(columnsName)); !taken)
        return tl::unexpected(taken.error());
    query.interval = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(1 / std::min<double>(defaultRate, limits.rate)));
    if (!params.contains(rangeName))
        return bad(rangeName, QStringLiteral("\"range\" is missing."));
    if (const auto changed = query.change(params); !changed)
        return tl::unexpected(changed.error());
    return query;
}

tl::expected<void, Failure> ViewQuery::change(const QJsonObject &params)
{
    ViewQuery next = *this;
    tl::expected<void, Failure> taken;
    if (taken && params.contains(sortName))
        taken = takeSort(next, params.value(sortName).toString());
    if (taken && params.contains(rangeName))
        taken = takeRange(next, params.value(rangeName).toArray());
    if (taken && params.contains(rateName))
        taken = takeRate(next, params.value(rateName).toDouble());
    if (taken && params.contains(filterName)) {
        auto parsed = Filter::parse(params.value(filterName).toString().toStdString(), table->columns);
        if (parsed) {
            next.filter = *std::move(parsed);
        } else {
            taken = tl::unexpected(Failure{QJsonValue::Null,
                                           ErrorCode::BadFilter,
                                           QString::fromStdString(parsed.error().message),
                                           {{QStringLiteral("at"), qint64(parsed.error().offset)}}});
        }
    }
    if (taken)
        *this = std::move(next);
    return taken;
}

Window select(const RowSet &rows, const ViewQuery &query)
{
    std::vector<Candidate> found;
    TableRow reader(rows, query);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        reader.setRow(i);
        if (query.filter.isEmpty() || query.filter.matches(reader))
            found.push_back({query.sortColumn == 0 ? Cell() : reader.cell(query.sortColumn), i});
    }
    const auto before = [&](const Candidate &a, const Candidate &b) {
        const int byKey = compareCells(a.key, b.key);
        if (byKey != 0)
            return query.descending ? byKey > 0 : byKey < 0;
        const int byId
            = compareIds(rows.cell(a.row, 0, query.addresses), rows.cell(b.row, 0, query.addresses));
        return query.sortColumn == 0 && query.descending ? byId > 0 : byId < 0;
    };
    Window window;
    window.total = found.size();
    const std::size_t first = std::min(query.first, found.size());
    const std::size_t end = std::min(first + query.count, found.size());
    // Only the window is put in order.
    const auto at = [&found](std::size_t index) { return found.begin() + std::ptrdiff_t(index); };
    if (first > 0 && first < found.size())
        std::nth_element(found.begin(), at(first), found.end(), before);
    std::partial_sort(at(first), at(end), found.end(), before);

    window.lines.reserve(end - first);
    for (std::size_t i = first; i < end; ++i) {
        Window::Line line;
        const Cell id = rows.cell(found[i].row, 0, query.addresses);
        if (const auto *text = std::get_if<std::string>(&id))
            line.id = *text;
        line.json = "[";
        for (const std::size_t column : query.columns) {
            if (line.json.size() > 1)
                line.json += ',';
            appendCell(line.json, rows.cell(found[i].row, column, query.addresses));
        }
        line.json += ']';
        window.lines.push_back(std::move(line));
    }
    return window;
}

tl::expected<void, Failure> View::change(const QJsonObject &params)
{
    return m_query.change(params);
}

std::string View::head() const
{
    return "\"view\":" + decimal(std::uint64_t(m_number))
        + ",\"gen\":" + decimal(std::uint64_t(m_generation));
}

std::string View::snapshot(const RowSet &rows, TimePoint now, bool withColumns)
{
    m_window = select(rows, m_query);
    ++m_generation;
    ++m_revision;
    m_skipped = 0;
    m_next = now + m_query.interval;
    m_said = now;
    std::string json
        = "{" + head() + ",\"rev\":" + decimal(m_revision) + ",\"total\":" + decimal(m_window.total);
    if (withColumns) {
        json += ",\"columns\":[";
        for (std::size_t i = 0; i < m_query.columns.size(); ++i) {
            if (i > 0)
                json += ',';
            appendJsonString(json, m_query.table->columns[m_query.columns[i]].name);
        }
        json += ']';
    }
    json += ",\"rows\":";
    appendRows(json, m_window.lines);
    return json + '}';
}

void View::skip(TimePoint now)
{
    ++m_skipped;
    m_next = now + m_query.interval;
}

std::string View::delta(const RowSet &rows, TimePoint now)
{
    m_next = now + m_query.interval;
    Window window = select(rows, m_query);
    const bool moved = !sameIds(window, m_window);
    std::string set;
    if (!moved) {
        for (std::size_t i = 0; i < window.lines.size(); ++i) {
            if (window.lines[i] == m_window.lines[i])
                continue;
            set += set.empty() ? "" : ",";
            set += '[' + decimal(m_query.first + i) + ',' + window.lines[i].json + ']';
        }
    }
    if (!moved && set.empty() && window.total == m_window.total && now - m_said < quietInterval) {
        m_skipped = 0;
        return {};
    }

    m_said = now;
    const std::uint64_t base = m_revision++;
    std::string json = "{" + head() + ",\"base\":" + decimal(base) + ",\"rev\":" + decimal(m_revision)
        + ",\"total\":" + decimal(window.total) + ",\"merged\":" + decimal(m_skipped + 1);
    m_skipped = 0;
    if (moved) {
        json += ",\"rows\":";
        appendRows(json, window.lines);
    } else {
        json += ",\"set\":[" + set + ']';
    }
    m_window = std::move(window);
    return json + '}';
}

} // namespace msgsrv::management
