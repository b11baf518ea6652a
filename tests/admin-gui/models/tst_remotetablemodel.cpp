// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/remotetablemodel.h"
#include "tests/admin-gui/support/scriptedserver.h"

#include <QAbstractItemModelTester>
#include <QRandomGenerator>
#include <QSignalSpy>
#include <QTest>

#include <algorithm>

using namespace msgsrv::console;
using test::ScriptedServer;

namespace {

/// A table that a scripted server has: it answers view.open and view.change, and tells what a test changed.
class Table
{
public:
    explicit Table(ScriptedServer &server, int size)
        : m_server(server)
    {
        for (int i = 0; i < size; ++i)
            ids.append(QString::number(i));
        const auto answer = [this](const QJsonObject &params) {
            const QJsonArray range = params.value(QStringLiteral("range")).toArray();
            if (range.size() == 2) {
                first = range.at(0).toInt();
                count = range.at(1).toInt();
            }
            if (params.contains(QStringLiteral("filter")))
                filter = params.value(QStringLiteral("filter")).toString();
            if (params.contains(QStringLiteral("sort")))
                sort = params.value(QStringLiteral("sort")).toString();
            if (filter == QLatin1String("bad"))
                return QJsonObject{
                    {QStringLiteral("error"),
                     QJsonObject{{QStringLiteral("code"), -32006},
                                 {QStringLiteral("message"), QStringLiteral("no such column")},
                                 {QStringLiteral("data"), QJsonObject{{QStringLiteral("at"), 2}}}}}};
            ++gen;
            ++rev;
            return QJsonObject{
                {QStringLiteral("view"), 7},
                {QStringLiteral("gen"), gen},
                {QStringLiteral("rev"), rev},
                {QStringLiteral("total"), ids.size()},
                {QStringLiteral("columns"),
                 QJsonArray{QStringLiteral("id"), QStringLiteral("backlog"), QStringLiteral("user")}},
                {QStringLiteral("rows"), rows()}};
        };
        server.handlers[QStringLiteral("view.open")] = answer;
        server.handlers[QStringLiteral("view.change")] = answer;
        server.handlers[QStringLiteral("view.close")] = [](const QJsonObject &) { return QJsonObject(); };
    }

    QJsonArray row(const QString &id) const { return {id, values.value(id), QLatin1Char('u') + id}; }
    QJsonArray rows() const
    {
        QJsonArray array;
        for (int i = first; i < std::min<qsizetype>(ids.size(), first + count); ++i)
            array.append(row(ids.at(i)));
        return array;
    }
    void tellAll(qint64 base = -1)
    {
        const qint64 from = base < 0 ? rev : base;
        ++rev;
        m_server.notify(QStringLiteral("view.delta"),
                        {{QStringLiteral("view"), 7},
                         {QStringLiteral("gen"), gen},
                         {QStringLiteral("base"), from},
                         {QStringLiteral("rev"), rev},
                         {QStringLiteral("total"), ids.size()},
                         {QStringLiteral("rows"), rows()}});
    }
    void tellRow(int index)
    {
        m_server.notify(QStringLiteral("view.delta"),
                        {{QStringLiteral("view"), 7},
                         {QStringLiteral("gen"), gen},
                         {QStringLiteral("base"), rev},
                         {QStringLiteral("rev"), rev + 1},
                         {QStringLiteral("total"), ids.size()},
                         {QStringLiteral("set"), QJsonArray{QJsonArray{index, row(ids.at(index))}}}});
        ++rev;
    }

    QStringList ids;
    QHash<QString, int> values;
    QString filter;
    QString sort;
    int first = 0;
    int count = 0;
    qint64 gen = 0;
    qint64 rev = 0;

private:
    ScriptedServer &m_server;
};

TableSpec spec()
{
    return {QStringLiteral("sessions"),
            QStringLiteral("-backlog"),
            {{QStringLiteral("user"), QStringLiteral("User"), {}, ColumnSpec::Kind::Text, 90},
             {QStringLiteral("backlog"), QStringLiteral("Backlog"), {}, ColumnSpec::Kind::Count, 90},
             {QStringLiteral("missing"), QStringLiteral("Missing"), {}, ColumnSpec::Kind::Text, 90}}};
}

struct House
{
    explicit House(int rows, bool tested = true)
        : table(server, rows)
        , connection(test::quick(), nullptr)
        , model(connection, spec())
        , tester(tested ? new QAbstractItemModelTester(&model,
                                                       QAbstractItemModelTester::FailureReportingMode::QtTest)
                        : nullptr)
    {
        model.setActive(true);
        connection.open([this] { return server.connectClient(); }, {});
    }
    QString text(int row, int column = 0) const { return model.index(row, column).data().toString(); }

    ScriptedServer server;
    Table table;
    Connection connection;
    RemoteTableModel model;
    std::unique_ptr<QAbstractItemModelTester> tester; ///< visits every cell: not for millions
};

} // namespace

class TestRemoteTableModel : public QObject
{
    Q_OBJECT

private slots:
    void showsTheServersRows();
    void asksForWhatIsSeen();
    void changesValuesInSpans();
    void selectionFollowsTheRow();
    void rowsWaitWhileHeld();
    void aMissedRevisionIsFetchedAgain();
    void anOlderGenerationIsThrownAway();
    void badFiltersNameThePlace();
    void lossKeepsTheRowsGreyed();
    void anotherBootForgetsThem();
    void hiddenCostsNothing();
    void staysRightUnderRandomChanges();
    void hostileRowsDoNotHurt_data();
    void hostileRowsDoNotHurt();
};

void TestRemoteTableModel::showsTheServersRows()
{
    House house(3);
    QTRY_COMPARE(house.model.rowCount(), 3);
    QCOMPARE(house.text(2), QStringLiteral("u2"));
    QCOMPARE(house.text(2, 1), QStringLiteral("0"));
    QCOMPARE(house.text(2, 2), QString()); // a column that this server does not have
    QCOMPARE(house.model.idAt(1), QStringLiteral("1"));
    QCOMPARE(house.table.sort, QStringLiteral("-backlog"));
    QTRY_COMPARE(house.connection.state(), LinkState::Live);
}

void TestRemoteTableModel::asksForWhatIsSeen()
{
    House house(5000, false);
    QTRY_COMPARE(house.model.rowCount(), 5000);
    QCOMPARE(house.text(4000), QStringLiteral("…"));
    house.model.setVisibleRows(4000, 4030);
    QTRY_COMPARE(house.text(4000), QStringLiteral("u4000"));
    QCOMPARE(house.table.first, 3800);
    QCOMPARE(house.text(0), QStringLiteral("…"));
}

void TestRemoteTableModel::changesValuesInSpans()
{
    House house(10);
    QTRY_COMPARE(house.model.rowCount(), 10);
    QSignalSpy changes(&house.model, &QAbstractItemModel::dataChanged);
    for (const char *id : {"2", "3", "4", "8"})
        house.table.values[QLatin1String(id)] = 9;
    house.table.tellAll();
    QTRY_COMPARE(changes.size(), 2);
    QCOMPARE(changes.at(0).at(0).toModelIndex().row(), 2);
    QCOMPARE(changes.at(0).at(1).toModelIndex().row(), 4);
    QCOMPARE(changes.at(1).at(0).toModelIndex().row(), 8);
    house.table.values[QStringLiteral("5")] = 77;
    house.table.tellRow(5);
    QTRY_COMPARE(house.text(5, 1), QStringLiteral("77"));
}

void TestRemoteTableModel::selectionFollowsTheRow()
{
    House house(10);
    QTRY_COMPARE(house.model.rowCount(), 10);
    const QPersistentModelIndex chosen = house.model.index(7, 0);
    std::reverse(house.table.ids.begin(), house.table.ids.end());
    house.table.tellAll();
    house.model.applyOrder();
    QTRY_COMPARE(house.text(0), QStringLiteral("u9"));
    QCOMPARE(chosen.row(), 2);
    house.table.ids.removeAll(QStringLiteral("7"));
    house.table.tellAll();
    QTRY_VERIFY((house.model.applyOrder(), house.model.rowCount() == 9));
    QVERIFY(!chosen.isValid());
}

void TestRemoteTableModel::rowsWaitWhileHeld()
{
    House house(4);
    QTRY_COMPARE(house.model.rowCount(), 4);
    QSignalSpy pending(&house.model, &RemoteTableModel::orderPending);
    house.model.setHeld(true);
    std::reverse(house.table.ids.begin(), house.table.ids.end());
    house.table.values[QStringLiteral("0")] = 5;
    house.table.tellAll();
    QTRY_COMPARE(pending.size(), 1);
    QCOMPARE(house.text(0), QStringLiteral("u0"));
    QCOMPARE(house.text(0, 1), QStringLiteral("5")); // its value is live all the same
    house.model.applyOrder();
    QCOMPARE(house.text(3), QStringLiteral("u0"));
    QCOMPARE(pending.size(), 2);
}

void TestRemoteTableModel::aMissedRevisionIsFetchedAgain()
{
    House house(4);
    QTRY_COMPARE(house.model.rowCount(), 4);
    house.table.values[QStringLiteral("1")] = 3;
    house.table.tellAll(house.table.rev + 5); // builds on what was never seen
    QTRY_COMPARE(house.text(1, 1), QStringLiteral("3"));
    QVERIFY(house.server.methods.contains(QStringLiteral("view.change")));
}

void TestRemoteTableModel::anOlderGenerationIsThrownAway()
{
    House house(4);
    QTRY_COMPARE(house.model.rowCount(), 4);
    house.table.values[QStringLiteral("1")] = 3;
    --house.table.gen;
    house.table.tellAll();
    ++house.table.gen;
    --house.table.rev;
    house.table.values[QStringLiteral("1")] = 4;
    house.table.tellAll();
    QTRY_COMPARE(house.text(1, 1), QStringLiteral("4"));
}

void TestRemoteTableModel::badFiltersNameThePlace()
{
    House house(4);
    QTRY_COMPARE(house.model.rowCount(), 4);
    house.model.setFilter(QStringLiteral("bad"));
    QTRY_COMPARE(house.model.errorAt(), 2);
    QCOMPARE(house.model.error(), QStringLiteral("no such column"));
    house.model.setFilter(QStringLiteral("good"));
    QTRY_COMPARE(house.model.error(), QString());
    QVERIFY(house.model.isLoaded());
}

void TestRemoteTableModel::lossKeepsTheRowsGreyed()
{
    House house(6);
    QTRY_COMPARE(house.model.rowCount(), 6);
    house.model.setFilter(QStringLiteral("state:acked"));
    QTRY_VERIFY(house.model.isLoaded());
    const QPersistentModelIndex chosen = house.model.index(4, 0);
    bool stale = false;
    connect(&house.model, &RemoteTableModel::statusChanged, this, [&] {
        if (house.model.isStale()) {
            stale = true;
            QCOMPARE(house.model.rowCount(), 6);
            QCOMPARE(house.model.index(0, 0).data(ToneRole).toInt(), int(Tone::Muted));
        }
    });
    house.table.filter.clear();
    house.server.cut();
    QTRY_VERIFY(stale);
    QTRY_VERIFY(!house.model.isStale());
    QCOMPARE(house.table.filter, QStringLiteral("state:acked")); // the same view again
    QCOMPARE(chosen.row(), 4);
}

void TestRemoteTableModel::anotherBootForgetsThem()
{
    House house(6);
    QTRY_COMPARE(house.model.rowCount(), 6);
    const QPersistentModelIndex chosen = house.model.index(4, 0);
    house.server.greeting = ScriptedServer::hello(1, "another");
    house.server.cut();
    QTRY_VERIFY(!chosen.isValid());
    QTRY_COMPARE(house.model.rowCount(), 6);
}

void TestRemoteTableModel::hiddenCostsNothing()
{
    House house(6);
    QTRY_COMPARE(house.model.rowCount(), 6);
    house.model.setActive(false);
    QTRY_COMPARE(house.server.methods.last(), QStringLiteral("view.close"));
    const qsizetype asked = house.server.methods.count(QStringLiteral("view.open"));
    house.model.setFilter(QStringLiteral("user:a"));
    house.model.setVisibleRows(0, 900);
    house.model.setActive(true);
    QTRY_COMPARE(house.server.methods.count(QStringLiteral("view.open")), asked + 1);
    QCOMPARE(house.table.filter, QStringLiteral("user:a"));
}

void TestRemoteTableModel::staysRightUnderRandomChanges()
{
    House house(400);
    QTRY_COMPARE(house.model.rowCount(), 400);
    QRandomGenerator random(4711);
    int next = 400;
    for (int round = 0; round < 60; ++round) {
        for (int i = 0; i < 20; ++i) {
            const int at = random.bounded(int(house.table.ids.size()));
            const int what = random.bounded(4);
            if (what == 0)
                house.table.ids.insert(at, QString::number(next++));
            else if (what == 1 && house.table.ids.size() > 5)
                house.table.ids.removeAt(at);
            else if (what == 2)
                house.table.ids.move(at, random.bounded(int(house.table.ids.size())));
            else
                house.table.values[house.table.ids.at(at)] = round;
        }
        house.table.tellAll();
        if (round % 7 == 0)
            house.model.setVisibleRows(random.bounded(400), random.bounded(400));
        if (round % 5 == 0)
            house.model.setHeld(round % 10 == 0);
        QTest::qWait(0);
        house.model.applyOrder();
    }
    house.model.setHeld(false);
    QTRY_VERIFY((house.model.applyOrder(), house.model.rowCount() == house.table.ids.size()));
    for (int row = house.table.first;
         row < std::min<int>(house.table.first + house.table.count, house.model.rowCount()); ++row)
        QTRY_COMPARE((house.model.applyOrder(), house.model.idAt(row)), house.table.ids.at(row));
}

void TestRemoteTableModel::hostileRowsDoNotHurt_data()
{
    QTest::addColumn<QByteArray>("params");
    QTest::newRow("rows of other types")
        << QByteArray(R"("total":9,"rows":[1,"x",null,{},[],[[]],[{"a":1},[2]],[true,1e308,"y"]])");
    QTest::newRow("more rows than asked for")
        << QByteArray(R"("total":2000000,"rows":[)" + QByteArray(R"(["1"],)").repeated(3000) + R"(["2"]])");
    QTest::newRow("a total below zero") << QByteArray(R"("total":-3,"rows":[["1"]])");
    QTest::newRow("a total beyond belief") << QByteArray(R"("total":9007199254740991,"rows":[])");
    QTest::newRow("the same id twice") << QByteArray(R"("total":3,"rows":[["1",1],["1",2],["1",3]])");
    QTest::newRow("set far outside") << QByteArray(
        R"("total":3,"set":[[99999999,["1"]],[-4,["2"]],["x",["3"]],[1],[],7])");
    QTest::newRow("set is no array") << QByteArray(R"("total":"three","set":{"a":1})");
}

void TestRemoteTableModel::hostileRowsDoNotHurt()
{
    QFETCH(QByteArray, params);
    House house(3, false);
    QTRY_COMPARE(house.model.rowCount(), 3);
    house.server.say(R"({"jsonrpc":"2.0","method":"view.delta","params":{"view":7,"gen":)"
                     + QByteArray::number(house.table.gen) + R"(,"base":)"
                     + QByteArray::number(house.table.rev) + R"(,"rev":)"
                     + QByteArray::number(house.table.rev + 1) + "," + params + "}}");
    bool answered = false;
    house.connection.request(QStringLiteral("ping"), {}, this, [&](const Reply &) { answered = true; });
    QTRY_VERIFY(answered); // what came before it has been taken
    house.model.applyOrder();
    for (int row = 0; row < std::min(house.model.rowCount(), 50); ++row) {
        for (int column = 0; column < house.model.columnCount(); ++column)
            (void)house.text(row, column);
    }
    QVERIFY(house.model.rowCount() >= 0 && house.model.rowCount() <= 10'000'000);
    QCOMPARE(house.connection.state(), LinkState::Live);
}

QTEST_GUILESS_MAIN(TestRemoteTableModel)
#include "tst_remotetablemodel.moc"
