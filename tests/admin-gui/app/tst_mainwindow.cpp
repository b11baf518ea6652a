// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/app/linkstatus.h"
#include "admin-gui/app/mainwindow.h"
#include "admin-gui/demo/demoserver.h"
#include "admin-gui/pages/attention.h"
#include "admin-gui/pages/chartspage.h"
#include "admin-gui/pages/destinationspage.h"
#include "admin-gui/pages/flowpage.h"
#include "admin-gui/pages/logpage.h"
#include "admin-gui/pages/messagepanel.h"
#include "admin-gui/pages/overviewpage.h"
#include "admin-gui/pages/queuespage.h"
#include "admin-gui/pages/reasondialog.h"
#include "admin-gui/pages/sessionpage.h"
#include "admin-gui/pages/sessionspage.h"
#include "admin-gui/widgets/banner.h"
#include "admin-gui/widgets/chart.h"
#include "admin-gui/widgets/filterbar.h"
#include "admin-gui/widgets/gotobox.h"
#include "admin-gui/widgets/ladderview.h"
#include "admin-gui/widgets/placeholder.h"
#include "admin-gui/widgets/tableview.h"
#include "admin-gui/widgets/tile.h"

#include <QApplication>
#include <QClipboard>
#include <QLabel>
#include <QLineEdit>
#include <QListWidget>
#include <QPushButton>
#include <QSettings>
#include <QStandardItemModel>
#include <QTemporaryDir>
#include <QTest>
#include <QTimer>
#include <QTreeWidget>

using namespace msgsrv::console;

namespace {

/// The whole console beside a demo server whose time stands still until it is moved.
struct House
{
    explicit House(const QString &role = QStringLiteral("admin"))
        : server(1'700'000'000'000)
        , settings(folder.filePath(QStringLiteral("console.ini")), QSettings::IniFormat)
        , connection(
              {.firstRetry = std::chrono::milliseconds(5), .longestRetry = std::chrono::milliseconds(20)},
              nullptr)
        , window(connection, settings)
    {
        server.setRole(role);
        window.show();
        connection.open([this] { return server.connectClient(); },
                        {{QStringLiteral("scheme"), QStringLiteral("peer")}});
    }
    template <typename T>
    T &page(PageId id, const QString &filter = {}, const QString &user = {})
    {
        window.go({.page = id, .filter = filter, .user = user});
        return *static_cast<T *>(window.page(id));
    }

    QTemporaryDir folder;
    DemoServer server;
    QSettings settings;
    Connection connection;
    MainWindow window;
};

} // namespace

class TestMainWindow : public QObject
{
    Q_OBJECT

private slots:
    void theOverviewNamesTheStagedFaults();
    void threeKeysLeadToTheSlowConsumer();
    void sessionsAreFilteredAndDisconnected();
    void badFiltersAreRedAndSayWhere();
    void emptinessSaysWhich();
    void rowsAreCopiedInTheVisibleOrder();
    void theLadderTellsOneCallFromOffer();
    void verdictsNameTheStagedFaults_data();
    void verdictsNameTheStagedFaults();
    void queuesArePeekedAndPurged();
    void destinationsShowWhatWasAskedFor();
    void chartsShareTheirCrossHair();
    void theLogCanBePaused();
    void aLossKeepsEverythingAndComesBack();
    void observersSeeWhyTheyMayNot();
    void aHiddenPageIsNotServed();
    void goToFindsUsersOfTheServer();
    void everyControlHasAName();
    void aCurrentRowExistsWheneverRowsDo();
    void theLayoutIsKeptAndReset();
};

void TestMainWindow::theOverviewNamesTheStagedFaults()
{
    House house;
    auto &page = house.page<OverviewPage>(PageId::Overview);
    QTRY_VERIFY(page.isSettled());
    const QString lines = page.attention().lines().join(QLatin1Char('\n'));
    for (const char *word : {"stuck", "slow consumer", "judy", "nina"})
        QVERIFY2(lines.contains(QLatin1String(word)), qPrintable(lines));
    QCOMPARE(page.tile(QStringLiteral("sessions"))->value(), QStringLiteral("240"));
    QTest::mouseClick(page.tile(QStringLiteral("sessions")), Qt::LeftButton);
    QCOMPARE(house.window.currentPage()->id(), PageId::Sessions);
}

void TestMainWindow::threeKeysLeadToTheSlowConsumer()
{
    House house;
    auto &page = house.page<OverviewPage>(PageId::Overview);
    QTRY_VERIFY(page.isSettled());
    auto *list = page.attention().findChild<QListWidget *>();
    int row = 0;
    while (row < list->count() && !list->item(row)->text().contains(QStringLiteral("slow")))
        ++row;
    list->setCurrentRow(row);
    list->setFocus();
    QTest::keyClick(list, Qt::Key_Return);
    QCOMPARE(house.window.currentPage()->id(), PageId::Sessions);
    auto &sessions = *static_cast<SessionsPage *>(house.window.currentPage());
    QTRY_COMPARE(sessions.model().rowCount(), 1);
    QTest::keyClick(&sessions.table(), Qt::Key_Return);
    QCOMPARE(house.window.currentPage()->id(), PageId::Session);
    QCOMPARE(static_cast<SessionPage *>(house.window.currentPage())->user(), QStringLiteral("judy"));
}

void TestMainWindow::sessionsAreFilteredAndDisconnected()
{
    House house;
    auto &page = house.page<SessionsPage>(PageId::Sessions, QStringLiteral("user:alice"));
    QTRY_COMPARE(page.model().rowCount(), 1);
    page.table().selectRow(0);
    QTimer::singleShot(0, this, [] {
        auto *dialog = qobject_cast<ReasonDialog *>(QApplication::activeModalWidget());
        QVERIFY(dialog != nullptr);
        for (QPushButton *button : dialog->findChildren<QPushButton *>())
            QVERIFY(!button->isDefault() || button->text().contains(QStringLiteral("Cancel")));
        QTest::keyClicks(dialog->findChild<QLineEdit *>(), QStringLiteral("a test"));
        dialog->accept();
    });
    page.disconnectSelected();
    QTRY_VERIFY((house.server.advance(300), page.model().applyOrder(), page.model().rowCount() == 0));
}

void TestMainWindow::badFiltersAreRedAndSayWhere()
{
    House house;
    auto &page = house.page<SessionsPage>(PageId::Sessions);
    QTRY_VERIFY(page.model().rowCount() > 0);
    page.filterBar().setText(QStringLiteral("state:acked nosuch:1"));
    QVERIFY(!page.filterBar().isGood());
    QVERIFY(page.filterBar().problem().contains(QStringLiteral("13")));
    QCOMPARE(page.model().filter(), QString()); // not sent
    page.filterBar().setText(QStringLiteral("state:new"));
    QVERIFY(page.filterBar().isGood());
    QTRY_COMPARE(page.model().rowCount(), 2);
}

void TestMainWindow::emptinessSaysWhich()
{
    House house;
    auto &page = house.page<SessionsPage>(PageId::Sessions, QStringLiteral("user:nobody*"));
    QTRY_VERIFY(page.isSettled());
    auto *placeholder = page.findChild<Placeholder *>();
    QCOMPARE(placeholder->title(), QStringLiteral("Nothing matches"));
    QTest::mouseClick(placeholder->findChild<QPushButton *>(), Qt::LeftButton);
    QTRY_COMPARE(page.model().rowCount(), 240);
}

void TestMainWindow::rowsAreCopiedInTheVisibleOrder()
{
    House house;
    auto &page = house.page<SessionsPage>(PageId::Sessions, QStringLiteral("user:alice"));
    QTRY_COMPARE(page.model().rowCount(), 1);
    page.table().selectRow(0);
    QVERIFY(page.table().selectionAsTsv(false).startsWith(QStringLiteral("alice\t")));
    QCOMPARE(page.table().selectionAsTsv(true).count(QLatin1Char('\n')), 1);
    QTest::keyClick(&page.table(), Qt::Key_C, Qt::ControlModifier);
    QVERIFY(QApplication::clipboard()->text().startsWith(QStringLiteral("alice\t")));
    QVERIFY(page.table().selectionAsJson().contains(QStringLiteral("\"User\": \"alice\"")));
}

void TestMainWindow::theLadderTellsOneCallFromOffer()
{
    House house;
    house.window.flow().setPayload(true);
    auto &page = house.page<SessionPage>(PageId::Session, {}, QStringLiteral("karl"));
    QTRY_VERIFY(page.ladder().ladder().rows().size() >= 4);
    const LadderLayout &ladder = page.ladder().ladder();
    QCOMPARE(ladder.lifelines(),
             (QStringList{QStringLiteral("karl"), QStringLiteral("server"), QStringLiteral("lena")}));
    const auto kind = [&](std::size_t row) { return house.window.flow().at(ladder.rows()[row].first).kind; };
    QCOMPARE(kind(0), FlowMessage::Kind::Offer);
    QCOMPARE(kind(1), FlowMessage::Kind::Candidate);
    QCOMPARE(ladder.rows()[1].count, 5);
    QCOMPARE(kind(2), FlowMessage::Kind::Answer);
    page.ladder().setCurrentRow(0);
    QCOMPARE(page.panel().description().topLevelItemCount(), 3); // session, audio, video
    QVERIFY(page.panel().candidates().topLevelItemCount() >= 2);
    page.ladder().setCurrentRow(2, true);
    QVERIFY(page.ladder().selectedTime() > 0);
    QCOMPARE(page.fact(QStringLiteral("negotiation")), QStringLiteral("▲ stuck"));
}

void TestMainWindow::verdictsNameTheStagedFaults_data()
{
    QTest::addColumn<QString>("user");
    QTest::addColumn<QString>("words");
    QTest::newRow("no answer") << QStringLiteral("carol") << QStringLiteral("never answered");
    QTest::newRow("glare") << QStringLiteral("erin") << QStringLiteral("Both offered");
    QTest::newRow("only mDNS") << QStringLiteral("grace") << QStringLiteral(".local");
    QTest::newRow("codec") << QStringLiteral("karl") << QStringLiteral("No common codec");
    QTest::newRow("hasty") << QStringLiteral("mallory") << QStringLiteral("before its offer");
}

void TestMainWindow::verdictsNameTheStagedFaults()
{
    QFETCH(QString, user);
    QFETCH(QString, words);
    House house;
    house.window.flow().setPayload(true);
    auto &page = house.page<SessionPage>(PageId::Session, {}, user);
    QTRY_VERIFY(!page.ladder().ladder().rows().empty());
    page.ladder().setCurrentRow(0);
    const QString said = page.panel().verdicts().join(QLatin1Char('\n'));
    QVERIFY2(said.contains(words), qPrintable(said));
}

void TestMainWindow::queuesArePeekedAndPurged()
{
    House house;
    auto &page = house.page<QueuesPage>(PageId::Queues, QStringLiteral("ready>0"));
    QTRY_COMPARE(page.model().rowCount(), 1);
    page.table().selectRow(0);
    page.peekSelected();
    QTRY_VERIFY(page.messages().rowCount() > 10);
    QVERIFY(page.model().raw(0, QStringLiteral("ready")).toInt() > 10); // it took nothing
    QTimer::singleShot(0, this, [] {
        auto *dialog = qobject_cast<ReasonDialog *>(QApplication::activeModalWidget());
        QVERIFY(dialog != nullptr);
        QTest::keyClicks(dialog->findChild<QLineEdit *>(), QStringLiteral("a test"));
        dialog->accept();
    });
    page.purgeSelected();
    QTRY_VERIFY((house.server.advance(100),
                 page.model().rowCount() == 0 || page.model().raw(0, QStringLiteral("ready")).toInt() < 10));
}

void TestMainWindow::destinationsShowWhatWasAskedFor()
{
    House house;
    auto &page = house.page<DestinationsPage>(PageId::Destinations, QStringLiteral("kind:queue"));
    QTRY_COMPARE(page.model().rowCount(), 1);
    QCOMPARE(page.model().raw(0, QStringLiteral("id")).toString(), QStringLiteral("/queue/recordings"));
    QCOMPARE(page.model().raw(0, QStringLiteral("durable")).toBool(), true);
}

void TestMainWindow::chartsShareTheirCrossHair()
{
    House house;
    auto &page = house.page<ChartsPage>(PageId::Charts);
    QTRY_VERIFY(page.isSettled() && !page.charts().front()->data().isEmpty());
    QCOMPARE(page.charts().size(), 9U);
    Chart *first = page.charts().front();
    first->setFocus();
    QTest::keyClick(first, Qt::Key_Left);
    QCOMPARE(first->toCsv().count(QLatin1Char('\n')), int(first->data().values.size()) + 1);
    QVERIFY(first->toCsv().startsWith(QStringLiteral("time,sessions\n")));
}

void TestMainWindow::theLogCanBePaused()
{
    House house;
    auto &page = house.page<LogPage>(PageId::Log);
    QTRY_VERIFY(page.model().rowCount() > 0);
    page.model().setPaused(true);
    const int rows = page.model().rowCount();
    QTRY_VERIFY((house.server.advance(1000), page.model().waiting() > 0));
    QCOMPARE(page.model().rowCount(), rows);
    page.model().setPaused(false);
    QVERIFY(page.model().rowCount() > rows);
}

void TestMainWindow::aLossKeepsEverythingAndComesBack()
{
    House house;
    auto &page = house.page<SessionsPage>(PageId::Sessions, QStringLiteral("user:a*"));
    QTRY_VERIFY(page.model().rowCount() > 3 && house.connection.state() == LinkState::Live);
    page.table().selectRow(2);
    const QStringList chosen = page.selectedIds();
    auto *banner = house.window.findChild<Banner *>();
    QVERIFY(!banner->isVisible());
    house.server.cut(true);
    QTRY_VERIFY(banner->isVisible());
    QVERIFY(banner->text().contains(QStringLiteral("what you see is of")));
    QVERIFY(page.model().isStale());
    QVERIFY(page.model().rowCount() > 3);
    house.server.cut(false);
    QTRY_COMPARE(house.connection.state(), LinkState::Live);
    QTRY_VERIFY(!page.model().isStale() && !banner->isVisible());
    QCOMPARE(page.selectedIds(), chosen);
    QCOMPARE(page.model().filter(), QStringLiteral("user:a*"));
}

void TestMainWindow::observersSeeWhyTheyMayNot()
{
    House house(QStringLiteral("observer"));
    auto &page = house.page<SessionsPage>(PageId::Sessions);
    QTRY_VERIFY(page.model().rowCount() > 0);
    page.table().selectRow(0);
    QPushButton *disconnecting = nullptr;
    for (QPushButton *button : page.findChildren<QPushButton *>()) {
        if (button->text().contains(QStringLiteral("isconnect")))
            disconnecting = button;
    }
    QVERIFY(disconnecting != nullptr && !disconnecting->isEnabled());
    QVERIFY(disconnecting->toolTip().contains(QStringLiteral("observer")));
}

void TestMainWindow::aHiddenPageIsNotServed()
{
    House house;
    auto &overview = house.page<OverviewPage>(PageId::Overview);
    QTRY_VERIFY(overview.isSettled());
    QCOMPARE(house.server.watched(), 5);
    house.page<ChartsPage>(PageId::Charts);
    QTRY_COMPARE(house.server.watched(), 0);
    house.page<SessionsPage>(PageId::Sessions);
    QTRY_COMPARE(house.server.watched(), 1);
}

void TestMainWindow::goToFindsUsersOfTheServer()
{
    House house;
    QTRY_COMPARE(house.connection.state(), LinkState::Live);
    house.window.openGoTo();
    auto *line = house.window.goToBox().findChild<QLineEdit *>();
    line->setText(QStringLiteral("judy"));
    QTRY_VERIFY(house.window.goToBox().shown().contains(QStringLiteral("judy")));
    QTest::keyClick(line, Qt::Key_Return);
    QCOMPARE(house.window.currentPage()->id(), PageId::Session);
    house.window.openGoTo();
    QTest::keyClicks(line, QStringLiteral("charts"));
    QTest::keyClick(line, Qt::Key_Return);
    QCOMPARE(house.window.currentPage()->id(), PageId::Charts);
}

void TestMainWindow::everyControlHasAName()
{
    House house;
    QTRY_COMPARE(house.connection.state(), LinkState::Live);
    for (Page *page : house.window.pages()) {
        for (const QWidget *widget : page->findChildren<QWidget *>()) {
            if (widget->focusPolicy() == Qt::NoFocus || qobject_cast<const QLabel *>(widget) != nullptr
                || widget->objectName().startsWith(QLatin1String("qt_"))
                || QLatin1String(widget->metaObject()->className()).startsWith(QLatin1String("QComboBox")))
                continue;
            const auto *button = qobject_cast<const QAbstractButton *>(widget);
            const bool inner
                = widget->parentWidget() != page && !widget->parentWidget()->accessibleName().isEmpty();
            QVERIFY2(inner || !widget->accessibleName().isEmpty()
                         || (button != nullptr && !button->text().isEmpty())
                         || qobject_cast<const QAbstractScrollArea *>(widget) == nullptr,
                     qPrintable(page->title() + QLatin1Char(' ')
                                + QLatin1String(widget->metaObject()->className())));
        }
    }
}

void TestMainWindow::aCurrentRowExistsWheneverRowsDo()
{
    House house;
    auto &page = house.page<SessionsPage>(PageId::Sessions);
    QTRY_VERIFY(page.model().rowCount() > 0);
    QVERIFY(page.table().currentIndex().isValid());
    page.filterBar().setText(QStringLiteral("user:nobody"));
    QTRY_COMPARE(page.model().rowCount(), 0);
    page.filterBar().setText({});
    QTRY_VERIFY(page.model().rowCount() > 0);
    QVERIFY(page.table().currentIndex().isValid());
}

void TestMainWindow::theLayoutIsKeptAndReset()
{
    House house;
    auto &page = house.page<SessionsPage>(PageId::Sessions);
    const int before = page.table().columnWidth(0);
    page.table().setColumnWidth(0, before + 77);
    page.table().setColumnHidden(3, true);
    house.window.close();
    MainWindow second(house.connection, house.settings);
    auto &again = *static_cast<SessionsPage *>(second.page(PageId::Sessions));
    QCOMPARE(again.table().columnWidth(0), before + 77);
    QVERIFY(again.table().isColumnHidden(3));
    second.resetLayout();
    QCOMPARE(again.table().columnWidth(0), before);
    QVERIFY(!again.table().isColumnHidden(3));
}

QTEST_MAIN(TestMainWindow)
#include "tst_mainwindow.moc"
