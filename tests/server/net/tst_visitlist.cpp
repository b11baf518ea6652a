// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/visitlist.h"

#include <QTest>

#include <array>
#include <memory>

using namespace msgsrv;

namespace {

struct Node : VisitHook
{
    int visits = 0;
};

} // namespace

class VisitListTest : public QObject
{
    Q_OBJECT

private slots:
    void someAtATimeIsRoundAfterRound()
    {
        std::array<Node, 10> nodes;
        VisitList<Node> list;
        for (Node &node : nodes)
            list.add(node);
        const auto visit = [](Node &node) { ++node.visits; };
        for (int i = 0; i < 3; ++i)
            list.visitSome(4, visit);
        for (const Node &node : nodes)
            QVERIFY(node.visits == 1 || node.visits == 2);
        for (int i = 0; i < 2; ++i)
            list.visitSome(4, visit);
        for (const Node &node : nodes)
            QCOMPARE(node.visits, 2);
        list.visitSome(0, visit);
        VisitList<Node>().visitSome(5, visit);
    }

    void whoComesInTheMiddleWaitsForTheNextRound()
    {
        std::array<Node, 4> nodes;
        Node late;
        VisitList<Node> list;
        for (Node &node : nodes)
            list.add(node);
        const auto visit = [](Node &node) { ++node.visits; };
        list.visitSome(2, visit);
        list.add(late);
        list.visitSome(2, visit);
        QCOMPARE(late.visits, 0);
        list.visitSome(5, visit);
        QCOMPARE(late.visits, 1);
        for (const Node &node : nodes)
            QCOMPARE(node.visits, 2);
    }

    void whoeverStaysIsVisitedThoughOthersGoBetweenTheSteps()
    {
        for (std::size_t step = 1; step <= 7; ++step) {
            std::array<Node, 60> nodes;
            VisitList<Node> list;
            for (Node &node : nodes)
                list.add(node);
            std::size_t gone = 0;
            for (std::size_t visited = 0; visited < nodes.size(); visited += step) {
                list.visitSome(step, [](Node &node) { ++node.visits; });
                if (gone < 30)
                    list.remove(nodes[gone++ * 2]); // every second one, from either side of the place reached
            }
            for (std::size_t i = 0; i < nodes.size(); ++i) {
                if (i % 2 == 1 || i / 2 >= gone)
                    QVERIFY2(nodes[i].visits >= 1, qPrintable(QString::number(i)));
            }
        }
    }

    void aVisitOfAllBeginsANewRound()
    {
        std::array<Node, 6> nodes;
        VisitList<Node> list;
        for (Node &node : nodes)
            list.add(node);
        const auto visit = [](Node &node) { ++node.visits; };
        list.visitSome(2, visit);
        list.visitAll(visit);
        list.visitSome(6, visit);
        int sum = 0;
        for (const Node &node : nodes) {
            QVERIFY(node.visits >= 2);
            sum += node.visits;
        }
        QCOMPARE(sum, 14);
    }
};

QTEST_GUILESS_MAIN(VisitListTest)
#include "tst_visitlist.moc"
