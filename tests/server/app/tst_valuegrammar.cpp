// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/valuegrammar.h"

#include <QTest>

using namespace msgsrv;

class TestValueGrammar : public QObject
{
    Q_OBJECT

private slots:
    void durations_data();
    void durations();
    void sizes_data();
    void sizes();
    void counts_data();
    void counts();
    void formsAreTheShortestAndAreReadBack_data();
    void formsAreTheShortestAndAreReadBack();
};

namespace {

constexpr qint64 none = -1;

} // namespace

void TestValueGrammar::durations_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<qint64>("ms");
    const auto row = [](const char *text, qint64 ms) { QTest::newRow(text) << QByteArray(text) << ms; };
    row("0", 0);
    row("0s", 0);
    row("0ms", 0);
    row("1ms", 1);
    row("500ms", 500);
    row("30s", 30'000);
    row("5m", 300'000);
    row("1h", 3'600'000);
    row("007s", 7'000);
    row("8784h", 8784LL * 3'600'000);
    row("8785h", none);
    row("31622400001ms", none);
    row("9223372036854775807h", none);
    row("9223372036854775808ms", none);
    row("99999999999999999999s", none);
    row("", none);
    row("s", none);
    row("30", none);
    row("30 s", none);
    row(" 30s", none);
    row("30s ", none);
    row("30S", none);
    row("30sec", none);
    row("1d", none);
    row("-1s", none);
    row("+1s", none);
    row("1.5s", none);
    row("1m30s", none);
    row("1e3ms", none);
    row("0x10s", none);
    row("\xd9\xa3s", none); // ARABIC-INDIC DIGIT THREE
}

void TestValueGrammar::durations()
{
    QFETCH(const QByteArray, text);
    QFETCH(const qint64, ms);
    const auto duration = parseDuration(text.toStdString());
    QCOMPARE(duration ? qint64(duration->count()) : none, ms);
}

void TestValueGrammar::sizes_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<qint64>("bytes");
    const auto row = [](const char *text, qint64 bytes) { QTest::newRow(text) << QByteArray(text) << bytes; };
    row("0", 0);
    row("1", 1);
    row("1B", 1);
    row("4096", 4096);
    row("64KiB", 65536);
    row("1MiB", 1048576);
    row("2GiB", 2147483648LL);
    row("0KiB", 0);
    row("4611686018427387904", 1LL << 62);
    row("4294967296GiB", 1LL << 62);
    row("4611686018427387905", none);
    row("4294967297GiB", none);
    row("9223372036854775807KiB", none);
    row("99999999999999999999", none);
    row("", none);
    row("KiB", none);
    row("64KB", none);
    row("64kb", none);
    row("64kib", none);
    row("64K", none);
    row("64 KiB", none);
    row("-64KiB", none);
    row("+1", none);
    row("1.5MiB", none);
    row("1TiB", none);
    row("1_000", none);
    row("0x40", none);
}

void TestValueGrammar::sizes()
{
    QFETCH(const QByteArray, text);
    QFETCH(const qint64, bytes);
    const auto size = parseSize(text.toStdString());
    QCOMPARE(size ? qint64(*size) : none, bytes);
}

void TestValueGrammar::counts_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<qint64>("number");
    const auto row
        = [](const char *text, qint64 number) { QTest::newRow(text) << QByteArray(text) << number; };
    row("0", 0);
    row("64", 64);
    row("0064", 64);
    row("4611686018427387904", 1LL << 62);
    row("4611686018427387905", none);
    row("", none);
    row("-1", none);
    row("+1", none);
    row("1.0", none);
    row("1e3", none);
    row("64KiB", none);
    row("auto", none);
}

void TestValueGrammar::counts()
{
    QFETCH(const QByteArray, text);
    QFETCH(const qint64, number);
    const auto count = parseCount(text.toStdString());
    QCOMPARE(count ? qint64(*count) : none, number);
}

void TestValueGrammar::formsAreTheShortestAndAreReadBack_data()
{
    QTest::addColumn<qint64>("number");
    QTest::addColumn<QByteArray>("duration");
    QTest::addColumn<QByteArray>("size");
    QTest::newRow("0") << qint64(0) << QByteArray("0") << QByteArray("0");
    QTest::newRow("1") << qint64(1) << QByteArray("1ms") << QByteArray("1");
    QTest::newRow("1500") << qint64(1500) << QByteArray("1500ms") << QByteArray("1500");
    QTest::newRow("60000") << qint64(60000) << QByteArray("1m") << QByteArray("60000");
    QTest::newRow("90000") << qint64(90000) << QByteArray("90s") << QByteArray("90000");
    QTest::newRow("7200000") << qint64(7200000) << QByteArray("2h") << QByteArray("7200000");
    QTest::newRow("64KiB") << qint64(65536) << QByteArray("65536ms") << QByteArray("64KiB");
    QTest::newRow("1MiB") << qint64(1048576) << QByteArray("1048576ms") << QByteArray("1MiB");
}

void TestValueGrammar::formsAreTheShortestAndAreReadBack()
{
    QFETCH(const qint64, number);
    QFETCH(const QByteArray, duration);
    QFETCH(const QByteArray, size);
    QCOMPARE(QByteArray::fromStdString(formatDuration(milliseconds(number))), duration);
    QCOMPARE(QByteArray::fromStdString(formatSize(number)), size);
    QVERIFY(parseDuration(duration.toStdString()) == milliseconds(number));
    QVERIFY(parseSize(size.toStdString()) == number);
}

QTEST_APPLESS_MAIN(TestValueGrammar)
#include "tst_valuegrammar.moc"
