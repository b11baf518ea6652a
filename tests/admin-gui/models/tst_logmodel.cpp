// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/logmodel.h"
#include "tests/admin-gui/support/scriptedserver.h"

#include <QAbstractItemModelTester>
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
        server.handlers[QStringLiteral("log.open")] = [](const QJsonObject &) {
            return QJsonObject{{QStringLiteral("sub"), 9}};
        };
        for (const char *method : {"sub.close", "sub.credit"})
            server.handlers[QLatin1String(method)] = [](const QJsonObject &) { return QJsonObject(); };
        model.setActive(true);
        connection.open([this] { return server.connectClient(); }, {});
    }
    void line(const QString &text, const char *level = "info")
    {
        server.notify(QStringLiteral("log.line"),
                      {{QStringLiteral("sub"), 9},
                       {QStringLiteral("seq"), 1},
                       {QStringLiteral("ts"), qint64(1'700'000'000'000)},
                       {QStringLiteral("level"), QLatin1String(level)},
                       {QStringLiteral("category"), QStringLiteral("net")},
                       {QStringLiteral("event"), QStringLiteral("e")},
                       {QStringLiteral("text"), text}});
    }
    QString text(int row) const { return model.index(row, LogModel::Text).data().toString(); }

    ScriptedServer server{0};
    Connection connection;
    LogModel model;
    QAbstractItemModelTester tester;
};

} // namespace

class TestLogModel : public QObject
{
    Q_OBJECT

private slots:
    void showsLinesAsTheyCome()
    {
        House house;
        QTRY_COMPARE(house.connection.state(), LinkState::Live);
        house.line(QStringLiteral("one"));
        house.line(QStringLiteral("two"), "critical");
        QTRY_COMPARE(house.model.rowCount(), 2);
        QCOMPARE(house.text(1), QStringLiteral("two"));
        QCOMPARE(house.model.index(1, LogModel::Level).data(ToneRole).toInt(), int(Tone::Bad));
    }
    void theOldestGoAtTheCapacity()
    {
        House house(50);
        QTRY_COMPARE(house.connection.state(), LinkState::Live);
        for (int i = 0; i < 240; ++i)
            house.line(QString::number(i));
        QTRY_VERIFY(house.model.rowCount() > 0
                    && house.text(house.model.rowCount() - 1) == QStringLiteral("239"));
        QVERIFY(house.model.rowCount() <= 50);
    }
    void aFilterIsTheServersWork()
    {
        House house;
        QTRY_COMPARE(house.connection.state(), LinkState::Live);
        house.model.setFilter(QStringLiteral("warning"), QStringLiteral("user=.*"));
        QTRY_COMPARE(house.server.methods.count(QStringLiteral("log.open")), 2);
        const QJsonObject asked
            = house.server.params.at(house.server.methods.lastIndexOf(QStringLiteral("log.open")));
        QCOMPARE(asked.value(QStringLiteral("level")).toString(), QStringLiteral("warning"));
        QCOMPARE(asked.value(QStringLiteral("pattern")).toString(), QStringLiteral("user=.*"));
        QTRY_VERIFY(house.server.methods.contains(QStringLiteral("sub.close")));
    }
    void gapsAndHostileLines()
    {
        House house;
        QTRY_COMPARE(house.connection.state(), LinkState::Live);
        house.server.notify(QStringLiteral("log.gap"),
                            {{QStringLiteral("sub"), 9}, {QStringLiteral("dropped"), 17}});
        house.server.say(
            R"({"jsonrpc":"2.0","method":"log.line","params":{"sub":9,"ts":[],"level":{},"text":7}})");
        house.line(QString(100'000, QLatin1Char('x')));
        QTRY_COMPARE(house.model.rowCount(), 3);
        QVERIFY(house.text(0).contains(QStringLiteral("17")));
        QCOMPARE(house.text(2).size(), 4000);
    }
    void aRefusalIsTold()
    {
        House house;
        house.server.handlers[QStringLiteral("log.open")] = [](const QJsonObject &) {
            return QJsonObject{{QStringLiteral("error"),
                                QJsonObject{{QStringLiteral("code"), -32007},
                                            {QStringLiteral("message"), QStringLiteral("no log here")}}}};
        };
        QTRY_COMPARE(house.model.error(), QStringLiteral("no log here"));
    }
};

QTEST_GUILESS_MAIN(TestLogModel)
#include "tst_logmodel.moc"
