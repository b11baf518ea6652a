// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace msgsrv::console::command {

/// Command lines for a shell that do or show what the console does or shows: `messagingctl` with everything
/// quoted that a shell would read otherwise.

/// One word of a POSIX shell.
[[nodiscard]] QString quoted(const QString &word);
[[nodiscard]] QString table(const QString &name, const QString &filter, const QString &sort);
[[nodiscard]] QString closeSession(const QString &id, const QString &reason);
[[nodiscard]] QString purgeQueue(const QString &id, const QString &reason);
[[nodiscard]] QString peekQueue(const QString &id);
[[nodiscard]] QString flow(const QString &filter);
[[nodiscard]] QString logTail(const QString &level, const QString &pattern);
[[nodiscard]] QString series(const QString &name, int seconds);
[[nodiscard]] QString status();

} // namespace msgsrv::console::command
