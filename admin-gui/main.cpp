// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/app/console.h"

#include <QApplication>
#include <QIcon>

int main(int argc, char **argv)
{
    QApplication application(argc, argv);
    QApplication::setApplicationName(QStringLiteral("messaging-console"));
    QApplication::setApplicationVersion(QStringLiteral(MSGSRV_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("org.messaging_server.Console"));
    QApplication::setWindowIcon(QIcon::fromTheme(QStringLiteral("org.messaging_server.Console")));
    return msgsrv::console::runConsole(application, msgsrv::console::parseConsoleOptions(application));
}
