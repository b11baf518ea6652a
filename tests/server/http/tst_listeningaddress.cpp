// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/listeningaddress.h"

#include <QTest>

using namespace msgsrv;

class TestListeningAddress : public QObject
{
    Q_OBJECT

private slots:
    void isDerivedFromTheHostThatTheClientUsed_data();
    void isDerivedFromTheHostThatTheClientUsed();
    void isThePublicAddressWhereThereIsOne();
    void cannotBeDerivedFromWhatIsNoHost();
    void keepsToTheGrammarOfAContentSecurityPolicy_data();
    void keepsToTheGrammarOfAContentSecurityPolicy();
};

namespace {

HttpRequest request(const QByteArray &host, bool secure = false)
{
    HttpRequest result;
    result.host = host;
    result.secure = secure;
    return result;
}

} // namespace

void TestListeningAddress::isDerivedFromTheHostThatTheClientUsed_data()
{
    QTest::addColumn<QByteArray>("host");
    QTest::addColumn<bool>("secure");
    QTest::addColumn<bool>("onePort");
    QTest::addColumn<QByteArray>("address");
    const auto row = [](const char *host, bool secure, bool onePort, const char *address) {
        QTest::addRow("%s%s%s", host, secure ? ", TLS" : "", onePort ? ", one port" : "")
            << QByteArray(host) << secure << onePort << QByteArray(address);
    };
    row("127.0.0.1:8080", false, false, "ws://127.0.0.1:15674/ws");
    row("localhost", false, false, "ws://localhost:15674/ws");
    row("Example.org:8443", true, false, "wss://example.org:15674/ws");
    row("[::1]:8080", false, false, "ws://[::1]:15674/ws");
    row("[2001:DB8::1]", true, false, "wss://[2001:db8::1]:15674/ws");
    row("127.0.0.1:8080", false, true, "ws://127.0.0.1:8080/ws");
    row("example.org", true, true, "wss://example.org/ws");
    row("[::1]:8080", false, true, "ws://[::1]:8080/ws");
    row("[::1]", true, true, "wss://[::1]/ws");
}

void TestListeningAddress::isDerivedFromTheHostThatTheClientUsed()
{
    QFETCH(QByteArray, host);
    QFETCH(bool, secure);
    QFETCH(bool, onePort);
    QFETCH(QByteArray, address);
    const ListeningAddress listener{{}, 15674, onePort, "/ws"};
    QCOMPARE(listener.forRequest(request(host, secure)), address);
}

void TestListeningAddress::isThePublicAddressWhereThereIsOne()
{
    const ListeningAddress listener{"wss://rtc.example.org/stomp", 15674, false, "/ws"};
    QCOMPARE(listener.forRequest(request("127.0.0.1:8080")), QByteArray("wss://rtc.example.org/stomp"));
    QCOMPARE(listener.cspSource(request("127.0.0.1:8080")), QByteArray("wss://rtc.example.org"));
}

void TestListeningAddress::cannotBeDerivedFromWhatIsNoHost()
{
    const ListeningAddress listener{{}, 15674, false, "/ws"};
    for (const char *host :
         {"", "a b", "example.org; script-src *", "user@example.org", "[::1", "example.org:port"}) {
        QCOMPARE(listener.forRequest(request(host)), QByteArray());
        QCOMPARE(listener.cspSource(request(host)), QByteArray());
    }
}

void TestListeningAddress::keepsToTheGrammarOfAContentSecurityPolicy_data()
{
    QTest::addColumn<QByteArray>("publicAddress");
    QTest::addColumn<QByteArray>("host");
    QTest::addColumn<bool>("secure");
    QTest::addColumn<QByteArray>("source");
    const auto row = [](const char *name, const char *publicAddress, const char *host, bool secure,
                        const char *source) {
        QTest::newRow(name) << QByteArray(publicAddress) << QByteArray(host) << secure << QByteArray(source);
    };
    row("name", "", "example.org", false, "ws://example.org:15674");
    row("TLS", "", "example.org:8443", true, "wss://example.org:15674");
    row("IPv4", "", "127.0.0.1:8080", false, "ws://127.0.0.1:15674");
    row("IPv6 cannot be named", "", "[::1]:8080", false, "ws:");
    row("IPv6 and TLS", "", "[::1]", true, "wss:");
    row("underscore cannot be named", "", "my_host", false, "ws:");
    row("public address without a path", "wss://rtc.example.org:8443", "x", false,
        "wss://rtc.example.org:8443");
    row("public address that would end the directive", "ws://a;script-src *", "x", false, "ws:");
    row("public address without a host", "ws:///x", "x", false, "ws:");
    row("public address without a scheme", "rtc.example.org", "x", false, "");
}

void TestListeningAddress::keepsToTheGrammarOfAContentSecurityPolicy()
{
    QFETCH(QByteArray, publicAddress);
    QFETCH(QByteArray, host);
    QFETCH(bool, secure);
    QFETCH(QByteArray, source);
    const ListeningAddress listener{publicAddress, 15674, false, "/ws"};
    QCOMPARE(listener.cspSource(request(host, secure)), source);
}

QTEST_APPLESS_MAIN(TestListeningAddress)
#include "tst_listeningaddress.moc"
