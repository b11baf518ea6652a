// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/connectionlimiter.h"

#include <QTest>

#include <thread>
#include <vector>

using namespace msgsrv;
using Refusal = ConnectionLimiter::Refusal;
using Slot = ConnectionLimiter::Slot;

class ConnectionLimiterTest : public QObject
{
    Q_OBJECT

private:
    static QHostAddress address(const char *text) { return QHostAddress(QString::fromLatin1(text)); }
    const QHostAddress m_a = address("10.0.0.1");
    const QHostAddress m_b = address("10.0.0.2");
    const QHostAddress m_proxy = address("192.168.0.1");
    const std::vector<Cidr> m_proxies{*Cidr::parse("192.168.0.0/24")};

private slots:
    void theTotalIsKept()
    {
        ConnectionLimiter limiter(2, 0);
        const auto first = limiter.admit(m_a);
        auto second = limiter.admit(m_b);
        QVERIFY(first && second);
        QCOMPARE(limiter.admit(m_a).error(), Refusal::TooMany);
        QCOMPARE(limiter.total(), 2);
        *second = Slot();
        QCOMPARE(limiter.total(), 1);
        QVERIFY(limiter.admit(m_a)); // and given back at once
        QCOMPARE(limiter.total(), 1);
    }

    void oneAddressCannotTakeAll()
    {
        ConnectionLimiter limiter(0, 1);
        auto a = limiter.admit(m_a);
        QVERIFY(a);
        QCOMPARE(limiter.admit(m_a).error(), Refusal::TooManyFromAddress);
        const auto b = limiter.admit(m_b);
        QVERIFY(b);
        *a = Slot();
        QVERIFY(limiter.admit(m_a));
        QCOMPARE(limiter.total(), 1);
    }

    void theLimitOfAnIPv6ClientIsThatOfItsNetwork()
    {
        ConnectionLimiter limiter(0, 1);
        const auto a = limiter.admit(address("2001:db8::1"));
        QVERIFY(a);
        QCOMPARE(limiter.admit(address("2001:db8::2")).error(), Refusal::TooManyFromAddress);
        QVERIFY(limiter.admit(address("2001:db8:0:1::1")));
    }

    void aSlotThatMovesIsGivenBackOnce()
    {
        ConnectionLimiter limiter(0, 1);
        {
            auto admitted = limiter.admit(m_a);
            Slot slot = *std::move(admitted);
            Slot another;
            another = std::move(slot);
            QCOMPARE(limiter.total(), 1);
            QVERIFY(!limiter.admit(m_a));
        }
        QCOMPARE(limiter.total(), 0);
        QVERIFY(limiter.admit(m_a));
    }

    void aProxyIsNotLimitedPerAddressButItsClientsAre()
    {
        ConnectionLimiter limiter(0, 2, m_proxies);
        std::vector<Slot> opened;
        opened.reserve(5);
        for (int i = 0; i < 5; ++i)
            opened.push_back(*limiter.admit(m_proxy));
        QVERIFY(opened[0].attribute(m_a));
        QVERIFY(opened[1].attribute(m_a));
        QVERIFY(!opened[2].attribute(m_a));
        QVERIFY(opened[3].attribute(m_b));
        QVERIFY(opened[4].attribute(m_b));
        QVERIFY(!opened[2].attribute(m_b));
        // The same client directly is still the same client.
        QCOMPARE(limiter.admit(m_a).error(), Refusal::TooManyFromAddress);
        opened.erase(opened.begin());
        QVERIFY(limiter.admit(m_a));
    }

    void aProxyCountsInTheTotal()
    {
        ConnectionLimiter limiter(1, 1, m_proxies);
        const auto slot = limiter.admit(m_proxy);
        QVERIFY(slot);
        QCOMPARE(limiter.admit(m_proxy).error(), Refusal::TooMany);
    }

    void aProxysConnectionCountsForWhomItActsNow()
    {
        ConnectionLimiter limiter(0, 1, m_proxies);
        Slot first = *limiter.admit(m_proxy);
        Slot second = *limiter.admit(m_proxy);
        QVERIFY(first.attribute(m_a));
        QVERIFY(first.attribute(m_a)); // its next request
        QVERIFY(first.attribute(m_b)); // and one of another client
        QVERIFY(second.attribute(m_a));
        QVERIFY(!first.attribute(m_a));
        QVERIFY(limiter.admit(m_b)); // what was refused acts for nobody
        second.unattribute();
        QVERIFY(first.attribute(m_a));
    }

    void aProxyThatNamesNobodyIsNotLimited()
    {
        ConnectionLimiter limiter(0, 1, m_proxies);
        Slot first = *limiter.admit(m_proxy);
        Slot second = *limiter.admit(m_proxy);
        QVERIFY(first.attribute(m_a));
        QVERIFY(first.attribute(m_proxy));
        QVERIFY(second.attribute(address("192.168.0.2")));
        QVERIFY(limiter.admit(m_a));
    }

    void aClientCannotBecomeAnother()
    {
        ConnectionLimiter limiter(0, 1, m_proxies);
        Slot slot = *limiter.admit(m_a);
        QVERIFY(slot.attribute(m_b));
        slot.unattribute();
        QVERIFY(!limiter.admit(m_a));
        QVERIFY(limiter.admit(m_b));
    }

    void zeroIsUnlimited()
    {
        ConnectionLimiter limiter(0, 0);
        std::vector<Slot> opened;
        opened.reserve(10'000);
        for (int i = 0; i < 10'000; ++i)
            opened.push_back(*limiter.admit(QHostAddress(QHostAddress::LocalHost)));
        QCOMPARE(limiter.total(), 10'000);
    }

    void theLimitIsExactOverThreads()
    {
        ConnectionLimiter limiter(100, 0, m_proxies);
        std::vector<std::vector<Slot>> held(4);
        std::vector<std::thread> threads;
        threads.reserve(held.size());
        for (std::vector<Slot> &mine : held) {
            threads.emplace_back([&] {
                for (int i = 0; i < 100; ++i) {
                    if (auto slot = limiter.admit(m_proxy); slot && slot->attribute(m_a))
                        mine.push_back(*std::move(slot));
                }
            });
        }
        for (std::thread &thread : threads)
            thread.join();
        QCOMPARE(held[0].size() + held[1].size() + held[2].size() + held[3].size(), std::size_t(100));
        held.clear();
        QCOMPARE(limiter.total(), 0);
    }
};

QTEST_GUILESS_MAIN(ConnectionLimiterTest)
#include "tst_connectionlimiter.moc"
