// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/buckettable.h"

#include <QTest>

using namespace msgsrv;

class BucketTableTest : public QObject
{
    Q_OBJECT

private:
    const TimePoint m_now{seconds(1000)};

    /// When the bucket of @p key is full again, seen from m_now.
    [[nodiscard]] Duration missing(BucketTable &table, const BucketKey &key) const
    {
        return table.update(key, m_now, [this](const TimePoint &fullAt) { return fullAt - m_now; });
    }
    void owe(BucketTable &table, const BucketKey &key, Duration debt) const
    {
        table.update(key, m_now, [&](TimePoint &fullAt) { fullAt += debt; });
    }

private slots:
    void anUntouchedBucketIsFull()
    {
        BucketTable table;
        QVERIFY(missing(table, {}) == seconds(0));
        QVERIFY(missing(table, {1, 2}) == seconds(0));
    }

    void whatWasTakenIsRememberedByKey()
    {
        BucketTable table;
        owe(table, {1, 2}, seconds(3));
        owe(table, {2, 1}, seconds(5));
        owe(table, {1, 2}, seconds(1));
        QVERIFY(missing(table, {1, 2}) == seconds(4));
        QVERIFY(missing(table, {2, 1}) == seconds(5));
        QVERIFY(missing(table, {1, 1}) == seconds(0));
    }

    void aBucketIsNeverFullerThanFull()
    {
        BucketTable table;
        owe(table, {1, 2}, seconds(1));
        const TimePoint later = m_now + std::chrono::hours(1);
        table.update({1, 2}, later, [&](const TimePoint &fullAt) { QVERIFY(fullAt == later); });
    }

    void theCapacityIsRoundedUp()
    {
        QCOMPARE(BucketTable(0).capacity(), std::size_t(256));
        QCOMPARE(BucketTable(256).capacity(), std::size_t(256));
        QCOMPARE(BucketTable(257).capacity(), std::size_t(512));
        QCOMPARE(BucketTable().capacity(), BucketTable::defaultCapacity);
    }

    void aFloodOfKeysIsForgottenButNotWhoOwesMost()
    {
        BucketTable table(0);
        const BucketKey culprit{7, 7};
        owe(table, culprit, std::chrono::hours(1));
        for (std::uint64_t i = 0; i < 10'000; ++i)
            owe(table, {i, 0}, seconds(1));
        QVERIFY(missing(table, culprit) == std::chrono::hours(1));
        std::size_t remembered = 0;
        for (std::uint64_t i = 0; i < 10'000; ++i)
            remembered += missing(table, {i, 0}) > seconds(0) ? 1 : 0;
        QVERIFY(remembered > 0);
        QVERIFY(remembered < table.capacity());
    }

    void placesAreFreeAgainWhenTheirBucketsAreFull()
    {
        BucketTable table(0);
        for (std::uint64_t i = 0; i < 10'000; ++i)
            owe(table, {i, 0}, seconds(1));
        const TimePoint later = m_now + seconds(1);
        const BucketKey lightest{1, 1};
        table.update(lightest, later, [](TimePoint &fullAt) { fullAt += milliseconds(1); });
        table.update(lightest, later,
                     [&](const TimePoint &fullAt) { QVERIFY(fullAt - later == milliseconds(1)); });
    }
};

QTEST_APPLESS_MAIN(BucketTableTest)
#include "tst_buckettable.moc"
