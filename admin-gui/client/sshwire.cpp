// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/client/sshwire.h"

#include <QFileInfo>

#include <utility>

namespace msgsrv::console {

namespace {
constexpr int patience = 2000; // ms, for ssh to end
} // namespace

QString SshAccess::socketPath() const
{
    return socket.isEmpty() ? QStringLiteral("/run/messaging-server/management.sock") : socket;
}

bool SshAccess::isValid() const
{
    return !host.isEmpty() && !host.startsWith(QLatin1Char('-')) && host.simplified() == host
        && !host.contains(QLatin1Char(' ')) && !socketPath().contains(QLatin1Char(':'))
        && socketPath().startsWith(QLatin1Char('/'));
}

QStringList SshAccess::arguments(const QString &local) const
{
    return {QStringLiteral("-N"), QStringLiteral("-T"),
            QStringLiteral("-o"), QStringLiteral("ExitOnForwardFailure=yes"),
            QStringLiteral("-o"), QStringLiteral("ConnectTimeout=10"),
            QStringLiteral("-o"), QStringLiteral("ServerAliveInterval=15"),
            QStringLiteral("-L"), local + QLatin1Char(':') + socketPath(),
            QStringLiteral("--"), host};
}

SshWire::SshWire(SshAccess access, QString program)
    : m_access(std::move(access))
    , m_program(std::move(program))
{
    connect(&m_watcher, &QFileSystemWatcher::directoryChanged, this, &SshWire::connectWhenThere);
    connect(&m_ssh, &QProcess::finished, this, &SshWire::ended, Qt::QueuedConnection);
    connect(
        &m_ssh, &QProcess::errorOccurred, this,
        [this](QProcess::ProcessError error) {
            if (error == QProcess::FailedToStart)
                emit closed(tr("ssh cannot be started: %1").arg(m_ssh.errorString()));
        },
        Qt::QueuedConnection);
}

SshWire::~SshWire()
{
    SshWire::close();
}

void SshWire::open()
{
    if (!m_access.isValid() || !m_folder.isValid()) {
        QMetaObject::invokeMethod(
            this, [this] { emit closed(tr("\"%1\" is no host for ssh").arg(m_access.host)); },
            Qt::QueuedConnection);
        return;
    }
    m_watcher.addPath(m_folder.path());
    m_ssh.setProcessChannelMode(QProcess::SeparateChannels);
    m_ssh.setStandardInputFile(QProcess::nullDevice());
    m_ssh.start(m_program, m_access.arguments(m_folder.filePath(QStringLiteral("s"))));
}

void SshWire::connectWhenThere()
{
    const QString path = m_folder.filePath(QStringLiteral("s"));
    if (m_local || !QFileInfo::exists(path))
        return;
    m_local = std::make_unique<LocalWire>(path);
    connect(m_local.get(), &Wire::opened, this, &Wire::opened);
    connect(m_local.get(), &Wire::received, this, &Wire::received);
    // ssh listens here whether or not somebody does there: then it closes what it accepted.
    connect(m_local.get(), &Wire::closed, this, [this] {
        emit closed(
            tr("%1 on %2 cannot be reached, or was closed").arg(m_access.socketPath(), m_access.host));
    });
    m_local->open();
}

void SshWire::ended()
{
    const QStringList lines
        = QString::fromLocal8Bit(m_ssh.readAllStandardError()).split(QLatin1Char('\n'), Qt::SkipEmptyParts);
    const QString last = lines.isEmpty() ? tr("exit code %1").arg(m_ssh.exitCode()) : lines.last().trimmed();
    emit closed(tr("ssh ended: %1").arg(last));
}

void SshWire::send(const QByteArray &bytes)
{
    if (m_local)
        m_local->send(bytes);
}

void SshWire::close()
{
    m_watcher.disconnect(this);
    m_ssh.disconnect(this);
    if (m_local) {
        m_local->disconnect(this);
        m_local->close();
    }
    if (m_ssh.state() == QProcess::NotRunning)
        return;
    m_ssh.terminate();
    if (!m_ssh.waitForFinished(patience))
        m_ssh.kill();
}

} // namespace msgsrv::console
