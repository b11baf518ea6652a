// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/app/console.h"

#include <QApplication>
#include <QByteArrayView>
#include <QIcon>

#include <algorithm>

namespace {

/// What is only printed needs no display.
bool onlyPrints(int argc, char **argv)
{
    return std::any_of(argv + std::min(argc, 1), argv + argc, [](const char *argument) {
        const QByteArrayView view(argument);
        return view == "--version" || view == "-v" || view == "--help" || view == "-h"
            || view == "--help-all";
    });
}

} // namespace

int main(int argc, char **argv)
{
    if (onlyPrints(argc, argv))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    QApplication application(argc, argv);
    QApplication::setApplicationName(QStringLiteral("messaging-console"));
    QApplication::setApplicationVersion(QStringLiteral(MSGSRV_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("org.messaging_server.Console"));
    QApplication::setWindowIcon(QIcon::fromTheme(QStringLiteral("org.messaging_server.Console")));
    return msgsrv::console::runConsole(application, msgsrv::console::parseConsoleOptions(application));
}
