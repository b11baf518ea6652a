// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace msgsrv {

/// The least number of characters to insert, delete, replace, or swap with their neighbour that turns @p a
/// into @p b (optimal string alignment).
[[nodiscard]] std::size_t editDistance(std::string_view a, std::string_view b);

/// The one of @p names that is nearest to @p typed, the first of several; empty when there are none. A dotted
/// name whose last part is the same, or nearly, counts as near, whatever its section: `internal.workers`
/// finds `workers`.
[[nodiscard]] std::string_view nearest(std::string_view typed, const std::vector<std::string_view> &names);

} // namespace msgsrv
