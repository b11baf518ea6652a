// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/app/configorigin.h"

#include <string>
#include <vector>

namespace msgsrv {

/// The settings as a TOML file: every value with its origin in a comment behind it. A secret that is set
/// comes as "***". Any other text is as it was, so the file can be read again. @p settings are in the table's
/// order.
[[nodiscard]] std::string printConfig(const std::vector<ConfigSetting> &settings);

} // namespace msgsrv
