// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/pages/tablepage.h"

#include "admin-gui/models/commandtext.h"
#include "admin-gui/models/format.h"
#include "admin-gui/widgets/filterbar.h"
#include "admin-gui/widgets/placeholder.h"
#include "admin-gui/widgets/tableview.h"

#include <QHBoxLayout>
#include <QHeaderView>
#include <QMenu>
#include <QPushButton>
#include <QStackedWidget>
#include <QToolButton>
#include <QUuid>

#include <memory>

namespace msgsrv::console {

TablePage::TablePage(PageContext context, TableSpec spec, QWidget *parent)
    : Page(context, parent)
    , m_model(new RemoteTableModel(context.connection, std::move(spec), this))
    , m_filter(new FilterBar(*management::findTable(m_model->spec().name.toStdString()), this))
    , m_table(new TableView(this))
    , m_placeholder(new Placeholder(this))
    , m_stack(new QStackedWidget(this))
    , m_order(new QToolButton(this))
    , m_content(new QVBoxLayout(this))
    , m_buttons(new QHBoxLayout)
{
    m_content->setContentsMargins(16, 12, 16, 12);
    m_content->setSpacing(10);
    m_content->addWidget(m_filter);
    m_stack->addWidget(m_table);
    m_stack->addWidget(m_placeholder);
    m_content->addWidget(m_stack, 1);
    m_content->addLayout(m_buttons);
    m_buttons->addStretch(1);
    m_order->setText(tr("↕ Order changed: apply"));
    m_order->setToolTip(tr("Rows have other places now; they wait while you have your hand on them"));
    m_order->hide();
    m_buttons->addWidget(m_order);
    auto *copy = new QToolButton(this);
    copy->setText(tr("Copy"));
    copy->setPopupMode(QToolButton::InstantPopup);
    copy->setMenu(copyMenu());
    m_buttons->addWidget(copy);

    m_table->setModel(m_model);
    m_table->setAccessibleName(tr("Table %1").arg(m_model->spec().name));
    const auto &columns = m_model->spec().columns;
    const double scale = logicalDpiX() / 96.0;
    for (std::size_t i = 0; i < columns.size(); ++i) {
        m_table->setColumnWidth(static_cast<int>(i), static_cast<int>(columns[i].width * scale));
        m_table->setColumnHidden(static_cast<int>(i), columns[i].hidden);
    }
    const QString sort = m_model->sortKey();
    const bool descending = sort.startsWith(QLatin1Char('-'));
    m_table->horizontalHeader()->setSortIndicator(m_model->spec().indexOf(descending ? sort.mid(1) : sort),
                                                  descending ? Qt::DescendingOrder : Qt::AscendingOrder);
    m_table->setSortingEnabled(true);
    m_firstHeader = m_table->headerState();

    connect(m_filter, &FilterBar::filterChanged, m_model, &RemoteTableModel::setFilter);
    connect(m_table, &TableView::visibleRowsChanged, m_model, &RemoteTableModel::setVisibleRows);
    connect(m_table, &TableView::handHeld, m_model, &RemoteTableModel::setHeld);
    connect(m_table, &TableView::menuWanted, this, &TablePage::contextMenu);
    connect(m_table->selectionModel(), &QItemSelectionModel::selectionChanged, this, [this] {
        updateActions();
        selectionChanged();
    });
    connect(m_table->selectionModel(), &QItemSelectionModel::currentChanged, this,
            [this] { selectionChanged(); });
    connect(m_model, &RemoteTableModel::statusChanged, this, &TablePage::updateState);
    connect(m_model, &RemoteTableModel::orderPending, m_order, &QWidget::setVisible);
    connect(m_order, &QToolButton::clicked, m_model, &RemoteTableModel::applyOrder);
    connect(m_placeholder, &Placeholder::buttonPressed, this, [this] { m_filter->setText({}); });
    connect(&context.connection, &Connection::stateChanged, this, [this] {
        updateActions();
        updateState();
    });
    updateState();
}

void TablePage::setActive(bool active)
{
    m_model->setActive(active);
    updateActions();
}

void TablePage::go(const Link &link)
{
    m_filter->setText(link.filter);
}

void TablePage::focusFilter()
{
    m_filter->focusLine();
}

bool TablePage::isSettled() const
{
    return m_model->isLoaded() && !m_model->isStale();
}

QByteArray TablePage::layoutState() const
{
    const QByteArray state = m_table->headerState();
    return state == m_firstHeader ? QByteArray() : state;
}

void TablePage::restoreLayout(const QByteArray &state)
{
    m_table->restoreHeader(state.isEmpty() ? m_firstHeader : state);
}

QStringList TablePage::selectedIds() const
{
    QStringList ids;
    for (const int row : m_table->selectedRows()) {
        const QString id = m_model->idAt(row);
        if (!id.isEmpty())
            ids.append(id);
    }
    return ids;
}

QVariant TablePage::selectedValue(const QString &column) const
{
    return m_model->raw(m_table->currentIndex().row(), column);
}

QPushButton *TablePage::addAction(const QString &text, const QString &method, std::function<void()> act)
{
    auto *button = new QPushButton(text, this);
    m_buttons->insertWidget(static_cast<int>(m_actions.size()), button);
    m_actions.push_back({button, method});
    connect(button, &QPushButton::clicked, this, [then = std::move(act)] { then(); });
    updateActions();
    return button;
}

void TablePage::updateActions()
{
    const bool selected = !selectedIds().isEmpty();
    for (const Action &action : m_actions) {
        const QString why = action.method.isEmpty() ? QString() : whyNot(connection(), action.method);
        action.button->setEnabled(selected && why.isEmpty());
        action.button->setToolTip(!why.isEmpty() ? why : selected ? QString() : tr("Select a row first"));
    }
}

void TablePage::updateState()
{
    if (!m_model->error().isEmpty() && m_model->errorAt() >= 0)
        m_filter->showProblem(m_model->error(), m_model->errorAt());
    m_filter->showCount(
        m_model->isLoaded()
            ? (m_model->rowCount() == 1 ? tr("1 row") : tr("%1 rows").arg(format::count(m_model->rowCount())))
            : QString());
    if (m_model->rowCount() > 0) {
        m_stack->setCurrentWidget(m_table);
    } else {
        showEmptiness();
        m_stack->setCurrentWidget(m_placeholder);
    }
    updateActions();
}

void TablePage::showEmptiness()
{
    if (!isLoggedIn(connection().state()))
        m_placeholder->say(tr("Not connected"),
                           tr("As soon as there is a connection, this table fills by itself."));
    else if (!m_model->error().isEmpty())
        m_placeholder->say(tr("The server cannot show this"), m_model->error(),
                           m_filter->text().isEmpty() ? QString() : tr("Clear the filter"));
    else if (!m_model->isLoaded())
        m_placeholder->say(tr("Loading …"), {});
    else if (!m_model->filter().isEmpty())
        m_placeholder->say(tr("Nothing matches"), tr("No row fits \"%1\".").arg(m_model->filter()),
                           tr("Clear the filter"));
    else
        m_placeholder->say(tr("Nothing here yet"),
                           tr("This table is empty on the server; rows appear as soon as there are any."));
}

QMenu *TablePage::copyMenu()
{
    auto *menu = new QMenu(this);
    menu->addAction(tr("Rows (tab-separated)"), this, [this] { m_table->copyTsv(false); });
    menu->addAction(tr("Rows with headers"), this, [this] { m_table->copyTsv(true); });
    menu->addAction(tr("Rows as JSON"), this, [this] { m_table->copyJson(); });
    menu->addSeparator();
    menu->addAction(tr("This view as command"), this, [this] {
        copyText(command::table(m_model->spec().name, m_model->filter(), m_model->sortKey()));
    });
    return menu;
}

void TablePage::fillMenu(QMenu &menu)
{
    const QModelIndex index = m_table->currentIndex();
    if (!index.isValid() || index.column() >= m_model->columnCount())
        return;
    const ColumnSpec &column = m_model->spec().columns[static_cast<std::size_t>(index.column())];
    QString value = index.data(RawRole).toString();
    if (value.isEmpty() || column.kind == ColumnSpec::Kind::Moment)
        return;
    if (column.kind == ColumnSpec::Kind::Flag)
        value = index.data(RawRole).toBool() ? QStringLiteral("true") : QStringLiteral("false");
    static const QString plain = QStringLiteral(" \"*,");
    for (const QChar &letter : plain) {
        if (value.contains(letter))
            value = QLatin1Char('"') + value.remove(QLatin1Char('"')) + QLatin1Char('"');
    }
    const QString term = column.name + QLatin1Char(':') + value;
    menu.addAction(tr("Only %1").arg(term), this, [this, term] {
        m_filter->setText((m_filter->text() + QLatin1Char(' ') + term).trimmed());
    });
    menu.addAction(tr("Without %1").arg(term), this, [this, term] {
        m_filter->setText((m_filter->text() + QLatin1String(" -") + term).trimmed());
    });
    menu.addSeparator();
}

void TablePage::contextMenu(const QPoint &position)
{
    QMenu menu(this);
    fillMenu(menu);
    for (const Action &action : m_actions) {
        QAction *entry = menu.addAction(action.button->text(), action.button, &QPushButton::click);
        entry->setEnabled(action.button->isEnabled());
    }
    menu.addSeparator();
    QMenu *copy = menu.addMenu(tr("Copy"));
    const std::unique_ptr<QMenu> entries(copyMenu());
    copy->addActions(entries->actions());
    menu.exec(position);
}

void TablePage::actOn(const QStringList &ids, const QString &method, const QString &reason,
                      const QString &done)
{
    struct Progress
    {
        QStringList waiting;
        int good = 0;
        QStringList problems;
    };
    auto progress = std::make_shared<Progress>();
    progress->waiting = ids;
    const int all = static_cast<int>(ids.size());
    // One after the other: a server that is busy is not made busier, and the order of the audit log is that
    // of the rows.
    auto next = std::make_shared<std::function<void()>>();
    *next = [this, progress, method, reason, done, all, next] {
        if (progress->waiting.isEmpty()) {
            emit said(progress->problems.isEmpty() ? done.arg(progress->good)
                                                   : tr("%1; %2 failed: %3")
                                                         .arg(done.arg(progress->good))
                                                         .arg(all - progress->good)
                                                         .arg(progress->problems.first()));
            *next = nullptr;
            return;
        }
        const QString id = progress->waiting.takeFirst();
        connection().request(method,
                             {{QLatin1String("id"), id},
                              {QLatin1String("reason"), reason},
                              {QLatin1String("op"), QUuid::createUuid().toString(QUuid::WithoutBraces)}},
                             this, [progress, next](const Reply &reply) {
                                 if (reply.ok)
                                     ++progress->good;
                                 else
                                     progress->problems.append(reply.message);
                                 const auto then = *next; // it may clear itself
                                 then();
                             });
    };
    const auto first = *next;
    first();
}

} // namespace msgsrv::console
