// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/management/tables.h"

#include "shared/management/protocol.h"

#include <QFile>
#include <QRegularExpression>
#include <QTest>

#include <limits>

using namespace msgsrv::management;

class TablesTest final : public QObject
{
    Q_OBJECT

private slots:
    void every_table_begins_with_its_id_and_explains_its_columns()
    {
        for (const Table &table : tables()) {
            QCOMPARE(findTable(table.name), &table);
            QVERIFY(table.columns.front().name == "id");
            for (std::size_t i = 0; i < table.columns.size(); ++i) {
                QVERIFY(!table.columns[i].meaning.empty());
                QCOMPARE(findColumn(table.columns, table.columns[i].name), std::optional(i));
            }
        }
        QVERIFY(!findTable("flow"));
        QVERIFY(!findTable(""));
        QVERIFY(!findColumn(flowTable().columns, "id"));
    }

    void the_document_lists_them()
    {
        QFile file(QFINDTESTDATA("../../../docs/management-protocol.md"));
        QVERIFY(file.open(QIODevice::ReadOnly));
        const QString text = QString::fromUtf8(file.readAll());
        static const QRegularExpression parenthesis(QStringLiteral("\\([^)]*\\)"));
        for (const Table &table : tables()) {
            const QString head = QStringLiteral("\n| `%1` | ").arg(QLatin1String(table.name.data()));
            const qsizetype begin = text.indexOf(head);
            QVERIFY2(begin >= 0, table.name.data());
            QString line = text.mid(begin + head.size());
            line = line.left(line.indexOf(QStringLiteral(" |\n"))).remove(parenthesis);
            QStringList expected;
            for (const Column &column : table.columns)
                expected << QStringLiteral("`%1`").arg(QString::fromUtf8(column.name.data()));
            QStringList found = line.split(u',');
            for (QString &name : found)
                name = name.trimmed();
            QCOMPARE(found, expected);
        }
    }

    void cells_become_json()
    {
        std::string json;
        for (const Cell &cell : {Cell(), Cell(true), Cell(std::int64_t(-5)), Cell(0.5),
                                 Cell(std::string("a\"\n")), Cell(std::numeric_limits<double>::infinity())}) {
            appendCell(json, cell);
            json += ' ';
        }
        QCOMPARE(json, std::string("null true -5 0.5 \"a\\\"\\n\" null "));
    }

    void cells_have_an_order()
    {
        const std::vector<Cell> rising{Cell(),
                                       Cell(false),
                                       Cell(true),
                                       Cell(-1.5),
                                       Cell(std::int64_t(0)),
                                       Cell(0.5),
                                       Cell(std::int64_t(7)),
                                       Cell(std::string("a")),
                                       Cell(std::string("b"))};
        for (std::size_t i = 0; i < rising.size(); ++i) {
            for (std::size_t j = 0; j < rising.size(); ++j) {
                const int expected = i < j ? -1 : i > j ? 1 : 0;
                QCOMPARE(compareCells(rising[i], rising[j]), expected);
            }
        }
        QCOMPARE(compareCells(Cell(1.0), Cell(std::int64_t(1))), 0);
    }

    void roles_have_names()
    {
        for (const Role role : {Role::None, Role::Observer, Role::Operator, Role::Admin})
            QCOMPARE(roleFromName(QString(toString(role))), std::optional(role));
        QVERIFY(!roleFromName(u"Admin"));
        QVERIFY(Role::Observer < Role::Operator && Role::Operator < Role::Admin);
    }
};

QTEST_GUILESS_MAIN(TablesTest)
#include "tst_tables.moc"
