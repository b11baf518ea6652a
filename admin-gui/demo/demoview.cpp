// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/demo/demoview.h"

#include <algorithm>

namespace msgsrv::console {

namespace {

QJsonValue toJsonValue(const management::Cell &cell)
{
    if (const auto *flag = std::get_if<bool>(&cell))
        return *flag;
    if (const auto *whole = std::get_if<std::int64_t>(&cell))
        return static_cast<qint64>(*whole);
    if (const auto *number = std::get_if<double>(&cell))
        return *number;
    if (const auto *string = std::get_if<std::string>(&cell))
        return QString::fromStdString(*string);
    return QJsonValue::Null;
}

} // namespace

std::optional<management::FilterError> DemoView::configure(const QJsonObject &params)
{
    if (params.contains(QLatin1String("filter"))) {
        auto filter = management::Filter::parse(
            params.value(QLatin1String("filter")).toString().toStdString(), m_table->columns);
        if (!filter)
            return filter.error();
        m_filter = std::move(*filter);
    }
    if (params.contains(QLatin1String("columns"))) {
        m_columns = {0};
        for (const QJsonValue &name : params.value(QLatin1String("columns")).toArray()) {
            const auto column = management::findColumn(m_table->columns, name.toString().toStdString());
            if (column && std::find(m_columns.begin(), m_columns.end(), *column) == m_columns.end())
                m_columns.push_back(*column);
        }
    }
    if (params.contains(QLatin1String("sort"))) {
        QString key = params.value(QLatin1String("sort")).toString();
        m_descending = key.startsWith(QLatin1Char('-'));
        if (m_descending)
            key.remove(0, 1);
        m_sort = management::findColumn(m_table->columns, key.toStdString()).value_or(0);
    }
    const QJsonArray range = params.value(QLatin1String("range")).toArray();
    if (range.size() == 2) {
        m_first = std::max(0, range.at(0).toInt());
        m_count = std::clamp(range.at(1).toInt(), 1, 1000);
    }
    m_rate = std::clamp(params.value(QLatin1String("rate")).toDouble(m_rate), 0.1, 10.0);
    ++m_gen;
    return {};
}

QJsonArray DemoView::toJson(const management::Row &row) const
{
    QJsonArray json;
    for (const std::size_t column : m_columns)
        json.append(column < row.size() ? toJsonValue(row[column]) : QJsonValue());
    return json;
}

QJsonArray DemoView::window(std::vector<management::Row> rows)
{
    std::erase_if(rows, [this](const management::Row &row) { return !m_filter.matches(row); });
    std::stable_sort(rows.begin(), rows.end(), [this](const management::Row &a, const management::Row &b) {
        const int order = management::compareCells(a[m_sort], b[m_sort]);
        return m_descending ? order > 0 : order < 0;
    });
    m_total = static_cast<qint64>(rows.size());
    QJsonArray json;
    for (qint64 i = m_first; i < std::min<qint64>(m_total, m_first + m_count); ++i)
        json.append(toJson(rows[static_cast<std::size_t>(i)]));
    return json;
}

QJsonArray DemoView::columns() const
{
    QJsonArray names;
    for (const std::size_t column : m_columns) {
        const std::string_view name = m_table->columns[column].name;
        names.append(QString::fromUtf8(name.data(), static_cast<qsizetype>(name.size())));
    }
    return names;
}

QJsonObject DemoView::snapshot(std::vector<management::Row> rows)
{
    m_rows = window(std::move(rows));
    ++m_rev;
    return {{QLatin1String("gen"), m_gen},
            {QLatin1String("rev"), m_rev},
            {QLatin1String("total"), m_total},
            {QLatin1String("rows"), m_rows}};
}

QJsonObject DemoView::delta(std::vector<management::Row> rows, qint64 now)
{
    if (static_cast<double>(now - m_sent) < 1000.0 / m_rate)
        return {};
    const qint64 before = m_total;
    const QJsonArray next = window(std::move(rows));
    const bool quiet = next == m_rows && before == m_total;
    if (quiet && now - m_sent < 5000)
        return {};
    m_sent = now;
    QJsonObject delta{{QLatin1String("gen"), m_gen},
                      {QLatin1String("base"), m_rev},
                      {QLatin1String("rev"), quiet ? m_rev : m_rev + 1},
                      {QLatin1String("total"), m_total},
                      {QLatin1String("merged"), 0}};
    if (!quiet)
        ++m_rev;
    bool moved = next.size() != m_rows.size();
    QJsonArray set;
    for (qsizetype i = 0; i < next.size() && !moved; ++i) {
        if (next.at(i) == m_rows.at(i))
            continue;
        moved = next.at(i).toArray().at(0) != m_rows.at(i).toArray().at(0);
        set.append(QJsonArray{m_first + static_cast<int>(i), next.at(i)});
    }
    if (moved)
        delta.insert(QLatin1String("rows"), next);
    else
        delta.insert(QLatin1String("set"), set);
    m_rows = next;
    return delta;
}

} // namespace msgsrv::console
