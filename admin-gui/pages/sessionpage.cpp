// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/pages/sessionpage.h"

#include "admin-gui/models/commandtext.h"
#include "admin-gui/pages/flowfilter.h"
#include "admin-gui/pages/messagepanel.h"
#include "admin-gui/pages/reasondialog.h"
#include "admin-gui/widgets/ladderview.h"
#include "admin-gui/widgets/palette.h"
#include "shared/management/protocol.h"

#include <QComboBox>
#include <QGridLayout>
#include <QLabel>
#include <QLineEdit>
#include <QPushButton>
#include <QSplitter>
#include <QToolButton>
#include <QUuid>
#include <QVBoxLayout>

namespace msgsrv::console {

namespace {

constexpr int judgeSoon = 500; // ms, after messages came
constexpr int judgeAgain = 1500; // ms, while nothing comes

QString filterFor(const QString &user)
{
    QString quoted = user;
    return QLatin1String("user:\"") + quoted.replace(QLatin1Char('"'), QLatin1Char('*')) + QLatin1Char('"');
}

} // namespace

SessionPage::SessionPage(PageContext context, QWidget *parent)
    : Page(context, parent)
    , m_model(new RemoteTableModel(context.connection, TableSpec::sessions(), this))
    , m_users(new QComboBox(this))
    , m_state(new QLabel(this))
    , m_disconnect(new QPushButton(tr("&Disconnect …"), this))
    , m_facts(new QGridLayout)
    , m_ladder(new LadderView(this))
    , m_panel(new MessagePanel(context.flow, this))
    , m_splitter(new QSplitter(this))
{
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(16, 12, 16, 12);
    layout->setSpacing(10);
    auto *head = new QHBoxLayout;
    auto *label = new QLabel(tr("&User"), this);
    label->setBuddy(m_users);
    head->addWidget(label);
    m_users->setEditable(true);
    m_users->setInsertPolicy(QComboBox::NoInsert);
    m_users->setMinimumWidth(fontMetrics().horizontalAdvance(QLatin1Char('0')) * 32);
    m_users->setAccessibleName(tr("User"));
    m_users->lineEdit()->setPlaceholderText(tr("Type a userId"));
    head->addWidget(m_users);
    head->addSpacing(10);
    head->addWidget(m_state, 1);
    auto *copy = new QToolButton(this);
    copy->setText(tr("Copy as command"));
    head->addWidget(copy);
    head->addWidget(m_disconnect);
    layout->addLayout(head);
    m_facts->setHorizontalSpacing(18);
    m_facts->setVerticalSpacing(4);
    const auto &columns = m_model->spec().columns;
    int place = 0;
    for (const ColumnSpec &column : columns) {
        auto *value = new QLabel(this);
        value->setTextInteractionFlags(Qt::TextSelectableByMouse);
        m_values.push_back(value);
        if (column.name == QLatin1String("user")) {
            value->hide();
            continue;
        }
        auto *name = new QLabel(column.title, this);
        name->setToolTip(column.meaning);
        name->setForegroundRole(QPalette::PlaceholderText);
        m_facts->addWidget(name, place / 6, place % 6 * 2);
        m_facts->addWidget(value, place / 6, place % 6 * 2 + 1);
        m_facts->setColumnStretch(place % 6 * 2 + 1, 1);
        ++place;
    }
    layout->addLayout(m_facts);
    m_ladder->setModel(&flow());
    m_splitter->addWidget(m_ladder);
    m_splitter->addWidget(m_panel);
    m_splitter->setStretchFactor(0, 3);
    m_splitter->setStretchFactor(1, 1);
    m_splitter->setChildrenCollapsible(false);
    m_splitter->setSizes({720, 380});
    m_firstSplit = m_splitter->saveState();
    layout->addWidget(m_splitter, 1);
    m_model->setVisibleRows(0, 0);

    m_judge.setSingleShot(true);
    connect(&m_judge, &QTimer::timeout, this, &SessionPage::showCurrent);
    connect(&flow(), &FlowModel::flushed, this, [this] {
        if (isVisible() && (!m_judge.isActive() || m_judge.remainingTime() > judgeSoon))
            m_judge.start(judgeSoon);
    });
    connect(m_ladder, &LadderView::currentChanged, this, &SessionPage::showCurrent);
    connect(m_users->lineEdit(), &QLineEdit::returnPressed, this,
            [this] { go({.page = PageId::Session, .user = m_users->currentText().trimmed()}); });
    connect(m_users, &QComboBox::textActivated, this,
            [this](const QString &user) { go({.page = PageId::Session, .user = user}); });
    connect(m_model, &RemoteTableModel::statusChanged, this, &SessionPage::update);
    connect(m_model, &QAbstractItemModel::dataChanged, this, &SessionPage::update);
    connect(m_model, &QAbstractItemModel::layoutChanged, this, &SessionPage::update);
    connect(&context.connection, &Connection::stateChanged, this, &SessionPage::update);
    connect(m_disconnect, &QPushButton::clicked, this, &SessionPage::disconnectUser);
    connect(copy, &QToolButton::clicked, this,
            [this] { copyText(command::table(QStringLiteral("sessions"), filterFor(m_user), {})); });
    m_ladder->setAccept([](const FlowMessage &) { return false; });
    update();
}

void SessionPage::setActive(bool active)
{
    m_model->setActive(active && !m_user.isEmpty());
    if (active) {
        flow().setActive(true);
        m_ladder->rebuild();
        showCurrent();
    }
}

void SessionPage::go(const Link &link)
{
    if (link.user.isEmpty() || link.user == m_user)
        return;
    m_user = link.user;
    if (m_users->findText(m_user) < 0)
        m_users->insertItem(0, m_user);
    m_users->setCurrentText(m_user);
    m_model->setFilter(filterFor(m_user));
    m_model->setActive(isVisible());
    m_ladder->setAccept(messagesOf(m_user));
    showCurrent();
    update();
}

QByteArray SessionPage::layoutState() const
{
    const QByteArray state = m_splitter->saveState();
    return state == m_firstSplit ? QByteArray() : state;
}

void SessionPage::restoreLayout(const QByteArray &state)
{
    m_splitter->restoreState(state.isEmpty() ? m_firstSplit : state);
}

QString SessionPage::fact(const QString &column) const
{
    const int index = m_model->spec().indexOf(column);
    return index < 0 ? QString() : m_values[static_cast<std::size_t>(index)]->text();
}

void SessionPage::update()
{
    const bool there = m_model->rowCount() > 0;
    const Colors &colors = colorsOf(palette());
    for (std::size_t i = 0; i < m_values.size(); ++i) {
        const QModelIndex cell = there ? m_model->index(0, static_cast<int>(i)) : QModelIndex();
        m_values[i]->setText(there ? cell.data().toString() : QStringLiteral("–"));
        QPalette tinted = palette();
        tinted.setColor(QPalette::WindowText,
                        colors.of(there ? static_cast<Tone>(cell.data(ToneRole).toInt()) : Tone::Muted));
        m_values[i]->setPalette(tinted);
    }
    if (m_user.isEmpty())
        m_state->setText(tr("Choose a user: type a userId here, open one in Sessions, or press Ctrl+K"));
    else if (!m_model->error().isEmpty())
        m_state->setText(m_model->error());
    else if (!m_model->isLoaded())
        m_state->setText(tr("Loading …"));
    else
        m_state->setText(there ? QString() : tr("%1 has no session now").arg(m_user));
    const QString why = whyNot(connection(), management::method::sessionClose);
    m_disconnect->setEnabled(there && why.isEmpty());
    m_disconnect->setToolTip(why);
}

void SessionPage::showCurrent()
{
    const FlowMessage *message = m_user.isEmpty() ? nullptr : m_ladder->currentMessage();
    m_panel->showMessage(message);
    m_panel->judgePair(message == nullptr ? QString() : message->from,
                       message == nullptr ? QString() : message->to, flow().serverTime());
    if (message != nullptr && isVisible())
        m_judge.start(judgeAgain); // time alone may change the verdict
}

void SessionPage::disconnectUser()
{
    const QString session = m_model->idAt(0);
    ReasonDialog dialog(tr("Disconnect %1").arg(m_user),
                        tr("Ends the session of %1 on %2 at once. A call that is up stays up; new messages "
                           "do not arrive until "
                           "the user connects again.")
                            .arg(m_user, connection().server().name),
                        1, this);
    if (session.isEmpty() || dialog.exec() != QDialog::Accepted)
        return;
    connection().request(management::method::sessionClose,
                         {{QLatin1String("id"), session},
                          {QLatin1String("reason"), dialog.reason()},
                          {QLatin1String("op"), QUuid::createUuid().toString(QUuid::WithoutBraces)}},
                         this, [this](const Reply &reply) {
                             emit said(reply.ok ? tr("The session of %1 has ended").arg(m_user)
                                                : reply.message);
                         });
}

} // namespace msgsrv::console
