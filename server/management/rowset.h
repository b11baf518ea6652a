// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/management/tables.h"

namespace msgsrv::management {

/// Whether client addresses are shown whole, or masked to /24 (IPv4) and /48 (IPv6).
enum class Addresses { Masked, Whole };

/// The rows of one table as they were at one moment. Immutable.
class RowSet
{
public:
    virtual ~RowSet() = default;
    [[nodiscard]] virtual std::size_t size() const = 0;
    /// @p column as in the table's list.
    [[nodiscard]] virtual Cell cell(std::size_t row, std::size_t column, Addresses addresses) const = 0;
};

} // namespace msgsrv::management
