// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/addressblock.h"

#include <QTest>

using namespace msgsrv;

class AddressBlockTest : public QObject
{
    Q_OBJECT

private slots:
    void whoCountsAsOne_data()
    {
        QTest::addColumn<QString>("first");
        QTest::addColumn<QString>("second");
        QTest::addColumn<bool>("same");
        const auto row = [](const char *first, const char *second, bool same) {
            QTest::addRow("%s %s", first, second)
                << QString::fromLatin1(first) << QString::fromLatin1(second) << same;
        };
        row("192.0.2.1", "192.0.2.1", true);
        row("192.0.2.1", "192.0.2.2", false);
        row("192.0.2.1", "::ffff:192.0.2.1", true);
        row("::ffff:192.0.2.1", "::ffff:192.0.2.2", false);
        row("2001:db8::1", "2001:db8::2", true);
        row("2001:db8::1", "2001:db8::ffff:ffff:ffff:ffff", true);
        row("2001:db8::1", "2001:db8:0:1::1", false);
        row("::1", "127.0.0.1", false);
        row("::1", "0.0.0.0", false);
        row("", "0.0.0.0", false);
        row("", "::1", false);
    }

    void whoCountsAsOne()
    {
        QFETCH(const QString, first);
        QFETCH(const QString, second);
        QFETCH(const bool, same);
        QCOMPARE(addressBlock(QHostAddress(first)) == addressBlock(QHostAddress(second)), same);
    }
};

QTEST_APPLESS_MAIN(AddressBlockTest)
#include "tst_addressblock.moc"
