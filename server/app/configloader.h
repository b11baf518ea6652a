// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/app/config.h"
#include "server/app/configsources.h"
#include "server/app/systemfacts.h"

#include <tl/expected.hpp>

#include <vector>

namespace msgsrv {

/// A configuration that is good to run with, and where each value comes from.
struct LoadedConfig
{
    Config config;
    std::vector<ConfigSetting> settings; ///< one for each key, in the table's order
};

/// Joins the settings of all sources: of each key the one of the highest precedence counts, of several of one
/// source the last. Adds the defaults, checks each value that counts and then what joins several keys. On
/// error: all of them, those of the sources included, in the order of their origins.
[[nodiscard]] tl::expected<LoadedConfig, std::vector<ConfigError>> loadConfig(ConfigSettings sources,
                                                                              const SystemFacts &facts);

} // namespace msgsrv
