// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/configvalue.h"

#include <QTest>

using namespace msgsrv;
using List = std::vector<std::string>;

class TestConfigValue : public QObject
{
    Q_OBJECT

private slots:
    void wordsAndTomlAreTold_data();
    void wordsAndTomlAreTold();
    void stringsAreReadBackAsTheyWere_data();
    void stringsAreReadBackAsTheyWere();
    void valuesAreReadBackAsTheyWere();
};

namespace {

/// The value as TOML, or "error: " and the error.
QByteArray shown(const tl::expected<ConfigValue, std::string> &value)
{
    return QByteArray::fromStdString(value ? toToml(*value) : "error: " + value.error());
}

} // namespace

void TestConfigValue::wordsAndTomlAreTold_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("asText");
    QTest::addColumn<QByteArray>("asElement");
    QTest::addColumn<QByteArray>("asScalar");
    const auto row = [](const char *text, const char *asText, const char *asElement, const char *asScalar) {
        QTest::addRow("<%s>", text) << QByteArray(text) << QByteArray(asText) << QByteArray(asElement)
                                    << QByteArray(asScalar);
    };
    const auto same = [&](const char *text, const char *value) { row(text, value, value, value); };
    same("word", "\"word\"");
    same("", "\"\"");
    same("two words", "\"two words\"");
    same("127.0.0.1:8080", "\"127.0.0.1:8080\"");
    same("/ws", "\"/ws\"");
    same("30s", "\"30s\"");
    same("a=b", "\"a=b\"");
    same("1\nb = 2", "\"1\\nb = 2\"");
    row("true", "\"true\"", "\"true\"", "true");
    row("12", "\"12\"", "\"12\"", "12");
    row("-1", "\"-1\"", "\"-1\"", "-1");
    row("1_000", "\"1_000\"", "\"1_000\"", "1000");
    same("1.5", "\"1.5\"");
    same("2024-02-29", "\"2024-02-29\"");
    same("{ a = 1 }", "\"{ a = 1 }\"");
    same("\"quoted\"", "\"quoted\"");
    same("'quoted'", "\"quoted\"");
    same("\"12\"", "\"12\"");
    same("[]", "[]");
    same("[\"a\", 'b']", "[\"a\", \"b\"]");
    same("[\n\"a\",\n]", "[\"a\"]");
    same("\"open", "error: is not valid TOML");
    same("\"a\" \"b\"", "error: is not valid TOML");
    row("[\"open\"", "\"[\\\"open\\\"\"", "error: is not valid TOML", "\"[\\\"open\\\"\"");
    row("[::1]:8080", "\"[::1]:8080\"", "error: is not valid TOML", "\"[::1]:8080\"");
    row("[1, 2]", "\"[1, 2]\"", "error: is a list with something that is no string", "\"[1, 2]\"");
    same("\xff", "error: is not UTF-8");
}

void TestConfigValue::wordsAndTomlAreTold()
{
    QFETCH(const QByteArray, text);
    QFETCH(const QByteArray, asText);
    QFETCH(const QByteArray, asElement);
    QFETCH(const QByteArray, asScalar);
    QCOMPARE(shown(parseWordOrToml(text.toStdString(), BareWord::Text)), asText);
    QCOMPARE(shown(parseWordOrToml(text.toStdString(), BareWord::Element)), asElement);
    QCOMPARE(shown(parseWordOrToml(text.toStdString(), BareWord::Scalar)), asScalar);
}

void TestConfigValue::stringsAreReadBackAsTheyWere_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("toml");
    const auto row
        = [](const char *name, QByteArray text, QByteArray toml) { QTest::newRow(name) << text << toml; };
    row("plain", "a", "\"a\"");
    row("empty", "", "\"\"");
    row("quotes and backslashes", "\"\\'", "\"\\\"\\\\'\"");
    row("line end", "a\r\nb\tc", "\"a\\r\\nb\\tc\"");
    row("controls", QByteArray("\0\x1b\x7f", 3), "\"\\u0000\\u001b\\u007f\"");
    row("right-to-left override", "\xe2\x80\xae", "\"\\u202e\"");
    row("tag beyond the BMP", "\xf3\xa0\x81\x81", "\"\\U000e0041\"");
    row("other scripts", "\xe6\x97\xa5 \xf0\x9f\x98\x80", "\"\xe6\x97\xa5 \xf0\x9f\x98\x80\"");
    row("longer than a log value", QByteArray(5000, 'x'), '"' + QByteArray(5000, 'x') + '"');
}

void TestConfigValue::stringsAreReadBackAsTheyWere()
{
    QFETCH(const QByteArray, text);
    QFETCH(const QByteArray, toml);
    const std::string written = tomlString({text.constData(), std::size_t(text.size())});
    QCOMPARE(QByteArray::fromStdString(written), toml);
    const auto read = parseTomlValue(written);
    QVERIFY(read);
    QCOMPARE(QByteArray::fromStdString(std::get<std::string>(*read)), text);
}

void TestConfigValue::valuesAreReadBackAsTheyWere()
{
    const std::vector<ConfigValue> values{
        true, false, std::int64_t(-5), std::string("x"), List{}, List{"a", "b\"c"}};
    for (const ConfigValue &value : values) {
        const auto read = parseTomlValue(toToml(value));
        QVERIFY(read);
        QVERIFY(*read == value);
    }
}

QTEST_APPLESS_MAIN(TestConfigValue)
#include "tst_configvalue.moc"
