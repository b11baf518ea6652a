// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/pages/flowpage.h"

#include "admin-gui/models/commandtext.h"
#include "admin-gui/models/format.h"
#include "admin-gui/pages/flowfilter.h"
#include "admin-gui/pages/messagepanel.h"
#include "admin-gui/widgets/filterbar.h"
#include "admin-gui/widgets/ladderexport.h"
#include "admin-gui/widgets/ladderview.h"
#include "admin-gui/widgets/placeholder.h"
#include "admin-gui/widgets/tableview.h"

#include <QCheckBox>
#include <QComboBox>
#include <QFileDialog>
#include <QKeyEvent>
#include <QLabel>
#include <QMenu>
#include <QSaveFile>
#include <QSplitter>
#include <QStackedWidget>
#include <QToolButton>
#include <QVBoxLayout>

namespace msgsrv::console {

namespace {

constexpr int judgeSoon = 500; // ms, after messages came
constexpr int judgeAgain = 1500; // ms, while nothing comes

} // namespace

FlowPage::FlowPage(PageContext context, QWidget *parent)
    : Page(context, parent)
    , m_filter(new FilterBar(management::flowTable(), this))
    , m_ladder(new LadderView(this))
    , m_table(new TableView(this))
    , m_panel(new MessagePanel(context.flow, this))
    , m_placeholder(new Placeholder(this))
    , m_stack(new QStackedWidget(this))
    , m_splitter(new QSplitter(this))
    , m_pause(new QToolButton(this))
    , m_follow(new QCheckBox(this))
    , m_asTable(new QCheckBox(this))
    , m_contents(new QCheckBox(tr("Record &contents"), this))
    , m_selection(new QLabel(this))
{
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 12, 16, 12);
    layout->setSpacing(10);
    layout->addWidget(m_filter);
    buildHead(layout);
    m_ladder->setModel(&flow());
    m_table->setModel(&flow());
    m_table->setAccessibleName(tr("Messages as a table"));
    const int letter = fontMetrics().horizontalAdvance(QLatin1Char('0'));
    for (const auto &[column, letters] : {std::pair{FlowModel::Time, 14},
                                          {FlowModel::From, 18},
                                          {FlowModel::To, 18},
                                          {FlowModel::KindColumn, 11},
                                          {FlowModel::OutcomeColumn, 24},
                                          {FlowModel::Delay, 10},
                                          {FlowModel::Bytes, 10},
                                          {FlowModel::Via, 8}})
        m_table->setColumnWidth(column, letter * letters);
    m_stack->addWidget(m_placeholder);
    m_stack->addWidget(m_ladder);
    m_stack->addWidget(m_table);
    m_splitter->addWidget(m_stack);
    m_splitter->addWidget(m_panel);
    m_splitter->setStretchFactor(0, 3);
    m_splitter->setStretchFactor(1, 1);
    m_splitter->setChildrenCollapsible(false);
    m_splitter->setSizes({760, 340});
    m_firstSplit = m_splitter->saveState();
    layout->addWidget(m_splitter, 1);

    m_judge.setSingleShot(true);
    connect(&m_judge, &QTimer::timeout, this, &FlowPage::showCurrent);
    connect(m_filter, &FilterBar::filterChanged, this, [this](const QString &text) {
        m_ladder->setAccept(flowFilter(text));
        update();
    });
    connect(m_ladder, &LadderView::currentChanged, this, &FlowPage::showCurrent);
    connect(m_ladder, &LadderView::followChanged, m_follow, &QAbstractButton::setChecked);
    connect(&flow(), &FlowModel::statusChanged, this, &FlowPage::update);
    connect(&flow(), &FlowModel::flushed, this, [this] {
        if (isVisible() && (!m_judge.isActive() || m_judge.remainingTime() > judgeSoon))
            m_judge.start(judgeSoon);
        if (m_follow->isChecked() && m_asTable->isChecked())
            m_table->scrollToBottom();
    });
    connect(m_table->selectionModel(), &QItemSelectionModel::currentChanged, this,
            [this](const QModelIndex &index) {
                if (index.isValid() && m_asTable->isChecked())
                    m_panel->showMessage(&flow().at(index.row()));
            });
    connect(&context.connection, &Connection::stateChanged, this, &FlowPage::update);
    update();
}

void FlowPage::buildHead(QVBoxLayout *layout)
{
    auto *head = new QHBoxLayout;
    const auto button = [&](QAbstractButton *tool, const QString &text, const QString &tip, bool on) {
        tool->setText(text);
        tool->setToolTip(tip);
        tool->setCheckable(true);
        tool->setChecked(on);
        head->addWidget(tool);
    };
    button(m_pause, tr("Pause"), tr("Nothing moves while paused (Space)"), false);
    button(m_follow, tr("Follow"), tr("Stay at the newest message (F)"), true);
    auto *fold = new QCheckBox(this);
    button(fold, tr("Fold candidates"),
           tr("One arrow for a run of candidates; double-click or Enter opens one"), true);
    button(m_asTable, tr("As table"), tr("The same messages as a table, also for screen readers"), false);
    auto *time = new QComboBox(this);
    time->addItems({tr("clock"), tr("since start"), tr("difference")});
    time->setAccessibleName(tr("Time column"));
    head->addWidget(time);
    head->addWidget(m_contents);
    m_selection->setForegroundRole(QPalette::PlaceholderText);
    head->addSpacing(8);
    head->addWidget(m_selection, 1);
    auto *exporting = new QToolButton(this);
    exporting->setText(tr("Export"));
    exporting->setPopupMode(QToolButton::InstantPopup);
    auto *menu = new QMenu(exporting);
    menu->addAction(tr("Diagram as SVG …"), this, [this] { exportAs(true); });
    menu->addAction(tr("Messages as JSON …"), this, [this] { exportAs(false); });
    menu->addSeparator();
    QAction *full = menu->addAction(tr("With names and contents"));
    full->setObjectName(QStringLiteral("full"));
    full->setCheckable(true);
    full->setToolTip(tr("Otherwise users are called user 1, user 2, and contents are left out"));
    menu->addSeparator();
    menu->addAction(tr("Copy as command"), this, [this] { copyText(command::flow(m_filter->text())); });
    menu->addAction(tr("Forget all messages"), &flow(), &FlowModel::clear);
    exporting->setMenu(menu);
    head->addWidget(exporting);
    layout->addLayout(head);
    connect(m_pause, &QToolButton::toggled, &flow(), &FlowModel::setPaused);
    connect(m_follow, &QAbstractButton::toggled, m_ladder, &LadderView::setFollow);
    connect(fold, &QAbstractButton::toggled, m_ladder, &LadderView::setFold);
    connect(m_asTable, &QAbstractButton::toggled, this, &FlowPage::update);
    connect(time, &QComboBox::currentIndexChanged, m_ladder,
            [this](int mode) { m_ladder->setTimeMode(static_cast<LadderView::TimeMode>(mode)); });
    connect(m_contents, &QCheckBox::toggled, &flow(), &FlowModel::setPayload);
}

void FlowPage::setActive(bool active)
{
    if (active) {
        flow().setActive(true);
        m_ladder->rebuild();
    }
    update();
}

void FlowPage::go(const Link &link)
{
    m_filter->setText(link.filter);
}

void FlowPage::focusFilter()
{
    m_filter->focusLine();
}

QByteArray FlowPage::layoutState() const
{
    const QByteArray state = m_splitter->saveState();
    return state == m_firstSplit ? QByteArray() : state;
}

void FlowPage::restoreLayout(const QByteArray &state)
{
    m_splitter->restoreState(state.isEmpty() ? m_firstSplit : state);
}

void FlowPage::update()
{
    m_pause->setText(flow().isPaused() && flow().waiting() > 0 ? tr("Paused (%1 new)").arg(flow().waiting())
                         : flow().isPaused()                   ? tr("Paused")
                                                               : tr("Pause"));
    const bool admin = connection().login().role == QLatin1String("admin");
    m_contents->setEnabled(admin || m_contents->isChecked());
    m_contents->setToolTip(admin ? tr("Offers, answers and candidates come with their contents from now on; "
                                      "passwords and keys are blanked by the server")
                                 : tr("Only an admin may see contents"));
    const QSignalBlocker quiet(m_contents);
    m_contents->setChecked(flow().hasPayload());
    m_filter->showCount((m_ladder->ladder().isCut()
                             ? tr("the newest %1 rows of %2 messages; all of them as a table")
                             : tr("%1 rows of %2 messages"))
                            .arg(m_ladder->ladder().rows().size())
                            .arg(flow().rowCount()));
    if (flow().rowCount() > 0) {
        m_stack->setCurrentWidget(m_asTable->isChecked() ? static_cast<QWidget *>(m_table) : m_ladder);
        return;
    }
    m_stack->setCurrentWidget(m_placeholder);
    if (!flow().error().isEmpty())
        m_placeholder->say(tr("The server does not tell what flows"), flow().error());
    else if (!isLoggedIn(connection().state()))
        m_placeholder->say(tr("Not connected"),
                           tr("As soon as there is a connection, messages appear by themselves."));
    else
        m_placeholder->say(tr("No messages yet"),
                           tr("The server tells about messages from now on; what was before is not kept."));
}

void FlowPage::showCurrent()
{
    const FlowMessage *message = m_ladder->currentMessage();
    m_panel->showMessage(message);
    m_panel->judgePair(message == nullptr ? QString() : message->from,
                       message == nullptr ? QString() : message->to, flow().serverTime());
    if (message != nullptr && isVisible())
        m_judge.start(judgeAgain); // time alone may change the verdict
    const qint64 between = m_ladder->selectedTime();
    m_selection->setText(
        between < 0
            ? tr("Shift+click or Shift+↑↓ for the time between two rows")
            : tr("%1 between the two rows").arg(format::microseconds(static_cast<double>(between) * 1000)));
}

void FlowPage::exportAs(bool svg)
{
    const bool full = findChild<QAction *>(QStringLiteral("full"))->isChecked();
    const QString path = QFileDialog::getSaveFileName(
        this, tr("Export"), svg ? QStringLiteral("flow.svg") : QStringLiteral("flow.json"));
    if (path.isEmpty())
        return;
    const LadderLayout::Source at = [this](int i) -> const FlowMessage & { return flow().at(i); };
    const Redaction redaction = full ? Redaction::Full : Redaction::Redacted;
    const QByteArray bytes
        = svg ? ladderSvg(m_ladder->ladder(), at, redaction) : ladderJson(m_ladder->ladder(), at, redaction);
    QSaveFile file(path);
    const bool good = file.open(QIODevice::WriteOnly) && file.write(bytes) == bytes.size() && file.commit();
    emit said(good ? tr("Saved %1").arg(path) : tr("%1: %2").arg(path, file.errorString()));
}

void FlowPage::keyPressEvent(QKeyEvent *event)
{
    if (event->key() == Qt::Key_Space)
        m_pause->toggle();
    else
        Page::keyPressEvent(event);
}

} // namespace msgsrv::console
