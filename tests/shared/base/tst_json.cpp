// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/json.h"

#include <QTest>

using namespace msgsrv;

Q_DECLARE_METATYPE(msgsrv::JsonError::Kind)

class TestJson : public QObject
{
    Q_OBJECT

private slots:
    void readsTheMembersOfAnObject();
    void slicesAValueAsItStandsInTheText_data();
    void slicesAValueAsItStandsInTheText();
    void unescapesNamesAndStrings();
    void refusesWhatIsNoStrictJsonObject_data();
    void refusesWhatIsNoStrictJsonObject();
    void namesTheMemberGivenTwice();
    void allowsTheSameNameInDifferentObjects();
    void countsTheOuterObjectAsOneLevel();
    void survivesAMillionBrackets();
    void readsManyMembersInReasonableTime();
    void checksAValueOfAnyType_data();
    void checksAValueOfAnyType();
    void writesStrings_data();
    void writesStrings();
    void writesEveryByteAtEveryPlace();
    void readsBackWhatItWrites();
};

namespace {

std::string_view view(const QByteArray &bytes)
{
    return {bytes.constData(), std::size_t(bytes.size())};
}

} // namespace

void TestJson::readsTheMembersOfAnObject()
{
    const std::string text = R"( {"a" : 1 , "b":"two","c":{"d":[ ]}} )";
    const auto members = readJsonObject(text);
    QVERIFY(members);
    QCOMPARE(members->size(), std::size_t(3));
    QCOMPARE(members->at(0).name, std::string("a"));
    QCOMPARE(members->at(0).raw, std::string_view("1"));
    QVERIFY(!members->at(0).isString);
    QCOMPARE(members->at(1).raw, std::string_view("\"two\""));
    QVERIFY(members->at(1).isString);
    QCOMPARE(members->at(1).string, std::string("two"));
    QCOMPARE(members->at(2).raw, std::string_view(R"({"d":[ ]})"));
    QVERIFY(members->at(0).raw.data() >= text.data());
    QVERIFY(members->at(2).raw.data() + members->at(2).raw.size() <= text.data() + text.size());

    const auto none = readJsonObject("{}");
    QVERIFY(none);
    QVERIFY(none->empty());
}

void TestJson::slicesAValueAsItStandsInTheText_data()
{
    QTest::addColumn<QByteArray>("value");
    QTest::newRow("null") << QByteArray("null");
    QTest::newRow("true") << QByteArray("true");
    QTest::newRow("zero") << QByteArray("0");
    QTest::newRow("negative zero") << QByteArray("-0.0");
    QTest::newRow("more digits than a double has")
        << QByteArray("12345678901234567890.123456789012345678901");
    QTest::newRow("exponent") << QByteArray("1E+2");
    QTest::newRow("tiny") << QByteArray("1e-99999");
    QTest::newRow("empty string") << QByteArray("\"\"");
    QTest::newRow("string with escapes") << QByteArray(R"("\u00e4\/\n\"}")");
    QTest::newRow("string that looks like structure") << QByteArray(R"(":{[,]}")");
    QTest::newRow("empty array") << QByteArray("[]");
    QTest::newRow("empty object") << QByteArray("{ }");
    QTest::newRow("array of arrays") << QByteArray("[[1, 2], [[]], {}]");
    QTest::newRow("offer") << QByteArray(R"({"type":"offer","sdp":"v=0\r\n"})");
    QTest::newRow("line breaks inside") << QByteArray("{\n\t\"a\": [\r\n1\n]\n}");
}

void TestJson::slicesAValueAsItStandsInTheText()
{
    QFETCH(QByteArray, value);
    const char *const frames[] = {R"({"content":%1})", R"({"content":%1,"z":0})",
                                  "{\"a\":[1],\"content\" \n:\t %1 \r\n, \"z\" : {}}"};
    for (const char *frame : frames) {
        const QByteArray text = QByteArray(frame).replace("%1", value);
        const auto members = readJsonObject(view(text));
        QVERIFY2(members, text.constData());
        for (const JsonMember &member : *members) {
            if (member.name == "content")
                QCOMPARE(member.raw, view(value));
        }
    }
    QVERIFY(checkJson(view(value)));
}

void TestJson::unescapesNamesAndStrings()
{
    const auto members = readJsonObject(R"({"user\u0049d":"\ud83d\ude00\u0000\t","e":"\u00df"})");
    QVERIFY(members);
    QCOMPARE(members->at(0).name, std::string("userId"));
    QCOMPARE(members->at(0).string, std::string("\xF0\x9F\x98\x80\0\t", 6));
    QCOMPARE(members->at(1).string, std::string("\xC3\x9F"));
}

void TestJson::refusesWhatIsNoStrictJsonObject_data()
{
    using Kind = JsonError::Kind;
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<Kind>("kind");
    QTest::newRow("empty") << QByteArray() << Kind::Syntax;
    QTest::newRow("blank") << QByteArray("  ") << Kind::Syntax;
    QTest::newRow("cut") << QByteArray(R"({"a":1)") << Kind::Syntax;
    QTest::newRow("cut in a string") << QByteArray(R"({"a":"b)") << Kind::Syntax;
    QTest::newRow("trailing comma") << QByteArray(R"({"a":1,})") << Kind::Syntax;
    QTest::newRow("trailing comma in an array") << QByteArray(R"({"a":[1,]})") << Kind::Syntax;
    QTest::newRow("single quotes") << QByteArray("{'a':1}") << Kind::Syntax;
    QTest::newRow("name without quotes") << QByteArray("{a:1}") << Kind::Syntax;
    QTest::newRow("comment") << QByteArray("{/**/}") << Kind::Syntax;
    QTest::newRow("leading zero") << QByteArray(R"({"a":01})") << Kind::Syntax;
    QTest::newRow("plus sign") << QByteArray(R"({"a":+1})") << Kind::Syntax;
    QTest::newRow("no digit before the point") << QByteArray(R"({"a":.5})") << Kind::Syntax;
    QTest::newRow("no digit after the point") << QByteArray(R"({"a":1.})") << Kind::Syntax;
    QTest::newRow("NaN") << QByteArray(R"({"a":NaN})") << Kind::Syntax;
    QTest::newRow("two values") << QByteArray("{}{}") << Kind::Syntax;
    QTest::newRow("NUL behind the object") << QByteArray("{}\0", 3) << Kind::Syntax;
    QTest::newRow("NUL and more behind the object") << QByteArray("{}\0{}", 5) << Kind::Syntax;
    QTest::newRow("NUL in a string") << QByteArray("{\"a\":\"\0\"}", 9) << Kind::Syntax;
    QTest::newRow("unknown escape") << QByteArray(R"({"a":"\x"})") << Kind::Syntax;
    QTest::newRow("short escape") << QByteArray(R"({"a":"\u12"})") << Kind::Syntax;
    QTest::newRow("byte order mark") << QByteArray("\xEF\xBB\xBF{}") << Kind::Syntax;
    QTest::newRow("array") << QByteArray("[]") << Kind::NotAnObject;
    QTest::newRow("array of objects") << QByteArray("[{\"a\":1}]") << Kind::NotAnObject;
    QTest::newRow("string") << QByteArray("\"a\"") << Kind::NotAnObject;
    QTest::newRow("number") << QByteArray("1") << Kind::NotAnObject;
    QTest::newRow("null") << QByteArray("null") << Kind::NotAnObject;
    QTest::newRow("member twice") << QByteArray(R"({"a":1,"b":2,"a":3})") << Kind::DuplicateName;
    QTest::newRow("member twice, once escaped") << QByteArray(R"({"a":1,"\u0061":1})") << Kind::DuplicateName;
    QTest::newRow("empty name twice") << QByteArray(R"({"":1,"":1})") << Kind::DuplicateName;
    QTest::newRow("member twice below")
        << QByteArray(R"({"a":{"b":[{"c":1,"c":1}]}})") << Kind::DuplicateName;
    QTest::newRow("member twice around an object")
        << QByteArray(R"({"a":{"x":1},"b":{"a":1},"a":0})") << Kind::DuplicateName;
    QTest::newRow("broken UTF-8 in a string") << QByteArray("{\"a\":\"\xC3\"}") << Kind::NotUnicode;
    QTest::newRow("broken UTF-8 in a name") << QByteArray("{\"\xFF\":1}") << Kind::NotUnicode;
    QTest::newRow("surrogate in UTF-8") << QByteArray("{\"a\":\"\xED\xA0\x80\"}") << Kind::NotUnicode;
    QTest::newRow("overlong UTF-8") << QByteArray("{\"a\":\"\xC0\xAF\"}") << Kind::NotUnicode;
    QTest::newRow("lone high surrogate") << QByteArray(R"({"a":"\ud83d"})") << Kind::NotUnicode;
    QTest::newRow("high surrogate and a letter") << QByteArray(R"({"a":"\ud83d\u0041"})") << Kind::NotUnicode;
    QTest::newRow("lone low surrogate") << QByteArray(R"({"a":"\ude00"})") << Kind::NotUnicode;
    QTest::newRow("lone low surrogate in a name") << QByteArray(R"({"\ude00":1})") << Kind::NotUnicode;
    QTest::newRow("lone low surrogate below") << QByteArray(R"({"a":[["\udfff"]]})") << Kind::NotUnicode;
    QTest::newRow("too deep") << QByteArray("{\"a\":" + QByteArray(32, '[') + QByteArray(32, ']') + "}")
                              << Kind::TooDeep;
    QTest::newRow("number beyond a double") << QByteArray(R"({"a":1e400})") << Kind::NumberOutOfRange;
}

void TestJson::refusesWhatIsNoStrictJsonObject()
{
    QFETCH(QByteArray, text);
    QFETCH(JsonError::Kind, kind);
    const auto members = readJsonObject(view(text));
    QVERIFY(!members);
    QCOMPARE(members.error().kind, kind);
    QVERIFY(members.error().offset <= std::size_t(text.size()));
}

void TestJson::namesTheMemberGivenTwice()
{
    const auto members = readJsonObject(R"({"z":1,"b":2,"a":3,"b":4})");
    QVERIFY(!members);
    QCOMPARE(members.error().name, std::string("b"));
    QCOMPARE(members.error().offset, std::size_t(22)); // behind the second "b"
}

void TestJson::allowsTheSameNameInDifferentObjects()
{
    QVERIFY(readJsonObject(R"({"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}],"c":{"a":1}})"));
}

void TestJson::countsTheOuterObjectAsOneLevel()
{
    QVERIFY(readJsonObject(R"({"a":[[]]})", 3));
    QCOMPARE(readJsonObject(R"({"a":[[]]})", 2).error().kind, JsonError::Kind::TooDeep);
    QVERIFY(readJsonObject("{\"a\":1}", 1));
    QVERIFY(checkJson("[[]]", 2));
    QCOMPARE(checkJson("[[]]", 1).error().kind, JsonError::Kind::TooDeep);
    QVERIFY(checkJson("1", 0));
    // Depth is how deep, not how many.
    QVERIFY(readJsonObject("{\"a\":[" + std::string("[],{},").append("[]]}"), 3));
}

void TestJson::survivesAMillionBrackets()
{
    const std::string open = "{\"a\":" + std::string(1'000'000, '[');
    QCOMPARE(readJsonObject(open).error().kind, JsonError::Kind::TooDeep);
    // No recursion even where the caller allows the depth.
    QCOMPARE(readJsonObject(open, 2'000'000).error().kind, JsonError::Kind::Syntax);
    QVERIFY(readJsonObject(open + std::string(1'000'000, ']') + "}", 2'000'000));
}

void TestJson::readsManyMembersInReasonableTime()
{
    std::string text = "{";
    for (int i = 0; i < 50'000; ++i)
        text += '"' + std::to_string(i) + "\":0,";
    const auto members = readJsonObject(text + "\"last\":0}");
    QVERIFY(members);
    QCOMPARE(members->size(), std::size_t(50'001));
    QCOMPARE(readJsonObject(text + "\"0\":0}").error().kind, JsonError::Kind::DuplicateName);
}

void TestJson::checksAValueOfAnyType_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<bool>("ok");
    QTest::newRow("null") << QByteArray("null") << true;
    QTest::newRow("string with blanks around") << QByteArray(" \"a\" ") << true;
    QTest::newRow("array") << QByteArray("[1,{\"a\":[]}]") << true;
    QTest::newRow("empty") << QByteArray() << false;
    QTest::newRow("word") << QByteArray("hello") << false;
    QTest::newRow("member twice") << QByteArray(R"([{"a":1,"a":1}])") << false;
    QTest::newRow("broken UTF-8") << QByteArray("\"\xFF\"") << false;
    QTest::newRow("broken UTF-8 outside of strings") << QByteArray("[\xFF]") << false;
    QTest::newRow("lone surrogate") << QByteArray(R"("\udc00")") << false;
    QTest::newRow("two values") << QByteArray("1 2") << false;
    QTest::newRow("NUL") << QByteArray("1\0", 2) << false;
}

void TestJson::checksAValueOfAnyType()
{
    QFETCH(QByteArray, text);
    QFETCH(bool, ok);
    QCOMPARE(checkJson(view(text)).has_value(), ok);
}

void TestJson::writesStrings_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("json");
    QTest::newRow("empty") << QByteArray() << QByteArray("\"\"");
    QTest::newRow("plain") << QByteArray("alice") << QByteArray("\"alice\"");
    QTest::newRow("quote and backslash") << QByteArray("a\"b\\") << QByteArray(R"("a\"b\\")");
    QTest::newRow("line breaks") << QByteArray("\r\n\t") << QByteArray(R"("\r\n\t")");
    QTest::newRow("controls") << QByteArray("\0\x01\x1f", 3) << QByteArray(R"("\u0000\u0001\u001f")");
    QTest::newRow("other scripts stay")
        << QByteArray("\xE6\xBC\xA2\xF0\x9F\x98\x80") << QByteArray("\"\xE6\xBC\xA2\xF0\x9F\x98\x80\"");
    QTest::newRow("invalid bytes are replaced") << QByteArray("a\xFF"
                                                              "b\xE2\x82")
                                                << QByteArray("\"a\xEF\xBF\xBD"
                                                              "b\xEF\xBF\xBD\"");
}

void TestJson::writesStrings()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, json);
    std::string out = "x";
    appendJsonString(out, view(text));
    QCOMPARE(QByteArray::fromStdString(out), QByteArray("x" + json));
}

/// Plain bytes are looked at eight at a time: none of the others may slip through, wherever it stands.
void TestJson::writesEveryByteAtEveryPlace()
{
    for (int byte = 0; byte < 0x80; ++byte) {
        std::string alone;
        appendJsonString(alone, std::string(1, char(byte)));
        const std::string written = alone.substr(1, alone.size() - 2);
        for (std::size_t place = 0; place < 20; ++place) {
            std::string text(20, '!'); // the smallest plain byte but for the blank
            text[place] = char(byte);
            std::string out;
            appendJsonString(out, text);
            const std::string expected
                = '"' + std::string(place, '!') + written + std::string(19 - place, '!') + '"';
            QCOMPARE(out, expected);
        }
    }
}

void TestJson::readsBackWhatItWrites()
{
    std::string all;
    for (int c = 0; c < 0x80; ++c)
        all += char(c);
    std::string text = "{\"all\":";
    appendJsonString(text, all);
    text += '}';
    const auto members = readJsonObject(text);
    QVERIFY(members);
    QCOMPARE(members->at(0).string, all);
}

QTEST_APPLESS_MAIN(TestJson)
#include "tst_json.moc"
