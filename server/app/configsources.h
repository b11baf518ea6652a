// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/app/configorigin.h"
#include "server/stomp/accounts.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace msgsrv {

/// What sources gave, and what in them cannot be read. Every setting's key is a known one.
struct ConfigSettings
{
    std::vector<ConfigSetting> settings;
    std::vector<ConfigError> errors;
    std::vector<Account> accounts; ///< of files only
};

/// Reads the text of a TOML file; @p file is its name for origins.
void readToml(std::string_view text, const std::string &file, ConfigSettings &into);

/// Reads MESSAGING_SERVER__SECTION__KEY from name and value pairs; other names are passed over.
void readEnvironment(const std::vector<std::pair<std::string, std::string>> &environment,
                     ConfigSettings &into);

/// Reads what stood after --set: "section.key=value".
void readAssignment(std::string_view assignment, ConfigSettings &into);

} // namespace msgsrv
