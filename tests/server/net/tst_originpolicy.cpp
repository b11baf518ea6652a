// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/originpolicy.h"

#include <QTest>

using namespace msgsrv;

class TestOriginPolicy : public QObject
{
    Q_OBJECT

private slots:
    void allowsTheRequestsOwnHostByDefault_data();
    void allowsTheRequestsOwnHostByDefault();
    void allowsNothingButWhatAListNames_data();
    void allowsNothingButWhatAListNames();
    void allowsWhoeverSendsNoOrigin();
    void aStarAllowsEveryPageButNobodys();
    void refusesAnEntryThatIsNoOrigin_data();
    void refusesAnEntryThatIsNoOrigin();
};

void TestOriginPolicy::allowsTheRequestsOwnHostByDefault_data()
{
    QTest::addColumn<QByteArray>("origin");
    QTest::addColumn<QByteArray>("host");
    QTest::addColumn<bool>("allowed");
    const auto row = [](const char *name, const char *origin, const char *host, bool allowed) {
        QTest::newRow(name) << QByteArray(origin) << QByteArray(host) << allowed;
    };
    row("the same", "http://example.org", "example.org", true);
    row("another port", "http://example.org:8080", "example.org:15674", true);
    row("another scheme", "https://example.org", "example.org", true);
    row("upper case", "http://Example.ORG", "exAmple.org", true);
    row("upper case scheme", "HTTP://example.org", "example.org", true);
    row("IPv4", "http://127.0.0.1:8080", "127.0.0.1:15674", true);
    row("IPv6", "http://[::1]:8080", "[::1]:15674", true);
    row("IPv6 written differently", "http://[::1]", "[0:0:0:0:0:0:0:1]:80", true);
    row("without a scheme", "127.0.0.1", "127.0.0.1:15674", true);
    row("without a scheme, with a port", "localhost:15674", "localhost:15674", true);
    row("another host", "http://example.com", "example.org", false);
    row("another host without a scheme", "example.com", "example.org", false);
    row("a subdomain", "http://www.example.org", "example.org", false);
    row("a longer name", "http://example.org.evil.example", "example.org", false);
    row("host as user information", "http://example.org@evil.example", "example.org", false);
    row("null", "null", "example.org", false);
    row("null for a host that is called null", "null", "null", false);
    row("empty", "", "example.org", false);
    row("a list", "http://example.org http://evil.example", "example.org", false);
    row("a path", "http://example.org/", "example.org", false);
    row("no host", "http://", "example.org", false);
    row("no scheme before the separator", "://example.org", "example.org", false);
    row("a wrong scheme", "ht tp://example.org", "example.org", false);
    row("a wrong port", "http://example.org:99999", "example.org", false);
    row("a file", "file://", "example.org", false);
    row("a host that is no host", "http://example.org", "", false);
}

void TestOriginPolicy::allowsTheRequestsOwnHostByDefault()
{
    QFETCH(QByteArray, origin);
    QFETCH(QByteArray, host);
    QFETCH(bool, allowed);
    QCOMPARE(OriginPolicy().allows(origin.toStdString(), host.toStdString()), allowed);
    QCOMPARE(OriginPolicy::parse({})->allows(origin.toStdString(), host.toStdString()), allowed);
}

void TestOriginPolicy::allowsNothingButWhatAListNames_data()
{
    QTest::addColumn<QByteArray>("entry");
    QTest::addColumn<QByteArray>("origin");
    QTest::addColumn<bool>("allowed");
    const auto row = [](const char *name, const char *entry, const char *origin, bool allowed) {
        QTest::newRow(name) << QByteArray(entry) << QByteArray(origin) << allowed;
    };
    row("exact", "https://app.example.org", "https://app.example.org", true);
    row("default port spelt out", "https://app.example.org", "https://app.example.org:443", true);
    row("default port spelt out in the entry", "http://app.example.org:80", "http://app.example.org", true);
    row("upper case entry", "HTTPS://App.Example.org", "https://app.example.org", true);
    row("with a port", "http://localhost:3000", "http://localhost:3000", true);
    row("a scheme of an app", "capacitor://localhost", "capacitor://localhost", true);
    row("host: any scheme and port", "app.example.org", "http://app.example.org:8080", true);
    row("host and port: any scheme", "app.example.org:8080", "https://app.example.org:8080", true);
    row("host and default port", "app.example.org:443", "https://app.example.org", true);
    row("IPv6", "http://[::1]:3000", "http://[::1]:3000", true);
    row("Origin without a scheme", "https://app.example.org", "app.example.org", true);
    row("Origin without a scheme, with a port", "https://app.example.org", "app.example.org:443", true);
    row("plain http", "https://app.example.org", "http://app.example.org", false);
    row("plain http at the port of https", "https://app.example.org", "http://app.example.org:443", false);
    row("another port", "https://app.example.org", "https://app.example.org:8443", false);
    row("another port than the host's", "app.example.org:8080", "https://app.example.org", false);
    row("another host", "app.example.org", "https://example.org", false);
    row("Origin without a scheme at another port", "https://app.example.org", "app.example.org:8443", false);
    row("an app's scheme is not http", "capacitor://localhost", "http://localhost", false);
    row("null", "app.example.org", "null", false);
    row("the request's own host", "app.example.org", "http://own.example", false);
}

void TestOriginPolicy::allowsNothingButWhatAListNames()
{
    QFETCH(QByteArray, entry);
    QFETCH(QByteArray, origin);
    QFETCH(bool, allowed);
    const auto policy = OriginPolicy::parse({"https://first.example", entry.toStdString()});
    QVERIFY(policy);
    QCOMPARE(policy->allows(origin.toStdString(), "own.example"), allowed);
    QVERIFY(policy->allows("https://first.example", "own.example"));
}

void TestOriginPolicy::allowsWhoeverSendsNoOrigin()
{
    QVERIFY(OriginPolicy().allows(std::nullopt, "example.org"));
    QVERIFY(OriginPolicy::parse({"https://app.example.org"})->allows(std::nullopt, "example.org"));
}

void TestOriginPolicy::aStarAllowsEveryPageButNobodys()
{
    const auto policy = OriginPolicy::parse({"*"});
    QVERIFY(policy);
    QVERIFY(policy->allows("https://anywhere.example", "own.example"));
    QVERIFY(policy->allows(std::nullopt, "own.example"));
    QVERIFY(!policy->allows("null", "own.example"));
    QVERIFY(!policy->allows("not an origin", "own.example"));
}

void TestOriginPolicy::refusesAnEntryThatIsNoOrigin_data()
{
    QTest::addColumn<QByteArray>("entry");
    for (const char *entry : {"", "null", "https://", "https://a b", "https://app.example.org/", "//a",
                              "https://user@a", "a:b", "a:70000", "https://*.example.org", "[::g]"})
        QTest::newRow(entry) << QByteArray(entry);
}

void TestOriginPolicy::refusesAnEntryThatIsNoOrigin()
{
    QFETCH(QByteArray, entry);
    const auto policy = OriginPolicy::parse({entry.toStdString()});
    QVERIFY(!policy);
    QVERIFY(policy.error().find('"' + entry.toStdString() + '"') == 0);
}

QTEST_APPLESS_MAIN(TestOriginPolicy)
#include "tst_originpolicy.moc"
