// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/daemon.h"

#include "tests/support/wait.h"

#include <QDir>
#include <QFile>
#include <QJsonDocument>

#include <sys/resource.h>
#include <unistd.h>

namespace msgsrv::test {

namespace {

/// The environment without anything that configures a daemon, with directories below @p folder.
QProcessEnvironment cleanEnvironment(const QString &folder)
{
    QProcessEnvironment environment = QProcessEnvironment::systemEnvironment();
    const QStringList names = environment.keys();
    for (const QString &name : names) {
        if (name.startsWith(QLatin1String("MESSAGING_SERVER__")) || name.startsWith(QLatin1String("XDG_")))
            environment.remove(name);
    }
    for (const char *name : {"STATE_DIRECTORY", "RUNTIME_DIRECTORY"}) {
        const QString path = folder + u'/' + QString::fromLatin1(name).section(u'_', 0, 0).toLower();
        QDir().mkpath(path);
        QFile::setPermissions(path, QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner);
        environment.insert(QString::fromLatin1(name), path);
    }
    return environment;
}

QJsonObject readyObject(const QByteArray &out)
{
    const qsizetype end = out.indexOf('\n');
    if (end < 0 || !out.startsWith("ready "))
        return {};
    return QJsonDocument::fromJson(out.mid(6, end - 6)).object();
}

} // namespace

Daemon::Daemon(QStringList settings)
    : m_settings({QStringLiteral("http.listen=127.0.0.1:0"), QStringLiteral("stomp.listen=127.0.0.1:0"),
                  QStringLiteral("internal.listen=127.0.0.1:0"), QStringLiteral("workers=2"),
                  QStringLiteral("drain.spread=0")})
{
    m_settings += settings;
}

void Daemon::setConfiguration(const QByteArray &toml)
{
    m_configFile = write(QStringLiteral("messaging-server.toml"), toml);
}

Daemon::~Daemon()
{
    if (m_process.state() == QProcess::NotRunning)
        return;
    const Ended ended = stop();
    if (ended.exitCode != 0)
        QTest::qFail("the daemon did not end cleanly", __FILE__, __LINE__);
    if (m_process.state() != QProcess::NotRunning) {
        m_process.kill();
        m_process.waitForFinished();
    }
}

void Daemon::limitOpenFiles(quint64 soft, quint64 hard)
{
    m_process.setChildProcessModifier([soft, hard] {
        const rlimit limit{soft, hard};
        ::setrlimit(RLIMIT_NOFILE, &limit);
    });
}

std::chrono::milliseconds Daemon::cpuTime() const
{
    QFile file(QStringLiteral("/proc/%1/stat").arg(pid()));
    if (!file.open(QFile::ReadOnly))
        return {};
    const QByteArray stat = file.readAll();
    // What stands behind the name, which may hold blanks: proc(5) counts from there, utime is the 12th.
    const QByteArrayList fields = stat.mid(stat.lastIndexOf(')') + 2).split(' ');
    const qint64 ticks = fields.value(11).toLongLong() + fields.value(12).toLongLong();
    return std::chrono::milliseconds(ticks * 1000 / ::sysconf(_SC_CLK_TCK));
}

bool Daemon::start()
{
    QStringList arguments;
    for (const QString &setting : std::as_const(m_settings))
        arguments << QStringLiteral("--set") << setting;
    if (!m_configFile.isEmpty())
        arguments << QStringLiteral("--config") << m_configFile;
    QProcessEnvironment environment = cleanEnvironment(m_folder.path());
    for (auto it = m_variables.cbegin(); it != m_variables.cend(); ++it)
        environment.insert(it.key(), it.value());
    m_process.setProcessEnvironment(environment);
    m_out.clear();
    m_process.start(program(), arguments);
    const bool told = waitUntil([this] {
        readOutput();
        m_ready = readyObject(m_out);
        return !m_ready.isEmpty() || m_process.state() == QProcess::NotRunning;
    });
    if (!told || m_ready.isEmpty())
        qWarning("the daemon did not become ready: %s %s\n%s", qPrintable(m_process.errorString()),
                 m_out.constData(), m_err.constData());
    return !m_ready.isEmpty();
}

Daemon::Ended Daemon::stop()
{
    m_process.terminate();
    return waitForEnd();
}

void Daemon::kill()
{
    m_process.kill();
    m_process.waitForFinished();
    readOutput();
}

void Daemon::useFaultyDisk()
{
    // A sanitizer's runtime wants to be the first library, but can live with one before it.
    const QString options = qEnvironmentVariable("ASAN_OPTIONS");
    setVariable(QStringLiteral("ASAN_OPTIONS"), options + QStringLiteral(":verify_asan_link_order=0"));
    setVariable(QStringLiteral("LD_PRELOAD"), QStringLiteral(MSGSRV_FAULTY_DISK));
    setVariable(QStringLiteral("FAULTY_DISK"), m_folder.filePath(QStringLiteral("faults")));
}

void Daemon::setDiskFaults(const QByteArray &lines) const
{
    const QString path = m_folder.filePath(QStringLiteral("faults"));
    if (lines.isEmpty()) {
        QFile::remove(path);
        return;
    }
    // In one step: the daemon looks at it at any time.
    const QString prepared = write(QStringLiteral("faults.new"), lines);
    if (::rename(QFile::encodeName(prepared).constData(), QFile::encodeName(path).constData()) != 0)
        qFatal("cannot make %s", qPrintable(path));
}

QString Daemon::stateFile(const QString &name) const
{
    return m_folder.filePath(QStringLiteral("state/") + name);
}

Daemon::Ended Daemon::waitForEnd()
{
    const bool ended = waitUntil([this] {
        readOutput();
        return m_process.state() == QProcess::NotRunning;
    });
    readOutput();
    const bool exited = ended && m_process.exitStatus() == QProcess::NormalExit;
    if (!exited)
        qWarning("the daemon did not exit by itself:\n%s", m_err.constData());
    else if (m_err.contains("Sanitizer"))
        qWarning("%s", m_err.mid(m_err.indexOf("=====")).constData());
    return {exited ? m_process.exitCode() : -1, m_out, m_err};
}

QByteArray Daemon::log()
{
    readOutput();
    return m_err;
}

QString Daemon::write(const QString &name, const QByteArray &content) const
{
    QFile file(m_folder.filePath(name));
    if (!file.open(QFile::WriteOnly) || file.write(content) != content.size())
        qFatal("cannot write %s", qPrintable(file.fileName()));
    return file.fileName();
}

Daemon::Ended Daemon::run(const QStringList &arguments, const QMap<QString, QString> &environment)
{
    Daemon daemon;
    QProcessEnvironment clean = cleanEnvironment(daemon.m_folder.path());
    for (auto it = environment.begin(); it != environment.end(); ++it)
        clean.insert(it.key(), it.value());
    daemon.m_process.setProcessEnvironment(clean);
    daemon.m_process.start(program(), arguments);
    const bool over = waitUntil([&daemon] {
        daemon.readOutput();
        return daemon.m_process.state() == QProcess::NotRunning || !readyObject(daemon.m_out).isEmpty();
    });
    if (over && daemon.isRunning())
        daemon.m_process.terminate();
    return daemon.waitForEnd();
}

QString Daemon::program()
{
    return QStringLiteral(MSGSRV_DAEMON);
}

QByteArray Daemon::address(const char *listener) const
{
    return m_ready.value(QLatin1String(listener)).toString().toUtf8();
}

void Daemon::readOutput()
{
    m_out += m_process.readAllStandardOutput();
    m_err += m_process.readAllStandardError();
}

} // namespace msgsrv::test
