// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <tl/expected.hpp>

#include <optional>
#include <string>
#include <vector>

namespace msgsrv {

/// The daemon's command line.
struct Options
{
    enum class Action { Run, CheckConfig, PrintConfig, Version, Help };
    Action action = Action::Run;
    std::optional<std::string> configFile; ///< --config
    std::vector<std::string> assignments; ///< each --set, in order
};

/// Reads the arguments, without the program's name. An option's value stands behind it or behind '='. --help
/// wins over --version, which wins over the others. The error is one sentence for each wrong argument,
/// without full stop.
[[nodiscard]] tl::expected<Options, std::vector<std::string>>
parseOptions(const std::vector<std::string> &arguments);

/// What --help prints.
[[nodiscard]] std::string helpText();

} // namespace msgsrv
