// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/lograte.h"

#include <QTest>

using namespace msgsrv;
using log::RateLimit;
using Counts = std::vector<std::pair<std::string, std::uint64_t>>;

class TestLogRate : public QObject
{
    Q_OBJECT

private slots:
    void admitsSoManyLinesInASecond();
    void countsEachEventForItself();
    void tellsTheCountOnceWhenItsSecondIsOver();
    void tellsTheCountAlsoWhenTheEventCameAgainFirst();
    void tellsEverythingAtTheEnd();
    void zeroIsUnlimited();

private:
    const TimePoint m_start = TimePoint(seconds(100));
};

void TestLogRate::admitsSoManyLinesInASecond()
{
    RateLimit rate(2);
    QVERIFY(rate.admit("a", m_start));
    QVERIFY(rate.admit("a", m_start + milliseconds(999)));
    QVERIFY(!rate.admit("a", m_start + milliseconds(999)));
    QVERIFY(rate.admit("a", m_start + milliseconds(1000)));
}

void TestLogRate::countsEachEventForItself()
{
    RateLimit rate(1);
    QVERIFY(rate.admit("a", m_start));
    QVERIFY(rate.admit("b", m_start));
    QVERIFY(!rate.admit("a", m_start));
}

void TestLogRate::tellsTheCountOnceWhenItsSecondIsOver()
{
    RateLimit rate(1);
    for (int i = 0; i < 4; ++i)
        (void)rate.admit("a", m_start);
    QVERIFY(rate.takeSuppressed(m_start + milliseconds(999)).empty());
    QCOMPARE(rate.takeSuppressed(m_start + seconds(1)), (Counts{{"a", 3}}));
    QVERIFY(rate.takeSuppressed(m_start + seconds(2)).empty());
}

void TestLogRate::tellsTheCountAlsoWhenTheEventCameAgainFirst()
{
    RateLimit rate(1);
    for (int i = 0; i < 3; ++i)
        (void)rate.admit("a", m_start);
    QVERIFY(rate.admit("a", m_start + seconds(1)));
    QCOMPARE(rate.takeSuppressed(m_start + seconds(1)), (Counts{{"a", 2}}));
}

void TestLogRate::tellsEverythingAtTheEnd()
{
    RateLimit rate(1);
    for (int i = 0; i < 2; ++i) {
        (void)rate.admit("a", m_start);
        (void)rate.admit("b", m_start);
    }
    QCOMPARE(rate.takeSuppressed(m_start, true), (Counts{{"a", 1}, {"b", 1}}));
}

void TestLogRate::zeroIsUnlimited()
{
    RateLimit rate(0);
    for (int i = 0; i < 10000; ++i)
        QVERIFY(rate.admit("a", m_start));
    QVERIFY(rate.takeSuppressed(m_start, true).empty());
}

QTEST_APPLESS_MAIN(TestLogRate)
#include "tst_lograte.moc"
