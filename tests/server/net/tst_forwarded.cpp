// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/forwarded.h"

#include <QTest>

using namespace msgsrv;

class TestForwarded : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void addressIsTheFirstFromTheRightThatIsNotTrusted_data();
    void addressIsTheFirstFromTheRightThatIsNotTrusted();
    void protocolIsBelievedOfATrustedPeer_data();
    void protocolIsBelievedOfATrustedPeer();
    void hostIsBelievedOfATrustedPeer_data();
    void hostIsBelievedOfATrustedPeer();
    void listsOfEqualLengthAreReadAtTheClientsPlace();
    void aStrangersFieldsCountForNothing();
    void fieldsOfOneNameAreOneList();

private:
    ClientView see(const char *peer, bool tls, const ForwardedFields &fields) const
    {
        return seeThroughProxies(QHostAddress(QString::fromLatin1(peer)), tls, "inner:8080", fields,
                                 m_trusted);
    }

    std::vector<Cidr> m_trusted;
};

void TestForwarded::initTestCase()
{
    for (const char *block : {"10.0.0.0/8", "127.0.0.1", "fd00::/8"})
        m_trusted.push_back(*Cidr::parse(block));
}

void TestForwarded::addressIsTheFirstFromTheRightThatIsNotTrusted_data()
{
    QTest::addColumn<QByteArray>("peer");
    QTest::addColumn<QByteArray>("forwardedFor");
    QTest::addColumn<QByteArray>("client");
    const auto row = [](const char *name, const char *peer, const char *forwardedFor, const char *client) {
        QTest::newRow(name) << QByteArray(peer) << QByteArray(forwardedFor) << QByteArray(client);
    };
    row("no proxy", "203.0.113.1", "", "203.0.113.1");
    row("a stranger who says it is one", "203.0.113.1", "198.51.100.7", "203.0.113.1");
    row("one proxy", "10.0.0.1", "203.0.113.1", "203.0.113.1");
    row("one proxy, by a dual-stack listener", "::ffff:10.0.0.1", "203.0.113.1", "203.0.113.1");
    row("two proxies", "10.0.0.1", "203.0.113.1, 10.0.0.2", "203.0.113.1");
    row("the client made something up", "10.0.0.1", "198.51.100.7, 203.0.113.1", "203.0.113.1");
    row("the client made up a trusted one", "10.0.0.1", "10.0.0.9, 203.0.113.1, 10.0.0.2", "203.0.113.1");
    row("all trusted: the leftmost", "10.0.0.1", "10.0.0.3,10.0.0.2", "10.0.0.3");
    row("a proxy that says nothing", "10.0.0.1", "", "10.0.0.1");
    row("empty entries", "10.0.0.1", " , 203.0.113.1 ,,", "203.0.113.1");
    row("only empty entries", "10.0.0.1", " , ,", "10.0.0.1");
    row("IPv6", "fd00::1", "2001:db8::5", "2001:db8::5");
    row("IPv6 in brackets", "fd00::1", "[2001:db8::5]", "2001:db8::5");
    row("IPv6 in brackets, with a port", "fd00::1", "[2001:db8::5]:443", "2001:db8::5");
    row("IPv4 with a port", "10.0.0.1", "203.0.113.1:50000", "203.0.113.1");
    row("mapped", "10.0.0.1", "::ffff:203.0.113.1", "203.0.113.1");
    row("trusted and mapped", "10.0.0.1", "203.0.113.1, ::ffff:10.0.0.2", "203.0.113.1");
    row("unknown", "10.0.0.1", "unknown", "10.0.0.1");
    row("unknown behind a proxy", "10.0.0.1", "unknown, 10.0.0.2", "10.0.0.1");
    row("malformed and never reached", "10.0.0.1", "<script>, 203.0.113.1", "203.0.113.1");
    row("name", "10.0.0.1", "example.org", "10.0.0.1");
    row("bad port", "10.0.0.1", "203.0.113.1:http", "10.0.0.1");
    row("no port", "10.0.0.1", "203.0.113.1:", "10.0.0.1");
    row("open bracket", "10.0.0.1", "[2001:db8::5", "10.0.0.1");
    row("brackets about IPv4", "10.0.0.1", "[203.0.113.1]", "10.0.0.1");
    row("text after the bracket", "10.0.0.1", "[2001:db8::5]x", "10.0.0.1");
    row("quoted", "10.0.0.1", "\"203.0.113.1\"", "10.0.0.1");
    row("blanks instead of commas", "10.0.0.1", "203.0.113.1 203.0.113.2", "10.0.0.1");
}

void TestForwarded::addressIsTheFirstFromTheRightThatIsNotTrusted()
{
    QFETCH(const QByteArray, peer);
    QFETCH(const QByteArray, forwardedFor);
    QFETCH(const QByteArray, client);
    const ClientView view = see(peer.constData(), false, {forwardedFor.toStdString(), {}, {}});
    QCOMPARE(view.address.toString(), QString::fromLatin1(client));
}

void TestForwarded::protocolIsBelievedOfATrustedPeer_data()
{
    QTest::addColumn<QByteArray>("proto");
    QTest::addColumn<bool>("tls");
    QTest::addColumn<bool>("secure");
    const auto row = [](const char *name, const char *proto, bool tls, bool secure) {
        QTest::newRow(name) << QByteArray(proto) << tls << secure;
    };
    row("https", "https", false, true);
    row("HTTPS", "HTTPS", false, true);
    row("wss", "wss", false, true);
    row("http over our TLS", "http", true, false);
    row("ws over our TLS", "ws", true, false);
    row("absent", "", false, false);
    row("absent, our TLS", "", true, true);
    row("nonsense", "gopher", true, true);
    row("nonsense, plain", "https;", false, false);
    row("a list of another length: the last", "http, https", false, true);
}

void TestForwarded::protocolIsBelievedOfATrustedPeer()
{
    QFETCH(const QByteArray, proto);
    QFETCH(const bool, tls);
    QFETCH(const bool, secure);
    QCOMPARE(see("10.0.0.1", tls, {"203.0.113.1", proto.toStdString(), {}}).secure, secure);
    QCOMPARE(see("10.0.0.1", tls, {{}, proto.toStdString(), {}}).secure, secure);
}

void TestForwarded::hostIsBelievedOfATrustedPeer_data()
{
    QTest::addColumn<QByteArray>("forwarded");
    QTest::addColumn<QByteArray>("host");
    const auto row = [](const char *name, const char *forwarded, const char *host) {
        QTest::newRow(name) << QByteArray(forwarded) << QByteArray(host);
    };
    row("name", "example.org", "example.org");
    row("name and port", "example.org:8443", "example.org:8443");
    row("IPv6", "[2001:db8::5]:8443", "[2001:db8::5]:8443");
    row("absent", "", "inner:8080");
    row("with a path", "example.org/evil", "inner:8080");
    row("with a policy", "example.org;script-src", "inner:8080");
    row("bad port", "example.org:99999", "inner:8080");
    row("user", "a@example.org", "inner:8080");
}

void TestForwarded::hostIsBelievedOfATrustedPeer()
{
    QFETCH(const QByteArray, forwarded);
    QFETCH(const QByteArray, host);
    QCOMPARE(
        QByteArray::fromStdString(see("127.0.0.1", false, {"203.0.113.1", {}, forwarded.toStdString()}).host),
        host);
}

void TestForwarded::listsOfEqualLengthAreReadAtTheClientsPlace()
{
    // What the client made up stands left of its own address, in all three lists.
    const ClientView view = see(
        "10.0.0.1", false,
        {"198.51.100.7, 203.0.113.1, 10.0.0.2", "http, https, http", "made.up, example.org, edge.internal"});
    QCOMPARE(view.address, QHostAddress(QStringLiteral("203.0.113.1")));
    QCOMPARE(view.secure, true);
    QCOMPARE(QByteArray::fromStdString(view.host), QByteArray("example.org"));
}

void TestForwarded::aStrangersFieldsCountForNothing()
{
    const ClientView view = see("203.0.113.1", false, {"198.51.100.7", "https", "example.org"});
    QCOMPARE(view.address, QHostAddress(QStringLiteral("203.0.113.1")));
    QCOMPARE(view.secure, false);
    QCOMPARE(QByteArray::fromStdString(view.host), QByteArray("inner:8080"));
}

void TestForwarded::fieldsOfOneNameAreOneList()
{
    const ForwardedFields fields = ForwardedFields::of({{"host", "a"},
                                                        {"x-forwarded-for", "203.0.113.1"},
                                                        {"x-forwarded-proto", "https"},
                                                        {"x-forwarded-host", "example.org"},
                                                        {"x-forwarded-for", "10.0.0.2"}});
    QCOMPARE(QByteArray::fromStdString(fields.forwardedFor), QByteArray("203.0.113.1, 10.0.0.2"));
    QCOMPARE(QByteArray::fromStdString(fields.forwardedProto), QByteArray("https"));
    QCOMPARE(QByteArray::fromStdString(fields.forwardedHost), QByteArray("example.org"));
}

QTEST_APPLESS_MAIN(TestForwarded)
#include "tst_forwarded.moc"
