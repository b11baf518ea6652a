// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/memorybudget.h"

#include <QTest>

#include <thread>
#include <vector>

using namespace msgsrv;

class MemoryBudgetTest : public QObject
{
    Q_OBJECT

private slots:
    void givesUpToTheLimitAndNoMore()
    {
        MemoryBudget budget(100);
        QVERIFY(budget.take(60));
        QVERIFY(!budget.take(41));
        QCOMPARE(budget.used(), 60);
        QVERIFY(budget.take(40));
        QVERIFY(!budget.take(1));
        budget.giveBack(60);
        QVERIFY(budget.take(60));
        QCOMPARE(budget.used(), 100);
    }

    void zeroIsUnlimited()
    {
        MemoryBudget budget(0);
        QVERIFY(budget.take(std::int64_t(1) << 40));
        QCOMPARE(budget.used(), std::int64_t(1) << 40);
    }

    void threadsNeverHoldMoreThanTheLimitTogether()
    {
        MemoryBudget budget(10);
        std::atomic<std::int64_t> held{0};
        std::atomic<std::int64_t> most{0};
        std::vector<std::thread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < 20'000; ++n) {
                    if (!budget.take(3))
                        continue;
                    const std::int64_t now = held += 3;
                    std::int64_t before = most;
                    while (now > before && !most.compare_exchange_weak(before, now)) { }
                    held -= 3;
                    budget.giveBack(3);
                }
            });
        }
        for (std::thread &thread : threads)
            thread.join();
        QVERIFY(most > 0);
        QVERIFY(most <= 10);
        QCOMPARE(budget.used(), 0);
    }
};

QTEST_APPLESS_MAIN(MemoryBudgetTest)
#include "tst_memorybudget.moc"
