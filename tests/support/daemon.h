// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QJsonObject>
#include <QMap>
#include <QProcess>
#include <QStringList>
#include <QTemporaryDir>

#include <chrono>

namespace msgsrv::test {

/// The real daemon of this build as a child process, in state and runtime directories of its own, listening
/// on ports that the kernel chooses. When the object goes the daemon is stopped; the test fails when it then
/// ends with anything but 0 (a sanitizer's report, for one). One that does not end is killed by its pid.
class Daemon
{
public:
    /// How a run of the program ended.
    struct Ended
    {
        int exitCode = -1; ///< -1: a signal ended it, or it did not end
        QByteArray out;
        QByteArray err;
    };

    /// @p settings are `section.key=value`, given with --set after those that choose free ports.
    explicit Daemon(QStringList settings = {});
    ~Daemon();
    Daemon(const Daemon &) = delete;
    Daemon &operator=(const Daemon &) = delete;

    /// Makes the next start() one with these limits of open files (RLIMIT_NOFILE).
    void limitOpenFiles(quint64 soft, quint64 hard);
    /// Makes the next start() one with this variable in its environment.
    void setVariable(const QString &name, const QString &value) { m_variables.insert(name, value); }
    /// Makes the next start() one whose files fail on demand: see setDiskFaults().
    void useFaultyDisk();
    /// From now on the calls fail that @p lines name (tests/support/faultydisk); empty: the disk is well.
    void setDiskFaults(const QByteArray &lines) const;
    /// Starts it, also once more after its end, with the same state, and waits for its ready line; false when
    /// it ended before, or never said it.
    [[nodiscard]] bool start();
    /// Makes @p toml, written to a file, the configuration of the next start(); its keys give way to
    /// settings.
    void setConfiguration(const QByteArray &toml);
    /// SIGTERM, and waits for the end.
    Ended stop();
    /// SIGKILL: it ends without knowing it.
    void kill();
    /// Waits until it ends by itself.
    Ended waitForEnd();

    [[nodiscard]] bool isRunning() const { return m_process.state() == QProcess::Running; }
    [[nodiscard]] qint64 pid() const { return m_process.processId(); }
    /// User and system time that it has used so far.
    [[nodiscard]] std::chrono::milliseconds cpuTime() const;
    /// Everything that it wrote to stderr so far.
    [[nodiscard]] QByteArray log();
    /// What the ready line told, and `host:port` of the listeners in it.
    [[nodiscard]] QJsonObject ready() const { return m_ready; }
    [[nodiscard]] QByteArray http() const { return address("http"); }
    [[nodiscard]] QByteArray stomp() const { return address("stomp"); }
    [[nodiscard]] QByteArray internal() const { return address("internal"); }

    /// A path in the folder of its state.
    [[nodiscard]] QString stateFile(const QString &name) const;
    /// The folder of this daemon's files, for tests that write a configuration or a certificate.
    [[nodiscard]] QString folder() const { return m_folder.path(); }
    /// Writes a file into folder() and returns its path.
    QString write(const QString &name, const QByteArray &content) const;

    /// Runs the program with these arguments alone until it ends by itself, e.g. `--check-config`.
    /// It is ended by SIGTERM when it has said that it is ready. @p environment is added to the clean one.
    static Ended run(const QStringList &arguments, const QMap<QString, QString> &environment = {});

    /// The path of the program.
    static QString program();

private:
    [[nodiscard]] QByteArray address(const char *listener) const;
    void readOutput();

    QTemporaryDir m_folder;
    QStringList m_settings;
    QString m_configFile;
    QMap<QString, QString> m_variables;
    QProcess m_process;
    QByteArray m_out;
    QByteArray m_err;
    QJsonObject m_ready;
};

} // namespace msgsrv::test
