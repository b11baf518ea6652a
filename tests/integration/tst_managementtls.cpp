// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/certificateauthority.h"
#include "tests/support/daemon.h"
#include "tests/support/managementclient.h"
#include "tests/support/metricsreader.h"
#include "tests/support/sanitized.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QElapsedTimer>
#include <QFile>
#include <QSslCertificate>
#include <QSslKey>
#include <QTcpSocket>

#include <memory>
#include <vector>

using namespace msgsrv::test;

namespace {

QString s(const char *text)
{
    return QString::fromLatin1(text);
}

const char *const operatorToken = "operator-token-for-the-tests-1";
const char *const observerToken = "observer-token-for-the-tests-2";

QByteArray read(const QString &path)
{
    QFile file(path);
    return file.open(QFile::ReadOnly) ? file.readAll() : QByteArray();
}

/// A daemon that listens by TLS, with an authority for its own certificate and one for its clients'.
class Setting
{
public:
    explicit Setting(const QStringList &more = {})
        : m_servers(m_folder.path(), s("servers"))
        , m_clients(m_folder.path(), s("clients"))
    {
        const Certificate own = m_servers.sign(s("localhost"));
        QFile tokens(m_folder.filePath(s("tokens")));
        if (tokens.open(QFile::WriteOnly))
            tokens.write(QByteArray("# who may\n\noperator anna ") + operatorToken + "\nobserver bernd "
                         + observerToken + '\n');
        tokens.close();
        daemon = std::make_unique<Daemon>(
            QStringList{s("management.listen=127.0.0.1:0"),
                        s("management.certificate=") + own.certificateFile,
                        s("management.key=") + own.keyFile, s("management.tokens=") + tokens.fileName(),
                        s("management.client_ca=") + m_clients.certificateFile(),
                        s("management.client_roles=[\"ops=admin\", \"*=observer\"]")}
            + more);
    }

    /// As a client that believes the servers' authority, with a certificate or without.
    [[nodiscard]] QSslConfiguration client(const Certificate &certificate = {}) const
    {
        QSslConfiguration tls = QSslConfiguration::defaultConfiguration();
        tls.setCaCertificates(QSslCertificate::fromData(read(m_servers.certificateFile())));
        if (!certificate.certificateFile.isEmpty()) {
            tls.setLocalCertificate(QSslCertificate(read(certificate.certificateFile)));
            tls.setPrivateKey(QSslKey(read(certificate.keyFile), QSsl::Ec));
        }
        return tls;
    }
    [[nodiscard]] const CertificateAuthority &servers() const { return m_servers; }
    [[nodiscard]] const CertificateAuthority &clients() const { return m_clients; }
    [[nodiscard]] QString path(const char *name) const { return m_folder.filePath(s(name)); }
    [[nodiscard]] double metric(const char *name, const MetricsReader::Labels &labels = {}) const
    {
        return MetricsReader::scrape(daemon->internal()).value(name, labels);
    }

private:
    QTemporaryDir m_folder;
    CertificateAuthority m_servers;
    CertificateAuthority m_clients;

public:
    std::unique_ptr<Daemon> daemon;
};

QJsonObject byToken(const char *token)
{
    return {{s("scheme"), s("token")}, {s("token"), s(token)}};
}

const QJsonObject byCertificate{{s("scheme"), s("certificate")}};

} // namespace

/// The management protocol by TLS, spoken with the real daemon.
class TestManagementTls : public QObject
{
    Q_OBJECT

private slots:
    void tokens_have_roles();
    void a_wrong_token_waits_and_is_counted();
    void certificates_have_roles();
    void certificates_that_are_not_good_are_refused();
    void plain_text_and_half_handshakes_end_at_the_deadline();
    void strangers_take_no_place_of_others();
    void bad_input_is_answered_and_harms_nobody();
    void a_console_that_does_not_read_is_cut();
    void what_does_not_fit_together_is_refused_at_the_start();
    void messagingctl_comes_by_tls();
};

void TestManagementTls::tokens_have_roles()
{
    Setting setting;
    QVERIFY(setting.daemon->start());
    User alice(*setting.daemon, "alice");
    QVERIFY(alice.enter());
    ManagementClient client(*setting.daemon, setting.client());
    const QJsonObject hello = client.notification(s("hello"));
    QCOMPARE(hello.value(u"auth").toArray(), (QJsonArray{s("token"), s("certificate")}));
    QCOMPARE(client.errorCode(s("server.status")), -32001);
    QCOMPARE(client.errorCode(s("login"), {{s("scheme"), s("magic")}}), -32602);
    const QJsonObject observer = client.result(s("login"), byToken(observerToken));
    QCOMPARE(observer.value(u"role").toString(), s("observer"));
    QCOMPARE(observer.value(u"user").toString(), s("token:bernd"));
    QCOMPARE(client.errorCode(s("session.close"), {{s("id"), s("1")}, {s("reason"), s("r")}}), -32003);
    QVERIFY(client.result(s("server.status")).contains(u"rss"));

    QCOMPARE(client.result(s("login"), byToken(operatorToken)).value(u"role").toString(), s("operator"));
    QCOMPARE(client.errorCode(s("log.level"), {}), -32003);
    QCOMPARE(client.result(s("session.close"), {{s("id"), s("1")}, {s("reason"), s("by TLS")}})
                 .value(u"closed")
                 .toBool(),
             true);
    QVERIFY(waitUntil([&] { return alice.stomp().webSocket().closeCode() == 4002; }));
    const QJsonObject entry = client.result(s("audit.list")).value(u"entries").toArray().at(0).toObject();
    QCOMPARE(entry.value(u"user").toString(), s("token:anna"));
    QVERIFY(!setting.daemon->log().contains(operatorToken));
    QVERIFY(!setting.daemon->log().contains(observerToken));

    // The local socket has a door of its own.
    ManagementClient local(*setting.daemon);
    QCOMPARE(local.notification(s("hello")).value(u"auth").toArray(), QJsonArray{s("peer")});
    QCOMPARE(local.errorCode(s("login"), byToken(operatorToken)), -32007);
}

void TestManagementTls::a_wrong_token_waits_and_is_counted()
{
    Setting setting;
    QVERIFY(setting.daemon->start());
    ManagementClient client(*setting.daemon, setting.client());
    QElapsedTimer clock;
    clock.start();
    QCOMPARE(client.errorCode(s("login"), byToken("this-is-none-of-the-tokens")), -32002);
    QVERIFY(clock.elapsed() >= 240);
    clock.start();
    QCOMPARE(client.errorCode(s("login"), byToken("this-is-none-of-the-tokens")), -32002);
    QVERIFY(clock.elapsed() >= 490);
    QCOMPARE(client.errorCode(s("login"), {{s("scheme"), s("peer")}}), -32002);
    QVERIFY(waitUntil([&] { return setting.metric("messaging_management_logins_refused_total") == 3; }));
    QVERIFY(setting.daemon->log().contains("management.login_refused"));
    QVERIFY(!setting.daemon->log().contains("none-of-the-tokens"));
    QCOMPARE(client.result(s("login"), byToken(operatorToken)).value(u"role").toString(), s("operator"));
}

void TestManagementTls::certificates_have_roles()
{
    Setting setting;
    QVERIFY(setting.daemon->start());
    ManagementClient ops(*setting.daemon, setting.client(setting.clients().sign(s("ops"))));
    const QJsonObject login = ops.result(s("login"), byCertificate);
    QCOMPARE(login.value(u"role").toString(), s("admin"));
    QCOMPARE(login.value(u"user").toString(), s("certificate:ops"));
    ManagementClient other(*setting.daemon, setting.client(setting.clients().sign(s("somebody"))));
    QCOMPARE(other.result(s("login"), byCertificate).value(u"role").toString(), s("observer"));
}

void TestManagementTls::certificates_that_are_not_good_are_refused()
{
    Setting setting;
    QVERIFY(setting.daemon->start());
    const auto refusal = [&](const Certificate &certificate) {
        ManagementClient client(*setting.daemon, setting.client(certificate));
        return client.call(s("login"), byCertificate).value(u"error").toObject();
    };
    const QJsonObject expired = refusal(setting.clients().sign(s("ops"), -1));
    QCOMPARE(expired.value(u"code").toInt(), -32002);
    QVERIFY2(expired.value(u"message").toString().contains(s("expired")),
             qPrintable(expired.value(u"message").toString()));
    QCOMPARE(refusal(setting.servers().sign(s("ops"))).value(u"code").toInt(),
             -32002); // of a foreign authority
    QCOMPARE(refusal({}).value(u"code").toInt(), -32002); // none
    // With a token it does not matter what certificate is shown.
    ManagementClient client(*setting.daemon, setting.client(setting.servers().sign(s("ops"))));
    QCOMPARE(client.result(s("login"), byToken(observerToken)).value(u"role").toString(), s("observer"));
}

void TestManagementTls::plain_text_and_half_handshakes_end_at_the_deadline()
{
    Setting setting({s("management.login_timeout=1500ms")});
    QVERIFY(setting.daemon->start());
    const QString address = setting.daemon->ready().value(u"management_tls").toString();
    const auto open = [&address](QTcpSocket &socket) {
        socket.connectToHost(address.section(u':', 0, 0), quint16(address.section(u':', 1).toInt()));
    };
    QTcpSocket silent;
    QTcpSocket plain;
    open(silent);
    open(plain);
    QVERIFY(waitUntil([&] {
        return silent.state() == QTcpSocket::ConnectedState && plain.state() == QTcpSocket::ConnectedState;
    }));
    plain.write(R"({"jsonrpc":"2.0","id":1,"method":"ping"})"
                "\n");
    ManagementClient mute(*setting.daemon, setting.client()); // a good handshake and no login
    QVERIFY(mute.waitForHandshake());
    for (QTcpSocket *socket : {&silent, &plain})
        QVERIFY(waitUntil([&] { return socket->state() == QTcpSocket::UnconnectedState; }));
    QVERIFY(mute.waitForEnd());
    QVERIFY(!plain.readAll().contains("jsonrpc"));
    QVERIFY(waitUntil([&] {
        return setting.metric("messaging_management_consoles_closed_total", {{"reason", "login_timeout"}})
            == 1
            && setting.metric("messaging_management_consoles") == 0;
    }));
}

void TestManagementTls::strangers_take_no_place_of_others()
{
    Setting setting({s("management.pending=2"), s("management.consoles=4")});
    QVERIFY(setting.daemon->start());
    ManagementClient first(*setting.daemon, setting.client());
    ManagementClient second(*setting.daemon, setting.client());
    QVERIFY(first.waitForHandshake() && second.waitForHandshake());
    ManagementClient third(*setting.daemon, setting.client());
    QVERIFY(!third.waitForHandshake());
    QVERIFY(waitUntil([&] {
        return setting.metric("messaging_management_limits_total", {{"limit", "pending"}}) == 1;
    }));
    QVERIFY(!first.result(s("login"), byToken(operatorToken)).isEmpty());
    ManagementClient fourth(*setting.daemon, setting.client());
    QVERIFY(fourth.waitForHandshake());
    ManagementClient local(*setting.daemon); // never in the way of these
    QVERIFY(!local.login().isEmpty());
}

void TestManagementTls::bad_input_is_answered_and_harms_nobody()
{
    Setting setting;
    QVERIFY(setting.daemon->start());
    ManagementClient client(*setting.daemon, setting.client());
    QVERIFY(!client.notification(s("hello")).isEmpty());
    QVERIFY(!client.result(s("login"), byToken(operatorToken)).isEmpty());
    const auto code = [&client](const QByteArray &line) {
        client.sendRaw(line + '\n');
        return client.next().value(u"error").toObject().value(u"code").toInt();
    };
    QCOMPARE(code("garbage"), -32700);
    QCOMPARE(code(QByteArray("\xff\xfe\0\x01", 4)), -32700);
    QCOMPARE(code(R"({"jsonrpc":"2.0","id":1,"method":"no.such"})"), -32601);
    QCOMPARE(code(R"({"jsonrpc":"2.0","id":1,"method":"view.open","params":{"table":1,"range":[0,1]}})"),
             -32602);
    QCOMPARE(code(R"({"jsonrpc":"2.0","id":1,"method":"log.level","params":{}})"), -32003);
    for (const char c : QByteArray(R"({"jsonrpc":"2.0","id":"half","method":"ping"})")) {
        client.sendRaw(QByteArray(1, c));
        QTest::qWait(0);
    }
    client.sendRaw("\n");
    QCOMPARE(client.next().value(u"id").toString(), s("half"));
    client.sendRaw(QByteArray(10 * 1024 * 1024, 'x'));
    QVERIFY(client.waitForEnd());
    QVERIFY(waitUntil([&] {
        return setting.metric("messaging_management_consoles_closed_total", {{"reason", "line_too_long"}})
            == 1;
    }));
    ManagementClient next(*setting.daemon, setting.client());
    QVERIFY(!next.result(s("login"), byToken(operatorToken)).isEmpty());
}

void TestManagementTls::a_console_that_does_not_read_is_cut()
{
    Setting setting({s("management.send_stall=1s"), s("limits.exchanges_per_user=0")});
    QVERIFY(setting.daemon->start());
    User alice(*setting.daemon, "alice");
    User bob(*setting.daemon, "bob");
    QVERIFY(alice.enter() && bob.enter());
    ManagementClient stalled(*setting.daemon, setting.client());
    QVERIFY(!stalled.result(s("login"), byToken(operatorToken)).isEmpty());
    stalled.stopReading();
    const double before = setting.metric("process_resident_memory_bytes");
    const QByteArray ask = R"({"jsonrpc":"2.0","id":1,"method":"rpc.describe"})"
                           "\n";
    stalled.sendRaw(ask.repeated(5000)); // 12 MiB of answers, more than the system takes
    double most = before;
    QVERIFY(waitUntil([&] {
        alice.send("bob", "x");
        (void)bob.receive(); // the data path goes on
        most = std::max(most, setting.metric("process_resident_memory_bytes"));
        return setting.metric("messaging_management_consoles_closed_total", {{"reason", "slow"}}) == 1;
    }));
    QVERIFY2(most - before < 4.0 * 1024 * 1024 * sanitizedFactor, qPrintable(QString::number(most - before)));
}

void TestManagementTls::what_does_not_fit_together_is_refused_at_the_start()
{
    Setting setting;
    const Certificate certificate = setting.servers().sign(s("localhost"));
    const auto refused = [](const QStringList &settings) {
        QStringList arguments{s("--check-config")};
        for (const QString &one : settings)
            arguments << s("--set") << one;
        const Daemon::Ended ended = Daemon::run(arguments);
        return ended.exitCode == 2 ? ended.err : QByteArray("it was taken");
    };
    const QString listen = s("management.listen=127.0.0.1:0");
    const QStringList pair{s("management.certificate=") + certificate.certificateFile,
                           s("management.key=") + certificate.keyFile};
    QVERIFY(refused({listen}).contains("needs a certificate"));
    QVERIFY(refused(QStringList{listen} + pair).contains("lets nobody in"));
    QVERIFY(refused({s("management.client_roles=ops=admin")}).contains("management.client_ca is not"));
    QVERIFY(refused({s("management.client_roles=ops=king")}).contains("NAME=ROLE"));
    QVERIFY(refused({s("management.client_ca=") + certificate.keyFile, s("management.client_roles=a=admin")})
                .contains("holds no certificate"));
    QVERIFY(refused({s("management.listen=everywhere")}).contains("is no address"));
    QVERIFY(refused(QStringList{s("management.listen=127.0.0.1:8081"),
                                s("management.tokens=") + setting.path("tokens")}
                    + pair)
                .contains("internal.listen"));
    QFile tokens(setting.path("tokens"));
    QVERIFY(tokens.open(QFile::WriteOnly));
    tokens.write("king karl a-secret-that-is-long-enough\n");
    tokens.close();
    const QByteArray error = refused({s("management.tokens=") + tokens.fileName()});
    QVERIFY2(error.contains("has in line 1 a role"), error.constData());
    QVERIFY(!error.contains("a-secret"));
}

void TestManagementTls::messagingctl_comes_by_tls()
{
    Setting setting;
    QVERIFY(setting.daemon->start());
    QVERIFY(User(*setting.daemon, "alice").connect().status == 200);
    QFile token(setting.path("token"));
    QVERIFY(token.open(QFile::WriteOnly));
    token.write(QByteArray(observerToken) + "\n");
    token.close();
    const auto run = [&](const QStringList &arguments) {
        QProcess process;
        process.start(QFileInfo(Daemon::program()).path() + s("/messagingctl"),
                      QStringList{s("--tls"), setting.daemon->ready().value(u"management_tls").toString()}
                          + arguments);
        process.waitForFinished();
        return std::pair{process.exitCode(),
                         QByteArray(process.readAllStandardOutput() + process.readAllStandardError())};
    };
    const QStringList believing{s("--ca"), setting.servers().certificateFile()};
    const auto good
        = run(believing + QStringList{s("--token-file"), token.fileName(), s("sessions"), s("--json")});
    QVERIFY2(good.first == 0 && good.second.contains("\"alice\""), good.second.constData());
    const Certificate own = setting.clients().sign(s("ops"));
    const auto certified = run(believing
                               + QStringList{s("--certificate"), own.certificateFile, s("--key"), own.keyFile,
                                             s("close"), s("1"), s("--reason"), s("test")});
    QVERIFY2(certified.first == 0, certified.second.constData());
    QCOMPARE(run(QStringList{s("--token-file"), token.fileName(), s("status")}).first,
             3); // nobody it believes
    QCOMPARE(run(believing + QStringList{s("status")}).first, 2); // neither token nor certificate
}

QTEST_GUILESS_MAIN(TestManagementTls)
#include "tst_managementtls.moc"
