// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/requestfields.h"

#include <QTest>

using namespace msgsrv;

Q_DECLARE_METATYPE(msgsrv::ProblemCause)

class TestRequestFields : public QObject
{
    Q_OBJECT

private slots:
    void readsAForm_data();
    void readsAForm();
    void readsAJsonObject();
    void hasNoFieldsWithoutABodyAndAType();
    void refusesABadBody_data();
    void refusesABadBody();
    void theDepthOfJsonIsTheCallersLimit();
    void refusesTwoContentTypes();
    void namesAMemberGivenTwiceUnlessItIsLong();
    void relaysEveryJsonValueAsItStands_data();
    void relaysEveryJsonValueAsItStands();
    void relaysAFormFieldAsAString_data();
    void relaysAFormFieldAsAString();
    void refusesContentOfAFormThatIsNotUtf8();
    void saysWhyAUserIdIsNone_data();
    void saysWhyAUserIdIsNone();
    void tellsMissingFromEmpty();
};

namespace {

constexpr const char *form = "application/x-www-form-urlencoded";
constexpr const char *json = "application/json";

HttpRequest request(const QByteArray &contentType, const QByteArray &body)
{
    HttpRequest result;
    result.method = "POST";
    result.path = "/exchange";
    if (!contentType.isNull())
        result.headers.emplace_back("content-type", contentType);
    result.body = body;
    return result;
}

} // namespace

void TestRequestFields::readsAForm_data()
{
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("value"); // of "a"; null: no such field
    QTest::newRow("one field") << QByteArray("a=1") << QByteArray("1");
    QTest::newRow("several") << QByteArray("x=0&a=1&b=2") << QByteArray("1");
    QTest::newRow("plus is a blank") << QByteArray("a=b+c%2Bd") << QByteArray("b c+d");
    QTest::newRow("escaped separators") << QByteArray("a=%26%3D%25") << QByteArray("&=%");
    QTest::newRow("escaped name") << QByteArray("%61=1") << QByteArray("1");
    QTest::newRow("equals sign in the value") << QByteArray("a=b=c=") << QByteArray("b=c=");
    QTest::newRow("empty value") << QByteArray("a=") << QByteArray("");
    QTest::newRow("no equals sign") << QByteArray("a") << QByteArray("");
    QTest::newRow("empty pairs") << QByteArray("&&a=1&") << QByteArray("1");
    QTest::newRow("unescaped UTF-8") << QByteArray("a=\xC3\xA4") << QByteArray("\xC3\xA4");
    QTest::newRow("any bytes") << QByteArray("a=%FF%00") << QByteArray("\xFF\0", 2);
    QTest::newRow("no field") << QByteArray("") << QByteArray();
    QTest::newRow("another case is another name") << QByteArray("A=1") << QByteArray();
    QTest::newRow("empty name") << QByteArray("=1") << QByteArray();
}

void TestRequestFields::readsAForm()
{
    QFETCH(QByteArray, body);
    QFETCH(QByteArray, value);
    const auto fields = RequestFields::read(request(form, body));
    QVERIFY(fields);
    const RequestFields::Field *field = fields->find("a");
    QCOMPARE(field != nullptr, !value.isNull());
    if (field) {
        QCOMPARE(field->text, value.toStdString());
        QVERIFY(field->isString);
    }
}

void TestRequestFields::readsAJsonObject()
{
    const auto fields = RequestFields::read(request(
        "application/json; charset=utf-8", R"({"userId":"\u00e4 %41+","content":[1, 2],"unknown":{}})"));
    QVERIFY(fields);
    QCOMPARE(fields->find("userId")->text, std::string("\xC3\xA4 %41+"));
    QCOMPARE(fields->find("content")->text, std::string("[1, 2]"));
    QVERIFY(!fields->find("content")->isString);
    QVERIFY(!fields->find("toUserId"));
    QVERIFY(RequestFields::read(request(json, "{}")));
}

void TestRequestFields::hasNoFieldsWithoutABodyAndAType()
{
    const auto fields = RequestFields::read(request({}, {}));
    QVERIFY(fields);
    QVERIFY(!fields->find("userId"));
}

void TestRequestFields::refusesABadBody_data()
{
    QTest::addColumn<QByteArray>("contentType");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<ProblemCause>("cause");
    QTest::addColumn<QByteArray>("detail");
    const auto row = [](const char *name, const char *contentType, const QByteArray &body, ProblemCause cause,
                        const char *detail) {
        QTest::newRow(name) << QByteArray(contentType) << body << cause << QByteArray(detail);
    };
    const auto unsupported
        = "The body must be application/json or application/x-www-form-urlencoded, in UTF-8.";
    row("no type", nullptr, "userId=alice", ProblemCause::UnsupportedMediaType, unsupported);
    row("empty type", "", "userId=alice", ProblemCause::UnsupportedMediaType, unsupported);
    row("empty type, no body", "", "", ProblemCause::UnsupportedMediaType, unsupported);
    row("text", "text/plain", R"({"userId":"alice"})", ProblemCause::UnsupportedMediaType, unsupported);
    row("text without a body", "text/plain", "", ProblemCause::UnsupportedMediaType, unsupported);
    row("multipart", "multipart/form-data; boundary=x", "--x--", ProblemCause::UnsupportedMediaType,
        unsupported);
    row("a kind of JSON", "application/problem+json", "{}", ProblemCause::UnsupportedMediaType, unsupported);
    row("another charset", "application/json; charset=utf-16", "{}", ProblemCause::UnsupportedMediaType,
        unsupported);
    row("another charset of a form", "application/x-www-form-urlencoded; charset=iso-8859-1", "a=1",
        ProblemCause::UnsupportedMediaType, unsupported);
    row("broken type", "application/json; charset", "{}", ProblemCause::UnsupportedMediaType, unsupported);

    row("form in JSON", json, "userId=alice", ProblemCause::MalformedBody,
        "The body is no well-formed JSON (at byte 0).");
    row("empty JSON", json, "", ProblemCause::MalformedBody, "The body is no well-formed JSON (at byte 0).");
    row("cut JSON", json, R"({"a":1)", ProblemCause::MalformedBody,
        "The body is no well-formed JSON (at byte 6).");
    row("JSON array", json, "[]", ProblemCause::MalformedBody, "The body must be a JSON object.");
    row("deep JSON", json, "{\"content\":" + QByteArray(32, '[') + QByteArray(32, ']') + "}",
        ProblemCause::MalformedBody, "The body is nested deeper than 32 levels.");
    row("very deep JSON", json, "{\"content\":" + QByteArray(200'000, '['), ProblemCause::MalformedBody,
        "The body is nested deeper than 32 levels.");
    row("JSON in Latin-1", json, "{\"a\":\"\xE4\"}", ProblemCause::MalformedBody,
        "The body is not well-formed UTF-8, or escapes a lone surrogate (at byte 6).");
    row("huge number", json, R"({"content":1e999})", ProblemCause::MalformedBody,
        "A number is too large (at byte 11).");
    row("JSON member twice", json, R"({"userId":"a","userId":"b"})", ProblemCause::DuplicateMember,
        "The member \"userId\" is given twice.");
    row("JSON member twice in the content", json, R"({"content":{"a":1,"a":2}})",
        ProblemCause::DuplicateMember, "The member \"a\" is given twice.");

    row("form field twice", form, "userId=a&x=1&userId=a", ProblemCause::DuplicateMember,
        "The member \"userId\" is given twice.");
    row("form field twice, once escaped", form, "userId=a&user%49d=a", ProblemCause::DuplicateMember,
        "The member \"userId\" is given twice.");
    row("unknown form field twice", form, "x=1&x=1", ProblemCause::DuplicateMember,
        "The member \"x\" is given twice.");
    const auto escape = "A % in the form is not followed by two hexadecimal digits.";
    row("bare percent sign", form, "userId=100%", ProblemCause::MalformedBody, escape);
    row("wrong escape", form, "userId=%zz", ProblemCause::MalformedBody, escape);
    row("wrong escape in a name", form, "%=1", ProblemCause::MalformedBody, escape);
    row("JSON in a form", form, R"({"a":"100%"})", ProblemCause::MalformedBody, escape);
}

void TestRequestFields::refusesABadBody()
{
    QFETCH(QByteArray, contentType);
    QFETCH(QByteArray, body);
    QFETCH(ProblemCause, cause);
    QFETCH(QByteArray, detail);
    const auto fields = RequestFields::read(request(contentType, body));
    QVERIFY(!fields);
    QCOMPARE(fields.error().cause, cause);
    QCOMPARE(fields.error().detail, detail);
}

void TestRequestFields::theDepthOfJsonIsTheCallersLimit()
{
    const QByteArray twoLevels = R"({"content":[1]})";
    QVERIFY(RequestFields::read(request("application/json", twoLevels), 2));
    const auto tooDeep = RequestFields::read(request("application/json", twoLevels), 1);
    QVERIFY(!tooDeep);
    QCOMPARE(tooDeep.error().detail, QByteArray("The body is nested deeper than 1 levels."));
}

void TestRequestFields::refusesTwoContentTypes()
{
    HttpRequest twoTypes = request(form, "userId=alice");
    twoTypes.headers.emplace_back("content-type", json);
    QCOMPARE(RequestFields::read(twoTypes).error().cause, ProblemCause::UnsupportedMediaType);
}

void TestRequestFields::namesAMemberGivenTwiceUnlessItIsLong()
{
    const QByteArray name(65, 'x');
    const auto fields = RequestFields::read(request(form, name + "=1&" + name + "=2"));
    QCOMPARE(fields.error().detail, QByteArray("A member is given twice."));
}

void TestRequestFields::relaysEveryJsonValueAsItStands_data()
{
    QTest::addColumn<QByteArray>("value");
    for (const char *value : {"null", "true", "-0.10e+5", "12345678901234567890123", "\"\"", R"("\u00e4\/")",
                              "[ ]", R"({ "type" : "offer" })"})
        QTest::newRow(value) << QByteArray(value);
}

void TestRequestFields::relaysEveryJsonValueAsItStands()
{
    QFETCH(QByteArray, value);
    const auto fields = RequestFields::read(request(json, "{\"content\" : " + value + " }"));
    QVERIFY(fields);
    QCOMPARE(fields->requiredJson("content"), value);
}

void TestRequestFields::relaysAFormFieldAsAString_data()
{
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("value");
    QTest::newRow("text") << QByteArray("content=hello+you") << QByteArray("\"hello you\"");
    QTest::newRow("empty") << QByteArray("content=") << QByteArray("\"\"");
    QTest::newRow("a number stays text") << QByteArray("content=1") << QByteArray("\"1\"");
    QTest::newRow("JSON stays text") << QByteArray("content=%7B%22a%22%3A1%7D")
                                     << QByteArray(R"("{\"a\":1}")");
    QTest::newRow("controls") << QByteArray("content=%00%0D%0A") << QByteArray(R"("\u0000\r\n")");
}

void TestRequestFields::relaysAFormFieldAsAString()
{
    QFETCH(QByteArray, body);
    QFETCH(QByteArray, value);
    QCOMPARE(RequestFields::read(request(form, body))->requiredJson("content"), value);
}

void TestRequestFields::refusesContentOfAFormThatIsNotUtf8()
{
    const auto content = RequestFields::read(request(form, "content=%C3"))->requiredJson("content");
    QVERIFY(!content);
    QCOMPARE(content.error().cause, ProblemCause::InvalidContent);
    QCOMPARE(content.error().detail, QByteArray("The member content is not well-formed UTF-8."));
}

void TestRequestFields::saysWhyAUserIdIsNone_data()
{
    QTest::addColumn<QByteArray>("contentType");
    QTest::addColumn<QByteArray>("body");
    QTest::addColumn<QByteArray>("detail");
    const auto row
        = [](const char *name, const char *contentType, const QByteArray &body, const char *detail) {
              QTest::newRow(name) << QByteArray(contentType) << body << QByteArray(detail);
          };
    row("empty", form, "userId=", "userId: A user id must not be empty.");
    row("empty in JSON", json, R"({"userId":""})", "userId: A user id must not be empty.");
    row("too long", form, "userId=" + QByteArray(129, 'a'),
        "userId: A user id must not be longer than 128 bytes of UTF-8.");
    row("ill-formed", form, "userId=%C3%28", "userId: A user id must be well-formed UTF-8.");
    row("control character", form, "userId=a%0Ab", "userId: A user id must not contain control characters.");
    row("control character in JSON", json, R"({"userId":"a\u0085b"})",
        "userId: A user id must not contain control characters.");
    row("outer blank", form, "userId=+a", "userId: A user id must not begin or end with a blank.");
    row("number", json, R"({"userId":7})", "userId: A user id must be a string.");
    row("null", json, R"({"userId":null})", "userId: A user id must be a string.");
    row("object", json, R"({"userId":{}})", "userId: A user id must be a string.");
}

void TestRequestFields::saysWhyAUserIdIsNone()
{
    QFETCH(QByteArray, contentType);
    QFETCH(QByteArray, body);
    QFETCH(QByteArray, detail);
    const auto fields = RequestFields::read(request(contentType, body));
    QVERIFY(fields);
    QCOMPARE(fields->requiredUserId("userId").error().cause, ProblemCause::InvalidUserId);
    QCOMPARE(fields->requiredUserId("userId").error().detail, detail);
    QCOMPARE(fields->userId("userId").error().detail, detail);
}

void TestRequestFields::tellsMissingFromEmpty()
{
    const auto fields = RequestFields::read(request(form, "other=1"));
    QCOMPARE(fields->requiredUserId("userId").error().cause, ProblemCause::MissingMember);
    QCOMPARE(fields->requiredUserId("userId").error().detail, QByteArray("The member userId is missing."));
    QCOMPARE(fields->requiredJson("content").error().cause, ProblemCause::MissingMember);
    QVERIFY(fields->userId("userId"));
    QVERIFY(!fields->userId("userId")->has_value());
}

QTEST_APPLESS_MAIN(TestRequestFields)
#include "tst_requestfields.moc"
