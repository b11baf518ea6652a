// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/mediatype.h"

#include <QTest>

using namespace msgsrv;

class TestMediaType : public QObject
{
    Q_OBJECT

private slots:
    void readsNameAndCharset_data();
    void readsNameAndCharset();
    void refusesWhatBreaksTheGrammar_data();
    void refusesWhatBreaksTheGrammar();
    void takesUtf8AndNothingElse();
};

void TestMediaType::readsNameAndCharset_data()
{
    QTest::addColumn<QByteArray>("text");
    QTest::addColumn<QByteArray>("name");
    QTest::addColumn<QByteArray>("charset"); // null: none
    const auto row = [](const char *text, const char *name, const char *charset) {
        QTest::newRow(text) << QByteArray(text) << QByteArray(name) << QByteArray(charset);
    };
    row("application/json", "application/json", nullptr);
    row("Application/JSON", "application/json", nullptr);
    row("application/json;charset=utf-8", "application/json", "utf-8");
    row(" application/json ; Charset=UTF-8 ", "application/json", "utf-8");
    row("application/json; charset=\"utf-8\"", "application/json", "utf-8");
    row("application/json; charset=\"u\\tf-8\"", "application/json", "utf-8");
    row("application/json; charset=latin1", "application/json", "latin1");
    row("application/json; profile=\"a;b\"; charset=utf-8", "application/json", "utf-8");
    row("application/json;", "application/json", nullptr);
    row("application/json;;charset=utf-8", "application/json", "utf-8");
    row("text/plain; charset=\"\"", "text/plain", "");
    row("application/vnd.x+json", "application/vnd.x+json", nullptr);
}

void TestMediaType::readsNameAndCharset()
{
    QFETCH(QByteArray, text);
    QFETCH(QByteArray, name);
    QFETCH(QByteArray, charset);
    const auto type = MediaType::parse(text.toStdString());
    QVERIFY(type);
    QCOMPARE(type->name, name.toStdString());
    QCOMPARE(type->charset.has_value(), !charset.isNull());
    QCOMPARE(type->charset.value_or(""), charset.toStdString());
}

void TestMediaType::refusesWhatBreaksTheGrammar_data()
{
    QTest::addColumn<QByteArray>("text");
    for (const char *text :
         {"", "json", "/json", "application/", "application/json, text/plain", "application/js on",
          "application/json; charset", "application/json; charset=", "application/json; =utf-8",
          "application/json; charset=\"utf-8", "application/json; charset=utf-8 x",
          "application/json charset=utf-8", "application/json; charset=utf-8; charset=utf-8",
          "application/json; charset = utf-8"})
        QTest::newRow(text) << QByteArray(text);
}

void TestMediaType::refusesWhatBreaksTheGrammar()
{
    QFETCH(QByteArray, text);
    QVERIFY(!MediaType::parse(text.toStdString()));
}

void TestMediaType::takesUtf8AndNothingElse()
{
    QVERIFY(MediaType::parse("a/b")->isUtf8());
    QVERIFY(MediaType::parse("a/b; charset=UTF-8")->isUtf8());
    QVERIFY(!MediaType::parse("a/b; charset=utf8")->isUtf8());
    QVERIFY(!MediaType::parse("a/b; charset=utf-16")->isUtf8());
    QVERIFY(!MediaType::parse("a/b; charset=\"\"")->isUtf8());
}

QTEST_APPLESS_MAIN(TestMediaType)
#include "tst_mediatype.moc"
