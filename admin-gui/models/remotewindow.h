// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHash>
#include <QJsonArray>
#include <QString>
#include <QVariant>

#include <vector>

namespace msgsrv::console {

/// A row as the server sent it: the id first, then the other columns in the server's order.
struct RemoteRow
{
    QString id;
    std::vector<QVariant> cells; ///< the id included

    /// Nothing that is no scalar gets through: a nested value is shown as its JSON text.
    [[nodiscard]] static RemoteRow fromJson(const QJsonArray &json);
    bool operator==(const RemoteRow &other) const = default;
};

/// The rows [first, first + size) of a table.
class RemoteWindow
{
public:
    [[nodiscard]] int first() const { return m_first; }
    [[nodiscard]] int size() const { return static_cast<int>(m_rows.size()); }
    [[nodiscard]] int end() const { return m_first + size(); }
    [[nodiscard]] bool contains(int row) const { return row >= m_first && row < end(); }
    [[nodiscard]] const RemoteRow *at(int row) const; ///< null outside
    [[nodiscard]] int rowOf(const QString &id) const; ///< -1 when it is not here
    [[nodiscard]] bool sameOrder(const RemoteWindow &other) const; ///< the same ids in the same places

    /// At most @p most rows are taken.
    void replace(int first, const QJsonArray &rows, int most);
    void set(int row, RemoteRow value); ///< nothing happens outside
    void truncate(int total); ///< rows from @p total on do not exist any more

private:
    int m_first = 0;
    std::vector<RemoteRow> m_rows;
    QHash<QString, int> m_places; ///< id to index in m_rows
};

/// The window for the visible rows: whole pages, one more page on either side where that fits into @p most.
/// {first, count}; count is never 0.
[[nodiscard]] std::pair<int, int> windowFor(int firstVisible, int lastVisible, int page, int most);

} // namespace msgsrv::console
