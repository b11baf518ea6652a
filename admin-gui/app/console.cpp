// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/app/console.h"

#include "admin-gui/app/mainwindow.h"
#include "admin-gui/app/profiles.h"
#include "admin-gui/app/screenshots.h"
#include "admin-gui/demo/demoserver.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QDateTime>
#include <QSettings>
#include <QTemporaryDir>

#include <algorithm>
#include <cstdio>
#include <memory>

namespace msgsrv::console {

namespace {

[[noreturn]] void fail(const QString &sentence)
{
    std::fprintf(stderr, "messaging-console: %s\n", qPrintable(sentence));
    std::exit(2);
}

Theme chosenTheme(const ConsoleOptions &options, const QSettings &settings)
{
    if (options.theme == QLatin1String("light"))
        return Theme::Light;
    if (options.theme == QLatin1String("dark"))
        return Theme::Dark;
    if (options.theme == QLatin1String("system"))
        return Theme::System;
    return static_cast<Theme>(std::clamp(settings.value(QStringLiteral("theme"), 0).toInt(), 0, 2));
}

int runDemo(QApplication &application, const ConsoleOptions &options, QSettings &settings)
{
    DemoServer server(QDateTime::currentMSecsSinceEpoch());
    Connection connection;
    MainWindow window(connection, settings);
    QObject::connect(&window, &MainWindow::themeChosen, &application,
                     [&application](Theme theme) { applyTheme(application, theme); });
    window.showProfile(
        {.name = MainWindow::tr("Demo"), .color = QColor(0x2f, 0x6f, 0xed), .readOnly = options.readOnly});
    connection.setReadOnly(options.readOnly);
    connection.open([&server] { return server.connectClient(); },
                    {{QLatin1String("scheme"), QLatin1String("peer")}});
    server.run();
    window.flow().setPayload(true); // the demo's contents are nobody's secret
    window.show();
    if (options.screenshots.isEmpty())
        return QApplication::exec();
    Screenshots screenshots(application, window, options.screenshots, [&server] { server.cut(true); });
    QString problem;
    QObject::connect(&screenshots, &Screenshots::finished, &application, [&problem](const QString &what) {
        problem = what;
        QApplication::exit(what.isEmpty() ? 0 : 1);
    });
    screenshots.start();
    const int code = QApplication::exec();
    if (!problem.isEmpty())
        std::fprintf(stderr, "messaging-console: %s\n", qPrintable(problem));
    return code;
}

} // namespace

ConsoleOptions parseConsoleOptions(const QApplication &application)
{
    QCommandLineParser parser;
    parser.setApplicationDescription(QApplication::translate(
        "Console", "The console of messaging-server: every session, queue and message, live."));
    const auto help = parser.addHelpOption();
    const auto version = parser.addVersionOption();
    const QCommandLineOption demo(
        QStringLiteral("demo"),
        QApplication::translate("Console", "Look around with a staged server inside the program."));
    const QCommandLineOption socket(QStringLiteral("socket"),
                                    QApplication::translate("Console", "Connect to this local socket."),
                                    QStringLiteral("path"));
    const QCommandLineOption tls(QStringLiteral("tls"),
                                 QApplication::translate("Console", "Connect to a server elsewhere, by TLS."),
                                 QStringLiteral("host:port"));
    const QCommandLineOption ca(
        QStringLiteral("ca"),
        QApplication::translate("Console", "With --tls: who may have signed its certificate (PEM)."),
        QStringLiteral("file"));
    const QCommandLineOption tokenFile(
        QStringLiteral("token-file"),
        QApplication::translate("Console", "With --tls: the token, in the first line. Else it is asked for."),
        QStringLiteral("file"));
    const QCommandLineOption certificate(
        QStringLiteral("certificate"),
        QApplication::translate("Console", "With --tls: a client certificate instead of a token (PEM)."),
        QStringLiteral("file"));
    const QCommandLineOption key(
        QStringLiteral("key"),
        QApplication::translate("Console", "With --certificate: its private key (PEM)."),
        QStringLiteral("file"));
    const QCommandLineOption ssh(
        QStringLiteral("ssh"),
        QApplication::translate("Console",
                                "Connect to the local socket (--socket) of this host, through ssh."),
        QStringLiteral("host"));
    const QCommandLineOption readOnly(
        QStringLiteral("read-only"),
        QApplication::translate("Console", "Only look; actions are never sent."));
    const QCommandLineOption theme(QStringLiteral("theme"),
                                   QApplication::translate("Console", "light, dark or system."),
                                   QStringLiteral("theme"));
    const QCommandLineOption screenshots(
        QStringLiteral("screenshots"),
        QApplication::translate("Console", "With --demo: save pictures of all pages in this folder and end."),
        QStringLiteral("folder"));
    parser.addOptions(
        {demo, socket, tls, ca, tokenFile, certificate, key, ssh, readOnly, theme, screenshots});
    parser.process(application);
    ConsoleOptions options{.demo = parser.isSet(demo),
                           .readOnly = parser.isSet(readOnly),
                           .screenshots = parser.value(screenshots),
                           .theme = parser.value(theme)};
    if (parser.isSet(socket) || parser.isSet(tls) || parser.isSet(ssh)) {
        Profile profile;
        profile.kind = parser.isSet(tls) ? Profile::Kind::Tls
            : parser.isSet(ssh)          ? Profile::Kind::Ssh
                                         : Profile::Kind::Local;
        profile.socket = parser.value(socket);
        profile.ssh = {parser.value(ssh), parser.value(socket)};
        profile.tls = {.caFile = parser.value(ca),
                       .tokenFile = parser.value(tokenFile),
                       .certificateFile = parser.value(certificate),
                       .keyFile = parser.value(key)};
        (void)profile.tls.setAddress(parser.value(tls));
        profile.name = profile.destination();
        if (const QString problem = profile.problem(); !problem.isEmpty())
            fail(problem);
        options.profile = profile;
    }
    if (!options.theme.isEmpty()
        && !QStringList{QStringLiteral("light"), QStringLiteral("dark"), QStringLiteral("system")}.contains(
            options.theme))
        fail(QApplication::translate("Console", "--theme is light, dark or system, not \"%1\"")
                 .arg(options.theme));
    if (!options.screenshots.isEmpty() && !options.demo)
        fail(QApplication::translate("Console", "--screenshots goes with --demo"));
    if (options.demo && options.profile)
        fail(QApplication::translate("Console", "--demo has a server of its own"));
    return options;
}

int runConsole(QApplication &application, const ConsoleOptions &options)
{
    // A demo leaves no trace in the user's settings.
    const std::unique_ptr<QTemporaryDir> nowhere(options.demo ? new QTemporaryDir : nullptr);
    const std::unique_ptr<QSettings> settings(
        options.demo ? new QSettings(nowhere->filePath(QStringLiteral("console.ini")), QSettings::IniFormat)
                     : new QSettings(QSettings::IniFormat, QSettings::UserScope,
                                     QStringLiteral("messaging-server"), QStringLiteral("console")));
    applyTheme(application, chosenTheme(options, *settings));
    if (options.demo)
        return runDemo(application, options, *settings);
    Connection connection;
    MainWindow window(connection, *settings);
    Profiles profiles(connection, window, *settings, options.readOnly);
    QObject::connect(&window, &MainWindow::connectionsWanted, &application,
                     [&profiles] { profiles.choose(); });
    // The window first: a token may have to be asked for.
    QMetaObject::invokeMethod(
        &window,
        [&profiles, &options] {
            if (options.profile)
                profiles.open(*options.profile);
            else
                profiles.openLast();
        },
        Qt::QueuedConnection);
    QObject::connect(&window, &MainWindow::themeChosen, &application,
                     [&application](Theme theme) { applyTheme(application, theme); });
    window.show();
    return QApplication::exec();
}

} // namespace msgsrv::console
