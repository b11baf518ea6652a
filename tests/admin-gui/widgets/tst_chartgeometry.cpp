// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/chartgeometry.h"

#include <QTest>

#include <cmath>

using namespace msgsrv::console;

class TestChartGeometry : public QObject
{
    Q_OBJECT

private slots:
    void stepsAreRound_data()
    {
        QTest::addColumn<double>("highest");
        QTest::addColumn<bool>("binary");
        QTest::addColumn<double>("step");
        QTest::newRow("one") << 1.0 << false << 0.2;
        QTest::newRow("forty-two") << 42.0 << false << 10.0;
        QTest::newRow("thousands") << 4200.0 << false << 1000.0;
        QTest::newRow("small") << 0.003 << false << 0.001;
        QTest::newRow("nothing") << 0.0 << false << 1.0;
        QTest::newRow("infinite") << std::numeric_limits<double>::infinity() << false << 1.0;
        QTest::newRow("bytes") << 70.0 * 1048576 << true << 16.0 * 1048576;
    }
    void stepsAreRound()
    {
        QFETCH(double, highest);
        QFETCH(bool, binary);
        QFETCH(double, step);
        QVERIFY(std::abs(roundStep(highest, binary) - step) < step * 1e-9);
    }
    void theScaleHoldsTheHighest()
    {
        const SeriesData data{.end = 10'000, .step = 1000, .values = {1, 7, 42.5}};
        const ChartGeometry geometry(QRectF(0, 0, 200, 100), data);
        QVERIFY(geometry.top() >= 42.5);
        QCOMPARE(geometry.y(0), 100.0);
        QCOMPARE(geometry.y(geometry.top()), 0.0);
        QCOMPARE(geometry.y(geometry.top() * 9), 0.0);
        QCOMPARE(geometry.ticks().front(), 0.0);
        QCOMPARE(geometry.ticks().back(), geometry.top());
        QCOMPARE(data.last(), 42.5);
        QCOMPARE(data.begin(), 8000);
    }
    void unknownValuesCutTheLine()
    {
        const SeriesData data{
            .end = 0, .step = 1000, .values = {1, 2, std::nan(""), 3, std::nan(""), std::nan(""), 4}};
        const auto lines = ChartGeometry(QRectF(0, 0, 60, 10), data).lines();
        QCOMPARE(lines.size(), 3U);
        QCOMPARE(lines[0].size(), 2);
        QCOMPARE(lines[1].first().x(), 30.0);
    }
    void theCrossHairFindsTheNearest()
    {
        const SeriesData data{.end = 0, .step = 1000, .values = {1, 2, 3, 4, 5}};
        const ChartGeometry geometry(QRectF(100, 0, 400, 10), data);
        QCOMPARE(geometry.indexAt(100), 0);
        QCOMPARE(geometry.indexAt(349), 2);
        QCOMPARE(geometry.indexAt(351), 3);
        QCOMPARE(geometry.indexAt(-50), 0);
        QCOMPARE(geometry.indexAt(9999), 4);
        const SeriesData nothing;
        QCOMPARE(ChartGeometry(QRectF(0, 0, 1, 1), nothing).indexAt(0), -1);
    }
    void timeTicksAreRoundAndApart()
    {
        SeriesData data{.end = 1'700'000'123'000, .step = 12'000, .values = {}};
        data.values.assign(300, 1.0);
        const auto ticks = ChartGeometry(QRectF(0, 0, 600, 10), data).timeTicks(80);
        QVERIFY(ticks.size() >= 3);
        for (std::size_t i = 0; i < ticks.size(); ++i) {
            QCOMPARE(ticks[i].second % 600'000, 0);
            QVERIFY(i == 0 || ticks[i].first - ticks[i - 1].first >= 80);
        }
    }
    void oneValueOrNoneIsNoAccident()
    {
        const SeriesData one{.end = 5, .step = 1000, .values = {3}};
        QCOMPARE(ChartGeometry(QRectF(0, 0, 60, 10), one).lines().front().first().x(), 60.0);
        QVERIFY(ChartGeometry(QRectF(0, 0, 60, 10), one).timeTicks(10).empty());
        const SeriesData none;
        QVERIFY(ChartGeometry(QRectF(0, 0, 60, 10), none).lines().empty());
        QVERIFY(std::isnan(none.last()));
    }
};

QTEST_APPLESS_MAIN(TestChartGeometry)
#include "tst_chartgeometry.moc"
