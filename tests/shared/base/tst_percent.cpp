// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/percent.h"

#include <QTest>

using namespace msgsrv;

class TestPercent : public QObject
{
    Q_OBJECT

private slots:
    void decodesOnce_data();
    void decodesOnce();
    void refusesACutOrWrongEscape_data();
    void refusesACutOrWrongEscape();
};

void TestPercent::decodesOnce_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("inForm");
    QTest::addColumn<QByteArray>("inUri");
    QTest::newRow("empty") << QByteArray() << QByteArray() << QByteArray();
    QTest::newRow("plain") << QByteArray("a.b/c") << QByteArray("a.b/c") << QByteArray("a.b/c");
    QTest::newRow("both cases") << QByteArray("%2f%2F%c3%A4") << QByteArray("//\xC3\xA4")
                                << QByteArray("//\xC3\xA4");
    QTest::newRow("plus") << QByteArray("a+b%2B") << QByteArray("a b+") << QByteArray("a+b+");
    QTest::newRow("not twice") << QByteArray("%2541") << QByteArray("%41") << QByteArray("%41");
    QTest::newRow("NUL") << QByteArray("%00") << QByteArray(1, '\0') << QByteArray(1, '\0');
    QTest::newRow("any byte") << QByteArray("%FF") << QByteArray("\xFF") << QByteArray("\xFF");
}

void TestPercent::decodesOnce()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, inForm);
    QFETCH(QByteArray, inUri);
    QCOMPARE(percentDecode(text.toStdString(), Plus::IsBlank), inForm.toStdString());
    QCOMPARE(percentDecode(text.toStdString(), Plus::IsPlus), inUri.toStdString());
}

void TestPercent::refusesACutOrWrongEscape_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::newRow("alone") << QByteArray("%");
    QTest::newRow("one digit") << QByteArray("abc%4");
    QTest::newRow("one digit and more") << QByteArray("%4z1");
    QTest::newRow("no digit") << QByteArray("%zz");
    QTest::newRow("sign") << QByteArray("%-1");
    QTest::newRow("blank") << QByteArray("% 1");
    QTest::newRow("behind a good one") << QByteArray("%41%");
    QTest::newRow("old unicode form") << QByteArray("%u0041");
}

void TestPercent::refusesACutOrWrongEscape()
{
    QFETCH(QByteArray, text);
    QVERIFY(!percentDecode(text.toStdString(), Plus::IsBlank));
    QVERIFY(!percentDecode(text.toStdString(), Plus::IsPlus));
}

QTEST_APPLESS_MAIN(TestPercent)
#include "tst_percent.moc"
