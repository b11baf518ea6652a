// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/configsources.h"

#include <QTest>

using namespace msgsrv;

class TestConfigSources : public QObject
{
    Q_OBJECT

private slots:
    void everyValueHasItsLine();
    void wrongFilesAreToldWithTheirLine_data();
    void wrongFilesAreToldWithTheirLine();
    void variablesAreRead();
    void unknownVariablesAreToldWithTheNearest_data();
    void unknownVariablesAreToldWithTheNearest();
    void assignmentsAreRead_data();
    void assignmentsAreRead();
};

namespace {

QList<QByteArray> shown(const ConfigSettings &got)
{
    QList<QByteArray> lines;
    for (const ConfigSetting &setting : got.settings)
        lines.append(QByteArray::fromStdString(setting.key + " = " + toToml(setting.value) + " # "
                                               + setting.origin.toString()));
    for (const ConfigError &error : got.errors)
        lines.append(QByteArray::fromStdString(error.toString()));
    std::sort(lines.begin(), lines.end());
    return lines;
}

} // namespace

void TestConfigSources::everyValueHasItsLine()
{
    ConfigSettings got;
    readToml("workers = 2\n"
             "tls = { key = \"k.pem\" }\n"
             "stomp.path = '/x'\n"
             "\n"
             "[net]\n"
             "# a comment\n"
             "trusted_proxies = [\n"
             "  \"10.0.0.0/8\",\n"
             "]\n"
             "[exchange]\n"
             "require_key = false\n",
             "/etc/a b.toml", got);
    QCOMPARE(shown(got),
             (QList<QByteArray>{R"(exchange.require_key = false # "/etc/a b.toml":11)",
                                R"(net.trusted_proxies = ["10.0.0.0/8"] # "/etc/a b.toml":7)",
                                R"(stomp.path = "/x" # "/etc/a b.toml":3)",
                                R"(tls.key = "k.pem" # "/etc/a b.toml":2)",
                                R"(workers = 2 # "/etc/a b.toml":1)"}));
}

void TestConfigSources::wrongFilesAreToldWithTheirLine_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QList<QByteArray>>("errors");
    const auto row = [](const char *name, const char *text, QList<QByteArray> errors) {
        QTest::newRow(name) << QByteArray(text) << errors;
    };
    row("nothing", "", {});
    row("empty sections", "[http]\n[limits]\n", {});
    row("unknown key", "\n[http]\nlistn = 1\n",
        {"f.toml:3: http.listn is not a known key; did you mean http.listen?"});
    row("key of another section", "[http]\n\npath = \"/ws\"\n",
        {"f.toml:3: http.path is not a known key; did you mean stomp.path?"});
    row("key without a section in one", "[internal]\nworkers = 2\n",
        {"f.toml:2: internal.workers is not a known key; did you mean workers?"});
    row("key of a section without one", "listen = \"x\"\n",
        {"f.toml:1: listen is not a known key; did you mean http.listen?"});
    row("unknown section", "[htpp]\nlisten = \"x\"\n",
        {"f.toml:2: htpp.listen is not a known key; did you mean http.listen?"});
    row("unknown empty section", "\n[limit]\n",
        {"f.toml:2: limit is not a known section; did you mean limits?"});
    row("several", "[http]\nlistn = 1\nfoo = { a = 1, b = 2 }\n",
        {"f.toml:2: http.listn is not a known key; did you mean http.listen?",
         "f.toml:3: http.foo.a is not a known key; did you mean http.listen?",
         "f.toml:3: http.foo.b is not a known key; did you mean http.listen?"});
    row("hostile name", "\"a\\n\\u202eb\" = 1\n",
        {"f.toml:1: \"a\\n\\u202eb\" is not a known key; did you mean workers?"});
    row("section as a value", "http = 1\n",
        {"f.toml:1: http is a section; write [http] and its keys below."});
    row("section as an array of tables", "[[http]]\nlisten = \"x\"\n",
        {"f.toml:1: http is a section; write [http] and its keys below."});
    row("value as a section", "[http.listen]\nport = 1\n",
        {"f.toml:1: http.listen is a table, not a value."});
    row("fraction", "workers = 1.5\n",
        {"f.toml:1: workers is a number with a fraction, which no key takes."});
    row("date", "workers = 2024-02-29\n", {"f.toml:1: workers is a date or a time, which no key takes."});
    row("list of numbers", "[ice]\nservers = [1]\n",
        {"f.toml:2: ice.servers is a list with something that is no string."});
}

void TestConfigSources::wrongFilesAreToldWithTheirLine()
{
    QFETCH(const QByteArray, text);
    QFETCH(const QList<QByteArray>, errors);
    ConfigSettings got;
    readToml(text.toStdString(), "f.toml", got);
    QCOMPARE(shown(got), errors);

    // What is no TOML at all is told with its line; the words are the library's.
    ConfigSettings broken;
    readToml(text.toStdString() + "\n\n= 1\n", "f.toml", broken);
    QCOMPARE(broken.errors.size(), std::size_t(1));
    QVERIFY(broken.settings.empty());
    const QByteArray expected = "f.toml:" + QByteArray::number(text.count('\n') + 3) + ": this is no TOML: ";
    QVERIFY2(shown(broken).constFirst().startsWith(expected), shown(broken).constFirst().constData());
}

void TestConfigSources::variablesAreRead()
{
    ConfigSettings got;
    readEnvironment({{"PATH", "/bin"},
                     {"MESSAGING_SERVER_CONFIG", "x"},
                     {"MESSAGING_SERVER__WORKERS", "3"},
                     {"MESSAGING_SERVER__HTTP__LISTEN", "[::1]:80"},
                     {"MESSAGING_SERVER__LIMITS__CONNECTIONS_PER_ADDRESS", "10"},
                     {"MESSAGING_SERVER__MANAGEMENT__GROUP", "1000"},
                     {"MESSAGING_SERVER__ICE__SERVERS", "[\"stun:a\""}},
                    got);
    QCOMPARE(shown(got),
             (QList<QByteArray>{"MESSAGING_SERVER__ICE__SERVERS: ice.servers: the value is not valid TOML.",
                                "http.listen = \"[::1]:80\" # MESSAGING_SERVER__HTTP__LISTEN",
                                "limits.connections_per_address = 10 # "
                                "MESSAGING_SERVER__LIMITS__CONNECTIONS_PER_ADDRESS",
                                "management.group = \"1000\" # MESSAGING_SERVER__MANAGEMENT__GROUP",
                                "workers = 3 # MESSAGING_SERVER__WORKERS"}));
}

void TestConfigSources::unknownVariablesAreToldWithTheNearest_data()
{
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<QByteArray>("meant");
    const auto row = [](const char *name, const char *meant) {
        QTest::newRow(name) << QByteArray(name) << QByteArray(meant);
    };
    row("MESSAGING_SERVER__HTTP__LISTN", "MESSAGING_SERVER__HTTP__LISTEN (http.listen)");
    row("MESSAGING_SERVER__http__listen", "MESSAGING_SERVER__HTTP__LISTEN (http.listen)");
    row("MESSAGING_SERVER__HTTP_LISTEN", "MESSAGING_SERVER__HTTP__LISTEN (http.listen)");
    row("MESSAGING_SERVER__WORKER", "MESSAGING_SERVER__WORKERS (workers)");
    row("MESSAGING_SERVER__LIMITS__QUEUE__BYTES",
        "MESSAGING_SERVER__LIMITS__QUEUE_BYTES (limits.queue_bytes)");
}

void TestConfigSources::unknownVariablesAreToldWithTheNearest()
{
    QFETCH(const QByteArray, name);
    QFETCH(const QByteArray, meant);
    ConfigSettings got;
    readEnvironment({{name.toStdString(), "s3cret"}}, got);
    QCOMPARE(shown(got),
             QList<QByteArray>{name + ": this variable names no known key; did you mean " + meant + "?"});
}

void TestConfigSources::assignmentsAreRead_data()
{
    QTest::addColumn<QByteArray>("assignment");
    QTest::addColumn<QByteArray>("read");
    const auto row = [](const char *assignment, const char *read) {
        QTest::newRow(assignment) << QByteArray(assignment) << QByteArray(read);
    };
    row("workers=4", "workers = 4 # --set");
    row("stomp.path=/a=b", "stomp.path = \"/a=b\" # --set");
    row("http.listen=[::1]:0", "http.listen = \"[::1]:0\" # --set");
    row("exchange.require_key=false", "exchange.require_key = false # --set");
    row("net.trusted_proxies=[\"10.0.0.0/8\"]", "net.trusted_proxies = [\"10.0.0.0/8\"] # --set");
    row("management.group=12", "management.group = \"12\" # --set");
    row("tls.key=", "tls.key = \"\" # --set");
    row("workers", "--set: workers has no value; write --set workers=VALUE.");
    row("wrkers=4", "--set: wrkers is not a known key; did you mean workers?");
    row("http.listen =x", "--set: \"http.listen \" is not a known key; did you mean http.listen?");
    row("", "--set: \"\" is not a known key; did you mean workers?");
    row("=", "--set: \"\" is not a known key; did you mean workers?");
    row("tls.key=\"open", "--set: tls.key: the value is not valid TOML.");
    row("tls.key=\xff", "--set: tls.key: the value is not UTF-8.");
}

void TestConfigSources::assignmentsAreRead()
{
    QFETCH(const QByteArray, assignment);
    QFETCH(const QByteArray, read);
    ConfigSettings got;
    readAssignment(assignment.toStdString(), got);
    QCOMPARE(shown(got), QList<QByteArray>{read});
}

QTEST_APPLESS_MAIN(TestConfigSources)
#include "tst_configsources.moc"
