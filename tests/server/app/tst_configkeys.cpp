// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/configkeys.h"

#include <QFile>
#include <QSet>
#include <QTemporaryFile>
#include <QTest>

using namespace msgsrv;
using namespace std::chrono_literals;
using List = std::vector<std::string>;

Q_DECLARE_METATYPE(msgsrv::ConfigValue)

class TestConfigKeys : public QObject
{
    Q_OBJECT

private slots:
    void namesAreUniqueAndSectionsTogether();
    void everyDefaultIsGood();
    void defaultsAreThoseOfTheContract();
    void automaticValuesComeFromTheSystem();
    void environmentNames();
    void goodValuesAreTaken_data();
    void goodValuesAreTaken();
    void badValuesAreRefused_data();
    void badValuesAreRefused();
    void zeroIsTakenWhereItMeansSomething();
    void aListReplacesTheOneBefore();
    void theTurnSecretIsWhatItsFileHolds();
    void aSecretIsNotRepeated();

private:
    QByteArray store(const char *name, const ConfigValue &value)
    {
        const ConfigKey *key = findKey(name);
        if (!key)
            return "no such key";
        const auto stored = storeValue(*key, value, m_facts, m_config);
        return stored ? QByteArray() : name + QByteArray::fromStdString(stored.error());
    }

    const SystemFacts m_facts{8, 20000};
    Config m_config;
};

void TestConfigKeys::namesAreUniqueAndSectionsTogether()
{
    QSet<QByteArray> names;
    QList<QByteArray> sections;
    for (const ConfigKey &key : configKeys()) {
        const QByteArray name(key.name.data(), qsizetype(key.name.size()));
        const QByteArray section(key.section().data(), qsizetype(key.section().size()));
        QVERIFY2(!names.contains(name), name.constData());
        names.insert(name);
        QVERIFY2(!name.contains("__"), name.constData()); // two underscores are the dot of a variable's name
        if (sections.isEmpty() || sections.last() != section) {
            QVERIFY2(!sections.contains(section), section.constData());
            sections.append(section);
        }
        QVERIFY(!key.meaning.empty() && key.meaning.back() != '.');
    }
    // In a file, what follows a section's head belongs to it.
    QCOMPARE(sections.first(), QByteArray());
}

void TestConfigKeys::everyDefaultIsGood()
{
    for (const ConfigKey &key : configKeys()) {
        const auto value = parseTomlValue(key.defaultValue);
        QVERIFY(value);
        QCOMPARE(toToml(*value), std::string(key.defaultValue));
        Config config;
        QVERIFY2(storeValue(key, *value, m_facts, config), key.name.data());
    }
}

void TestConfigKeys::defaultsAreThoseOfTheContract()
{
    const Config config = defaultConfig(m_facts);
    QCOMPARE(config.http.listen.toString(), std::string("127.0.0.1:8080"));
    QCOMPARE(config.stomp.listen.toString(), std::string("127.0.0.1:15674"));
    QCOMPARE(config.internal.listen.toString(), std::string("127.0.0.1:8081"));
    QCOMPARE(config.stomp.path, std::string("/ws"));
    QVERIFY(config.stomp.publicAddress.empty());
    QVERIFY(config.stomp.loginTimeout == 10s);
    QVERIFY(config.stomp.pingInterval == 30s);
    QCOMPARE(config.stomp.headers, 64);
    QCOMPARE(config.stomp.subscriptions, 8);
    QCOMPARE(config.stomp.transactions, 16);
    QCOMPARE(config.stomp.transactionBytes, std::int64_t(1024 * 1024));
    QCOMPARE(config.stomp.headerBytes, 8192);
    QVERIFY(!config.tls.enabled());
    QVERIFY(config.net.allowedOrigins.empty() && config.net.trustedProxies.empty());
    QVERIFY(config.ice.servers.empty() && config.ice.turnSecret.isEmpty());
    QCOMPARE(config.sessions.store, SessionStoreKind::Sqlite);
    QVERIFY(config.sessions.file.empty());
    QCOMPARE(config.sessions.storeQueue, 10'000);
    QVERIFY(config.sessions.unackedTtl == 60s && config.sessions.resumeWindow == 60s);
    QCOMPARE(config.sessions.resume, ResumePolicy::Ask);
    QCOMPARE(config.sessions.conflict, ConflictPolicy::Probe);
    QVERIFY(config.sessions.sweepInterval == 30s && config.sessions.probeTimeout == 2s);
    QVERIFY(config.exchange.requireKey);
    QCOMPARE(config.broker.kind, BrokerKind::Embedded);
    QVERIFY(config.management.socket.empty() && !config.management.listen);
    QVERIFY(config.management.group.empty() && !config.management.addresses);
    QCOMPARE(config.management.consoles, 32);
    QCOMPARE(config.management.pending, 8);
    QVERIFY(config.management.loginTimeout == 10s && config.management.sendStall == 30s);
    QCOMPARE(config.management.line, 1024 * 1024);
    QCOMPARE(config.management.sendQueue, 512 * 1024);
    QVERIFY(config.management.rows == 1000 && config.management.rate == 10 && config.management.views == 16);
    QVERIFY(config.management.subscriptions == 16 && config.management.credit == 100'000);
    QVERIFY(config.management.audit == 1000 && config.management.events == 16'384);
    QCOMPARE(config.management.eventBytes, 8 * 1024 * 1024);
    QCOMPARE(config.limits.connectionsPerAddress, 1000);
    QCOMPARE(config.limits.exchangesPerUser, 1000);
    QVERIFY(config.limits.burst == 10s && config.limits.failedKeyDelay == 5s);
    QCOMPARE(config.limits.failedKeys, 60);
    QCOMPARE(config.limits.body, 256 * 1024);
    QCOMPARE(config.limits.head, 16 * 1024);
    QCOMPARE(config.limits.frame, 1024 * 1024);
    QCOMPARE(config.limits.frameUnauthenticated, 16 * 1024);
    QCOMPARE(config.limits.sendQueue, 4 * 1024 * 1024);
    QVERIFY(config.limits.sendStall == 10s);
    QCOMPARE(config.limits.jsonDepth, 32);
    QCOMPARE(config.limits.queueMessages, 1000);
    QCOMPARE(config.limits.earlyMessages, 64);
}

void TestConfigKeys::automaticValuesComeFromTheSystem()
{
    QCOMPARE(defaultConfig({8, 20000}).workers, 8);
    QCOMPARE(defaultConfig({0, 20000}).workers, 1);
    QCOMPARE(defaultConfig({1000, 20000}).workers, 256);
    QCOMPARE(defaultConfig({8, 20000}).limits.connections, 20000 - 128);
    QCOMPARE(defaultConfig({8, 256}).limits.connections, 128);
    QCOMPARE(defaultConfig({8, 100}).limits.connections, 50);
    QCOMPARE(defaultConfig({8, 0}).limits.connections, 1);
    QCOMPARE(defaultConfig({8, ~std::uint64_t(0)}).limits.connections, 1'000'000); // RLIM_INFINITY
    const SystemFacts own = SystemFacts::ofProcess();
    QVERIFY(own.cores >= 1);
    QVERIFY(own.openFiles >= 1);
}

void TestConfigKeys::environmentNames()
{
    QCOMPARE(findKey("limits.connections_per_address")->environmentName(),
             std::string("MESSAGING_SERVER__LIMITS__CONNECTIONS_PER_ADDRESS"));
    QCOMPARE(findKey("workers")->environmentName(), std::string("MESSAGING_SERVER__WORKERS"));
}

void TestConfigKeys::goodValuesAreTaken_data()
{
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<ConfigValue>("value");
    const auto row = [](const char *name, ConfigValue value) {
        QTest::addRow("%s %s", name, toToml(value).c_str()) << QByteArray(name) << value;
    };
    row("workers", std::int64_t(256));
    row("workers", std::string("auto"));
    row("workers", std::string("4"));
    row("limits.connects_per_address", std::string("auto"));
    row("limits.exchanges_per_address", std::int64_t(0));
    row("limits.burst", std::string("1s"));
    row("http.listen", std::string("[::1]:0"));
    row("stomp.path", std::string("/"));
    row("stomp.path", std::string("/a/b-c_d.e~f/"));
    row("stomp.public_address", std::string("wss://example.org"));
    row("stomp.public_address", std::string("ws://[::1]:15674/ws?x=1"));
    row("net.allowed_origins", List{"https://example.org", "example.org:8443", "capacitor://localhost"});
    row("net.trusted_proxies", List{"10.0.0.0/8", "::1"});
    row("net.trusted_proxies", std::string("10.0.0.0/8"));
    row("net.trusted_proxies", std::string());
    row("ice.servers",
        List{"stun:example.org", "stuns:example.org:5349", "turn:[::1]:3478?transport=udp",
             "turns:example.org?transport=tcp"});
    row("sessions.resume", std::string("never"));
    row("sessions.url", std::string());
    row("exchange.require_key", false);
    row("management.socket", std::string());
    row("management.socket", std::string("/run/x"));
    row("management.group", std::string("adm"));
    row("management.addresses", true);
    row("management.listen", std::string("*:8443"));
    row("management.listen", std::string());
    row("management.client_roles", List{"ops=admin", "*=observer"});
    row("management.send_stall", std::int64_t(0));
    row("management.pending", std::int64_t(0));
    row("limits.body", std::string("1GiB"));
    row("limits.body", std::int64_t(1));
    row("limits.send_stall", std::string("1ms"));
    row("limits.send_stall", std::int64_t(0));
    row("log.level", std::string("debug"));
}

void TestConfigKeys::goodValuesAreTaken()
{
    QFETCH(const QByteArray, name);
    QFETCH(const ConfigValue, value);
    QCOMPARE(store(name.constData(), value), QByteArray());
}

void TestConfigKeys::badValuesAreRefused_data()
{
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<ConfigValue>("value");
    QTest::addColumn<QByteArray>("error");
    const auto row = [](const char *name, ConfigValue value, const char *error) {
        QTest::addRow("%s %s", name, toToml(value).c_str()) << QByteArray(name) << value << QByteArray(error);
    };
    row("workers", std::int64_t(0), R"(workers must be "auto" or a whole number, from 1 to 256, but is 0)");
    row("workers", std::string("many"),
        R"(workers must be "auto" or a whole number, from 1 to 256, but is "many")");
    row("workers", true, R"(workers must be "auto" or a whole number, from 1 to 256, but is true)");
    row("limits.headers", std::int64_t(-1),
        "limits.headers must be a whole number, 0 or from 1 to 1000000000, but is -1");
    row("limits.headers", std::string("auto"),
        "limits.headers must be a whole number, 0 or from 1 to 1000000000, but is \"auto\"");
    row("limits.json_depth", std::int64_t(0),
        "limits.json_depth must be a whole number, from 1 to 1000, but is 0");
    row("limits.body", std::string("64kb"),
        R"(limits.body must be a size like "64KiB" or "1MiB", but is "64kb")");
    row("limits.body", std::int64_t(-1), "limits.body must be a size, 0 or from 1 to 1GiB, but is -1");
    row("limits.body", std::string("2GiB"),
        "limits.body must be a size, 0 or from 1 to 1GiB, but is \"2GiB\"");
    row("limits.head", std::int64_t(255), "limits.head must be a size, 0 or from 256 to 1GiB, but is 255");
    row("limits.send_stall", std::int64_t(30),
        R"(limits.send_stall must be a time like "500ms", "30s", "5m" or "1h", but is 30)");
    row("limits.send_stall", std::string("10 s"),
        R"(limits.send_stall must be a time like "500ms", "30s", "5m" or "1h", but is "10 s")");
    row("limits.burst", std::string("0"), R"(limits.burst must be a time, from 1s to 1h, but is "0")");
    row("limits.failed_key_delay", std::string("2m"),
        R"(limits.failed_key_delay must be a time, 0 or from 1ms to 1m, but is "2m")");
    row("limits.connects_per_address", std::int64_t(-1),
        R"(limits.connects_per_address must be "auto" or a whole number, 0 or from 1 to 1000000000, but is -1)");
    row("sessions.sweep_interval", std::string("0"),
        R"(sessions.sweep_interval must be a time, from 10ms to 8784h, but is "0")");
    row("http.listen", std::string("8080"),
        R"(http.listen must be an IP address and a port like "127.0.0.1:8080", "[::1]:8080" or "*:8080", but is "8080")");
    row("http.listen", std::int64_t(8080),
        R"(http.listen must be an IP address and a port like "127.0.0.1:8080", "[::1]:8080" or "*:8080", but is 8080)");
    row("stomp.path", std::string("ws"),
        "stomp.path: \"ws\" is no path; write it like \"/ws\", of letters, digits and -._~!$&'()*+,;=:@/");
    row("stomp.path", std::string("/a?b"),
        "stomp.path: \"/a?b\" is no path; write it like \"/ws\", of letters, digits and -._~!$&'()*+,;=:@/");
    row("stomp.path", std::string("//"),
        "stomp.path: \"//\" is no path; write it like \"/ws\", of letters, digits and -._~!$&'()*+,;=:@/");
    row("stomp.path", List{"/ws"}, "stomp.path must be a string, but is [\"/ws\"]");
    for (const char *url :
         {"https://example.org", "example.org", "wss://", "wss://u@example.org", "ws://a/#b", "ws://a b"})
        row("stomp.public_address", std::string(url),
            (std::string("stomp.public_address: \"") + url
             + "\" is no WebSocket URL; write it like \"wss://example.org/ws\"")
                .c_str());
    row("net.allowed_origins", List{"null"},
        R"(net.allowed_origins: "null" is never allowed, because every sandboxed page has it)");
    row("net.allowed_origins", List{"a.example", "https://b/c"},
        R"(net.allowed_origins: "https://b/c" is no origin; write it like "https://example.org" or "example.org:8443")");
    row("net.allowed_origins", true, "net.allowed_origins must be a list of strings, but is true");
    row("net.trusted_proxies", List{"::1", "10.0.0.1/8"},
        R"(net.trusted_proxies: "10.0.0.1/8" has bits set after its prefix; write 10.0.0.0/8)");
    for (const char *url :
         {"stun", "http://example.org", "stun:", "stun:a?transport=udp", "turn:a?transport=sctp", "turn://a"})
        row("ice.servers", List{url},
            (std::string("ice.servers: \"") + url
             + "\" is no STUN or TURN URL; write it like \"stun:example.org:3478\" or "
               "\"turn:example.org:3478?transport=tcp\"")
                .c_str());
    row("ice.turn_secret", std::string("/nonexistent/secret"),
        R"(ice.turn_secret: "/nonexistent/secret" cannot be read: No such file or directory)");
    row("sessions.store", std::string("postgresql"),
        R"(sessions.store = "postgresql" is not available yet: sessions are kept in SQLite or in memory only)");
    row("sessions.store", std::string("sqllite"),
        R"(sessions.store must be "memory" or "sqlite", but is "sqllite"; did you mean "sqlite"?)");
    row("sessions.store", true, R"(sessions.store must be "memory" or "sqlite", but is true)");
    row("sessions.resume", std::string("nevr"),
        R"(sessions.resume must be "ask" or "always" or "never", but is "nevr"; did you mean "never"?)");
    row("sessions.conflict", std::string("probes"),
        R"(sessions.conflict must be "probe" or "reject" or "replace", but is "probes"; did you mean "probe"?)");
    row("broker.kind", std::string("rabbitmq"),
        R"(broker.kind = "rabbitmq" is not available yet: queues are kept by the embedded broker only)");
    row("management.listen", std::string("everywhere"),
        R"(management.listen: "everywhere" is no address; write it like "0.0.0.0:8082")");
    row("management.rows", std::int64_t(199),
        "management.rows must be a whole number, from 200 to 10000, but is 199");
    row("management.views", std::int64_t(0),
        "management.views must be a whole number, from 1 to 1000, but is 0");
    row("management.line", std::string("1KiB"),
        "management.line must be a size, from 8KiB to 16MiB, but is \"1KiB\"");
    row("management.send_queue", std::int64_t(0),
        "management.send_queue must be a size, from 64KiB to 1GiB, but is 0");
    row("management.client_roles", std::string("ops=king"),
        "management.client_roles: \"ops=king\" is no NAME=ROLE; write it like \"ops.example.org=operator\", "
        "or "
        "\"*=observer\"");
    row("exchange.require_key", std::string("yes"),
        R"(exchange.require_key must be true or false, but is "yes")");
    row("exchange.require_key", std::int64_t(1), "exchange.require_key must be true or false, but is 1");
    row("log.level", std::string("warn\n"),
        R"(log.level must be "debug" or "info" or "warning" or "error", but is "warn\n"; did you mean "warning"?)");
}

void TestConfigKeys::badValuesAreRefused()
{
    QFETCH(const QByteArray, name);
    QFETCH(const ConfigValue, value);
    QFETCH(const QByteArray, error);
    QCOMPARE(store(name.constData(), value), error);
}

void TestConfigKeys::zeroIsTakenWhereItMeansSomething()
{
    for (const char *name :
         {"limits.connections", "limits.connections_per_address", "limits.body", "limits.head",
          "limits.frame", "limits.send_queue", "limits.send_stall", "sessions.unacked_ttl",
          "sessions.resume_window", "stomp.ping_interval", "limits.idle_timeout"}) {
        QCOMPARE(store(name, std::int64_t(0)), QByteArray());
        QCOMPARE(store(name, std::string("0")), QByteArray());
    }
    QCOMPARE(m_config.limits.connections, 0);
    QCOMPARE(m_config.limits.frame, 0);
    QVERIFY(m_config.sessions.unackedTtl == 0s);
}

void TestConfigKeys::aListReplacesTheOneBefore()
{
    QCOMPARE(store("net.trusted_proxies", List{"10.0.0.0/8", "::1"}), QByteArray());
    QCOMPARE(m_config.net.trustedProxies.size(), std::size_t(2));
    QCOMPARE(store("net.trusted_proxies", List{"192.168.0.0/16"}), QByteArray());
    QCOMPARE(m_config.net.trustedProxies.size(), std::size_t(1));
    QCOMPARE(store("net.trusted_proxies", List{}), QByteArray());
    QVERIFY(m_config.net.trustedProxies.empty());
}

void TestConfigKeys::theTurnSecretIsWhatItsFileHolds()
{
    QTemporaryFile file;
    QVERIFY(file.open());
    file.write(" s3cret \r\n\n");
    file.flush();
    QCOMPARE(store("ice.turn_secret", file.fileName().toStdString()), QByteArray());
    QCOMPARE(m_config.ice.turnSecret, QByteArray(" s3cret "));

    file.resize(0);
    file.seek(0);
    file.write("\n");
    file.flush();
    QCOMPARE(
        store("ice.turn_secret", file.fileName().toStdString()),
        QByteArray("ice.turn_secret: \"" + file.fileName().toUtf8() + "\" is a file without a secret in it"));
    QVERIFY(m_config.ice.turnSecret.isEmpty());
}

void TestConfigKeys::aSecretIsNotRepeated()
{
    QCOMPARE(
        store("sessions.url", std::string("postgresql://u:pass@db/x")),
        QByteArray("sessions.url = *** is not available yet: it belongs to sessions.store = \"postgresql\""));
    QCOMPARE(store("sessions.url", List{"pass"}), QByteArray("sessions.url must be a string, but is ***"));
}

QTEST_APPLESS_MAIN(TestConfigKeys)
#include "tst_configkeys.moc"
