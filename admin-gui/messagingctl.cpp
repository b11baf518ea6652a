// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/ctl/commands.h"

#include <QCoreApplication>

int main(int argc, char **argv)
{
    const QCoreApplication application(argc, argv);
    return msgsrv::ctl::run(QCoreApplication::arguments().mid(1));
}
