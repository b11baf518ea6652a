// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/flowmodel.h"
#include "admin-gui/models/tone.h"
#include "tests/admin-gui/support/scriptedserver.h"

#include <QAbstractItemModelTester>
#include <QSignalSpy>
#include <QTest>

using namespace msgsrv::console;
using test::ScriptedServer;

namespace {

struct House
{
    explicit House(int capacity = 1000)
        : connection(test::quick(), nullptr)
        , model(connection, nullptr, capacity)
        , tester(&model, QAbstractItemModelTester::FailureReportingMode::QtTest)
    {
        server.handlers[QStringLiteral("flow.open")] = [](const QJsonObject &) {
            return QJsonObject{{QStringLiteral("sub"), 4}, {QStringLiteral("seq"), 0}};
        };
        for (const char *method : {"sub.close", "sub.credit"})
            server.handlers[QLatin1String(method)] = [](const QJsonObject &) { return QJsonObject(); };
        model.setActive(true);
        connection.open([this] { return server.connectClient(); }, {});
    }
    bool isOpen()
    {
        return server.methods.contains(QStringLiteral("flow.open")) && connection.state() == LinkState::Live;
    }
    void event(const char *name, int message, const char *reason = "")
    {
        server.notify(QStringLiteral("flow.event"),
                      {{QStringLiteral("sub"), 4},
                       {QStringLiteral("seq"), ++seq},
                       {QStringLiteral("ts"), qint64(1'700'000'000'000)},
                       {QStringLiteral("event"), QLatin1String(name)},
                       {QStringLiteral("message"), QStringLiteral("m-%1").arg(message)},
                       {QStringLiteral("from"), QStringLiteral("alice")},
                       {QStringLiteral("to"), QStringLiteral("bob")},
                       {QStringLiteral("kind"), QStringLiteral("offer")},
                       {QStringLiteral("bytes"), 1204},
                       {QStringLiteral("delay"), 180},
                       {QStringLiteral("reason"), QLatin1String(reason)}});
    }

    ScriptedServer server{0};
    Connection connection;
    FlowModel model;
    QAbstractItemModelTester tester;
    int seq = 0;
};

} // namespace

class TestFlowModel : public QObject
{
    Q_OBJECT

private slots:
    void oneRowForEachMessage()
    {
        House house;
        QTRY_VERIFY(house.isOpen());
        house.event("accepted", 1);
        QTRY_COMPARE(house.model.rowCount(), 1);
        QCOMPARE(house.model.at(0).outcome, FlowMessage::Outcome::Waiting);
        house.event("written", 1);
        QTRY_COMPARE(house.model.at(0).outcome, FlowMessage::Outcome::Delivered);
        QCOMPARE(house.model.rowCount(), 1);
        house.event("accepted", 2);
        house.event("dropped", 2, "queue full");
        QTRY_COMPARE(house.model.rowCount(), 2);
        QCOMPARE(house.model.index(1, FlowModel::OutcomeColumn).data().toString(),
                 QStringLiteral("dropped: queue full"));
        QCOMPARE(house.model.index(1, FlowModel::OutcomeColumn).data(ToneRole).toInt(), int(Tone::Bad));
        QCOMPARE(house.model.indexOfSeq(3), 1);
        QCOMPARE(house.model.indexOfSeq(4), -1);
    }
    void theOldestGoAtTheCapacity()
    {
        House house(100);
        QTRY_VERIFY(house.isOpen());
        for (int i = 0; i < 350; ++i) {
            house.event("accepted", i);
            if (i % 50 == 0)
                QTest::qWait(0);
        }
        QTRY_VERIFY(house.model.rowCount() > 0
                    && house.model.at(house.model.rowCount() - 1).message == QStringLiteral("m-349"));
        QVERIFY(house.model.rowCount() <= 100);
        house.event("written", 349);
        QTRY_COMPARE(house.model.at(house.model.rowCount() - 1).outcome, FlowMessage::Outcome::Delivered);
        house.event("written", 3); // of a message that has gone
        QTRY_COMPARE(house.model.at(house.model.rowCount() - 1).message, QStringLiteral("m-3"));
    }
    void gapsAreRows()
    {
        House house;
        QTRY_VERIFY(house.isOpen());
        house.event("accepted", 1);
        house.server.notify(QStringLiteral("flow.gap"),
                            {{QStringLiteral("sub"), 4},
                             {QStringLiteral("from"), 2},
                             {QStringLiteral("to"), 413},
                             {QStringLiteral("dropped"), 412},
                             {QStringLiteral("why"), QStringLiteral("slow")}});
        QTRY_COMPARE(house.model.rowCount(), 2);
        QCOMPARE(house.model.at(1).kind, FlowMessage::Kind::Gap);
        QVERIFY(
            house.model.index(1, FlowModel::OutcomeColumn).data().toString().contains(QStringLiteral("412")));
    }
    void pausedNothingMoves()
    {
        House house;
        QTRY_VERIFY(house.isOpen());
        house.model.setPaused(true);
        house.event("accepted", 1);
        QTRY_COMPARE(house.model.waiting(), 1);
        QCOMPARE(house.model.rowCount(), 0);
        house.model.setPaused(false);
        QCOMPARE(house.model.rowCount(), 1);
    }
    void givesCreditAnewBeforeItRunsOut()
    {
        House house(100'000);
        QTRY_VERIFY(house.isOpen());
        for (int i = 0; i < FlowModel::creditStep; ++i)
            house.event("accepted", i);
        QTRY_COMPARE(house.server.methods.count(QStringLiteral("sub.credit")), 2); // whenever half is used
        QTRY_COMPARE(house.model.rowCount(), FlowModel::creditStep);
    }
    void nobodyLookingNobodyTold()
    {
        House house;
        QTRY_VERIFY(house.isOpen());
        house.event("accepted", 1);
        QTRY_COMPARE(house.model.rowCount(), 1);
        house.model.setActive(false);
        QTRY_VERIFY(house.server.methods.contains(QStringLiteral("sub.close")));
        QCOMPARE(house.model.rowCount(), 1); // what was seen stays
    }
    void opensAgainAfterALoss()
    {
        House house;
        QTRY_VERIFY(house.isOpen());
        house.server.cut();
        QTRY_COMPARE(house.server.methods.count(QStringLiteral("flow.open")), 2);
    }
    void hostileEventsDoNotHurt()
    {
        House house;
        QTRY_VERIFY(house.isOpen());
        house.server.say(
            R"({"jsonrpc":"2.0","method":"flow.event","params":{"sub":4,"seq":-7,"ts":"x","event":5,"message":{},"from":[],"to":null,"kind":"new-kind","bytes":1e300,"delay":{}}})");
        house.server.say(R"({"jsonrpc":"2.0","method":"flow.event","params":{"sub":4}})");
        house.server.say(R"({"jsonrpc":"2.0","method":"flow.gap","params":{"sub":4,"dropped":"many"}})");
        house.server.say(R"({"jsonrpc":"2.0","method":"flow.news","params":{"sub":4}})");
        QTRY_VERIFY(house.model.rowCount() >= 1);
        for (int column = 0; column < FlowModel::ColumnCount; ++column)
            (void)house.model.index(0, column).data();
        QCOMPARE(house.model.at(0).kind, FlowMessage::Kind::Other);
        QCOMPARE(house.connection.state(), LinkState::Live);
    }
};

QTEST_GUILESS_MAIN(TestFlowModel)
#include "tst_flowmodel.moc"
