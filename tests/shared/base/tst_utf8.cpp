// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/utf8.h"

#include <QTest>

#include <array>

using namespace msgsrv;

class TestUtf8 : public QObject
{
    Q_OBJECT

private slots:
    void acceptsWellFormedText_data();
    void acceptsWellFormedText();
    void refusesIllFormedText_data();
    void refusesIllFormedText();
    void tellsWhatMayStillBecomeWellFormed();
    void findsAnErrorAtEveryOffset();
    void agreesWithTheTableForAllCodePoints();
    void decodesOneCharacterAtATime_data();
    void decodesOneCharacterAtATime();
};

namespace {

std::string_view view(const QByteArray &bytes)
{
    return {bytes.constData(), std::size_t(bytes.size())};
}

std::string encode(char32_t c)
{
    std::string out;
    if (c < 0x80) {
        out += char(c);
    } else if (c < 0x800) {
        out += char(0xC0 | (c >> 6));
        out += char(0x80 | (c & 63));
    } else if (c < 0x10000) {
        out += char(0xE0 | (c >> 12));
        out += char(0x80 | ((c >> 6) & 63));
        out += char(0x80 | (c & 63));
    } else {
        out += char(0xF0 | (c >> 18));
        out += char(0x80 | ((c >> 12) & 63));
        out += char(0x80 | ((c >> 6) & 63));
        out += char(0x80 | (c & 63));
    }
    return out;
}

} // namespace

void TestUtf8::acceptsWellFormedText_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::newRow("empty") << QByteArray();
    QTest::newRow("ASCII") << QByteArray("a plain sentence of more than eight bytes");
    QTest::newRow("NUL is a character") << QByteArray(1, '\0');
    QTest::newRow("two bytes") << QByteArray("\xC2\x80\xDF\xBF");
    QTest::newRow("three bytes") << QByteArray("\xE0\xA0\x80\xEF\xBF\xBF");
    QTest::newRow("last before the surrogates") << QByteArray("\xED\x9F\xBF");
    QTest::newRow("first after the surrogates") << QByteArray("\xEE\x80\x80");
    QTest::newRow("four bytes") << QByteArray("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF");
    QTest::newRow("mixed") << QByteArray("abcdefgh\xC3\xA4 12345678 \xE2\x82\xAC \xF0\x9F\x98\x80");
}

void TestUtf8::acceptsWellFormedText()
{
    QFETCH(QByteArray, bytes);
    QVERIFY(isUtf8(view(bytes)));
}

void TestUtf8::refusesIllFormedText_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::newRow("lone continuation") << QByteArray("\x80");
    QTest::newRow("overlong slash, two bytes") << QByteArray("\xC0\xAF");
    QTest::newRow("overlong, C1") << QByteArray("\xC1\xBF");
    QTest::newRow("overlong, three bytes") << QByteArray("\xE0\x9F\xBF");
    QTest::newRow("overlong, four bytes") << QByteArray("\xF0\x8F\xBF\xBF");
    QTest::newRow("high surrogate") << QByteArray("\xED\xA0\x80");
    QTest::newRow("surrogate pair") << QByteArray("\xED\xA0\xBD\xED\xB8\x80");
    QTest::newRow("above U+10FFFF") << QByteArray("\xF4\x90\x80\x80");
    QTest::newRow("F5") << QByteArray("\xF5\x80\x80\x80");
    QTest::newRow("FF") << QByteArray("\xFF");
    QTest::newRow("cut after one of two") << QByteArray("\xC3");
    QTest::newRow("cut after two of three") << QByteArray("\xE2\x82");
    QTest::newRow("cut after three of four") << QByteArray("\xF0\x9F\x98");
    QTest::newRow("continuation missing in the middle") << QByteArray("\xE2\x82z\xAC");
}

void TestUtf8::refusesIllFormedText()
{
    QFETCH(QByteArray, bytes);
    QVERIFY(!isUtf8(view(bytes)));
    QVERIFY(!isUtf8(view("12345678" + bytes)));
    QVERIFY(!isUtf8(view(bytes + "12345678")));
}

void TestUtf8::tellsWhatMayStillBecomeWellFormed()
{
    // By its definition: some continuation makes it well-formed.
    const auto mayBecome = [](const std::string &rest) {
        if (rest.empty() || isUtf8(rest))
            return true;
        const std::array<std::string, 5> ends{"\x80", "\x9F", "\xA0", "\x8F", "\xBF"};
        for (const auto &a : ends) {
            if (isUtf8(rest + a))
                return true;
            for (const auto &b : ends) {
                if (isUtf8(rest + a + b) || isUtf8(rest + a + b + "\x80"))
                    return true;
            }
        }
        return false;
    };
    for (int first = 0; first < 256; ++first) {
        const std::string one(1, char(first));
        QCOMPARE(mayBecomeUtf8(one), mayBecome(one));
        for (int second = 0; second < 256; second += 3) {
            const std::string two = one + char(second);
            if (utf8Prefix(two) == 0)
                QCOMPARE(mayBecomeUtf8(two), mayBecome(two));
            for (const char *third : {"\x80", "z"}) {
                const std::string three = two + third;
                if (utf8Prefix(three) == 0)
                    QCOMPARE(mayBecomeUtf8(three), mayBecome(three));
            }
        }
    }
    QVERIFY(mayBecomeUtf8(""));
    QCOMPARE(utf8Prefix("ab\xE2\x82"), std::size_t(2));
    QCOMPARE(utf8Prefix("12345678\xE2\x82\xAC!\xFF"), std::size_t(12));
}

void TestUtf8::findsAnErrorAtEveryOffset()
{
    for (int size = 1; size <= 24; ++size) {
        for (int at = 0; at < size; ++at) {
            QByteArray bytes(size, 'x');
            QVERIFY(isUtf8(view(bytes)));
            bytes[at] = char(0x80);
            QVERIFY2(!isUtf8(view(bytes)), qPrintable(QStringLiteral("%1 of %2").arg(at).arg(size)));
        }
    }
}

void TestUtf8::agreesWithTheTableForAllCodePoints()
{
    for (char32_t c = 0; c < 0x110100; ++c) {
        const std::string bytes = encode(c);
        const bool isScalar = c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
        const Utf8Step step = decodeUtf8(bytes, 0);
        if (isUtf8(bytes) != isScalar || step.isValid != isScalar
            || (isScalar && (step.codePoint != c || step.size != bytes.size())))
            QFAIL(qPrintable(QStringLiteral("U+%1").arg(uint(c), 4, 16)));
    }
}

void TestUtf8::decodesOneCharacterAtATime_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<uint>("codePoint");
    QTest::addColumn<int>("size");
    QTest::addColumn<bool>("isValid");
    QTest::newRow("ASCII") << QByteArray("ab") << 0x61u << 1 << true;
    QTest::newRow("three bytes") << QByteArray("\xE2\x82\xAC!") << 0x20ACu << 3 << true;
    QTest::newRow("ill-formed lead") << QByteArray("\xFF!") << 0xFFFDu << 1 << false;
    QTest::newRow("maximal part of three of four") << QByteArray("\xF0\x9F\x98!") << 0xFFFDu << 3 << false;
    QTest::newRow("surrogate is one ill-formed byte") << QByteArray("\xED\xA0\x80") << 0xFFFDu << 1 << false;
    QTest::newRow("cut at the end") << QByteArray("\xE2\x82") << 0xFFFDu << 2 << false;
}

void TestUtf8::decodesOneCharacterAtATime()
{
    QFETCH(QByteArray, bytes);
    QFETCH(uint, codePoint);
    QFETCH(int, size);
    QFETCH(bool, isValid);
    const Utf8Step step = decodeUtf8(view(bytes), 0);
    QCOMPARE(uint(step.codePoint), codePoint);
    QCOMPARE(int(step.size), size);
    QCOMPARE(step.isValid, isValid);
}

QTEST_APPLESS_MAIN(TestUtf8)
#include "tst_utf8.moc"
