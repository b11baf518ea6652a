// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/timerqueue.h"

#include <QTest>

#include <algorithm>
#include <map>
#include <random>

using namespace msgsrv;
using namespace std::chrono_literals;
using Precision = TimerQueue::Precision;

namespace {

const TimePoint start{1000s}; // a whole second, so that rounding is easy to follow

/// Takes and finishes everything that is due, and tells the ids in order.
std::vector<int> expire(TimerQueue &queue, TimePoint now)
{
    std::vector<int> ids;
    const auto pass = queue.beginPass(now);
    while (const auto expired = queue.take(pass)) {
        ids.push_back(expired->id);
        queue.finish(*expired);
    }
    return ids;
}

using Ids = std::vector<int>;

} // namespace

class TimerQueueTest : public QObject
{
    Q_OBJECT

private slots:
    void anEmptyQueueHasNothingDue();
    void timersExpireInTheOrderOfTheirTimes();
    void timersOfTheSameTimeExpireInTheOrderOfTheirStart();
    void aTimerRepeatsWithoutDrift();
    void aLateTimerSkipsWhatItMissed();
    void aZeroTimerExpiresOnceInAPass();
    void aTimerStartedInAPassWaitsForTheNext();
    void aTakenTimerDoesNotExpireBeforeItIsFinished();
    void aTimerRemovedWhileTakenStaysAway();
    void aTimerStartedAnewWhileTakenKeepsItsNewTime();
    void startingAnIdAgainReplacesIt();
    void removingTellsWhetherThereWasOne();
    void anOwnersTimersAreKnownAndRemovedTogether();
    void coarseTimersAreNeverEarlyAndAtMostFivePercentLate_data();
    void coarseTimersAreNeverEarlyAndAtMostFivePercentLate();
    void coarseTimersOfOneIntervalGather();
    void coarsenessDoesNotAddUp();
    void aLongRandomHistoryMatchesASimpleModel();

private:
    QObject m_owner;
};

void TimerQueueTest::anEmptyQueueHasNothingDue()
{
    TimerQueue queue;
    QVERIFY(queue.isEmpty());
    QVERIFY(!queue.nextDue());
    QVERIFY(!queue.take(queue.beginPass(start)));
    QVERIFY(!queue.dueOf(1));
}

void TimerQueueTest::timersExpireInTheOrderOfTheirTimes()
{
    TimerQueue queue;
    queue.add(1, 30ms, Precision::Exact, &m_owner, start);
    queue.add(2, 10ms, Precision::Exact, &m_owner, start);
    queue.add(3, 20ms, Precision::Exact, &m_owner, start);
    QCOMPARE(*queue.nextDue(), start + 10ms);
    QCOMPARE(expire(queue, start + 10ms - 1ns), Ids());
    QCOMPARE(expire(queue, start + 10ms), Ids{2});
    QCOMPARE(expire(queue, start + 19ms), Ids());
    QCOMPARE(expire(queue, start + 30ms), (Ids{3, 2, 1})); // 2 is due again at 20, after 3
}

void TimerQueueTest::timersOfTheSameTimeExpireInTheOrderOfTheirStart()
{
    TimerQueue queue;
    for (int id = 1; id <= 50; ++id)
        queue.add(id, 10ms, Precision::Exact, &m_owner, start);
    Ids all(50);
    std::generate(all.begin(), all.end(), [id = 0]() mutable { return ++id; });
    QCOMPARE(expire(queue, start + 10ms), all);
    QCOMPARE(expire(queue, start + 20ms), all);
}

void TimerQueueTest::aTimerRepeatsWithoutDrift()
{
    TimerQueue queue;
    queue.add(1, 10ms, Precision::Exact, &m_owner, start);
    QCOMPARE(expire(queue, start + 14ms), Ids{1});
    QCOMPARE(*queue.nextDue(), start + 20ms);
    QCOMPARE(expire(queue, start + 23ms), Ids{1});
    QCOMPARE(*queue.nextDue(), start + 30ms);
}

void TimerQueueTest::aLateTimerSkipsWhatItMissed()
{
    TimerQueue queue;
    queue.add(1, 10ms, Precision::Exact, &m_owner, start);
    QCOMPARE(expire(queue, start + 57ms), Ids{1});
    QCOMPARE(*queue.nextDue(), start + 67ms);
}

void TimerQueueTest::aZeroTimerExpiresOnceInAPass()
{
    TimerQueue queue;
    queue.add(1, 0ms, Precision::Coarse, &m_owner, start);
    queue.add(2, 5ms, Precision::Exact, &m_owner, start);
    QCOMPARE(*queue.nextDue(), start);
    QCOMPARE(expire(queue, start), Ids{1});
    QCOMPARE(expire(queue, start), Ids{1});
    QCOMPARE(expire(queue, start + 5ms), (Ids{1, 2}));
    QCOMPARE(expire(queue, start + 6ms), Ids{1});
}

void TimerQueueTest::aTimerStartedInAPassWaitsForTheNext()
{
    TimerQueue queue;
    queue.add(1, 1ms, Precision::Exact, &m_owner, start);
    const auto now = start + 1ms;
    const auto pass = queue.beginPass(now);
    const auto expired = queue.take(pass);
    QCOMPARE(expired->id, 1);
    queue.add(2, 0ms, Precision::Exact, &m_owner, now);
    queue.finish(*expired);
    QVERIFY(!queue.take(pass));
    QCOMPARE(expire(queue, now), Ids{2});
}

void TimerQueueTest::aTakenTimerDoesNotExpireBeforeItIsFinished()
{
    TimerQueue queue;
    queue.add(1, 1ms, Precision::Exact, &m_owner, start);
    const auto expired = queue.take(queue.beginPass(start + 1ms));
    QVERIFY(expired);
    QVERIFY(!queue.nextDue());
    QCOMPARE(*queue.dueOf(1), start + 2ms);
    QCOMPARE(expire(queue, start + 1s), Ids());
    queue.finish(*expired);
    QCOMPARE(*queue.nextDue(), start + 2ms);
    QCOMPARE(expire(queue, start + 1s), Ids{1});
}

void TimerQueueTest::aTimerRemovedWhileTakenStaysAway()
{
    TimerQueue queue;
    queue.add(1, 1ms, Precision::Exact, &m_owner, start);
    const auto expired = queue.take(queue.beginPass(start + 1ms));
    QVERIFY(queue.remove(1));
    queue.finish(*expired);
    QVERIFY(queue.isEmpty());
    QVERIFY(!queue.nextDue());
}

void TimerQueueTest::aTimerStartedAnewWhileTakenKeepsItsNewTime()
{
    TimerQueue queue;
    queue.add(1, 1ms, Precision::Exact, &m_owner, start);
    const auto expired = queue.take(queue.beginPass(start + 1ms));
    queue.add(1, 50ms, Precision::Exact, &m_owner, start + 1ms);
    queue.finish(*expired);
    QCOMPARE(*queue.nextDue(), start + 51ms);
    QCOMPARE(expire(queue, start + 51ms), Ids{1});
}

void TimerQueueTest::startingAnIdAgainReplacesIt()
{
    TimerQueue queue;
    QObject other;
    queue.add(1, 1ms, Precision::Exact, &m_owner, start);
    queue.add(1, 9ms, Precision::Exact, &other, start);
    QCOMPARE(*queue.nextDue(), start + 9ms);
    QVERIFY(queue.timersOf(&m_owner).empty());
    QCOMPARE(queue.timersOf(&other).size(), std::size_t(1));
}

void TimerQueueTest::removingTellsWhetherThereWasOne()
{
    TimerQueue queue;
    QVERIFY(!queue.remove(1));
    QVERIFY(!queue.removeAll(&m_owner));
    queue.add(1, 1ms, Precision::Exact, &m_owner, start);
    QVERIFY(queue.remove(1));
    QVERIFY(!queue.remove(1));
    QVERIFY(!queue.removeAll(&m_owner));
}

void TimerQueueTest::anOwnersTimersAreKnownAndRemovedTogether()
{
    TimerQueue queue;
    QObject other;
    queue.add(7, 1ms, Precision::Exact, &m_owner, start);
    queue.add(3, 2s, Precision::Seconds, &m_owner, start);
    queue.add(5, 1ms, Precision::Coarse, &other, start);
    const auto timers = queue.timersOf(&m_owner);
    QCOMPARE(timers.size(), std::size_t(2));
    QCOMPARE(timers[0].id, 7);
    QCOMPARE(timers[1].id, 3);
    QCOMPARE(timers[1].interval, milliseconds(2s));
    QCOMPARE(timers[1].precision, Precision::Seconds);
    QVERIFY(queue.removeAll(&m_owner));
    QVERIFY(queue.timersOf(&m_owner).empty());
    QCOMPARE(expire(queue, start + 10s), Ids{5});
}

void TimerQueueTest::coarseTimersAreNeverEarlyAndAtMostFivePercentLate_data()
{
    QTest::addColumn<int>("interval");
    for (const int interval :
         {0, 1, 15, 19, 20, 21, 40, 99, 100, 199, 200, 250, 999, 1000, 4999, 5000, 10000, 19999})
        QTest::addRow("%d ms", interval) << interval;
}

void TimerQueueTest::coarseTimersAreNeverEarlyAndAtMostFivePercentLate()
{
    QFETCH(const int, interval);
    for (auto offset = 0us; offset < 1s; offset += 977us) {
        TimerQueue queue;
        const auto now = start + offset;
        queue.add(1, milliseconds(interval), Precision::Coarse, &m_owner, now);
        const auto late = *queue.nextDue() - (now + milliseconds(interval));
        QVERIFY(late >= 0ns);
        QVERIFY(late * 20 <= milliseconds(interval));
        queue.add(2, milliseconds(interval), Precision::Seconds, &m_owner, now);
        const auto veryLate = *queue.dueOf(2) - (now + milliseconds(interval));
        QVERIFY(veryLate >= 0ns && veryLate < 1s);
    }
}

void TimerQueueTest::coarseTimersOfOneIntervalGather()
{
    TimerQueue queue;
    std::map<TimePoint, int> instants;
    for (int id = 1; id <= 1000; ++id) {
        queue.add(id, 1s, Precision::Coarse, &m_owner, start + id * 1ms);
        ++instants[*queue.dueOf(id)];
    }
    QCOMPARE(instants.size(), std::size_t(20)); // one each 50 ms
}

void TimerQueueTest::coarsenessDoesNotAddUp()
{
    TimerQueue queue;
    const auto now = start + 1ms;
    queue.add(1, 1001ms, Precision::Coarse, &m_owner, now);
    for (int round = 1; round <= 100; ++round) {
        const auto due = *queue.nextDue();
        const auto late = due - (now + round * 1001ms);
        QVERIFY(late >= 0ns && late <= 50ms);
        QCOMPARE(expire(queue, due), Ids{1});
    }
}

void TimerQueueTest::aLongRandomHistoryMatchesASimpleModel()
{
    TimerQueue queue;
    std::map<int, TimePoint> model; // id -> due
    std::map<int, milliseconds> intervals;
    std::mt19937 random(3);
    auto now = start;
    for (int step = 0; step < 20000; ++step) {
        const int id = int(random() % 300) + 1;
        switch (random() % 4) {
        case 0:
        case 1:
            intervals[id] = milliseconds(random() % 500 + 1);
            model[id] = now + intervals[id];
            queue.add(id, intervals[id], Precision::Exact, &m_owner, now);
            break;
        case 2:
            QCOMPARE(queue.remove(id), model.erase(id) == 1);
            break;
        default:
            now += std::chrono::microseconds(random() % 2000);
            const auto first = std::min_element(
                model.begin(), model.end(), [](const auto &a, const auto &b) { return a.second < b.second; });
            QCOMPARE(queue.nextDue().has_value(), first != model.end());
            if (first != model.end())
                QCOMPARE(*queue.nextDue(), first->second);
            auto expired = expire(queue, now);
            std::sort(expired.begin(), expired.end());
            Ids expected;
            for (auto &[timer, due] : model) {
                if (due > now)
                    continue;
                expected.push_back(timer);
                due += intervals[timer];
                if (due < now)
                    due = now + intervals[timer];
            }
            QCOMPARE(expired, expected);
        }
    }
    QVERIFY(now > start + 1s);
}

QTEST_APPLESS_MAIN(TimerQueueTest)
#include "tst_timerqueue.moc"
