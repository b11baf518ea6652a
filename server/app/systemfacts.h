// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>

namespace msgsrv {

/// What defaults are derived from.
struct SystemFacts
{
    int cores = 1; ///< CPUs that this process may use
    std::uint64_t openFiles = 1024; ///< RLIMIT_NOFILE, hard: see raiseOpenFileLimit()

    [[nodiscard]] static SystemFacts ofProcess();
};

/// limits.connections = "auto": what leaves descriptors for listeners, stores and the management socket.
[[nodiscard]] int connectionsFor(std::uint64_t openFiles);

/// FrontSettings::descriptorCeiling of the public listeners, of which there are @p listeners: what lies above
/// it is left to the internal listener, to scrapes and to whatever must be opened while the public ones are
/// full. Each of them may take one descriptor of it.
[[nodiscard]] int descriptorCeilingFor(std::uint64_t openFiles, int listeners);

/// RLIMIT_NOFILE, soft.
[[nodiscard]] std::uint64_t openFileLimit();

/// Raises the soft limit of open files to the hard one. The daemon calls it at its start; without it, "auto"
/// admits more connections than there are descriptors.
void raiseOpenFileLimit();

} // namespace msgsrv
