// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/configloader.h"

#include "server/app/configkeys.h"
#include "server/app/configprinter.h"
#include "tests/server/app/tlsfixture.h"

#include <QFile>
#include <QTemporaryDir>
#include <QTest>

using namespace msgsrv;
using Source = ConfigOrigin::Source;

class TestConfigLoader : public QObject
{
    Q_OBJECT

private slots:
    void theStrongestSourceCounts_data();
    void theStrongestSourceCounts();
    void theLastAssignmentCounts();
    void anOverriddenValueIsNotLookedAt();
    void everyErrorIsToldInTheOrderOfItsPlace();
    void rulesBetweenKeysAreChecked_data();
    void rulesBetweenKeysAreChecked();
    void tlsFilesAreReadAndChecked();
    void frameBeforeLoginIsNeverLargerThanFrame_data();
    void frameBeforeLoginIsNeverLargerThanFrame();
    void ratesOfAnAddressFollowItsConnections_data();
    void ratesOfAnAddressFollowItsConnections();
    void whatIsPrintedIsReadAgain();
    void secretsAreNotPrinted();

private:
    static tl::expected<LoadedConfig, std::vector<ConfigError>> load(const QList<QByteArray> &assignments)
    {
        ConfigSettings sources;
        for (const QByteArray &assignment : assignments)
            readAssignment(assignment.toStdString(), sources);
        return loadConfig(std::move(sources), {4, 4096});
    }
    static QList<QByteArray> errorsOf(const tl::expected<LoadedConfig, std::vector<ConfigError>> &loaded)
    {
        QList<QByteArray> errors;
        if (!loaded) {
            for (const ConfigError &error : loaded.error())
                errors.append(QByteArray::fromStdString(error.toString()));
        }
        return errors;
    }
};

void TestConfigLoader::theStrongestSourceCounts_data()
{
    QTest::addColumn<bool>("file");
    QTest::addColumn<bool>("environment");
    QTest::addColumn<bool>("commandLine");
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("origin");
    QTest::newRow("default") << false << false << false << QByteArray("/ws") << QByteArray("default");
    QTest::newRow("file") << true << false << false << QByteArray("/file") << QByteArray("f.toml:2");
    QTest::newRow("environment") << true << true << false << QByteArray("/environment")
                                 << QByteArray("MESSAGING_SERVER__STOMP__PATH");
    QTest::newRow("command line") << true << true << true << QByteArray("/set") << QByteArray("--set");
    QTest::newRow("command line over file")
        << true << false << true << QByteArray("/set") << QByteArray("--set");
}

void TestConfigLoader::theStrongestSourceCounts()
{
    QFETCH(const bool, file);
    QFETCH(const bool, environment);
    QFETCH(const bool, commandLine);
    QFETCH(const QByteArray, path);
    QFETCH(const QByteArray, origin);
    // The order in which the sources are read does not matter.
    ConfigSettings sources;
    if (commandLine)
        readAssignment("stomp.path=/set", sources);
    if (environment)
        readEnvironment({{"MESSAGING_SERVER__STOMP__PATH", "/environment"}}, sources);
    if (file)
        readToml("[stomp]\npath = \"/file\"\n", "f.toml", sources);
    const auto loaded = loadConfig(std::move(sources), {4, 4096});
    QVERIFY(loaded);
    QCOMPARE(QByteArray::fromStdString(loaded->config.stomp.path), path);
    QCOMPARE(loaded->settings.size(), configKeys().size());
    for (const ConfigSetting &setting : loaded->settings) {
        if (setting.key == "stomp.path")
            QCOMPARE(QByteArray::fromStdString(setting.origin.toString()), origin);
        else
            QVERIFY(setting.origin.source == Source::Default);
    }
}

void TestConfigLoader::theLastAssignmentCounts()
{
    const auto loaded = load({"workers=2", "workers=3"});
    QVERIFY(loaded);
    QCOMPARE(loaded->config.workers, 3);
}

void TestConfigLoader::anOverriddenValueIsNotLookedAt()
{
    ConfigSettings sources;
    readToml("[sessions]\nstore = \"postgresql\"\n", "f.toml", sources);
    readAssignment("sessions.store=memory", sources);
    QVERIFY(loadConfig(std::move(sources), {4, 4096}));
}

void TestConfigLoader::everyErrorIsToldInTheOrderOfItsPlace()
{
    ConfigSettings sources;
    readAssignment("wrkers=4", sources);
    readAssignment("limits.body=x", sources);
    readEnvironment({{"MESSAGING_SERVER__TLS__KY", "x"}, {"MESSAGING_SERVER__LIMITS__HEAD", "1"}}, sources);
    readToml("[sessions]\nstore = \"postgresql\"\n[http]\nlistn = 1\n[broker]\nkind = \"rabbitmq\"\n",
             "f.toml", sources);
    QCOMPARE(
        errorsOf(loadConfig(std::move(sources), {4, 4096})),
        (QList<QByteArray>{
            "f.toml:2: sessions.store = \"postgresql\" is not available yet: sessions are kept in SQLite or "
            "in "
            "memory only.",
            "f.toml:4: http.listn is not a known key; did you mean http.listen?",
            "f.toml:6: broker.kind = \"rabbitmq\" is not available yet: queues are kept by the embedded "
            "broker "
            "only.",
            "MESSAGING_SERVER__TLS__KY: this variable names no known key; did you mean "
            "MESSAGING_SERVER__TLS__KEY (tls.key)?",
            "MESSAGING_SERVER__LIMITS__HEAD: limits.head must be a size, 0 or from 256 to 1GiB, but is 1.",
            "--set: wrkers is not a known key; did you mean workers?",
            "--set: limits.body must be a size like \"64KiB\" or \"1MiB\", but is \"x\".",
        }));
}

void TestConfigLoader::rulesBetweenKeysAreChecked_data()
{
    QTest::addColumn<QList<QByteArray>>("assignments");
    QTest::addColumn<QList<QByteArray>>("errors");
    const auto row = [](const char *name, QList<QByteArray> assignments, QList<QByteArray> errors) {
        QTest::newRow(name) << assignments << errors;
    };
    row("one public port", {"stomp.listen=127.0.0.1:8080"}, {});
    row("every port chosen by the kernel",
        {"http.listen=127.0.0.1:0", "stomp.listen=127.0.0.1:0", "internal.listen=127.0.0.1:0"}, {});
    row("one port, two addresses", {"http.listen=*:8080", "stomp.listen=127.0.0.1:8080"},
        {"--set: stomp.listen (127.0.0.1:8080) and http.listen (*:8080) have the same port; make them the "
         "same address "
         "or give one another port."});
    row("the internal port is the public one", {"internal.listen=127.0.0.1:8080"},
        {"--set: internal.listen (127.0.0.1:8080) is the public address http.listen (127.0.0.1:8080); give "
         "it another "
         "port."});
    row("the internal port is within the public one", {"http.listen=0.0.0.0:8081"},
        {"default: internal.listen (127.0.0.1:8081) is the public address http.listen (0.0.0.0:8081); give "
         "it another "
         "port."});
    row("the internal port is STOMP's", {"internal.listen=127.0.0.1:15674"},
        {"--set: internal.listen (127.0.0.1:15674) is the public address stomp.listen (127.0.0.1:15674); "
         "give it "
         "another port."});
    row("certificate alone", {"tls.certificate=/x"},
        {"--set: tls.certificate is set but tls.key is not; set both or none."});
    row("key alone", {"tls.key=/x"}, {"--set: tls.key is set but tls.certificate is not; set both or none."});
    row("TURN without a secret", {"ice.servers=[\"stun:a\", \"turn:b\"]"},
        {"--set: ice.servers has \"turn:b\", which browsers take with credentials only; set "
         "ice.turn_secret."});
    row("STUN without a secret", {"ice.servers=stun:a"}, {});
}

void TestConfigLoader::rulesBetweenKeysAreChecked()
{
    QFETCH(const QList<QByteArray>, assignments);
    QFETCH(const QList<QByteArray>, errors);
    QCOMPARE(errorsOf(load(assignments)), errors);
}

void TestConfigLoader::tlsFilesAreReadAndChecked()
{
    const QTemporaryDir folder;
    const auto write = [&](const char *name, const QByteArray &content) {
        QFile file(folder.filePath(QString::fromLatin1(name)));
        if (!file.open(QIODevice::WriteOnly) || file.write(content) != content.size())
            qFatal("cannot write a file");
        return file.fileName().toUtf8();
    };
    const fixture::TlsIdentity one("EC");
    const fixture::TlsIdentity other("EC");
    const QByteArray certificate = write("cert.pem", one.certificatePem());
    const QByteArray key = write("key.pem", one.keyPem());
    const QByteArray foreign = write("other.pem", other.keyPem());
    const QByteArray locked = write("locked.pem", one.encryptedKeyPem());
    const auto errorsWith = [&](const QByteArray &c, const QByteArray &k) {
        return errorsOf(load({"tls.certificate=" + c, "tls.key=" + k}));
    };

    const auto good = load({"tls.certificate=" + certificate, "tls.key=" + key});
    QVERIFY(good);
    QVERIFY(good->config.tls.enabled());
    QCOMPARE(good->config.tls.certificatePem, one.certificatePem());
    QCOMPARE(good->config.tls.keyPem, one.keyPem());

    QCOMPARE(errorsWith("/nope/c", "/nope/k"),
             (QList<QByteArray>{
                 "--set: tls.certificate: the file \"/nope/c\" cannot be read: No such file or directory.",
                 "--set: tls.key: the file \"/nope/k\" cannot be read: No such file or directory."}));
    QCOMPARE(errorsWith(key, key),
             QList<QByteArray>{"--set: tls.certificate: the file \"" + key
                               + "\" holds no certificate in PEM form."});
    QCOMPARE(errorsWith(certificate, certificate),
             QList<QByteArray>{"--set: tls.key: the file \"" + certificate
                               + "\" holds no private key in PEM form."});
    QCOMPARE(errorsWith(certificate, locked),
             QList<QByteArray>{"--set: tls.key: the file \"" + locked
                               + "\" holds a private key with a passphrase; store it without one."});
    QCOMPARE(errorsWith(certificate, foreign),
             QList<QByteArray>{"--set: tls.key: the file \"" + foreign
                               + "\" holds another key than that of the certificate \"" + certificate
                               + "\"."});
}

void TestConfigLoader::frameBeforeLoginIsNeverLargerThanFrame_data()
{
    QTest::addColumn<QByteArray>("frame");
    QTest::addColumn<QByteArray>("before");
    QTest::addColumn<qint64>("result");
    QTest::newRow("smaller") << QByteArray("1MiB") << QByteArray("16KiB") << qint64(16384);
    QTest::newRow("larger") << QByteArray("8KiB") << QByteArray("16KiB") << qint64(8192);
    QTest::newRow("unlimited") << QByteArray("8KiB") << QByteArray("0") << qint64(8192);
    QTest::newRow("frame unlimited") << QByteArray("0") << QByteArray("16KiB") << qint64(16384);
    QTest::newRow("both unlimited") << QByteArray("0") << QByteArray("0") << qint64(0);
}

void TestConfigLoader::frameBeforeLoginIsNeverLargerThanFrame()
{
    QFETCH(const QByteArray, frame);
    QFETCH(const QByteArray, before);
    QFETCH(const qint64, result);
    const auto loaded = load({"limits.frame=" + frame, "limits.frame_unauthenticated=" + before});
    QVERIFY(loaded);
    QCOMPARE(qint64(loaded->config.limits.frameUnauthenticated), result);
}

void TestConfigLoader::ratesOfAnAddressFollowItsConnections_data()
{
    QTest::addColumn<QList<QByteArray>>("settings");
    QTest::addColumn<int>("connects");
    QTest::addColumn<int>("exchanges");
    using Settings = QList<QByteArray>;
    QTest::newRow("defaults") << Settings{} << 200 << 5000;
    QTest::newRow("few") << Settings{"limits.connections_per_address=1"} << 1 << 5;
    QTest::newRow("very many") << Settings{"limits.connections_per_address=1000000000"} << 200'000'000
                               << 1'000'000'000;
    QTest::newRow("unlimited") << Settings{"limits.connections_per_address=0"} << 0 << 0;
    QTest::newRow("given") << Settings{"limits.connections_per_address=0", "limits.connects_per_address=7",
                                       "limits.exchanges_per_address=8"}
                           << 7 << 8;
    QTest::newRow("given as none") << Settings{"limits.connects_per_address=0",
                                               "limits.exchanges_per_address=0"}
                                   << 0 << 0;
}

void TestConfigLoader::ratesOfAnAddressFollowItsConnections()
{
    QFETCH(const QList<QByteArray>, settings);
    QFETCH(const int, connects);
    QFETCH(const int, exchanges);
    const auto loaded = load(settings);
    QVERIFY(loaded);
    QCOMPARE(loaded->config.limits.connectsPerAddress, connects);
    QCOMPARE(loaded->config.limits.exchangesPerAddress, exchanges);
}

void TestConfigLoader::whatIsPrintedIsReadAgain()
{
    ConfigSettings sources;
    readToml("workers = 3\n[stomp]\npath = \"/file\"\n", "a\nb [x]\n= .toml", sources);
    readEnvironment({{"MESSAGING_SERVER__NET__TRUSTED_PROXIES", "[\"10.0.0.0/8\", \"::1\"]"}}, sources);
    readAssignment("exchange.require_key=false", sources);
    const auto loaded = loadConfig(std::move(sources), {4, 4096});
    QVERIFY(loaded);
    const std::string printed = printConfig(loaded->settings);
    const QByteArray text = QByteArray::fromStdString(printed);
    QVERIFY(text.contains("\nworkers = 3 # \"a\\nb [x]\\n= .toml\":1\n"));
    QVERIFY(text.contains("\npath = \"/file\" # \"a\\nb [x]\\n= .toml\":3\n"));
    QVERIFY(text.contains("\n[net]\nallowed_origins = [] # default\n"
                          "trusted_proxies = [\"10.0.0.0/8\", \"::1\"] # environment "
                          "MESSAGING_SERVER__NET__TRUSTED_PROXIES\n"));
    QVERIFY(text.contains("\n[exchange]\nrequire_key = false # command line\n"));
    QVERIFY(text.contains("\nlisten = \"127.0.0.1:8080\" # default\n"));

    ConfigSettings again;
    readToml(printed, "printed.toml", again);
    QVERIFY(again.errors.empty());
    QCOMPARE(again.settings.size(), configKeys().size());
    const auto reloaded = loadConfig(std::move(again), {4, 4096});
    QVERIFY(reloaded);
    for (std::size_t i = 0; i < configKeys().size(); ++i) {
        QVERIFY2(reloaded->settings[i].value == loaded->settings[i].value, configKeys()[i].name.data());
        QVERIFY(reloaded->settings[i].origin.source == Source::File);
    }
}

void TestConfigLoader::secretsAreNotPrinted()
{
    const std::string printed = printConfig({{"sessions.store", std::string("postgresql"), {}},
                                             {"sessions.url", std::string("postgresql://u:pass@db/x"), {}},
                                             {"sessions.resume", std::string("ask"), {}}});
    QVERIFY(QByteArray::fromStdString(printed).endsWith("\n[sessions]\n"
                                                        "store = \"postgresql\" # default\n"
                                                        "url = \"***\" # default\n"
                                                        "resume = \"ask\" # default\n"));
    const std::string unset = printConfig({{"sessions.url", std::string(), {}}});
    QVERIFY(QByteArray::fromStdString(unset).endsWith("\nurl = \"\" # default\n"));
}

QTEST_GUILESS_MAIN(TestConfigLoader)
#include "tst_configloader.moc"
