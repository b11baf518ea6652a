// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/localwire.h"
#include "admin-gui/client/wire.h"

#include <QFileSystemWatcher>
#include <QProcess>
#include <QTemporaryDir>

#include <memory>

namespace msgsrv::console {

/// A daemon's local socket on another machine, brought here by the system's ssh: keys, agent and
/// configuration are those of the user.
struct SshAccess
{
    QString host{}; ///< as ssh takes it: a name of its configuration, or user@host
    QString socket{}; ///< path there; empty: that of the system's service

    [[nodiscard]] QString socketPath() const;
    /// Whether ssh would take the host for a host: not empty, no option, no blanks.
    [[nodiscard]] bool isValid() const;
    /// What ssh is called with, so that @p local becomes the socket here.
    [[nodiscard]] QStringList arguments(const QString &local) const;

    bool operator==(const SshAccess &other) const = default;
};

/// Runs ssh as long as the wire is open. ssh may ask for a passphrase by its own means (SSH_ASKPASS).
class SshWire : public Wire
{
    Q_OBJECT

public:
    /// @p program is ssh, but in tests.
    explicit SshWire(SshAccess access, QString program = QStringLiteral("ssh"));
    ~SshWire() override;

    void open() override;
    void send(const QByteArray &bytes) override;
    void close() override;

private:
    void connectWhenThere();
    void ended();

    SshAccess m_access;
    QString m_program;
    QTemporaryDir m_folder; ///< mode 0700, with the socket in it
    QFileSystemWatcher m_watcher;
    QProcess m_ssh;
    std::unique_ptr<LocalWire> m_local;
};

} // namespace msgsrv::console
