// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/failedkeys.h"

#include <QTest>

#include <vector>

using namespace msgsrv;

class FailedKeysTest : public QObject
{
    Q_OBJECT

private:
    static constexpr BucketKey a{1, 1};
    static constexpr BucketKey b{1, 2};
    TimePoint m_now{seconds(1000)};

    /// The delays, in ms, of failures each of which comes when the one before was answered.
    std::vector<int> delays(FailedKeys &keys, int count)
    {
        std::vector<int> result;
        for (int i = 0; i < count; ++i) {
            const Duration delay = keys.failed(a, m_now);
            m_now += delay;
            result.push_back(int(std::chrono::ceil<milliseconds>(delay).count()));
        }
        return result;
    }

private slots:
    void theDelayGrowsBehindTheFreeFailures()
    {
        FailedKeys keys({3, seconds(5)});
        const std::vector<int> expected{0, 0, 0, 250, 500, 1000, 2000, 4000, 5000, 5000, 5000};
        QCOMPARE(delays(keys, int(expected.size())), expected);
    }

    void guessesAtTheSameTimeWaitLongestAndNoLonger()
    {
        FailedKeys keys({10, seconds(5)});
        Duration longest{};
        for (int i = 0; i < 10'000; ++i)
            longest = std::max(longest, keys.failed(a, m_now));
        QVERIFY(longest == seconds(5));
        // However many there were, it is over soon.
        m_now += std::chrono::minutes(1);
        QVERIFY(keys.failed(a, m_now) == seconds(0));
    }

    void failuresAreForgivenOneByOne()
    {
        FailedKeys keys({60, seconds(5)});
        for (int i = 0; i < 60; ++i)
            QVERIFY(keys.failed(a, m_now) == seconds(0));
        m_now += seconds(2);
        QVERIFY(keys.failed(a, m_now) == seconds(0));
        QVERIFY(keys.failed(a, m_now) == seconds(0));
        QVERIFY(keys.failed(a, m_now) == FailedKeys::shortest);
        // The wait itself has forgiven nothing.
        m_now += FailedKeys::shortest;
        QVERIFY(keys.failed(a, m_now) == 2 * FailedKeys::shortest);
    }

    void whoFailsRarelyNeverWaits()
    {
        FailedKeys keys({60, seconds(5)});
        for (int i = 0; i < 1000; ++i) {
            QVERIFY(keys.failed(a, m_now) == seconds(0));
            m_now += seconds(1);
        }
    }

    void othersAreNotConcerned()
    {
        FailedKeys keys({1, seconds(5)});
        QVERIFY(delays(keys, 4).back() > 0);
        QVERIFY(keys.failed(b, m_now) == seconds(0));
    }

    void zeroIsOff_data()
    {
        QTest::addColumn<int>("perMinute");
        QTest::addColumn<int>("longestMs");
        QTest::newRow("no failures counted") << 0 << 5000;
        QTest::newRow("no delay") << 1 << 0;
    }

    void zeroIsOff()
    {
        QFETCH(const int, perMinute);
        QFETCH(const int, longestMs);
        FailedKeys keys({perMinute, milliseconds(longestMs)});
        QCOMPARE(delays(keys, 100), std::vector<int>(100, 0));
    }

    void aCapBelowTheFirstDelayIsTheDelay()
    {
        FailedKeys keys({1, milliseconds(100)});
        QCOMPARE(delays(keys, 4), (std::vector<int>{0, 100, 100, 100}));
    }
};

QTEST_APPLESS_MAIN(FailedKeysTest)
#include "tst_failedkeys.moc"
