// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/pages/sessionspage.h"

#include "admin-gui/models/commandtext.h"
#include "admin-gui/pages/reasondialog.h"
#include "admin-gui/widgets/tableview.h"
#include "shared/management/protocol.h"

#include <QMenu>
#include <QPushButton>
#include <QShortcut>

namespace msgsrv::console {

SessionsPage::SessionsPage(PageContext context, QWidget *parent)
    : TablePage(context, TableSpec::sessions(), parent)
{
    addAction(tr("&Open"), {}, [this] { openSelected(); });
    m_disconnect
        = addAction(tr("&Disconnect …"), management::method::sessionClose, [this] { disconnectSelected(); });
    connect(&table(), &QAbstractItemView::activated, this, &SessionsPage::openSelected);
    connect(&table(), &QAbstractItemView::doubleClicked, this, &SessionsPage::openSelected);
    auto *remove = new QShortcut(QKeySequence::Delete, &table(), nullptr, nullptr, Qt::WidgetShortcut);
    connect(remove, &QShortcut::activated, this, [this] {
        if (m_disconnect->isEnabled())
            disconnectSelected();
    });
}

void SessionsPage::openSelected()
{
    const QString user = selectedValue(QStringLiteral("user")).toString();
    if (!user.isEmpty())
        emit linkActivated({.page = PageId::Session, .user = user});
}

void SessionsPage::selectionChanged()
{
    const int count = static_cast<int>(selectedIds().size());
    m_disconnect->setText(count > 1 ? tr("&Disconnect %n user(s) …", nullptr, count) : tr("&Disconnect …"));
}

void SessionsPage::disconnectSelected()
{
    const QStringList ids = selectedIds();
    if (ids.isEmpty())
        return;
    const int count = static_cast<int>(ids.size());
    ReasonDialog dialog(count == 1 ? tr("Disconnect %1").arg(selectedValue(QStringLiteral("user")).toString())
                                   : tr("Disconnect %n user(s)", nullptr, count),
                        tr("Ends %n session(s) on %1 at once. Calls that are up stay up; new messages do not "
                           "arrive until the "
                           "user connects again.",
                           nullptr, count)
                            .arg(connection().server().name),
                        count, this);
    if (dialog.exec() == QDialog::Accepted)
        actOn(ids, management::method::sessionClose, dialog.reason(), tr("%1 session(s) ended"));
}

void SessionsPage::fillMenu(QMenu &menu)
{
    TablePage::fillMenu(menu);
    const QString user = selectedValue(QStringLiteral("user")).toString();
    const QString session = selectedIds().value(0);
    menu.addAction(tr("Show messages of %1").arg(user), this, [this, user] {
        emit linkActivated({.page = PageId::Flow, .filter = QLatin1Char('"') + user + QLatin1Char('"')});
    });
    menu.addAction(tr("Copy \"disconnect\" as command"), this,
                   [session] { copyText(command::closeSession(session, QStringLiteral("why"))); });
    menu.addSeparator();
}

} // namespace msgsrv::console
