// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QStringList>

namespace msgsrv::ctl {

/// messagingctl with @p arguments (without the program's name). Prints to stdout and stderr; the exit code:
/// 0 done, 1 the daemon refused, 2 the command line is wrong, 3 the daemon cannot be reached.
[[nodiscard]] int run(const QStringList &arguments);

} // namespace msgsrv::ctl
