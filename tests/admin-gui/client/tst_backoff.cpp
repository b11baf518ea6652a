// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/client/backoff.h"

#include <QTest>

using namespace msgsrv::console;
using std::chrono::milliseconds;

class TestBackoff : public QObject
{
    Q_OBJECT

private slots:
    void doublesUpToTheLongest()
    {
        Backoff backoff(milliseconds(500), milliseconds(3000));
        for (const int step : {500, 1000, 2000, 3000, 3000})
            QCOMPARE(backoff.next(0.999999).count() / 10, (step - 1) / 10);
    }
    void aRandomHalfKeepsConsolesApart()
    {
        Backoff backoff(milliseconds(1000), milliseconds(1000));
        QCOMPARE(backoff.next(0.0), milliseconds(500));
        QCOMPARE(backoff.next(0.5), milliseconds(750));
    }
    void beginsAgainAfterASuccess()
    {
        Backoff backoff(milliseconds(100), milliseconds(10'000));
        (void)backoff.next(0);
        (void)backoff.next(0);
        backoff.reset();
        QCOMPARE(backoff.next(0), milliseconds(50));
    }
    void doesNotOverflowAfterManyAttempts()
    {
        Backoff backoff(milliseconds(500), milliseconds(20'000));
        for (int i = 0; i < 100; ++i)
            QVERIFY(backoff.next(0.5) <= milliseconds(20'000));
    }
};

QTEST_APPLESS_MAIN(TestBackoff)
#include "tst_backoff.moc"
