// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/management/filter.h"

#include <QTest>

using namespace msgsrv::management;

namespace {

constexpr Column columns[] = {
    {"id", ColumnType::Text},
    {"user", ColumnType::Text},
    {"state", ColumnType::Text, Unit::None, "", "new acked"},
    {"age", ColumnType::Number, Unit::Seconds, ""},
    {"bytes", ColumnType::Number, Unit::Bytes, ""},
    {"delay", ColumnType::Number, Unit::Microseconds, ""},
    {"drops", ColumnType::Number, Unit::Count, ""},
    {"tls", ColumnType::Flag},
};

Row row()
{
    return {std::string("12"),   std::string("Alice Ärger"), std::string("acked"), 30.0,
            std::int64_t(65536), std::int64_t(2500),         std::int64_t(0),      true};
}

} // namespace

class FilterTest final : public QObject
{
    Q_OBJECT

private slots:
    void lets_rows_through_data()
    {
        QTest::addColumn<QString>("text");
        QTest::addColumn<bool>("passes");
        const auto yes = [](const char *text) { QTest::newRow(text) << QString::fromUtf8(text) << true; };
        const auto no = [](const char *text) { QTest::newRow(text) << QString::fromUtf8(text) << false; };
        yes("");
        yes("   ");
        yes("state:acked");
        yes("state:ACKED");
        no("state:new");
        yes("state:new,acked");
        no("state:new,ending");
        yes("-state:new");
        no("-state:acked");
        no("state:ack");
        yes("state:ack*");
        yes("state:*ck*");
        yes("state:*");
        no("state:*x*");
        yes("user:alice*");
        yes("user:\"alice ärger\"");
        yes("user:\"ALICE ÄRGER\"");
        no("user:\"alice*\""); // no wildcard within quotes
        yes("user:bob,\"alice ärger\"");
        yes("ärger");
        yes("ALI");
        yes("\"ice ä\"");
        no("bob");
        yes("-bob");
        yes("al*ger");
        yes("12");
        no("65536"); // a word looks at texts only
        yes("age:30");
        yes("age:10,30");
        yes("age>29");
        no("age>30");
        yes("age>=30");
        yes("age>=30s");
        yes("age<1m");
        yes("age<=0.5m");
        no("age>1h");
        yes("age>100ms");
        yes("bytes:64KiB");
        yes("bytes<65.537kb");
        no("bytes>64KiB");
        yes("delay>2ms");
        no("delay>3ms");
        yes("delay:2500us");
        yes("delay<1s");
        yes("drops:0");
        no("drops>0");
        yes("drops>-1");
        yes("tls:true");
        yes("tls:YES");
        no("tls:false");
        yes("-tls:no");
        yes("state:acked age>10s -drops>0 user:ali* alice");
        no("state:acked age>10s drops>0");
    }

    void lets_rows_through()
    {
        QFETCH(QString, text);
        QFETCH(bool, passes);
        const auto filter = Filter::parse(text.toStdString(), columns);
        QVERIFY2(filter, filter ? "" : filter.error().message.c_str());
        QCOMPARE(filter->matches(row()), passes);
    }

    void says_where_it_is_wrong_data()
    {
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<int>("offset");
        const auto bad
            = [](const char *text, int offset) { QTest::newRow(text) << QByteArray(text) << offset; };
        bad("colour:red", 0);
        bad("state:acked colour:red", 12);
        bad("-colour:red", 1);
        bad("state:", 6);
        bad("state: x", 6);
        bad("state:a,", 8);
        bad("state:,a", 6);
        bad("state>1", 5);
        bad("tls<1", 3);
        bad("tls:maybe", 4);
        bad("age:old", 4);
        bad("age>", 4);
        bad("age>1x", 5);
        bad("age>1KiB", 5);
        bad("drops>1s", 7);
        bad("bytes>5m", 7);
        bad("age>1e999", 4);
        bad("age>nan", 4);
        bad("age>1,2", 5);
        bad("age:1*", 5);
        bad("\"open", 0);
        bad("user:\"open", 5);
        bad("user:\"a\"b", 8);
        bad("us\"er", 2);
        bad(":x", 0);
        bad(">5", 0);
        bad("-", 0);
        bad("a - b", 2);
        bad("user:\xff", 5);
    }

    void says_where_it_is_wrong()
    {
        QFETCH(QByteArray, text);
        QFETCH(int, offset);
        const auto filter = Filter::parse(text.toStdString(), columns);
        QVERIFY(!filter);
        QVERIFY2(int(filter.error().offset) == offset,
                 (std::to_string(filter.error().offset) + ' ' + filter.error().message).c_str());
        QVERIFY(filter.error().message.ends_with('.'));
    }

    void is_bounded()
    {
        std::string many;
        for (int i = 0; i < 100; ++i)
            many += "a ";
        QVERIFY(Filter::parse(many, columns));
        QVERIFY(!Filter::parse(many + "a", columns));
        QVERIFY(Filter::parse(std::string(4096, 'a'), columns));
        QVERIFY(!Filter::parse(std::string(4097, 'a'), columns));
        // The worst pattern for the longest text is work, but finite.
        std::string stars;
        for (int i = 0; i < 1000; ++i)
            stars += "*a";
        const auto filter = Filter::parse("user:" + stars + "b", columns);
        QVERIFY(filter);
        Row one = row();
        one[1] = std::string(4096, 'a');
        QVERIFY(!filter->matches(one));
    }

    void a_null_equals_nothing()
    {
        Row nulls(std::size(columns));
        for (const char *text : {"state:*", "age:0", "age<1", "age>-1", "tls:false", "a"}) {
            QVERIFY(!Filter::parse(text, columns)->matches(nulls));
            QVERIFY(Filter::parse(std::string("-") + text, columns)->matches(nulls));
        }
    }

    void terms_know_their_place()
    {
        const auto filter = Filter::parse(" state:acked  -age>30s word", columns);
        QVERIFY(filter);
        QCOMPARE(filter->terms().size(), std::size_t(3));
        QCOMPARE(filter->terms()[0].offset, std::size_t(1));
        QCOMPARE(filter->terms()[0].size, std::size_t(11));
        QCOMPARE(filter->terms()[1].offset, std::size_t(14));
        QVERIFY(filter->terms()[1].negated);
        QCOMPARE(filter->terms()[1].column, std::size_t(3));
        QCOMPARE(filter->terms()[2].op, Filter::Operator::Contains);
    }
};

QTEST_GUILESS_MAIN(FilterTest)
#include "tst_filter.moc"
