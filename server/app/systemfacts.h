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

/// Raises the soft limit of open files to the hard one. The daemon calls it at its start; without it, "auto"
/// admits more connections than there are descriptors.
void raiseOpenFileLimit();

} // namespace msgsrv
