// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/app/profile.h"

#include <QString>

#include <optional>

class QApplication;

namespace msgsrv::console {

/// The command line of the console.
struct ConsoleOptions
{
    bool demo = false;
    bool readOnly = false;
    std::optional<Profile> profile{}; ///< of the command line, instead of one that is kept
    QString screenshots{}; ///< folder; only with demo
    QString theme{}; ///< light, dark, system; empty: as chosen before
};

/// Reads the arguments; --help, --version and what is wrong end the program.
[[nodiscard]] ConsoleOptions parseConsoleOptions(const QApplication &application);
/// Opens the window and runs until it is closed. The answer is the exit code.
[[nodiscard]] int runConsole(QApplication &application, const ConsoleOptions &options);

} // namespace msgsrv::console
