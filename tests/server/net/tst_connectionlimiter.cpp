// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/connectionlimiter.h"

#include <QTest>

using namespace msgsrv;
using Verdict = ConnectionLimiter::Verdict;

class ConnectionLimiterTest : public QObject
{
    Q_OBJECT

private slots:
    void theTotalIsKept()
    {
        ConnectionLimiter limiter(2, 0);
        const QHostAddress a(QStringLiteral("10.0.0.1"));
        const QHostAddress b(QStringLiteral("10.0.0.2"));
        QCOMPARE(limiter.admit(a), Verdict::Admitted);
        QCOMPARE(limiter.admit(b), Verdict::Admitted);
        QCOMPARE(limiter.admit(a), Verdict::TooMany);
        QCOMPARE(limiter.total(), 2);
        limiter.release(b);
        QCOMPARE(limiter.admit(a), Verdict::Admitted);
    }

    void oneAddressCannotTakeAll()
    {
        ConnectionLimiter limiter(0, 1);
        const QHostAddress a(QStringLiteral("2001:db8::1"));
        const QHostAddress b(QStringLiteral("2001:db8::2"));
        QCOMPARE(limiter.admit(a), Verdict::Admitted);
        QCOMPARE(limiter.admit(a), Verdict::TooManyFromAddress);
        QCOMPARE(limiter.admit(b), Verdict::Admitted);
        limiter.release(a);
        QCOMPARE(limiter.admit(a), Verdict::Admitted);
        QCOMPARE(limiter.total(), 2);
    }

    void zeroIsUnlimited()
    {
        ConnectionLimiter limiter(0, 0);
        for (int i = 0; i < 10'000; ++i)
            QCOMPARE(limiter.admit(QHostAddress(QHostAddress::LocalHost)), Verdict::Admitted);
    }
};

QTEST_GUILESS_MAIN(ConnectionLimiterTest)
#include "tst_connectionlimiter.moc"
