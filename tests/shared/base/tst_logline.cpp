// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/logline.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

#include <limits>

using namespace msgsrv;
using log::Field;
using log::Format;

namespace {

const auto noon
    = std::chrono::system_clock::time_point(std::chrono::milliseconds(1709208000007)); // 2024-02-29

std::string line(Format format, std::initializer_list<Field> fields)
{
    return log::formatLine(format, noon, "info", "net", "front.opened", {fields.begin(), fields.size()});
}

QByteArray bytes(const std::string &text)
{
    return QByteArray::fromStdString(text);
}

} // namespace

class TestLogLine : public QObject
{
    Q_OBJECT

private slots:
    void textHasTimeLevelCategoryEventAndFields();
    void jsonIsOneObjectWithTypedFields();
    void everyKindOfFieldHasAForm();
    void timeIsUtcWithMilliseconds_data();
    void timeIsUtcWithMilliseconds();
    void aValueCanNeitherEndItsLineNorAddAField_data();
    void aValueCanNeitherEndItsLineNorAddAField();
    void hostileTextStaysOneJsonString_data() { aValueCanNeitherEndItsLineNorAddAField_data(); }
    void hostileTextStaysOneJsonString();
    void longValuesAreCutBetweenCharacters();
    void levelNamesAreReadBack();
};

void TestLogLine::textHasTimeLevelCategoryEventAndFields()
{
    QCOMPARE(bytes(line(Format::Text,
                        {{"port", 8080}, {"address", "[::1]:80"}, {"user", "Ann Lee"}, {"note", ""}})),
             QByteArray(
                 "2024-02-29T12:00:00.007Z info net front.opened port=8080 address=[::1]:80 user=\"Ann Lee\" "
                 "note=\"\"\n"));
}

void TestLogLine::jsonIsOneObjectWithTypedFields()
{
    const std::string text = line(Format::Json, {{"port", 8080}, {"user", "Ann \"Lee\""}, {"tls", true}});
    QCOMPARE(
        bytes(text),
        QByteArray("{\"time\":\"2024-02-29T12:00:00.007Z\",\"level\":\"info\",\"category\":\"net\","
                   "\"event\":\"front.opened\",\"port\":8080,\"user\":\"Ann \\\"Lee\\\"\",\"tls\":true}\n"));
}

void TestLogLine::everyKindOfFieldHasAForm()
{
    const std::string text = line(Format::Text,
                                  {{"a", std::string("s")},
                                   {"b", std::string_view("v")},
                                   {"c", QByteArray("q")},
                                   {"d", QStringLiteral("\u00e9")},
                                   {"e", std::numeric_limits<std::uint64_t>::max()},
                                   {"f", std::numeric_limits<std::int64_t>::min()},
                                   {"g", false},
                                   {"h", 0.25},
                                   {"i", std::numeric_limits<double>::infinity()},
                                   {"j", static_cast<const char *>(nullptr)}});
    QCOMPARE(
        bytes(text).split(' ').mid(4).join(' '),
        QByteArray("a=s b=v c=q d=\"\xc3\xa9\" e=18446744073709551615 f=-9223372036854775808 g=false h=0.25 "
                   "i=null j=\"\"\n"));
}

void TestLogLine::timeIsUtcWithMilliseconds_data()
{
    QTest::addColumn<qint64>("ms");
    QTest::addColumn<QByteArray>("expected");
    QTest::newRow("epoch") << qint64(0) << QByteArray("1970-01-01T00:00:00.000Z");
    QTest::newRow("last millisecond") << qint64(1709251199999) << QByteArray("2024-02-29T23:59:59.999Z");
    QTest::newRow("before the epoch") << qint64(-1) << QByteArray("1969-12-31T23:59:59.999Z");
}

void TestLogLine::timeIsUtcWithMilliseconds()
{
    QFETCH(const qint64, ms);
    QFETCH(const QByteArray, expected);
    QCOMPARE(bytes(log::formatTime(std::chrono::system_clock::time_point(std::chrono::milliseconds(ms)))),
             expected);
}

void TestLogLine::aValueCanNeitherEndItsLineNorAddAField_data()
{
    QTest::addColumn<QByteArray>("value");
    QTest::addColumn<QByteArray>("shown");
    const auto row
        = [](const char *name, QByteArray value, QByteArray shown) { QTest::newRow(name) << value << shown; };
    row("line feed", "a\nb", "\"a\\nb\"");
    row("carriage return", "a\rb", "\"a\\rb\"");
    row("tab", "a\tb", "\"a\\tb\"");
    row("NUL", QByteArray("a\0b", 3), "\"a\\u0000b\"");
    row("escape sequence", "\x1b[31m", "\"\\u001b[31m\"");
    row("DEL", "\x7f", "\"\\u007f\"");
    row("C1 next line", "\xc2\x85", "\"\\u0085\"");
    row("line separator", "\xe2\x80\xa8", "\"\\u2028\"");
    row("right-to-left override", "\xe2\x80\xae", "\"\\u202e\"");
    row("isolate", "\xe2\x81\xa6", "\"\\u2066\"");
    row("arabic letter mark", "\xd8\x9c", "\"\\u061c\"");
    row("zero width space", "a\xe2\x80\x8b", "\"a\\u200b\"");
    row("byte order mark", "\xef\xbb\xbf", "\"\\ufeff\"");
    row("tag beyond the BMP", "\xf3\xa0\x81\x81", "\"\\udb40\\udc41\"");
    row("quote", "a\"b", "\"a\\\"b\"");
    row("backslash", "a\\nb", "\"a\\\\nb\"");
    row("blank and equals", "x level=error", "\"x level=error\"");
    row("a field of its own", "x=y", "\"x=y\"");
    row("other scripts", "\xe6\x97\xa5\xe6\x9c\xac \xd7\x90", "\"\xe6\x97\xa5\xe6\x9c\xac \xd7\x90\"");
    row("beyond the BMP", "\xf0\x9f\x98\x80", "\"\xf0\x9f\x98\x80\"");
    row("lone continuation", "\x80", "\"\\ufffd\"");
    row("overlong slash", "\xc0\xaf", "\"\\ufffd\\ufffd\"");
    row("surrogate", "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"");
    row("above U+10FFFF", "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
    row("cut short", "a\xe2\x82", "\"a\\ufffd\\ufffd\"");
    row("plain", "queue-1_a.b/c:d@e+f%20", "queue-1_a.b/c:d@e+f%20");
}

void TestLogLine::aValueCanNeitherEndItsLineNorAddAField()
{
    QFETCH(const QByteArray, value);
    QFETCH(const QByteArray, shown);
    const QByteArray text = bytes(line(Format::Text, {{"user", value}}));
    QCOMPARE(text, QByteArray("2024-02-29T12:00:00.007Z info net front.opened user=" + shown + '\n'));
}

void TestLogLine::hostileTextStaysOneJsonString()
{
    QFETCH(const QByteArray, value);
    const QByteArray text = bytes(line(Format::Json, {{"user", value}}));
    QCOMPARE(text.count('\n'), 1);
    QJsonParseError error;
    const QJsonObject object = QJsonDocument::fromJson(text, &error).object();
    QCOMPARE(error.error, QJsonParseError::NoError);
    QCOMPARE(object.size(), 5);
    if (QString::fromUtf8(value).toUtf8() == value)
        QCOMPARE(object.value(QLatin1String("user")).toString().toUtf8(), value);
}

void TestLogLine::longValuesAreCutBetweenCharacters()
{
    const std::string fits(2048, 'x');
    std::string shown;
    log::appendBareOrQuoted(shown, fits);
    QCOMPARE(shown, fits);

    shown.clear();
    log::appendBareOrQuoted(shown, fits + 'y');
    QCOMPARE(shown, '"' + fits + "...\"");

    shown.clear();
    log::appendQuoted(shown, std::string(2047, 'x') + "\xc3\xa9");
    QCOMPARE(shown, '"' + std::string(2047, 'x') + "...\"");
}

void TestLogLine::levelNamesAreReadBack()
{
    for (const log::Level level :
         {log::Level::Debug, log::Level::Info, log::Level::Warning, log::Level::Error})
        QVERIFY(log::levelFromName(log::toString(level)) == level);
    QVERIFY(!log::levelFromName("Info"));
    QVERIFY(!log::levelFromName(""));
}

QTEST_APPLESS_MAIN(TestLogLine)
#include "tst_logline.moc"
