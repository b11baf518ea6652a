// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/app/configloader.h"
#include "server/app/exitcode.h"

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace msgsrv {

/// What the start looks at beside the command line.
struct Surroundings
{
    std::vector<std::pair<std::string, std::string>> environment; ///< names and values
    std::string defaultFile = "/etc/messaging-server/messaging-server.toml"; ///< read when it exists
    SystemFacts facts;

    [[nodiscard]] static Surroundings ofProcess();
};

/// The process has nothing to run: it prints and ends.
struct Farewell
{
    ExitCode code = ExitCode::Clean;
    std::string out; ///< for stdout
    std::string err; ///< for stderr: one sentence a line, each after "messaging-server: "
};

/// From the command line to a configuration to run with, or to what to print instead. @p arguments are
/// without the program's name. Reads files; touches nothing else, needs no application object.
[[nodiscard]] std::variant<LoadedConfig, Farewell> startConfig(const std::vector<std::string> &arguments,
                                                               const Surroundings &surroundings);

/// The same, for main().
[[nodiscard]] std::variant<LoadedConfig, Farewell> startConfig(int argc, const char *const *argv);

/// Prints @p farewell and returns the process's exit code.
[[nodiscard]] int say(const Farewell &farewell);

} // namespace msgsrv
