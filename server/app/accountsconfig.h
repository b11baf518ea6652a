// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/app/configsources.h"

#include <toml++/toml.h>

namespace msgsrv {

/// Reads `[[stomp.accounts]]`, the only array of tables of the configuration. @p line is where its name
/// stands.
void readAccounts(const toml::node &node, const std::string &file, unsigned line, ConfigSettings &into);

} // namespace msgsrv
