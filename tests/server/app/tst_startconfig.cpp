// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/startconfig.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

#include <cstdlib>

using namespace msgsrv;
using Strings = std::vector<std::string>;

class TestStartConfig : public QObject
{
    Q_OBJECT

private slots:
    void init();

    void runsWithDefaultsAlone();
    void readsTheDefaultFileWhenItExists();
    void theNamedFileReplacesTheDefaultOne();
    void aNamedFileHasToExist();
    void aDefaultFileThatCannotBeReadIsAnError();
    void everySourceIsJoined();
    void checkConfigEndsWithZeroOrTwo();
    void printConfigEndsWithTwoWhenSomethingIsWrong();
    void versionAndHelpNeedNoConfiguration();
    void wrongArgumentsEndWithTwo();
    void argumentsOfMainAreRead();
    void variablesOfTheProcessAreRead();
    void exitCodesAreThoseOfTheContract();

private:
    QByteArray write(const char *name, const QByteArray &content)
    {
        QFile file(m_folder->filePath(QString::fromLatin1(name)));
        if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size())
            qFatal("cannot write a file");
        return file.fileName().toUtf8();
    }
    const Config *run(const Strings &arguments)
    {
        m_start = startConfig(arguments, m_surroundings);
        const auto *loaded = std::get_if<LoadedConfig>(&m_start);
        return loaded ? &loaded->config : nullptr;
    }
    Farewell end(const Strings &arguments)
    {
        m_start = startConfig(arguments, m_surroundings);
        const auto *farewell = std::get_if<Farewell>(&m_start);
        return farewell ? *farewell : Farewell{ExitCode::StartFailure, "it would run", "it would run"};
    }

    std::unique_ptr<QTemporaryDir> m_folder;
    Surroundings m_surroundings;
    std::variant<LoadedConfig, Farewell> m_start;
};

void TestStartConfig::init()
{
    m_folder = std::make_unique<QTemporaryDir>();
    m_surroundings = {};
    m_surroundings.defaultFile = m_folder->filePath(QStringLiteral("default.toml")).toStdString();
    m_surroundings.facts = {4, 4096};
}

void TestStartConfig::runsWithDefaultsAlone()
{
    const Config *config = run({});
    QVERIFY(config);
    QCOMPARE(config->stomp.path, std::string("/ws"));
    QCOMPARE(config->workers, 4);
    QCOMPARE(config->limits.connections, 4096 - 128);
}

void TestStartConfig::readsTheDefaultFileWhenItExists()
{
    write("default.toml", "[stomp]\npath = \"/default\"\n");
    const Config *config = run({});
    QVERIFY(config);
    QCOMPARE(config->stomp.path, std::string("/default"));
}

void TestStartConfig::theNamedFileReplacesTheDefaultOne()
{
    write("default.toml", "[stomp]\npath = \"/default\"\n[limits]\nbody = 1\n");
    const QByteArray named = write("named.toml", "[stomp]\npath = \"/named\"\n");
    const Config *config = run({"--config", named.toStdString()});
    QVERIFY(config);
    QCOMPARE(config->stomp.path, std::string("/named"));
    QCOMPARE(config->limits.body, 256 * 1024);
}

void TestStartConfig::aNamedFileHasToExist()
{
    const Farewell farewell = end({"--config", "/nonexistent/a.toml"});
    QCOMPARE(farewell.code, ExitCode::Configuration);
    QCOMPARE(farewell.err,
             std::string("messaging-server: /nonexistent/a.toml: this file cannot be read: No such file or "
                         "directory.\n"));
    QCOMPARE(farewell.out, std::string());
}

void TestStartConfig::aDefaultFileThatCannotBeReadIsAnError()
{
    m_surroundings.defaultFile = m_folder->path().toStdString(); // a folder
    const Farewell farewell = end({});
    QCOMPARE(farewell.code, ExitCode::Configuration);
    QVERIFY(QByteArray::fromStdString(farewell.err).contains(": this file cannot be read: "));
}

void TestStartConfig::everySourceIsJoined()
{
    write("default.toml", "workers = 2\n[stomp]\npath = \"/file\"\nheaders = 10\n");
    m_surroundings.environment
        = {{"MESSAGING_SERVER__STOMP__PATH", "/environment"}, {"MESSAGING_SERVER__WORKERS", "3"}};
    const Config *config = run({"--set", "workers=5"});
    QVERIFY(config);
    QCOMPARE(config->workers, 5);
    QCOMPARE(config->stomp.path, std::string("/environment"));
    QCOMPARE(config->stomp.headers, 10);
}

void TestStartConfig::checkConfigEndsWithZeroOrTwo()
{
    Farewell farewell = end({"--check-config"});
    QCOMPARE(farewell.code, ExitCode::Clean);
    QCOMPARE(farewell.out, std::string("The configuration is good.\n"));
    QCOMPARE(farewell.err, std::string());

    const QByteArray file = write("bad.toml", "[http]\nlistn = 1\n\n[limits]\nbody = \"64kb\"\n");
    m_surroundings.environment = {{"MESSAGING_SERVER__WORKER", "3"}};
    farewell = end({"--check-config", "--config", file.toStdString(), "--set", "broker.kind=rabbitmq"});
    QCOMPARE(farewell.code, ExitCode::Configuration);
    QCOMPARE(farewell.out, std::string());
    QCOMPARE(
        QByteArray::fromStdString(farewell.err),
        QByteArray(
            "messaging-server: " + file
            + ":2: http.listn is not a known key; did you mean http.listen?\n"
              "messaging-server: "
            + file
            + ":5: limits.body must be a size like \"64KiB\" or \"1MiB\", but is \"64kb\".\n"
              "messaging-server: MESSAGING_SERVER__WORKER: this variable names no known key; did you mean "
              "MESSAGING_SERVER__WORKERS (workers)?\n"
              "messaging-server: --set: broker.kind = \"rabbitmq\" is not available yet: queues are kept "
              "by the embedded broker only.\n"));
}

void TestStartConfig::printConfigEndsWithTwoWhenSomethingIsWrong()
{
    Farewell farewell = end({"--print-config", "--set", "workers=7"});
    QCOMPARE(farewell.code, ExitCode::Clean);
    QVERIFY(QByteArray::fromStdString(farewell.out).contains("\nworkers = 7 # command line\n"));
    QCOMPARE(farewell.err, std::string());

    farewell = end({"--print-config", "--set", "workers=x"});
    QCOMPARE(farewell.code, ExitCode::Configuration);
    QCOMPARE(farewell.out, std::string());
    QCOMPARE(farewell.err,
             std::string(
                 "messaging-server: --set: workers must be \"auto\" or a whole number, from 1 to 256, but is "
                 "\"x\".\n"));
}

void TestStartConfig::versionAndHelpNeedNoConfiguration()
{
    write("default.toml", "this is broken");
    QCOMPARE(end({"--version"}).code, ExitCode::Clean);
    QCOMPARE(end({"--version"}).out, std::string("messaging-server " MSGSRV_VERSION "\n"));
    QCOMPARE(end({"--help"}).code, ExitCode::Clean);
    QVERIFY(end({"--help"}).out.rfind("Usage: messaging-server", 0) == 0);
    QCOMPARE(end({}).code, ExitCode::Configuration);
}

void TestStartConfig::wrongArgumentsEndWithTwo()
{
    const Farewell farewell = end({"--chek-config", "x"});
    QCOMPARE(farewell.code, ExitCode::Configuration);
    QCOMPARE(
        farewell.err,
        std::string("messaging-server: --chek-config is not a known option; did you mean --check-config?\n"
                    "messaging-server: x is one argument too many; a configuration file is given with "
                    "--config.\n"));
}

void TestStartConfig::argumentsOfMainAreRead()
{
    const char *const arguments[] = {"messaging-server", "--version", nullptr};
    const auto start = startConfig(2, arguments);
    const auto *farewell = std::get_if<Farewell>(&start);
    QVERIFY(farewell);
    QCOMPARE(farewell->out, std::string("messaging-server " MSGSRV_VERSION "\n"));

    const char *const none[] = {nullptr};
    const auto empty = startConfig(0, none); // runs, or tells what is wrong with this machine's own file
    QVERIFY(std::holds_alternative<LoadedConfig>(empty) || std::get<Farewell>(empty).code != ExitCode::Clean);
}

void TestStartConfig::variablesOfTheProcessAreRead()
{
    ::setenv("MESSAGING_SERVER__STOMP__PATH", "/from=environ", 1);
    const Surroundings own = Surroundings::ofProcess();
    ::unsetenv("MESSAGING_SERVER__STOMP__PATH");
    QVERIFY(std::find(own.environment.begin(), own.environment.end(),
                      std::pair<std::string, std::string>("MESSAGING_SERVER__STOMP__PATH", "/from=environ"))
            != own.environment.end());
    QCOMPARE(own.defaultFile, std::string("/etc/messaging-server/messaging-server.toml"));
}

void TestStartConfig::exitCodesAreThoseOfTheContract()
{
    QCOMPARE(int(ExitCode::Clean), 0);
    QCOMPARE(int(ExitCode::Configuration), 2);
    QCOMPARE(int(ExitCode::CannotListen), 3);
    QCOMPARE(int(ExitCode::Storage), 4);
    QCOMPARE(int(ExitCode::StartFailure), 5);
}

QTEST_GUILESS_MAIN(TestStartConfig)
#include "tst_startconfig.moc"
