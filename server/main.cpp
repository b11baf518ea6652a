// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/daemon.h"
#include "server/app/startconfig.h"
#include "server/app/systemfacts.h"
#include "server/app/unixsignals.h"
#include "server/net/epolldispatcher.h"
#include "shared/base/log.h"

#include <QCoreApplication>

#include <cstdio>

int main(int argc, char **argv)
{
    using namespace msgsrv;
    const auto start = startConfig(argc, argv);
    if (const auto *farewell = std::get_if<Farewell>(&start))
        return say(*farewell);
    const Config &config = std::get<LoadedConfig>(start).config;

    UnixSignals::block();
    raiseOpenFileLimit();
    QCoreApplication::setEventDispatcher(new EpollDispatcher); // owned by the application
    QCoreApplication application(argc, argv);
    log::install({.format = config.log.format, .level = config.log.level, .perSecond = config.log.rate});

    const UnixSignals unixSignals;
    Daemon daemon(config);
    if (const auto failure = daemon.start())
        return say({failure->code, {}, "messaging-server: " + failure->sentence.toStdString() + "\n"});
    QObject::connect(&unixSignals, &UnixSignals::terminationRequested, &daemon, &Daemon::stop);
    QObject::connect(&daemon, &Daemon::stopped, &application,
                     [] { QCoreApplication::exit(int(ExitCode::Clean)); });
    std::printf("%s\n", daemon.readyLine().constData());
    std::fflush(stdout);
    const int code = QCoreApplication::exec();
    log::flush();
    if (const auto &failure = daemon.failure())
        return say({failure->code, {}, "messaging-server: " + failure->sentence.toStdString() + "\n"});
    return code;
}
