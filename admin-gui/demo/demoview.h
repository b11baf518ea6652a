// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/management/filter.h"
#include "shared/management/tables.h"

#include <QJsonArray>
#include <QJsonObject>

#include <optional>
#include <vector>

namespace msgsrv::console {

/// A view of the demo server: filter, order, window, and what changed since it was last sent.
class DemoView
{
public:
    explicit DemoView(const management::Table &table)
        : m_table(&table)
    { }

    /// Takes `columns`, `filter`, `sort`, `range` and `rate` as far as they are there.
    [[nodiscard]] std::optional<management::FilterError> configure(const QJsonObject &params);
    /// The window anew, as view.open and view.change answer it.
    [[nodiscard]] QJsonObject snapshot(std::vector<management::Row> rows);
    /// The params of a view.delta, without `view`; empty object when it is not time, or nothing changed.
    [[nodiscard]] QJsonObject delta(std::vector<management::Row> rows, qint64 now);
    [[nodiscard]] QJsonArray columns() const;
    [[nodiscard]] QString table() const
    {
        return QString::fromUtf8(m_table->name.data(), static_cast<qsizetype>(m_table->name.size()));
    }

private:
    [[nodiscard]] QJsonArray window(std::vector<management::Row> rows);
    [[nodiscard]] QJsonArray toJson(const management::Row &row) const;

    const management::Table *m_table;
    std::vector<std::size_t> m_columns{0};
    management::Filter m_filter;
    std::size_t m_sort = 0;
    bool m_descending = false;
    int m_first = 0;
    int m_count = 100;
    double m_rate = 2;
    qint64 m_gen = 0;
    qint64 m_rev = 0;
    qint64 m_total = 0;
    qint64 m_sent = 0; ///< when, ms
    QJsonArray m_rows;
};

} // namespace msgsrv::console
