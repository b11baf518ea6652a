// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/standstill.h"

#include <QTest>

using namespace msgsrv;

class TestStandstill : public QObject
{
    Q_OBJECT

private slots:
    void aThreadThatRunsJudges()
    {
        Standstill standstill{TimePoint(seconds(100))};
        for (TimePoint now{seconds(100)}; now < TimePoint(seconds(110)); now += milliseconds(250))
            QVERIFY(standstill.isOver(now));
    }

    void oneThatStoodStillWaitsForWhatItMissed()
    {
        TimePoint now{seconds(100)};
        Standstill standstill(now); // which may happen before it has looked for the first time
        now += seconds(20);
        QVERIFY(!standstill.isOver(now));
        QVERIFY(!standstill.isOver(now + milliseconds(999)));
        QVERIFY(standstill.isOver(now + seconds(1)));
    }

    void oneThatIsAlwaysLateJudgesAllTheSame()
    {
        Standstill standstill{TimePoint(seconds(98))};
        int judged = 0;
        for (TimePoint now{seconds(100)}; now < TimePoint(seconds(160)); now += seconds(2))
            judged += standstill.isOver(now) ? 1 : 0;
        QVERIFY(judged >= 18);
    }
};

QTEST_APPLESS_MAIN(TestStandstill)
#include "tst_standstill.moc"
