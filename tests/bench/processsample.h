// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace msgsrv::bench {

/// What a process has used up to now, from /proc.
struct ProcessSample
{
    double cpuSeconds = 0; ///< user and system time of all its threads
    double residentKib = 0;

    /// Ends the program when there is no such process.
    [[nodiscard]] static ProcessSample of(int pid);
};

} // namespace msgsrv::bench
