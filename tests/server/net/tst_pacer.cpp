// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/pacer.h"

#include <QTest>

#include <numeric>

using namespace msgsrv;

class PacerTest : public QObject
{
    Q_OBJECT

private slots:
    void theFirstShareIsEverything()
    {
        Pacer pacer{seconds(1)};
        QCOMPARE(pacer.share(m_now, 1000), std::size_t(1000));
    }

    void aShareIsThePartOfTheRoundThatHasPassed()
    {
        Pacer pacer{seconds(1)};
        (void)pacer.share(m_now, 1000);
        QCOMPARE(pacer.share(m_now + milliseconds(250), 1000), std::size_t(250));
        QCOMPARE(pacer.share(m_now + milliseconds(260), 1000), std::size_t(10));
        QCOMPARE(pacer.share(m_now + milliseconds(260), 1000), std::size_t(0));
    }

    void aFewAreNotPutOffByATimerThatIsALittleEarly()
    {
        Pacer pacer{milliseconds(250)};
        (void)pacer.share(m_now, 1);
        QCOMPARE(pacer.share(m_now + milliseconds(249), 1), std::size_t(1));
    }

    void afterALongPauseEverythingIsDueOnce()
    {
        Pacer pacer{seconds(1)};
        (void)pacer.share(m_now, 10);
        QCOMPARE(pacer.share(m_now + seconds(100), 10), std::size_t(10));
        QCOMPARE(pacer.share(m_now, 10), std::size_t(0)); // a clock that goes back is none of ours
    }

    void eachIsVisitedOnceInARound()
    {
        Pacer pacer{seconds(1)};
        std::vector<int> visits(1000);
        std::vector<int *> items;
        for (int &count : visits)
            items.push_back(&count);
        const auto visit = [](int &count) { ++count; };
        pacer.visit(m_now, items, visit);
        QCOMPARE(std::accumulate(visits.begin(), visits.end(), 0), 1000);
        std::size_t most = 0;
        for (int step = 1; step <= 100; ++step) {
            const int before = std::accumulate(visits.begin(), visits.end(), 0);
            pacer.visit(m_now + milliseconds(10) * step, items, visit);
            most = std::max(most, std::size_t(std::accumulate(visits.begin(), visits.end(), 0) - before));
        }
        QCOMPARE(most, std::size_t(10));
        for (const int count : visits)
            QCOMPARE(count, 2);
    }

    void itemsMayGoWhileTheyAreVisited()
    {
        Pacer pacer{seconds(1)};
        std::vector<int> visits(100);
        std::vector<int *> items;
        for (int &count : visits)
            items.push_back(&count);
        // Each that is visited goes, and takes the first of the list with it.
        pacer.visit(m_now, items, [&items](int &count) {
            ++count;
            for (const int *leaving :
                 {static_cast<const int *>(&count), static_cast<const int *>(items.front())}) {
                const auto place = std::find(items.begin(), items.end(), leaving);
                if (place == items.end())
                    continue;
                *place = items.back();
                items.pop_back();
            }
        });
        QVERIFY(items.empty());
        for (const int count : visits)
            QVERIFY(count <= 1);
    }

private:
    const TimePoint m_now{seconds(1000)};
};

QTEST_GUILESS_MAIN(PacerTest)
#include "tst_pacer.moc"
