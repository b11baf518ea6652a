// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/pages/logpage.h"

#include "admin-gui/models/commandtext.h"
#include "admin-gui/widgets/placeholder.h"
#include "admin-gui/widgets/tableview.h"
#include "shared/management/protocol.h"

#include <QCheckBox>
#include <QComboBox>
#include <QHBoxLayout>
#include <QInputDialog>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QRegularExpression>
#include <QScrollBar>
#include <QStackedWidget>
#include <QToolButton>

namespace msgsrv::console {

LogPage::LogPage(PageContext context, QWidget *parent)
    : Page(context, parent)
    , m_model(new LogModel(context.connection, this))
    , m_level(new QComboBox(this))
    , m_pattern(new QLineEdit(this))
    , m_note(new QLabel(this))
    , m_pause(new QToolButton(this))
    , m_follow(new QCheckBox(this))
    , m_verbose(new QToolButton(this))
    , m_table(new TableView(this))
    , m_placeholder(new Placeholder(this))
    , m_stack(new QStackedWidget(this))
{
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 12, 16, 12);
    layout->setSpacing(10);
    auto *head = new QHBoxLayout;
    auto *label = new QLabel(tr("&Level"), this);
    label->setBuddy(m_level);
    head->addWidget(label);
    for (const auto &[text, level] : {std::pair{tr("debug and above"), "debug"},
                                      {tr("info and above"), "info"},
                                      {tr("warnings and above"), "warning"},
                                      {tr("only errors"), "error"}})
        m_level->addItem(text, QLatin1String(level));
    m_level->setAccessibleName(tr("Lowest level"));
    head->addWidget(m_level);
    m_pattern->setPlaceholderText(tr("Regular expression, e.g.  user=ali.*|address="));
    m_pattern->setAccessibleName(tr("Regular expression"));
    m_pattern->setClearButtonEnabled(true);
    m_pattern->setMinimumHeight(m_pattern->fontMetrics().height() + 14);
    head->addWidget(m_pattern, 1);
    head->addWidget(m_note);
    m_pause->setText(tr("Pause"));
    m_pause->setCheckable(true);
    m_pause->setToolTip(tr("Nothing moves while paused (Space)"));
    head->addWidget(m_pause);
    m_follow->setText(tr("Follow"));
    m_follow->setCheckable(true);
    m_follow->setChecked(true);
    head->addWidget(m_follow);
    m_verbose->setText(tr("Server's level …"));
    head->addWidget(m_verbose);
    auto *copy = new QToolButton(this);
    copy->setText(tr("Copy"));
    copy->setPopupMode(QToolButton::InstantPopup);
    auto *menu = new QMenu(copy);
    menu->addAction(tr("Selected lines"), this, [this] { m_table->copyTsv(false); });
    menu->addAction(tr("This view as command"), this, [this] {
        copyText(command::logTail(m_level->currentData().toString(), m_pattern->text()));
    });
    copy->setMenu(menu);
    head->addWidget(copy);
    layout->addLayout(head);
    m_table->setModel(m_model);
    m_table->setAccessibleName(tr("Lines of the log"));
    const int letter = fontMetrics().horizontalAdvance(QLatin1Char('0'));
    for (const auto &[column, letters] : {std::pair{LogModel::Time, 14},
                                          {LogModel::Level, 10},
                                          {LogModel::Category, 13},
                                          {LogModel::Event, 24}})
        m_table->setColumnWidth(column, letter * letters);
    m_stack->addWidget(m_placeholder);
    m_stack->addWidget(m_table);
    layout->addWidget(m_stack, 1);

    m_delay.setSingleShot(true);
    m_delay.setInterval(300);
    connect(&m_delay, &QTimer::timeout, this, &LogPage::applyFilter);
    connect(m_pattern, &QLineEdit::textChanged, &m_delay, qOverload<>(&QTimer::start));
    connect(m_pattern, &QLineEdit::returnPressed, this, &LogPage::applyFilter);
    connect(m_level, &QComboBox::currentIndexChanged, this, &LogPage::applyFilter);
    connect(m_pause, &QToolButton::toggled, m_model, &LogModel::setPaused);
    connect(m_follow, &QAbstractButton::toggled, this, [this](bool on) {
        if (on)
            m_table->scrollToBottom();
    });
    connect(m_table->verticalScrollBar(), &QScrollBar::actionTriggered, this, [this] {
        const QScrollBar *bar = m_table->verticalScrollBar();
        m_follow->setChecked(bar->sliderPosition() >= bar->maximum());
    });
    connect(m_model, &QAbstractItemModel::rowsInserted, this, [this] {
        if (m_follow->isChecked())
            m_table->scrollToBottom();
    });
    connect(m_model, &LogModel::statusChanged, this, &LogPage::update);
    connect(m_verbose, &QToolButton::clicked, this, &LogPage::setServerLevel);
    connect(&context.connection, &Connection::stateChanged, this, &LogPage::update);
    update();
}

void LogPage::setActive(bool active)
{
    m_model->setActive(active);
    update();
}

void LogPage::focusFilter()
{
    m_pattern->setFocus(Qt::ShortcutFocusReason);
    m_pattern->selectAll();
}

void LogPage::applyFilter()
{
    m_delay.stop();
    const QRegularExpression pattern(m_pattern->text());
    m_note->setText(
        pattern.isValid()
            ? QString()
            : tr("✕ %1 (character %2)").arg(pattern.errorString()).arg(pattern.patternErrorOffset() + 1));
    if (pattern.isValid())
        m_model->setFilter(m_level->currentData().toString(), m_pattern->text());
}

void LogPage::update()
{
    m_pause->setText(m_model->isPaused() && m_model->waiting() > 0
                         ? tr("Paused (%1 new)").arg(m_model->waiting())
                         : m_model->isPaused() ? tr("Paused")
                                               : tr("Pause"));
    const QString why = whyNot(connection(), management::method::logLevel);
    m_verbose->setEnabled(why.isEmpty());
    m_verbose->setToolTip(why.isEmpty() ? tr("Makes one category more talkative for a while") : why);
    if (m_model->rowCount() > 0) {
        m_stack->setCurrentWidget(m_table);
        return;
    }
    m_stack->setCurrentWidget(m_placeholder);
    if (!m_model->error().isEmpty())
        m_placeholder->say(tr("The server cannot show its log"), m_model->error());
    else if (!isLoggedIn(connection().state()))
        m_placeholder->say(tr("Not connected"),
                           tr("As soon as there is a connection, lines appear by themselves."));
    else
        m_placeholder->say(tr("No lines yet"),
                           tr("Lines appear as the server writes them; older ones are in its journal."));
}

void LogPage::setServerLevel()
{
    bool ok = false;
    const QString category = QInputDialog::getText(
        this, tr("Level on the server"),
        tr("Category that says everything (debug) for ten minutes, then returns by itself:"),
        QLineEdit::Normal, QStringLiteral("stomp"), &ok);
    if (!ok || category.trimmed().isEmpty())
        return;
    connection().request(management::method::logLevel,
                         {{QLatin1String("category"), category.trimmed()},
                          {QLatin1String("level"), QLatin1String("debug")},
                          {QLatin1String("seconds"), 600}},
                         this, [this, category](const Reply &reply) {
                             emit said(reply.ok ? tr("%1 says everything for ten minutes").arg(category)
                                                : reply.message);
                         });
}

} // namespace msgsrv::console
