// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/daemon.h"
#include "tests/support/httpclient.h"
#include "tests/support/wait.h"

#include <QFile>
#include <QJsonDocument>
#include <QRegularExpression>
#include <QTcpServer>
#include <QTemporaryDir>

#include <csignal>

using namespace msgsrv::test;

/// The daemon as a process: command line, configuration, exit codes, what it writes.
class TestProcess : public QObject
{
    Q_OBJECT

private slots:
    void readyLineNamesTheRealPorts();
    void signalEndsItCleanly_data();
    void signalEndsItCleanly();
    void versionAndHelp();
    void badCommandLineIsRefused_data();
    void badCommandLineIsRefused();
    void badConfigurationIsRefusedWithAHint_data();
    void badConfigurationIsRefusedWithAHint();
    void everyErrorIsToldAtOnce();
    void errorInAFileNamesTheLine();
    void goodConfigurationIsChecked();
    void settingBeatsEnvironmentBeatsFile();
    void secretsArePrintedAsStars();
    void portInUse_data();
    void portInUse();
    void logLinesAreJsonWhenAsked();
};

namespace {

const QString set = QStringLiteral("--set");
const QString check = QStringLiteral("--check-config");

QString write(const QTemporaryDir &folder, const QByteArray &toml)
{
    QFile file(folder.filePath(QStringLiteral("server.toml")));
    if (!file.open(QFile::WriteOnly) || file.write(toml) != toml.size())
        qFatal("cannot write the configuration");
    return file.fileName();
}

} // namespace

void TestProcess::readyLineNamesTheRealPorts()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    for (const QByteArray &address : {daemon.http(), daemon.stomp(), daemon.internal()}) {
        QVERIFY2(address.startsWith("127.0.0.1:") && !address.endsWith(":0"), address.constData());
        QVERIFY(HttpClient(address).request(httpRequest("GET", "/nothing", address)).status > 0);
    }
    const Daemon::Ended ended = daemon.stop();
    QCOMPARE(ended.exitCode, 0);
    QCOMPARE(ended.out.count('\n'), 1); // the ready line is all that comes on stdout
}

void TestProcess::signalEndsItCleanly_data()
{
    QTest::addColumn<int>("signal");
    QTest::newRow("SIGTERM") << SIGTERM;
    QTest::newRow("SIGINT") << SIGINT;
}

void TestProcess::signalEndsItCleanly()
{
    QFETCH(const int, signal);
    Daemon daemon;
    QVERIFY(daemon.start());
    HttpClient idle(daemon.http());
    QCOMPARE(::kill(pid_t(daemon.pid()), signal), 0);
    QCOMPARE(daemon.waitForEnd().exitCode, 0);
}

void TestProcess::versionAndHelp()
{
    const Daemon::Ended version = Daemon::run({QStringLiteral("--version")});
    QCOMPARE(version.exitCode, 0);
    QVERIFY(version.out.startsWith("messaging-server " MSGSRV_VERSION));
    const Daemon::Ended help = Daemon::run({QStringLiteral("--help")});
    QCOMPARE(help.exitCode, 0);
    for (const char *option : {"--config", "--set", "--check-config", "--print-config", "--version"})
        QVERIFY2(help.out.contains(option), option);
}

void TestProcess::badCommandLineIsRefused_data()
{
    QTest::addColumn<QStringList>("arguments");
    QTest::newRow("unknown option") << QStringList{QStringLiteral("--no-such-option")};
    QTest::newRow("a word") << QStringList{QStringLiteral("word")};
    QTest::newRow("--set alone") << QStringList{set};
    QTest::newRow("--set without =") << QStringList{set, QStringLiteral("http.listen")};
    QTest::newRow("no such file") << QStringList{QStringLiteral("--config"),
                                                 QStringLiteral("/nonexistent.toml")};
}

void TestProcess::badCommandLineIsRefused()
{
    QFETCH(const QStringList, arguments);
    const Daemon::Ended ended = Daemon::run(arguments);
    QCOMPARE(ended.exitCode, 2);
    QVERIFY(ended.out.isEmpty());
    QVERIFY(!ended.err.trimmed().isEmpty());
}

void TestProcess::badConfigurationIsRefusedWithAHint_data()
{
    QTest::addColumn<QString>("setting");
    QTest::addColumn<QByteArray>("hint"); // in the message
    const auto row = [](const char *setting, const char *hint) {
        QTest::newRow(setting) << QString::fromLatin1(setting) << QByteArray(hint);
    };
    row("htpt.listen=127.0.0.1:0", "http.listen");
    row("http.listne=127.0.0.1:0", "http.listen");
    row("limits.bodyy=1KiB", "limits.body");
    row("http.listen=nonsense", "http.listen");
    row("http.listen=127.0.0.1:99999", "http.listen");
    row("sessions.unacked_ttl=soon", "sessions.unacked_ttl");
    row("sessions.unacked_ttl=-1s", "sessions.unacked_ttl");
    row("limits.body=5 apples", "limits.body");
    row("exchange.require_key=maybe", "exchange.require_key");
    row("sessions.store=postgres", "postgresql");
    row("sessions.store=postgresql", "sessions.store");
    row("broker.kind=rabbitmq", "broker.kind");
    row("stomp.path=ws", "stomp.path");
    row("net.trusted_proxies=[\"10.0.0.0/99\"]", "net.trusted_proxies");
    row("tls.certificate=/nonexistent.pem", "tls");
    row("workers=-1", "workers");
}

void TestProcess::badConfigurationIsRefusedWithAHint()
{
    QFETCH(const QString, setting);
    QFETCH(const QByteArray, hint);
    for (const bool checkOnly : {true, false}) {
        QStringList arguments{set, QStringLiteral("http.listen=127.0.0.1:0"),
                              set, QStringLiteral("stomp.listen=127.0.0.1:0"),
                              set, QStringLiteral("internal.listen=127.0.0.1:0"),
                              set, setting};
        if (checkOnly)
            arguments << check;
        const Daemon::Ended ended = Daemon::run(arguments);
        QCOMPARE(ended.exitCode, 2);
        QVERIFY(ended.out.isEmpty());
        QVERIFY2(ended.err.contains(hint), ended.err.constData());
    }
}

void TestProcess::everyErrorIsToldAtOnce()
{
    const Daemon::Ended ended
        = Daemon::run({check, set, QStringLiteral("http.listen=x"), set, QStringLiteral("limits.head=y"), set,
                       QStringLiteral("no.such=z")});
    QCOMPARE(ended.exitCode, 2);
    for (const char *name : {"http.listen", "limits.head", "no.such"})
        QVERIFY2(ended.err.contains(name), ended.err.constData());
}

void TestProcess::errorInAFileNamesTheLine()
{
    const QTemporaryDir folder;
    const QString file
        = write(folder, "[http]\nlisten = \"127.0.0.1:0\"\n\n[limits]\nbody = 5.5\nframes = \"1MiB\"\n");
    const Daemon::Ended ended = Daemon::run({check, QStringLiteral("--config"), file});
    QCOMPARE(ended.exitCode, 2);
    QVERIFY2(ended.err.contains("server.toml:5") && ended.err.contains("limits.body"), ended.err.constData());
    QVERIFY2(ended.err.contains("server.toml:6") && ended.err.contains("limits.frame"),
             ended.err.constData());

    const QString broken = write(folder, "[http\n");
    const Daemon::Ended syntax = Daemon::run({check, QStringLiteral("--config"), broken});
    QCOMPARE(syntax.exitCode, 2);
    QVERIFY2(syntax.err.contains("server.toml:1"), syntax.err.constData());
}

void TestProcess::goodConfigurationIsChecked()
{
    const QTemporaryDir folder;
    const QString file
        = write(folder,
                "workers = 2\n[http]\nlisten = \"127.0.0.1:0\"\n[sessions]\nunacked_ttl = \"90s\"\n"
                "[limits]\nbody = \"64KiB\"\nconnections = 0\n[net]\ntrusted_proxies = [\"10.0.0.0/8\"]\n");
    const Daemon::Ended ended = Daemon::run({check, QStringLiteral("--config"), file});
    QVERIFY2(ended.exitCode == 0, ended.err.constData());
}

void TestProcess::settingBeatsEnvironmentBeatsFile()
{
    const QTemporaryDir folder;
    const QString file = write(folder, "[limits]\nbody = \"1KiB\"\nhead = \"2KiB\"\nframe = \"3KiB\"\n");
    const Daemon::Ended ended
        = Daemon::run({QStringLiteral("--print-config"), QStringLiteral("--config"), file, set,
                       QStringLiteral("limits.body=11KiB")},
                      {{QStringLiteral("MESSAGING_SERVER__LIMITS__BODY"), QStringLiteral("21KiB")},
                       {QStringLiteral("MESSAGING_SERVER__LIMITS__HEAD"), QStringLiteral("22KiB")}});
    QCOMPARE(ended.exitCode, 0);
    const auto line = [&](const char *key) {
        // Each value stands on a line of its own with its origin.
        const QList<QByteArray> lines = ended.out.split('\n');
        for (const QByteArray &text : lines) {
            if (text.startsWith(QByteArray(key) + ' '))
                return text;
        }
        return QByteArray();
    };
    QVERIFY2(line("body").contains("11KiB") && line("body").contains("command line"), ended.out.constData());
    QVERIFY2(line("head").contains("22KiB") && line("head").contains("MESSAGING_SERVER__LIMITS__HEAD"),
             ended.out.constData());
    QVERIFY2(line("frame").contains("3KiB") && line("frame").contains("server.toml"), ended.out.constData());
    QVERIFY2(line("send_stall").contains("10s") && line("send_stall").contains("default"),
             ended.out.constData());

    const Daemon::Ended unknown
        = Daemon::run({check}, {{QStringLiteral("MESSAGING_SERVER__LIMITS__BODI"), QStringLiteral("1KiB")}});
    QCOMPARE(unknown.exitCode, 2);
    QVERIFY2(unknown.err.contains("MESSAGING_SERVER__LIMITS__BODI"), unknown.err.constData());
}

void TestProcess::secretsArePrintedAsStars()
{
    const QTemporaryDir folder;
    const QString file = write(folder, "[sessions]\nurl = \"postgresql://u:hunter2@db/x\"\n");
    const Daemon::Ended ended
        = Daemon::run({QStringLiteral("--print-config"), QStringLiteral("--config"), file});
    QVERIFY(!ended.out.contains("hunter2"));
    QVERIFY(!ended.err.contains("hunter2"));
    QVERIFY2((ended.out + ended.err).contains("***"), ended.err.constData());
}

void TestProcess::portInUse_data()
{
    QTest::addColumn<QString>("key");
    QTest::addColumn<bool>("byAnotherDaemon");
    for (const char *key : {"http.listen", "stomp.listen", "internal.listen"}) {
        QTest::addRow("%s, a stranger's", key) << QString::fromLatin1(key) << false;
        QTest::addRow("%s, another daemon's", key) << QString::fromLatin1(key) << true;
    }
}

void TestProcess::portInUse()
{
    QFETCH(const QString, key);
    QFETCH(const bool, byAnotherDaemon);
    QTcpServer stranger;
    Daemon another;
    QByteArray address;
    if (byAnotherDaemon) {
        QVERIFY(another.start());
        address = another.ready().value(key.section(u'.', 0, 0)).toString().toUtf8();
    } else {
        QVERIFY(stranger.listen(QHostAddress::LocalHost));
        address = "127.0.0.1:" + QByteArray::number(stranger.serverPort());
    }
    Daemon second({key + u'=' + QString::fromLatin1(address)});
    QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("did not become ready")));
    QVERIFY(!second.start());
    const Daemon::Ended ended = second.waitForEnd();
    QCOMPARE(ended.exitCode, 3);
    QVERIFY(ended.out.isEmpty());
    QVERIFY2(ended.err.contains(address.mid(address.lastIndexOf(':') + 1)), ended.err.constData());
}

void TestProcess::logLinesAreJsonWhenAsked()
{
    Daemon daemon({QStringLiteral("log.format=json")});
    QVERIFY(daemon.start());
    QCOMPARE(postForm(daemon.http(), "/connect", {{"userId", "a\"b\\c"}}).status, 200);
    const Daemon::Ended ended = daemon.stop();
    QCOMPARE(ended.exitCode, 0);
    const QList<QByteArray> lines = ended.err.trimmed().split('\n');
    for (const QByteArray &line : lines)
        QVERIFY2(QJsonDocument::fromJson(line).isObject(), line.constData());
}

QTEST_GUILESS_MAIN(TestProcess)
#include "tst_process.moc"
