// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/cidr.h"

#include <QTest>

using namespace msgsrv;

class TestCidr : public QObject
{
    Q_OBJECT

private slots:
    void containsItsAddressesOnly_data();
    void containsItsAddressesOnly();
    void malformedBlocksAreRefused_data();
    void malformedBlocksAreRefused();
    void addressesHaveTheirFullFormOnly_data();
    void addressesHaveTheirFullFormOnly();
    void mappedAddressesAreTakenOut();
    void aListContainsWhatOneOfItsBlocksContains();
    void aNullAddressIsInNoBlock();
};

void TestCidr::containsItsAddressesOnly_data()
{
    QTest::addColumn<QString>("block");
    QTest::addColumn<QString>("address");
    QTest::addColumn<bool>("inside");
    const auto row = [](const char *block, const char *address, bool inside) {
        QTest::addRow("%s %s", block, address)
            << QString::fromLatin1(block) << QString::fromLatin1(address) << inside;
    };
    row("10.0.0.0/8", "10.0.0.0", true);
    row("10.0.0.0/8", "10.255.255.255", true);
    row("10.0.0.0/8", "11.0.0.0", false);
    row("10.0.0.0/8", "9.255.255.255", false);
    row("172.16.0.0/12", "172.31.255.255", true);
    row("172.16.0.0/12", "172.32.0.0", false);
    row("192.168.1.128/25", "192.168.1.127", false);
    row("192.168.1.128/25", "192.168.1.128", true);
    row("192.168.1.7", "192.168.1.7", true);
    row("192.168.1.7", "192.168.1.6", false);
    row("192.168.1.7/32", "192.168.1.7", true);
    row("0.0.0.0/0", "203.0.113.9", true);
    row("0.0.0.0/0", "::1", false);
    row("0.0.0.0/0", "::ffff:203.0.113.9", true);
    row("10.0.0.0/8", "::ffff:10.1.2.3", true);
    row("10.0.0.0/8", "::ffff:11.1.2.3", false);
    row("::ffff:10.0.0.0/104", "10.1.2.3", true);
    row("::ffff:10.0.0.0/104", "11.1.2.3", false);
    row("::ffff:0:0/96", "203.0.113.9", true);
    row("::/0", "2001:db8::1", true);
    row("::/0", "203.0.113.9", false);
    row("::/0", "::ffff:203.0.113.9", false);
    row("2001:db8::/32", "2001:db8:ffff::1", true);
    row("2001:db8::/32", "2001:db9::", false);
    row("2001:db8::/33", "2001:db8:8000::", false);
    row("fe80::/10", "fe80::1%eth0", true);
    row("fe80::/10", "febf::1", true);
    row("fe80::/10", "fec0::1", false);
    row("::1", "::1", true);
    row("::1", "127.0.0.1", false);
    row("::1/128", "::2", false);
}

void TestCidr::containsItsAddressesOnly()
{
    QFETCH(const QString, block);
    QFETCH(const QString, address);
    QFETCH(const bool, inside);
    const QHostAddress parsed(address);
    QVERIFY(!parsed.isNull());
    const auto cidr = Cidr::parse(block.toStdString());
    QVERIFY(cidr);
    QCOMPARE(cidr->contains(parsed), inside);
}

void TestCidr::malformedBlocksAreRefused_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("error");
    const auto row
        = [](const char *name, QByteArray text, QByteArray error) { QTest::newRow(name) << text << error; };
    const QByteArray noBlock = "is no address block; write it like 10.0.0.0/8 or 2001:db8::/32";
    const QByteArray badV4 = "has a prefix length that is not between 0 and 32";
    const QByteArray badV6 = "has a prefix length that is not between 0 and 128";
    row("empty", "", noBlock);
    row("name", "localhost", noBlock);
    row("blank", " 10.0.0.0/8", noBlock);
    row("short", "10/8", noBlock);
    row("leading zero", "010.0.0.0/8", noBlock);
    row("NUL", QByteArray("10.0.0.0\0/8", 11), noBlock);
    row("brackets", "[::1]/128", noBlock);
    row("zone", "fe80::1%eth0/64", noBlock);
    row("port", "10.0.0.1:80", noBlock);
    row("prefix only", "/8", noBlock);
    row("no prefix", "10.0.0.0/", badV4);
    row("prefix too long", "10.0.0.0/33", badV4);
    row("prefix far too long", "10.0.0.0/99999999999999999999", badV4);
    row("negative prefix", "10.0.0.0/-1", badV4);
    row("signed prefix", "10.0.0.0/+8", badV4);
    row("netmask", "10.0.0.0/255.0.0.0", badV4);
    row("blank at the end", "10.0.0.0/8 ", badV4);
    row("prefix too long, IPv6", "::/129", badV6);
    row("host bits", "10.0.0.1/8", "has bits set after its prefix; write 10.0.0.0/8");
    row("host bits, IPv6", "2001:db8::1/32", "has bits set after its prefix; write 2001:db8::/32");
    row("host bits in the last byte", "192.168.1.129/25",
        "has bits set after its prefix; write 192.168.1.128/25");
}

void TestCidr::malformedBlocksAreRefused()
{
    QFETCH(const QByteArray, text);
    QFETCH(const QByteArray, error);
    const auto cidr = Cidr::parse({text.constData(), std::size_t(text.size())});
    QVERIFY(!cidr);
    QCOMPARE(QByteArray::fromStdString(cidr.error()), error);
}

void TestCidr::addressesHaveTheirFullFormOnly_data()
{
    QTest::addColumn<QString>("text");
    QTest::addColumn<bool>("good");
    const auto row
        = [](const char *text, bool good) { QTest::newRow(text) << QString::fromLatin1(text) << good; };
    row("127.0.0.1", true);
    row("255.255.255.255", true);
    row("::", true);
    row("2001:db8::1", true);
    row("::ffff:1.2.3.4", true);
    row("127.1", false);
    row("0x7f.0.0.1", false);
    row("256.0.0.1", false);
    row("1.2.3.4.5", false);
    row("1.2.3.4 ", false);
    row("[::1]", false);
    row("::1%1", false);
    row(":::", false);
    row("1111:2222:3333:4444:5555:6666:7777:8888:9999", false);
    row("1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", false);
    row("", false);
}

void TestCidr::addressesHaveTheirFullFormOnly()
{
    QFETCH(const QString, text);
    QFETCH(const bool, good);
    const auto address = parseIpAddress(text.toStdString());
    QCOMPARE(address.has_value(), good);
    if (good)
        QCOMPARE(*address, QHostAddress(text));
}

void TestCidr::mappedAddressesAreTakenOut()
{
    const auto check = [](const char *from, const char *to) {
        QCOMPARE(unmapped(QHostAddress(QString::fromLatin1(from))), QHostAddress(QString::fromLatin1(to)));
    };
    check("::ffff:10.1.2.3", "10.1.2.3");
    check("10.1.2.3", "10.1.2.3");
    check("2001:db8::1", "2001:db8::1");
    check("::10.1.2.3", "::10.1.2.3");
    QVERIFY(unmapped(QHostAddress()).isNull());
}

void TestCidr::aListContainsWhatOneOfItsBlocksContains()
{
    const std::vector<Cidr> blocks{*Cidr::parse("10.0.0.0/8"), *Cidr::parse("::1")};
    QVERIFY(contains(blocks, QHostAddress(QHostAddress::LocalHostIPv6)));
    QVERIFY(contains(blocks, QHostAddress(QStringLiteral("10.9.8.7"))));
    QVERIFY(!contains(blocks, QHostAddress(QHostAddress::LocalHost)));
    QVERIFY(!contains({}, QHostAddress(QHostAddress::LocalHost)));
}

void TestCidr::aNullAddressIsInNoBlock()
{
    QVERIFY(!Cidr::parse("0.0.0.0/0")->contains(QHostAddress()));
    QVERIFY(!Cidr::parse("::/0")->contains(QHostAddress()));
}

QTEST_APPLESS_MAIN(TestCidr)
#include "tst_cidr.moc"
