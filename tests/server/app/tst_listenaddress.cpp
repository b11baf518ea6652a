// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/listenaddress.h"

#include <QTest>

using namespace msgsrv;

class TestListenAddress : public QObject
{
    Q_OBJECT

private slots:
    void goodAddressesAreReadAndWritten_data();
    void goodAddressesAreReadAndWritten();
    void malformedAddressesAreRefused_data();
    void malformedAddressesAreRefused();
    void starIsBothFamiliesAndZerosAreOne();
    void addressesOverlap_data();
    void addressesOverlap();
};

void TestListenAddress::goodAddressesAreReadAndWritten_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("written");
    const auto row = [](const char *text, const char *written) {
        QTest::newRow(text) << QByteArray(text) << QByteArray(written);
    };
    row("127.0.0.1:8080", "127.0.0.1:8080");
    row("127.0.0.1:0", "127.0.0.1:0");
    row("0.0.0.0:65535", "0.0.0.0:65535");
    row("*:8080", "*:8080");
    row("localhost:8080", "127.0.0.1:8080");
    row("[::1]:8080", "[::1]:8080");
    row("[::]:0", "[::]:0");
    row("[2001:DB8:0:0::1]:443", "[2001:db8::1]:443");
    row("[fe80::1%eth0]:443", "[fe80::1%eth0]:443");
}

void TestListenAddress::goodAddressesAreReadAndWritten()
{
    QFETCH(const QByteArray, text);
    QFETCH(const QByteArray, written);
    const auto address = ListenAddress::parse(text.toStdString());
    QVERIFY(address);
    QCOMPARE(QByteArray::fromStdString(address->toString()), written);
    const auto again = ListenAddress::parse(written.toStdString());
    QVERIFY(again);
    QVERIFY(*again == *address);
}

void TestListenAddress::malformedAddressesAreRefused_data()
{
    QTest::addColumn<QByteArray>("text");
    for (const char *text : {"",
                             ":",
                             "8080",
                             ":8080",
                             "127.0.0.1",
                             "127.0.0.1:",
                             "127.0.0.1:65536",
                             "127.0.0.1:-1",
                             "127.0.0.1:+1",
                             "127.0.0.1:http",
                             "127.0.0.1: 80",
                             " 127.0.0.1:80",
                             "127.0.0.1:80 ",
                             "127.1:80",
                             "256.0.0.1:80",
                             "::1:80",
                             "[::1]",
                             "[::1]80",
                             "[::1:80",
                             "::1]:80",
                             "[]:80",
                             "[127.0.0.1]:80",
                             "[*]:80",
                             "[localhost]:80",
                             "[fe80::1%]:80",
                             "[fe80::1%a/b]:80",
                             "[fe80::1%aaaaaaaaaaaaaaaa]:80",
                             "example.org:80",
                             "http://127.0.0.1:80",
                             "**:80"})
        QTest::addRow("<%s>", text) << QByteArray(text);
    QTest::newRow("NUL") << QByteArray("127.0.0.1\0:80", 13);
}

void TestListenAddress::malformedAddressesAreRefused()
{
    QFETCH(const QByteArray, text);
    QVERIFY(!ListenAddress::parse({text.constData(), std::size_t(text.size())}));
}

void TestListenAddress::starIsBothFamiliesAndZerosAreOne()
{
    QCOMPARE(ListenAddress::parse("*:1")->address, QHostAddress(QHostAddress::Any));
    QCOMPARE(ListenAddress::parse("0.0.0.0:1")->address, QHostAddress(QHostAddress::AnyIPv4));
    QCOMPARE(ListenAddress::parse("[::]:1")->address, QHostAddress(QHostAddress::AnyIPv6));
}

void TestListenAddress::addressesOverlap_data()
{
    QTest::addColumn<QByteArray>("a");
    QTest::addColumn<QByteArray>("b");
    QTest::addColumn<bool>("overlap");
    const auto row = [](const char *a, const char *b, bool overlap) {
        QTest::addRow("%s %s", a, b) << QByteArray(a) << QByteArray(b) << overlap;
    };
    row("127.0.0.1:80", "127.0.0.1:80", true);
    row("127.0.0.1:80", "127.0.0.1:81", false);
    row("127.0.0.1:80", "127.0.0.2:80", false);
    row("127.0.0.1:80", "[::1]:80", false);
    row("0.0.0.0:80", "127.0.0.1:80", true);
    row("0.0.0.0:80", "[::1]:80", false);
    row("[::]:80", "[::1]:80", true);
    row("[::]:80", "127.0.0.1:80", false);
    row("*:80", "127.0.0.1:80", true);
    row("*:80", "[::1]:80", true);
    row("*:80", "0.0.0.0:80", true);
    row("*:80", "*:81", false);
    row("127.0.0.1:0", "127.0.0.1:0", false);
}

void TestListenAddress::addressesOverlap()
{
    QFETCH(const QByteArray, a);
    QFETCH(const QByteArray, b);
    QFETCH(const bool, overlap);
    const auto first = ListenAddress::parse(a.toStdString());
    const auto second = ListenAddress::parse(b.toStdString());
    QVERIFY(first && second);
    QCOMPARE(first->overlaps(*second), overlap);
    QCOMPARE(second->overlaps(*first), overlap);
}

QTEST_APPLESS_MAIN(TestListenAddress)
#include "tst_listenaddress.moc"
