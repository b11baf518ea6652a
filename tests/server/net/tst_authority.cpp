// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/authority.h"

#include <QTest>

using namespace msgsrv;

class TestAuthority : public QObject
{
    Q_OBJECT

private slots:
    void splitsHostAndPort_data();
    void splitsHostAndPort();
    void refusesWhatIsNone_data();
    void refusesWhatIsNone();
};

void TestAuthority::splitsHostAndPort_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("host");
    QTest::addColumn<int>("port"); // -1: none
    QTest::addColumn<bool>("isIpv6");
    const auto row = [](const char *text, const char *host, int port, bool isIpv6) {
        QTest::newRow(text) << QByteArray(text) << QByteArray(host) << port << isIpv6;
    };
    row("example.org", "example.org", -1, false);
    row("Example.ORG:8443", "example.org", 8443, false);
    row("127.0.0.1:80", "127.0.0.1", 80, false);
    row("a:65535", "a", 65535, false);
    row("[::1]", "[::1]", -1, true);
    row("[2001:DB8:0:0:0:0:0:1]:443", "[2001:db8::1]", 443, true);
    row("[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.1]", 1, true);
}

void TestAuthority::splitsHostAndPort()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, host);
    QFETCH(int, port);
    QFETCH(bool, isIpv6);
    const auto authority = Authority::parse(text.toStdString());
    QVERIFY(authority);
    QCOMPARE(authority->host, host.toStdString());
    QCOMPARE(authority->port ? int(*authority->port) : -1, port);
    QCOMPARE(authority->isIpv6(), isIpv6);
}

void TestAuthority::refusesWhatIsNone_data()
{
    QTest::addColumn<QByteArray>("text");
    for (const char *text : {"", ":80", "a:", "a:65536", "a:-1", "a:b", "a b", "a/b", "user@a", "[", "[]",
                             "[::1", "[::g]", "[::1]80", "::1", "a;b", "\xC3\xA4"})
        QTest::newRow(text) << QByteArray(text);
    QTest::newRow("NUL in an IPv6 literal") << QByteArray("[::1\0x]", 7);
}

void TestAuthority::refusesWhatIsNone()
{
    QFETCH(QByteArray, text);
    QVERIFY(!Authority::parse(text.toStdString()));
}

QTEST_APPLESS_MAIN(TestAuthority)
#include "tst_authority.moc"
