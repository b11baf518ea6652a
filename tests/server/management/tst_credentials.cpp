// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/credentials.h"
#include "server/management/logins.h"

#include <QTest>

#include <unistd.h>

using namespace msgsrv;
using namespace msgsrv::management;

namespace {

const char *const good
    = "# comment\n\nadmin  anna\tabcdefghijklmnopqrstu\r\n  observer bernd 01234567890123456789";

Origin remote(const char *certificate = "", const char *problem = "")
{
    return {.remote = Origin::Remote{QHostAddress(QStringLiteral("192.0.2.1")), QLatin1String(certificate),
                                     QLatin1String(problem)}};
}

Origin local(uid_t user)
{
    return {.credentials = PeerCredentials{user, 65'534, 1}};
}

Logins::Settings settings()
{
    Logins::Settings made;
    if (!made.credentials.addTokens(good) || !made.credentials.addCertificate("ops=operator"))
        qFatal("the settings are no good");
    return made;
}

} // namespace

class CredentialsTest final : public QObject
{
    Q_OBJECT

private slots:
    void tokens_are_found_by_their_hash()
    {
        Credentials credentials;
        QVERIFY(!credentials.hasTokens());
        QVERIFY(credentials.addTokens(good));
        const auto anna = credentials.byToken(QStringLiteral("abcdefghijklmnopqrstu"));
        QVERIFY(anna && anna->role == Role::Admin && anna->name == QStringLiteral("anna"));
        QVERIFY(credentials.byToken(QStringLiteral("01234567890123456789"))->role == Role::Observer);
        for (const char *wrong : {"", "anna", "abcdefghijklmnopqrst", "abcdefghijklmnopqrstuv", "comment"})
            QVERIFY(!credentials.byToken(QLatin1String(wrong)));
    }

    void bad_token_files_data()
    {
        QTest::addColumn<QByteArray>("lines");
        QTest::addColumn<QByteArray>("complaint");
        QTest::newRow("nothing") << QByteArray("# only this\n") << QByteArray("holds no token");
        QTest::newRow("two words") << QByteArray("\nadmin abcdefghijklmnopqrstu")
                                   << QByteArray("line 2 not the three");
        QTest::newRow("four words") << QByteArray("admin a b abcdefghijklmnopqrstu")
                                    << QByteArray("line 1 not the three");
        QTest::newRow("role") << QByteArray("root a abcdefghijklmnopqrstu") << QByteArray("line 1 a role");
        QTest::newRow("no role") << QByteArray("none a abcdefghijklmnopqrstu") << QByteArray("line 1 a role");
        QTest::newRow("short") << QByteArray("admin a short") << QByteArray("less than 20");
        QTest::newRow("name") << QByteArray("admin ") + QByteArray(65, 'n') + " abcdefghijklmnopqrstu"
                              << QByteArray("more than 64");
        QTest::newRow("name twice") << QByteArray(
            "admin a abcdefghijklmnopqrstu\nadmin a zbcdefghijklmnopqrstu")
                                    << QByteArray("line 2 a name that stands above");
        QTest::newRow("token twice") << QByteArray(
            "admin a abcdefghijklmnopqrstu\nadmin b abcdefghijklmnopqrstu")
                                     << QByteArray("line 2 a token that stands above");
        QTest::newRow("bytes") << QByteArray("admin a \xff\xfe") << QByteArray("UTF-8");
    }

    void bad_token_files()
    {
        QFETCH(QByteArray, lines);
        QFETCH(QByteArray, complaint);
        Credentials credentials;
        const auto added = credentials.addTokens(lines.toStdString());
        QVERIFY(!added);
        QVERIFY2(added.error().find(complaint.toStdString()) != std::string::npos, added.error().c_str());
        QVERIFY(added.error().find("abcdefgh") == std::string::npos);
        QVERIFY(!credentials.hasTokens());
    }

    void certificates_have_names()
    {
        Credentials credentials;
        QVERIFY(credentials.addCertificate("a = b=operator"));
        QVERIFY(!credentials.byCertificate(QStringLiteral("other")));
        QVERIFY(credentials.addCertificate("*=observer"));
        QVERIFY(credentials.byCertificate(QStringLiteral("a = b"))->role == Role::Operator);
        QVERIFY(credentials.byCertificate(QStringLiteral("other"))->role == Role::Observer);
        QCOMPARE(credentials.byCertificate(QStringLiteral("other"))->name, QStringLiteral("other"));
        QVERIFY(!credentials.byCertificate(QString()));
        for (const char *bad : {"", "ops", "=admin", "ops=", "ops=none", "ops=Admin", "*=admin"})
            QVERIFY2(!credentials.addCertificate(bad), bad);
    }

    void each_way_has_its_schemes()
    {
        const Logins logins(settings());
        QCOMPARE(logins.schemes(local(0)), QStringList{QStringLiteral("peer")});
        QCOMPARE(logins.schemes(remote()),
                 (QStringList{QStringLiteral("token"), QStringLiteral("certificate")}));
        QVERIFY(Logins(Logins::Settings{}).schemes(remote()).isEmpty());
        const auto code = [](const Logins &some, const Origin &origin, const char *scheme) {
            const auto decided = some.decide(origin, QLatin1String(scheme), QStringLiteral("x"));
            return decided ? ErrorCode::Internal : decided.error().code;
        };
        QVERIFY(code(logins, local(0), "token") == ErrorCode::Unsupported);
        QVERIFY(code(logins, local(0), "certificate") == ErrorCode::Unsupported);
        QVERIFY(code(Logins(Logins::Settings{}), remote("ops"), "certificate") == ErrorCode::Unsupported);
        QVERIFY(code(Logins(Logins::Settings{}), remote(), "token") == ErrorCode::Unsupported);
        QVERIFY(code(logins, remote(), "peer") == ErrorCode::LoginRefused);
        QVERIFY(code(logins, remote(), "token") == ErrorCode::LoginRefused);
        QVERIFY(code(logins, remote(), "certificate") == ErrorCode::LoginRefused);
        QVERIFY(code(logins, remote("else"), "certificate") == ErrorCode::LoginRefused);
        QCOMPARE(code(logins, remote("ops", "the certificate has expired"), "certificate"),
                 ErrorCode::LoginRefused);
        QVERIFY(code(logins, remote(), "none") == ErrorCode::BadParameters);
        QCOMPARE(logins.decide(remote("ops"), QStringLiteral("certificate"), {})->user,
                 QStringLiteral("certificate:ops"));
    }

    void refusals_wait_longer_each_time_also_over_connections()
    {
        Logins logins(settings());
        const TimePoint now = Clock::now();
        QCOMPARE(logins.refused(local(1), 0, now), Duration(milliseconds(250)));
        QCOMPARE(logins.refused(local(1), 3, now), Duration(milliseconds(2000)));
        QCOMPARE(logins.refused(local(1), 99, now), Duration(milliseconds(8000)));
        // A new connection for each guess: the address is what counts.
        Duration longest{};
        for (int i = 0; i < 20; ++i)
            longest = std::max(longest, logins.refused(remote(), 0, now));
        QCOMPARE(longest, Duration(seconds(8)));
        Origin other = remote();
        other.remote->address = QHostAddress(QStringLiteral("198.51.100.7"));
        QCOMPARE(logins.refused(other, 0, now), Duration(milliseconds(250)));
    }
};

QTEST_GUILESS_MAIN(CredentialsTest)
#include "tst_credentials.moc"
