// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/app/configvalue.h"

#include <toml++/toml.h>

namespace msgsrv {

/// The value of a TOML node; the error is the end of a sentence.
[[nodiscard]] tl::expected<ConfigValue, std::string> valueOf(const toml::node &node);

} // namespace msgsrv
