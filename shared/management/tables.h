// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace msgsrv::management {

/// What a column's cells are. An unknown value is null in any of them.
enum class ColumnType { Text, Flag, Number };

/// What a column's number counts; a filter converts what is written with a unit.
enum class Unit { None, Count, Bytes, Microseconds, Seconds, UnixMilliseconds };

struct Column
{
    std::string_view name;
    ColumnType type = ColumnType::Text;
    Unit unit = Unit::None;
    std::string_view meaning{}; ///< a phrase
    std::string_view choices{}; ///< of a Text column that knows its values: separated by blanks
};

struct Table
{
    std::string_view name;
    std::span<const Column> columns; ///< the first is `id`, but for flow
};

/// The tables that view.open knows, with their columns in the order of docs/management-protocol.md. Columns
/// are added at the end only.
[[nodiscard]] std::span<const Table> tables();
[[nodiscard]] const Table *findTable(std::string_view name);

/// The members of a flow event that a filter may name. No table to be viewed.
[[nodiscard]] const Table &flowTable();

[[nodiscard]] std::optional<std::size_t> findColumn(std::span<const Column> columns, std::string_view name);

/// One value of a row; text is UTF-8.
using Cell = std::variant<std::monostate, bool, std::int64_t, double, std::string>;
/// As long as its table has columns.
using Row = std::vector<Cell>;

/// A row whose cells are made when somebody asks for them.
class RowReader
{
public:
    virtual ~RowReader() = default;
    [[nodiscard]] virtual std::size_t columnCount() const = 0;
    /// @p column is less than columnCount().
    [[nodiscard]] virtual Cell cell(std::size_t column) const = 0;
};

/// Appends @p cell as JSON.
void appendCell(std::string &json, const Cell &cell);

/// Null first, then flags, numbers by value, text byte by byte.
[[nodiscard]] int compareCells(const Cell &a, const Cell &b);

} // namespace msgsrv::management
