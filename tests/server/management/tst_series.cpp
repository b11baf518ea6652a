// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/series.h"

#include <QJsonArray>
#include <QTest>

#include <cmath>
#include <limits>

using namespace msgsrv::management;

namespace {
constexpr Gauge gauges[] = {{"a", "", "first"}, {"b", "1/s", "second"}};
} // namespace

class SeriesTest final : public QObject
{
    Q_OBJECT

private slots:
    void the_finest_resolution_that_reaches_back_answers_data()
    {
        QTest::addColumn<int>("seconds");
        QTest::addColumn<int>("step");
        QTest::addColumn<int>("count");
        QTest::newRow("one") << 1 << 1 << 1;
        QTest::newRow("five minutes") << 300 << 1 << 300;
        QTest::newRow("more") << 301 << 10 << 31;
        QTest::newRow("an hour") << 3600 << 10 << 360;
        QTest::newRow("more than an hour") << 3601 << 60 << 61;
        QTest::newRow("a day") << 86400 << 60 << 1440;
    }

    void the_finest_resolution_that_reaches_back_answers()
    {
        QFETCH(int, seconds);
        QFETCH(int, step);
        QFETCH(int, count);
        const Series series(gauges);
        const auto got = series.get("b", seconds, 1000);
        QVERIFY(got);
        QCOMPARE(got->value(u"step").toInt(), step);
        QCOMPARE(got->value(u"values").toArray().size(), qsizetype(count));
        QVERIFY(got->value(u"values").toArray().at(0).isNull());
    }

    void coarse_values_are_means_and_the_unknown_stays_unknown()
    {
        Series series(gauges);
        const double nan = std::numeric_limits<double>::quiet_NaN();
        for (int i = 1; i <= 20; ++i)
            series.append(std::vector<double>{double(i), i <= 10 ? nan : i % 2 ? nan : 4.0});
        const QJsonArray fine = series.get("a", 3, 0)->value(u"values").toArray();
        QCOMPARE(fine, (QJsonArray{18.0, 19.0, 20.0}));
        const QJsonArray coarse = series.get("a", 400, 0)->value(u"values").toArray();
        QCOMPARE(coarse.last().toDouble(), 15.5);
        QCOMPARE(coarse.at(coarse.size() - 2).toDouble(), 5.5);
        QVERIFY(coarse.at(0).isNull());
        const QJsonArray second = series.get("b", 400, 0)->value(u"values").toArray();
        QCOMPARE(second.last().toDouble(), 4.0);
        QVERIFY(second.at(second.size() - 2).isNull());
        QVERIFY(!series.get("c", 1, 0));
        QVERIFY(!series.get("", 1, 0));
    }

    void the_end_is_that_of_the_last_whole_step()
    {
        Series series(gauges);
        for (int i = 0; i < 13; ++i)
            series.append(std::vector<double>{1, 1});
        QCOMPARE(series.get("a", 10, 100'000)->value(u"end").toInteger(), 100'000);
        QCOMPARE(series.get("a", 3000, 100'000)->value(u"end").toInteger(), 97'000);
    }
};

QTEST_GUILESS_MAIN(SeriesTest)
#include "tst_series.moc"
