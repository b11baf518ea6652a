// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace msgsrv {

/// What the daemon's process ends with; each but Clean goes with one sentence on stderr.
enum class ExitCode {
    Clean = 0,
    Configuration = 2, ///< the command line or the configuration is wrong
    CannotListen = 3, ///< an address is taken or not ours
    Storage = 4, ///< the session store cannot be opened, or at the end not be written to
    StartFailure = 5, ///< anything else that keeps the daemon from starting
};

} // namespace msgsrv
