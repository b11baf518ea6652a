// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/pages/page.h"

#include <QApplication>
#include <QClipboard>

namespace msgsrv::console {

QString whyNot(const Connection &connection, const QString &method)
{
    if (!isLoggedIn(connection.state()))
        return Page::tr("There is no connection to the server");
    if (connection.isReadOnly())
        return Page::tr("This profile is read-only");
    if (!connection.login().may.contains(method))
        return Page::tr("The role %1 does not allow this").arg(connection.login().role);
    return {};
}

void copyText(const QString &text)
{
    QApplication::clipboard()->setText(text);
}

} // namespace msgsrv::console
