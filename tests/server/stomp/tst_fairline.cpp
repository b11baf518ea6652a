// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/fairline.h"

#include <QByteArray>
#include <QTest>

using namespace msgsrv;

namespace {

BucketKey address(std::uint64_t number)
{
    return {0, number};
}

/// All that waits, in the order in which it has its turn.
QByteArray drain(FairLine<char> &line)
{
    QByteArray out;
    while (const auto item = line.pop())
        out += *item;
    return out;
}

} // namespace

class TestFairLine : public QObject
{
    Q_OBJECT

private slots:
    void addressesTakeTurns()
    {
        FairLine<char> line(10);
        for (const char item : {'a', 'b', 'c'})
            QVERIFY(!line.push(address(1), item));
        QVERIFY(!line.push(address(2), 'x'));
        QVERIFY(!line.push(address(3), 'y'));
        QVERIFY(!line.push(address(3), 'z'));
        QCOMPARE(line.size(), std::size_t(6));
        QCOMPARE(drain(line), QByteArray("axybzc"));
        QCOMPARE(line.size(), std::size_t(0));
    }

    void whoComesAgainIsBehindTheOthers()
    {
        FairLine<char> line(10);
        QVERIFY(!line.push(address(1), 'a'));
        QVERIFY(!line.push(address(2), 'x'));
        QCOMPARE(line.pop(), std::optional('a'));
        QVERIFY(!line.push(address(1), 'b'));
        QCOMPARE(drain(line), QByteArray("xb"));
    }

    void oneAddressUsesUpOnlyItsOwnPlace()
    {
        FairLine<char> line(3);
        for (const char item : {'a', 'b', 'c'})
            QVERIFY(!line.push(address(1), item));
        QCOMPARE(line.push(address(1), 'd'), std::optional('d'));
        QCOMPARE(line.push(address(2), 'x'), std::optional('c'));
        QCOMPARE(line.push(address(1), 'e'), std::optional('e'));
        QCOMPARE(line.push(address(2), 'y'), std::optional('y')); // 2 and 1 is as even as 1 and 2
        QCOMPARE(line.size(), std::size_t(3));
        QCOMPARE(drain(line), QByteArray("axb"));
    }

    void theNewcomerIsTurnedAwayWhenNobodyHasMore()
    {
        FairLine<char> line(2);
        QVERIFY(!line.push(address(1), 'a'));
        QVERIFY(!line.push(address(2), 'x'));
        QCOMPARE(line.push(address(3), 'p'), std::optional('p'));
        QCOMPARE(drain(line), QByteArray("ax"));
    }

    void nobodyWaitsWhereThereIsNoPlace()
    {
        FairLine<char> line(0);
        QCOMPARE(line.push(address(1), 'a'), std::optional('a'));
        QVERIFY(!line.pop());
    }
};

QTEST_APPLESS_MAIN(TestFairLine)
#include "tst_fairline.moc"
