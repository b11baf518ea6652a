// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QProcessEnvironment>
#include <QString>

#include <tl/expected.hpp>

namespace msgsrv {

/// A folder of ours, which may not exist yet.
struct Directory
{
    QString path; ///< absolute, without a final slash
    /// It was made by systemd for the unit, which chose its owner and mode. Else it is ours alone.
    bool managed = false;
};

/// Where the state lives that outlasts the process: the first of $STATE_DIRECTORY (several: its first),
/// $XDG_STATE_HOME/messaging-server, <temporary directory>/messaging-server-<user id>. A variable whose value
/// is no absolute path is passed over. The daemon, the console and messagingctl look in this order.
[[nodiscard]] Directory stateDirectory(const QProcessEnvironment &environment
                                       = QProcessEnvironment::systemEnvironment());

/// Where sockets live: the first of $RUNTIME_DIRECTORY, $XDG_RUNTIME_DIR/messaging-server, <temporary
/// directory>/messaging-server-<user id>.
[[nodiscard]] Directory runtimeDirectory(const QProcessEnvironment &environment
                                         = QProcessEnvironment::systemEnvironment());

/// Makes @p directory when it is missing, with mode 0700 and with its parents. One that is not managed must
/// be a real folder (no symbolic link) that belongs to this user and that nobody else can enter. The error is
/// one sentence without a full stop. Blocks on the file system; for the start of a program.
[[nodiscard]] tl::expected<void, QString> prepareDirectory(const Directory &directory);

} // namespace msgsrv
