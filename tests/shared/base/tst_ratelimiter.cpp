// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/ratelimiter.h"

#include <QTest>

#include <atomic>
#include <thread>
#include <vector>

using namespace msgsrv;

class RateLimiterTest : public QObject
{
    Q_OBJECT

private:
    static constexpr BucketKey a{1, 1};
    static constexpr BucketKey b{1, 2};
    const TimePoint m_now{seconds(1000)};

    /// How many of @p attempts at one instant are taken.
    static int taken(RateLimiter &limiter, const BucketKey &key, TimePoint at, int attempts)
    {
        int count = 0;
        for (int i = 0; i < attempts; ++i)
            count += limiter.take(key, at) == Duration::zero() ? 1 : 0;
        return count;
    }

private slots:
    void theBurstAndThenTheRate_data()
    {
        QTest::addColumn<int>("perSecond");
        QTest::addColumn<int>("burstMs");
        QTest::addColumn<int>("atOnce");
        QTest::addColumn<int>("inTheNextSecond");
        QTest::newRow("one a second, one at once") << 1 << 1000 << 1 << 1;
        QTest::newRow("ten seconds' worth") << 5 << 10'000 << 50 << 5;
        QTest::newRow("an interval that is no whole number") << 3 << 1000 << 3 << 3;
        QTest::newRow("less than one token is one") << 2 << 1 << 1 << 1;
        QTest::newRow("many") << 1000 << 2000 << 2000 << 1000;
    }

    void theBurstAndThenTheRate()
    {
        QFETCH(const int, perSecond);
        QFETCH(const int, burstMs);
        QFETCH(const int, atOnce);
        QFETCH(const int, inTheNextSecond);
        RateLimiter limiter({perSecond, milliseconds(burstMs)});
        QCOMPARE(taken(limiter, a, m_now, atOnce + 10), atOnce);
        QCOMPARE(taken(limiter, a, m_now + seconds(1), atOnce + 10), inTheNextSecond);
    }

    void theTimeToWaitIsExact()
    {
        RateLimiter limiter({2, seconds(1)});
        QCOMPARE(taken(limiter, a, m_now, 2), 2);
        QVERIFY(limiter.take(a, m_now) == milliseconds(500));
        QVERIFY(limiter.take(a, m_now) == milliseconds(500)); // a refusal takes nothing
        QVERIFY(limiter.take(a, m_now + milliseconds(200)) == milliseconds(300));
        QVERIFY(limiter.take(a, m_now + milliseconds(499)) == milliseconds(1));
        QVERIFY(limiter.take(a, m_now + milliseconds(500)) == seconds(0));
    }

    void aLongPauseFillsTheBucketAndNoMore()
    {
        RateLimiter limiter({10, seconds(2)});
        QCOMPARE(taken(limiter, a, m_now, 100), 20);
        QCOMPARE(taken(limiter, a, m_now + std::chrono::hours(24), 100), 20);
    }

    void keysDoNotShare()
    {
        RateLimiter limiter({1, seconds(1)});
        QCOMPARE(taken(limiter, a, m_now, 5), 1);
        QCOMPARE(taken(limiter, b, m_now, 5), 1);
    }

    void aThreadWhoseTimeIsBehindGetsNothingTwice()
    {
        RateLimiter limiter({1, seconds(2)});
        QCOMPARE(taken(limiter, a, m_now, 5), 2);
        QVERIFY(limiter.take(a, m_now - milliseconds(5)) == seconds(1) + milliseconds(5));
    }

    void zeroIsUnlimited()
    {
        RateLimiter limiter({0, seconds(1)});
        QVERIFY(limiter.isUnlimited());
        QCOMPARE(taken(limiter, a, m_now, 100'000), 100'000);
        QVERIFY(!RateLimiter({1, seconds(1)}).isUnlimited());
    }

    void theLimitIsExactOverThreads()
    {
        constexpr int each = 1000;
        RateLimiter limiter({each, seconds(2)});
        std::atomic<int> total{0};
        std::vector<std::thread> threads;
        threads.reserve(4);
        for (int i = 0; i < 4; ++i)
            threads.emplace_back([&] { total += taken(limiter, a, m_now, each); });
        for (std::thread &thread : threads)
            thread.join();
        QCOMPARE(total.load(), 2 * each);
    }
};

QTEST_APPLESS_MAIN(RateLimiterTest)
#include "tst_ratelimiter.moc"
