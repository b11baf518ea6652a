// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/signaling/userid.h"

#include <QTest>

using namespace msgsrv;

Q_DECLARE_METATYPE(msgsrv::UserIdError)

class TestUserId : public QObject
{
    Q_OBJECT

private slots:
    void acceptsAnyScriptAndPunctuation_data();
    void acceptsAnyScriptAndPunctuation();
    void refusesTheRest_data();
    void refusesTheRest();
    void comparesByteForByte();
    void describesEveryError();
};

void TestUserId::acceptsAnyScriptAndPunctuation_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::newRow("one letter") << QByteArray("a");
    QTest::newRow("dots and slashes") << QByteArray("../a.b/c//");
    QTest::newRow("looks like a key") << QByteArray("queue.abc");
    QTest::newRow("syntax of other grammars") << QByteArray("a:b\\c%41\"'<>{}#*?&=+,;");
    QTest::newRow("inner blank") << QByteArray("Ada Lovelace");
    QTest::newRow("umlaut") << QByteArray("J\xC3\xBCrgen");
    QTest::newRow("Chinese") << QByteArray("\xE6\xBC\xA2\xE5\xAD\x97");
    QTest::newRow("Arabic") << QByteArray("\xD9\x85\xD8\xB1\xD8\xAD\xD8\xA8\xD8\xA7");
    QTest::newRow("emoji") << QByteArray("\xF0\x9F\x98\x80");
    QTest::newRow("first after the C1 controls, inside") << QByteArray("a\xC2\xA0z");
    QTest::newRow("128 bytes") << QByteArray(128, 'x');
    QTest::newRow("128 bytes of two") << QByteArray("\xC3\xA4").repeated(64);
    QTest::newRow("U+FFFD itself") << QByteArray("\xEF\xBF\xBD");
}

void TestUserId::acceptsAnyScriptAndPunctuation()
{
    QFETCH(QByteArray, bytes);
    const auto id = UserId::parse(bytes.toStdString());
    QVERIFY(id);
    QCOMPARE(id->bytes(), bytes);
    QVERIFY(!id->isNull());
}

void TestUserId::refusesTheRest_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<UserIdError>("error");
    QTest::newRow("empty") << QByteArray() << UserIdError::Empty;
    QTest::newRow("129 bytes") << QByteArray(129, 'x') << UserIdError::TooLong;
    QTest::newRow("65 letters of two bytes") << QByteArray("\xC3\xA4").repeated(65) << UserIdError::TooLong;
    QTest::newRow("long before anything else") << QByteArray(200, '\xFF') << UserIdError::TooLong;
    QTest::newRow("Latin-1") << QByteArray("J\xFCrgen") << UserIdError::NotUtf8;
    QTest::newRow("cut character") << QByteArray("a\xE2\x82") << UserIdError::NotUtf8;
    QTest::newRow("overlong") << QByteArray("\xC0\x80") << UserIdError::NotUtf8;
    QTest::newRow("surrogate") << QByteArray("\xED\xA0\x80") << UserIdError::NotUtf8;
    QTest::newRow("ill-formed before control") << QByteArray("\x01\xFF") << UserIdError::NotUtf8;
    QTest::newRow("NUL") << QByteArray("a\0b", 3) << UserIdError::ControlCharacter;
    QTest::newRow("line feed at the end") << QByteArray("a\n") << UserIdError::ControlCharacter;
    QTest::newRow("tab in front") << QByteArray("\ta") << UserIdError::ControlCharacter;
    QTest::newRow("unit separator") << QByteArray("a\x1f") << UserIdError::ControlCharacter;
    QTest::newRow("DEL") << QByteArray("a\x7f") << UserIdError::ControlCharacter;
    QTest::newRow("U+0080") << QByteArray("\xC2\x80") << UserIdError::ControlCharacter;
    QTest::newRow("U+009F") << QByteArray("a\xC2\x9F") << UserIdError::ControlCharacter;
    QTest::newRow("control before blank") << QByteArray(" \x01") << UserIdError::ControlCharacter;
    QTest::newRow("leading blank") << QByteArray(" a") << UserIdError::OuterBlank;
    QTest::newRow("trailing blank") << QByteArray("a ") << UserIdError::OuterBlank;
    QTest::newRow("only a blank") << QByteArray(" ") << UserIdError::OuterBlank;
    QTest::newRow("no-break space") << QByteArray("\xC2\xA0"
                                                  "a")
                                    << UserIdError::OuterBlank;
    QTest::newRow("Ogham space mark") << QByteArray("a\xE1\x9A\x80") << UserIdError::OuterBlank;
    QTest::newRow("en quad") << QByteArray("a\xE2\x80\x80") << UserIdError::OuterBlank;
    QTest::newRow("hair space") << QByteArray("a\xE2\x80\x8A") << UserIdError::OuterBlank;
    QTest::newRow("narrow no-break space") << QByteArray("a\xE2\x80\xAF") << UserIdError::OuterBlank;
    QTest::newRow("mathematical space") << QByteArray("a\xE2\x81\x9F") << UserIdError::OuterBlank;
    QTest::newRow("ideographic space") << QByteArray("\xE3\x80\x80"
                                                     "a")
                                       << UserIdError::OuterBlank;
}

void TestUserId::refusesTheRest()
{
    QFETCH(QByteArray, bytes);
    QFETCH(UserIdError, error);
    const auto id = UserId::parse(bytes.toStdString());
    QVERIFY(!id);
    QCOMPARE(id.error(), error);
}

void TestUserId::comparesByteForByte()
{
    const UserId composed = *UserId::parse("\xC3\xA4");
    const UserId decomposed = *UserId::parse("a\xCC\x88");
    QVERIFY(!(composed == decomposed));
    QVERIFY(!(*UserId::parse("Alice") == *UserId::parse("alice")));
    QVERIFY(*UserId::parse("alice") == *UserId::parse("alice"));
    QCOMPARE(qHash(*UserId::parse("alice"), 7), qHash(*UserId::parse("alice"), 7));
    QVERIFY(UserId().isNull());
}

void TestUserId::describesEveryError()
{
    QSet<QByteArray> texts;
    for (int i = 0; i <= int(UserIdError::OuterBlank); ++i)
        texts.insert(describe(UserIdError(i)));
    QCOMPARE(texts.size(), 5);
}

QTEST_APPLESS_MAIN(TestUserId)
#include "tst_userid.moc"
