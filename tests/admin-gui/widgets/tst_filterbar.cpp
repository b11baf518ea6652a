// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/filterbar.h"
#include "shared/management/tables.h"

#include <QLineEdit>
#include <QTest>

using namespace msgsrv;
using namespace msgsrv::console;

class TestFilterBar : public QObject
{
    Q_OBJECT

private slots:
    /// Whoever types what the empty line suggests gets no error.
    void theExampleIsAFilterOfItsTable_data();
    void theExampleIsAFilterOfItsTable();
    void theExampleOfSessionsIsNoFilterOfDestinations();
};

void TestFilterBar::theExampleIsAFilterOfItsTable_data()
{
    QTest::addColumn<QString>("name");
    for (const char *name : {"sessions", "queues", "connections", "destinations", "flow"})
        QTest::newRow(name) << QString::fromLatin1(name);
}

void TestFilterBar::theExampleIsAFilterOfItsTable()
{
    QFETCH(const QString, name);
    const std::string wanted = name.toStdString();
    const management::Table *const table
        = wanted == "flow" ? &management::flowTable() : management::findTable(wanted);
    QVERIFY(table);
    FilterBar bar(*table);
    const auto *const line = bar.findChild<QLineEdit *>();
    QVERIFY(line);
    const QString example = line->placeholderText().section(QStringLiteral("  "), 1);
    QVERIFY(!example.isEmpty());
    bar.setText(example);
    QVERIFY2(bar.isGood(), qPrintable(bar.problem()));
}

void TestFilterBar::theExampleOfSessionsIsNoFilterOfDestinations()
{
    FilterBar bar(*management::findTable("destinations"));
    bar.setText(QStringLiteral("state:acked backlog>0"));
    QVERIFY(!bar.isGood());
    QVERIFY(!bar.problem().isEmpty());
}

QTEST_MAIN(TestFilterBar)
#include "tst_filterbar.moc"
