// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/app/configkey.h"

#include <vector>

namespace msgsrv {

/// Every key there is, in the order in which they are printed: keys without a section first, then section by
/// section. Lives as long as the process.
[[nodiscard]] const std::vector<ConfigKey> &configKeys();

/// The key of that name, or null.
[[nodiscard]] const ConfigKey *findKey(std::string_view name);

/// The names of all keys, for nearest().
[[nodiscard]] std::vector<std::string_view> keyNames();

/// A configuration of defaults only.
[[nodiscard]] Config defaultConfig(const SystemFacts &facts = SystemFacts::ofProcess());

} // namespace msgsrv
