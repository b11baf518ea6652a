// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/pages/queuespage.h"

#include "admin-gui/models/commandtext.h"
#include "admin-gui/models/format.h"
#include "admin-gui/pages/reasondialog.h"
#include "admin-gui/widgets/tableview.h"
#include "shared/management/protocol.h"

#include <QHeaderView>
#include <QLabel>
#include <QMenu>
#include <QPushButton>
#include <QStandardItemModel>
#include <QToolButton>
#include <QVBoxLayout>

namespace msgsrv::console {

QueuesPage::QueuesPage(PageContext context, QWidget *parent)
    : TablePage(context, TableSpec::queues(), parent)
    , m_panel(new QWidget(this))
    , m_heading(new QLabel(m_panel))
    , m_messages(new QStandardItemModel(0, 6, m_panel))
{
    addAction(tr("&Peek"), management::method::queuePeek, [this] { peekSelected(); });
    addAction(tr("P&urge …"), management::method::queuePurge, [this] { purgeSelected(); });
    connect(&table(), &QAbstractItemView::activated, this, &QueuesPage::peekSelected);
    connect(&table(), &QAbstractItemView::doubleClicked, this, &QueuesPage::peekSelected);

    auto *layout = new QVBoxLayout(m_panel);
    layout->setContentsMargins(0, 0, 0, 0);
    auto *head = new QHBoxLayout;
    QFont bold = m_heading->font();
    bold.setBold(true);
    m_heading->setFont(bold);
    head->addWidget(m_heading, 1);
    auto *close = new QToolButton(m_panel);
    close->setText(tr("Close"));
    head->addWidget(close);
    layout->addLayout(head);
    auto *list = new TableView(m_panel);
    m_messages->setHorizontalHeaderLabels(
        {tr("Waits for"), tr("From"), tr("Kind"), tr("Size"), tr("Message"), tr("Content")});
    list->setModel(m_messages);
    list->setAccessibleName(tr("Messages that wait in the queue"));
    for (int column = 0; column < 5; ++column)
        list->setColumnWidth(column,
                             fontMetrics().horizontalAdvance(QLatin1Char('0')) * (column == 1 ? 20 : 12));
    list->setMinimumHeight(fontMetrics().height() * 11);
    layout->addWidget(list);
    m_panel->hide();
    content()->insertWidget(2, m_panel);
    connect(close, &QToolButton::clicked, m_panel, &QWidget::hide);
}

void QueuesPage::peekSelected()
{
    const QString queue = selectedIds().value(0);
    const QString user = selectedValue(QStringLiteral("user")).toString();
    if (queue.isEmpty())
        return;
    connection().request(
        management::method::queuePeek, {{QLatin1String("id"), queue}, {QLatin1String("count"), 50}}, this,
        [this, user](const Reply &reply) {
            if (!reply.ok) {
                emit said(tr("Peek: %1").arg(reply.message));
                return;
            }
            const QJsonArray messages = reply.result.value(QLatin1String("messages")).toArray();
            m_messages->removeRows(0, m_messages->rowCount());
            for (const QJsonValue &value : messages) {
                const QJsonObject message = value.toObject();
                const QJsonValue text = message.value(QLatin1String("content"));
                QList<QStandardItem *> row;
                for (const QString &cell : {format::duration(message.value(QLatin1String("age")).toDouble()),
                                            message.value(QLatin1String("from")).toString(),
                                            message.value(QLatin1String("kind")).toString(),
                                            format::bytes(message.value(QLatin1String("bytes")).toDouble()),
                                            message.value(QLatin1String("id")).toVariant().toString(),
                                            text.isUndefined() ? tr("(only an admin may see contents)")
                                                               : text.toVariant().toString().simplified()})
                    row.append(new QStandardItem(cell.left(2000)));
                m_messages->appendRow(row);
            }
            m_heading->setText(messages.isEmpty()
                                   ? tr("Nothing waits for %1").arg(user)
                                   : tr("First %n message(s) that wait for %1; they stay where they are",
                                        nullptr, static_cast<int>(messages.size()))
                                         .arg(user));
            m_panel->show();
        });
}

void QueuesPage::purgeSelected()
{
    const QStringList ids = selectedIds();
    if (ids.isEmpty())
        return;
    const int count = static_cast<int>(ids.size());
    ReasonDialog dialog(
        count == 1 ? tr("Purge the queue of %1").arg(selectedValue(QStringLiteral("user")).toString())
                   : tr("Purge %n queue(s)", nullptr, count),
        tr("Throws away all messages that wait in %n queue(s). They cannot be brought back, and their "
           "senders "
           "are not told.",
           nullptr, count),
        count, this);
    if (dialog.exec() == QDialog::Accepted)
        actOn(ids, management::method::queuePurge, dialog.reason(), tr("%1 queue(s) purged"));
}

void QueuesPage::fillMenu(QMenu &menu)
{
    TablePage::fillMenu(menu);
    const QString queue = selectedIds().value(0);
    menu.addAction(tr("Copy \"peek\" as command"), this, [queue] { copyText(command::peekQueue(queue)); });
    menu.addAction(tr("Copy \"purge\" as command"), this,
                   [queue] { copyText(command::purgeQueue(queue, QStringLiteral("why"))); });
    menu.addSeparator();
}

} // namespace msgsrv::console
