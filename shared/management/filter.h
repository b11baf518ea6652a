// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/management/tables.h"

#include <tl/expected.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace msgsrv::management {

/// What is wrong with a filter, and where.
struct FilterError
{
    std::size_t offset = 0; ///< in bytes
    std::string message; ///< one sentence
};

/// The filter language of docs/management-protocol.md: terms that must all hold for a row. Parsed once, used
/// for many rows; a value that any thread may share.
class Filter
{
public:
    /// How a term looks at its column. Contains has no column.
    enum class Operator { Equal, Less, LessOrEqual, Greater, GreaterOrEqual, Contains };

    struct Term
    {
        std::size_t offset = 0; ///< where it stands in the text, in bytes
        std::size_t size = 0;
        bool negated = false;
        std::size_t column = 0;
        Operator op = Operator::Contains;
        std::vector<std::string> texts{}; ///< of a Text column: patterns, folded; any of them
        std::vector<double> numbers{}; ///< of a Number or Flag column, in its unit; any of them
    };

    /// Lets every row through.
    Filter() = default;

    /// An empty @p text lets every row through.
    [[nodiscard]] static tl::expected<Filter, FilterError> parse(std::string_view text,
                                                                 std::span<const Column> columns);

    /// @p row has the columns that the filter was parsed for. A null cell equals nothing.
    [[nodiscard]] bool matches(const RowReader &row) const;
    [[nodiscard]] bool matches(std::span<const Cell> row) const;

    [[nodiscard]] const std::vector<Term> &terms() const { return m_terms; }
    [[nodiscard]] bool isEmpty() const { return m_terms.empty(); }

private:
    std::vector<Term> m_terms;
};

} // namespace msgsrv::management
