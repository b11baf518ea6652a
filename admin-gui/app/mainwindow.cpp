// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/app/mainwindow.h"

#include "admin-gui/app/linkstatus.h"
#include "admin-gui/pages/chartspage.h"
#include "admin-gui/pages/connectionspage.h"
#include "admin-gui/pages/destinationspage.h"
#include "admin-gui/pages/flowpage.h"
#include "admin-gui/pages/logpage.h"
#include "admin-gui/pages/overviewpage.h"
#include "admin-gui/pages/queuespage.h"
#include "admin-gui/pages/sessionpage.h"
#include "admin-gui/pages/sessionspage.h"
#include "admin-gui/widgets/banner.h"
#include "admin-gui/widgets/gotobox.h"
#include "shared/management/protocol.h"

#include <QActionGroup>
#include <QCloseEvent>
#include <QHBoxLayout>
#include <QJsonArray>
#include <QLabel>
#include <QListWidget>
#include <QMenuBar>
#include <QMessageBox>
#include <QRegularExpression>
#include <QSettings>
#include <QStackedWidget>
#include <QStatusBar>
#include <QToolButton>

namespace msgsrv::console {

namespace {

constexpr int layoutVersion = 1; // of what is kept; another one is not restored

} // namespace

MainWindow::MainWindow(Connection &connection, QSettings &settings, QWidget *parent)
    : QMainWindow(parent)
    , m_connection(connection)
    , m_settings(settings)
    , m_flow(new FlowModel(connection, this))
    , m_list(new QListWidget(this))
    , m_stack(new QStackedWidget(this))
    , m_title(new QLabel(this))
    , m_profile(new QLabel(this))
    , m_goTo(nullptr)
{
    auto *central = new QWidget(this);
    auto *columns = new QHBoxLayout(central);
    columns->setContentsMargins(0, 0, 0, 0);
    columns->setSpacing(0);
    auto *side = new QVBoxLayout;
    side->setContentsMargins(8, 12, 0, 8);
    QFont bold = font();
    bold.setBold(true);
    m_profile->setFont(bold);
    m_profile->setMargin(8);
    m_profile->setAutoFillBackground(true);
    side->addWidget(m_profile);
    m_list->setAccessibleName(tr("Pages"));
    m_list->setFrameShape(QFrame::NoFrame);
    m_list->setIconSize({20, 20});
    m_list->setSpacing(2);
    m_list->setFixedWidth(fontMetrics().horizontalAdvance(QLatin1Char('0')) * 24);
    m_list->viewport()->setAutoFillBackground(false);
    side->addWidget(m_list, 1);
    columns->addLayout(side);
    auto *right = new QVBoxLayout;
    right->setContentsMargins(0, 0, 0, 0);
    right->setSpacing(0);
    auto *head = new QHBoxLayout;
    head->setContentsMargins(16, 12, 16, 0);
    QFont large = font();
    large.setPointSizeF(large.pointSizeF() * 1.6);
    large.setBold(true);
    m_title->setFont(large);
    head->addWidget(m_title, 1);
    auto *anywhere = new QToolButton(this);
    anywhere->setIcon(glyphIcon(Glyph::Search));
    anywhere->setText(tr("Go to …   Ctrl+K"));
    anywhere->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    head->addWidget(anywhere);
    right->addWidget(new Banner(connection, this));
    right->addLayout(head);
    right->addWidget(m_stack, 1);
    columns->addLayout(right, 1);
    setCentralWidget(central);
    m_goTo = new GoToBox(central);
    connect(anywhere, &QToolButton::clicked, this, &MainWindow::openGoTo);
    connect(m_goTo, &GoToBox::searched, this, &MainWindow::searchUsers);

    const PageContext context{connection, *m_flow};
    addPage(new OverviewPage(context, this));
    addPage(new SessionsPage(context, this));
    addPage(new SessionPage(context, this));
    addPage(new FlowPage(context, this));
    addPage(new QueuesPage(context, this));
    addPage(new ConnectionsPage(context, this));
    addPage(new ChartsPage(context, this));
    addPage(new LogPage(context, this));
    addPage(new DestinationsPage(context, this));
    connect(m_list, &QListWidget::currentRowChanged, this, [this](int row) {
        for (int i = 0; i < static_cast<int>(m_pages.size()); ++i) {
            if (i != row)
                m_pages[static_cast<std::size_t>(i)]->setActive(false);
        }
        m_stack->setCurrentIndex(row);
        m_title->setText(currentPage()->title());
        currentPage()->setActive(true);
    });
    statusBar()->addPermanentWidget(new LinkStatus(connection, this));
    statusBar()->setSizeGripEnabled(false);
    buildMenus();
    resize(1320, 840);
    m_firstGeometry = saveGeometry();
    restoreLayout();
    tint();
    m_list->setCurrentRow(0);
    setWindowTitle(tr("messaging-console"));
}

MainWindow::~MainWindow() = default;

void MainWindow::addPage(Page *page)
{
    m_pages.push_back(page);
    m_stack->addWidget(page);
    auto *item = new QListWidgetItem(page->title());
    item->setToolTip(tr("%1 (Ctrl+%2)").arg(page->title()).arg(m_pages.size()));
    item->setSizeHint({0, fontMetrics().height() + 16});
    m_list->addItem(item);
    connect(page, &Page::linkActivated, this, &MainWindow::go);
    connect(page, &Page::said, this,
            [this](const QString &sentence) { statusBar()->showMessage(sentence, 15'000); });
}

void MainWindow::buildMenus()
{
    QMenu *file = menuBar()->addMenu(tr("&Console"));
    QAction *connections = file->addAction(tr("&Connections …"), this, &MainWindow::connectionsWanted);
    connections->setShortcut(QKeySequence(QStringLiteral("Ctrl+O")));
    QAction *retry = file->addAction(tr("&Retry now"), &m_connection, &Connection::retryNow);
    retry->setShortcut(QKeySequence::Refresh);
    file->addSeparator();
    QAction *quit = file->addAction(tr("&Quit"), this, &QWidget::close);
    quit->setShortcut(QKeySequence::Quit);

    QMenu *pages = menuBar()->addMenu(tr("&Go"));
    QAction *anywhere = pages->addAction(tr("To &anything …"), this, &MainWindow::openGoTo);
    anywhere->setShortcut(QKeySequence(QStringLiteral("Ctrl+K")));
    QAction *filter = pages->addAction(tr("To the &filter"), this, [this] { currentPage()->focusFilter(); });
    filter->setShortcut(QKeySequence::Find);
    pages->addSeparator();
    for (std::size_t i = 0; i < m_pages.size(); ++i) {
        QAction *one = pages->addAction(m_pages[i]->title(), this,
                                        [this, i] { m_list->setCurrentRow(static_cast<int>(i)); });
        one->setShortcut(QKeySequence(QStringLiteral("Ctrl+%1").arg(i + 1)));
    }

    QMenu *view = menuBar()->addMenu(tr("&View"));
    auto *themes = new QActionGroup(this);
    for (const auto &[text, theme] : {std::pair{tr("As the &system"), Theme::System},
                                      {tr("&Light"), Theme::Light},
                                      {tr("&Dark"), Theme::Dark}}) {
        QAction *action = view->addAction(text, this, [this, chosen = theme] {
            m_settings.setValue(QStringLiteral("theme"), static_cast<int>(chosen));
            emit themeChosen(chosen);
        });
        action->setCheckable(true);
        action->setChecked(m_settings.value(QStringLiteral("theme"), 0).toInt() == static_cast<int>(theme));
        themes->addAction(action);
    }
    view->addSeparator();
    view->addAction(tr("&Reset layout"), this, &MainWindow::resetLayout);

    QMenu *help = menuBar()->addMenu(tr("&Help"));
    help->addAction(tr("&Keyboard"), this, &MainWindow::showShortcuts)
        ->setShortcut(QKeySequence(QStringLiteral("F1")));
}

void MainWindow::showShortcuts()
{
    QString text;
    for (const QAction *menu : menuBar()->actions()) {
        for (const QAction *action : menu->menu()->actions()) {
            if (!action->shortcut().isEmpty())
                text += QStringLiteral("%1\t%2\n")
                            .arg(action->shortcut().toString(QKeySequence::NativeText),
                                 action->text().remove(QLatin1Char('&')));
        }
    }
    text += tr("Enter\topen what is chosen\nDelete\tdisconnect what is selected\nCtrl+C, Ctrl+Shift+C\tcopy "
               "rows, with headers\n"
               "Space\tpause\nF\tfollow the newest\nn, p\tnext and previous arrow\nShift+↑ ↓\tthe time "
               "between two rows");
    QMessageBox box(QMessageBox::NoIcon, tr("Keyboard"), text, QMessageBox::Close, this);
    box.exec();
}

Page *MainWindow::page(PageId id) const
{
    for (Page *page : m_pages) {
        if (page->id() == id)
            return page;
    }
    return nullptr;
}

Page *MainWindow::currentPage() const
{
    return m_pages[static_cast<std::size_t>(std::max(0, m_stack->currentIndex()))];
}

void MainWindow::go(const Link &link)
{
    for (std::size_t i = 0; i < m_pages.size(); ++i) {
        if (m_pages[i]->id() != link.page)
            continue;
        m_list->setCurrentRow(static_cast<int>(i));
        m_pages[i]->go(link);
    }
}

void MainWindow::showProfile(const Profile &profile)
{
    m_profile->setText(profile.name + (profile.readOnly ? tr("  (read-only)") : QString()));
    m_strip = profile.color;
    setWindowTitle(tr("%1 – messaging-console").arg(profile.name));
    tint();
}

void MainWindow::tint()
{
    m_tinting = true;
    QPalette strip = palette();
    if (m_strip.isValid()) {
        strip.setColor(QPalette::Window, m_strip);
        strip.setColor(QPalette::WindowText,
                       m_strip.lightness() > 150 ? QColor(Qt::black) : QColor(Qt::white));
    }
    m_profile->setPalette(strip);
    QPalette list = palette();
    list.setColor(QPalette::Base, palette().color(QPalette::Window));
    list.setColor(QPalette::Highlight, colorsOf(palette()).selection);
    list.setColor(QPalette::HighlightedText, palette().color(QPalette::WindowText));
    m_list->setPalette(list);
    for (std::size_t i = 0; i < m_pages.size(); ++i)
        m_list->item(static_cast<int>(i))->setIcon(glyphIcon(m_pages[i]->glyph()));
    m_tinting = false;
}

void MainWindow::changeEvent(QEvent *event)
{
    QMainWindow::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && !m_tinting && !m_pages.empty())
        tint();
    // Minimised: nobody looks.
    if (event->type() == QEvent::WindowStateChange && !m_pages.empty())
        currentPage()->setActive(!isMinimized());
}

void MainWindow::openGoTo()
{
    std::vector<GoToBox::Target> targets;
    for (const QAction *menu : menuBar()->actions()) {
        for (QAction *action : menu->menu()->actions()) {
            if (!action->isSeparator())
                targets.push_back({action->text().remove(QLatin1Char('&')),
                                   action->shortcut().toString(QKeySequence::NativeText),
                                   [action] { action->trigger(); }});
        }
    }
    const auto filtered = [this, &targets](const QString &title, PageId page, const char *filter) {
        targets.push_back({title, QLatin1String(filter),
                           [this, page, filter] { go({.page = page, .filter = QLatin1String(filter)}); }});
    };
    filtered(tr("Slow consumers"), PageId::Sessions, "backlog>10");
    filtered(tr("Stuck negotiations"), PageId::Sessions, "negotiation:stuck");
    filtered(tr("Dropped messages"), PageId::Sessions, "drops>0");
    filtered(tr("Sessions that nobody subscribed to"), PageId::Sessions, "state:new");
    m_goTo->open(std::move(targets));
}

void MainWindow::searchUsers(const QString &text)
{
    const quint64 search = ++m_search;
    QString plain = text;
    plain.remove(QLatin1Char('"'));
    if (plain.size() < 2)
        return;
    static const QRegularExpression word(QStringLiteral("\\A[\\w@.-]+\\z"));
    const bool isWord = word.match(plain).hasMatch();
    m_connection.request(
        management::method::viewOpen,
        {{QLatin1String("table"), QLatin1String("sessions")},
         {QLatin1String("columns"), QJsonArray{QLatin1String("user"), QLatin1String("state")}},
         {QLatin1String("filter"),
          (isWord ? QStringLiteral("user:*%1*") : QStringLiteral("\"%1\"")).arg(plain)},
         {QLatin1String("sort"), QLatin1String("user")},
         {QLatin1String("range"), QJsonArray{0, 8}},
         {QLatin1String("rate"), 0.1}},
        this, [this, search, text](const Reply &reply) {
            if (!reply.ok)
                return;
            m_connection.request(management::method::viewClose,
                                 {{QLatin1String("view"), reply.result.value(QLatin1String("view"))}}, this,
                                 {});
            if (search != m_search)
                return;
            std::vector<GoToBox::Target> found;
            for (const QJsonValue &row : reply.result.value(QLatin1String("rows")).toArray()) {
                const QString user = row.toArray().at(1).toString();
                if (!user.isEmpty())
                    found.push_back({user, tr("session, %1").arg(row.toArray().at(2).toString()),
                                     [this, user] { go({.page = PageId::Session, .user = user}); }});
            }
            m_goTo->setFound(text, std::move(found));
        });
}

void MainWindow::saveLayout()
{
    m_settings.beginGroup(QStringLiteral("layout"));
    m_settings.remove(QString());
    m_settings.setValue(QStringLiteral("version"), layoutVersion);
    m_settings.setValue(QStringLiteral("geometry"), saveGeometry());
    for (const Page *page : m_pages) {
        const QByteArray state = page->layoutState();
        if (!state.isEmpty())
            m_settings.setValue(QStringLiteral("page%1").arg(static_cast<int>(page->id())), state);
    }
    m_settings.endGroup();
}

void MainWindow::restoreLayout()
{
    m_settings.beginGroup(QStringLiteral("layout"));
    if (m_settings.value(QStringLiteral("version")).toInt() == layoutVersion) {
        restoreGeometry(m_settings.value(QStringLiteral("geometry")).toByteArray());
        for (Page *page : m_pages) {
            const QByteArray state
                = m_settings.value(QStringLiteral("page%1").arg(static_cast<int>(page->id()))).toByteArray();
            if (!state.isEmpty())
                page->restoreLayout(state);
        }
    }
    m_settings.endGroup();
}

void MainWindow::resetLayout()
{
    m_settings.remove(QStringLiteral("layout"));
    for (Page *page : m_pages)
        page->restoreLayout({});
    restoreGeometry(m_firstGeometry);
}

void MainWindow::closeEvent(QCloseEvent *event)
{
    saveLayout();
    QMainWindow::closeEvent(event);
}

} // namespace msgsrv::console
