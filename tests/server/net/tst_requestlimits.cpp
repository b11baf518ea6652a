// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/requestlimits.h"

#include <QTest>

using namespace msgsrv;

class RequestLimitsTest : public QObject
{
    Q_OBJECT

private:
    static constexpr BucketKey address{0, 1};
    static constexpr BucketKey other{0, 2};
    const TimePoint m_now{seconds(1000)};
    Metrics m_metrics;

    [[nodiscard]] QByteArray limited(const char *limit) const
    {
        const QByteArray name = QByteArray("messaging_requests_limited_total{limit=\"") + limit + "\"} ";
        const QByteArray text = QByteArray::fromStdString(m_metrics.render());
        const auto at = text.indexOf(name);
        return at < 0 ? QByteArray() : text.mid(at + name.size()).split('\n').first();
    }

private slots:
    void eachLimitIsOfItsOwn()
    {
        RequestLimits limits({.connectsPerAddress = {1, seconds(1)},
                              .exchangesPerAddress = {2, seconds(1)},
                              .exchangesPerUser = {3, seconds(1)},
                              .failedKeys = {}},
                             m_metrics);
        const BucketKey alice = limits.keyOf(*UserId::parse("alice"));
        for (const char *limit :
             {"connects_per_address", "exchanges_per_address", "exchanges_per_user", "failed_keys"})
            QCOMPARE(limited(limit), QByteArray("0")); // there before the first refusal

        QVERIFY(!limits.connect(address, m_now));
        QVERIFY(limits.connect(address, m_now));
        QVERIFY(!limits.connect(other, m_now));
        for (int i = 0; i < 2; ++i)
            QVERIFY(!limits.exchangeFrom(address, m_now));
        QVERIFY(limits.exchangeFrom(address, m_now));
        for (int i = 0; i < 3; ++i)
            QVERIFY(!limits.exchangeBy(alice, m_now));
        QVERIFY(limits.exchangeBy(alice, m_now));
        QVERIFY(limits.exchangeBy(alice, m_now));
        QVERIFY(!limits.exchangeBy(limits.keyOf(*UserId::parse("bob")), m_now));

        QCOMPARE(limited("connects_per_address"), QByteArray("1"));
        QCOMPARE(limited("exchanges_per_address"), QByteArray("1"));
        QCOMPARE(limited("exchanges_per_user"), QByteArray("2"));
    }

    void theProblemTellsHowLongToWait()
    {
        RequestLimits limits({.connectsPerAddress = {1, seconds(3)},
                              .exchangesPerAddress = {1000, seconds(1)},
                              .exchangesPerUser = {},
                              .failedKeys = {}},
                             m_metrics);
        for (int i = 0; i < 3; ++i)
            QVERIFY(!limits.connect(address, m_now));
        const auto problem = limits.connect(address, m_now);
        QVERIFY(problem);
        QCOMPARE(problem->cause, ProblemCause::RateLimited);
        QCOMPARE(problem->status(), 429);
        QCOMPARE(problem->retryAfterSeconds, 1);
        for (int i = 0; i < 1000; ++i)
            QVERIFY(!limits.exchangeFrom(address, m_now));
        QCOMPARE(limits.exchangeFrom(address, m_now)->retryAfterSeconds, 1); // never 0
    }

    void keysThatWaitAreCounted()
    {
        RequestLimits limits({.connectsPerAddress = {},
                              .exchangesPerAddress = {},
                              .exchangesPerUser = {},
                              .failedKeys = {1, seconds(5)}},
                             m_metrics);
        const QByteArray before = limited("failed_keys");
        QVERIFY(limits.failedKey(address, m_now) == seconds(0));
        QCOMPARE(limited("failed_keys"), before);
        QVERIFY(limits.failedKey(address, m_now) == FailedKeys::shortest);
        QCOMPARE(limited("failed_keys").toInt(), before.toInt() + 1);
        QVERIFY(limits.failedKey(other, m_now) == seconds(0));
    }

    void aUsersKeyIsNobodyElses()
    {
        const RequestLimits first({}, m_metrics);
        const RequestLimits second({}, m_metrics);
        const UserId alice = *UserId::parse("alice");
        QVERIFY(first.keyOf(alice) == first.keyOf(*UserId::parse("alice")));
        QVERIFY(!(first.keyOf(alice) == first.keyOf(*UserId::parse("alicf"))));
        QVERIFY(!(first.keyOf(alice) == second.keyOf(alice))); // cannot be worked out outside
        QVERIFY(first.keyOf(alice).high != first.keyOf(alice).low);
    }
};

QTEST_APPLESS_MAIN(RequestLimitsTest)
#include "tst_requestlimits.moc"
