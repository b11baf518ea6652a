// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/app/console.h"

#include "admin-gui/app/connectiondialog.h"
#include "admin-gui/app/mainwindow.h"
#include "admin-gui/app/screenshots.h"
#include "admin-gui/client/localwire.h"
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

/// Connects to one profile after the other, as the user chooses.
class Session
{
public:
    Session(Connection &connection, MainWindow &window, QSettings &settings, const ConsoleOptions &options)
        : m_connection(connection)
        , m_window(window)
        , m_settings(settings)
        , m_profiles(loadProfiles(settings))
        , m_current(std::clamp(settings.value(QStringLiteral("profile"), 0).toInt(), 0,
                               static_cast<int>(m_profiles.size()) - 1))
        , m_readOnly(options.readOnly)
    {
        if (!options.socket.isEmpty())
            open({.name = options.socket, .socket = options.socket, .color = {}, .readOnly = false});
        else
            open(m_profiles[static_cast<std::size_t>(m_current)]);
    }

    void choose()
    {
        ConnectionDialog dialog(m_profiles, m_current, &m_window);
        if (dialog.exec() != QDialog::Accepted)
            return;
        m_profiles = dialog.profiles();
        m_current = dialog.current();
        saveProfiles(m_settings, m_profiles);
        m_settings.setValue(QStringLiteral("profile"), m_current);
        open(m_profiles[static_cast<std::size_t>(m_current)]);
    }

private:
    void open(Profile profile)
    {
        profile.readOnly = profile.readOnly || m_readOnly;
        m_window.showProfile(profile);
        m_connection.setReadOnly(profile.readOnly);
        m_connection.open([path = profile.socketPath()] { return std::make_unique<LocalWire>(path); },
                          {{QLatin1String("scheme"), QLatin1String("peer")}});
    }

    Connection &m_connection;
    MainWindow &m_window;
    QSettings &m_settings;
    std::vector<Profile> m_profiles;
    int m_current;
    bool m_readOnly;
};

int runDemo(QApplication &application, const ConsoleOptions &options, QSettings &settings)
{
    DemoServer server(QDateTime::currentMSecsSinceEpoch());
    Connection connection;
    MainWindow window(connection, settings);
    QObject::connect(&window, &MainWindow::themeChosen, &application,
                     [&application](Theme theme) { applyTheme(application, theme); });
    window.showProfile({.name = MainWindow::tr("Demo"),
                        .socket = {},
                        .color = QColor(0x2f, 0x6f, 0xed),
                        .readOnly = options.readOnly});
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
    parser.addOptions({demo, socket, readOnly, theme, screenshots});
    parser.process(application);
    const ConsoleOptions options{.demo = parser.isSet(demo),
                                 .readOnly = parser.isSet(readOnly),
                                 .socket = parser.value(socket),
                                 .screenshots = parser.value(screenshots),
                                 .theme = parser.value(theme)};
    if (!options.theme.isEmpty()
        && !QStringList{QStringLiteral("light"), QStringLiteral("dark"), QStringLiteral("system")}.contains(
            options.theme))
        fail(QApplication::translate("Console", "--theme is light, dark or system, not \"%1\"")
                 .arg(options.theme));
    if (!options.screenshots.isEmpty() && !options.demo)
        fail(QApplication::translate("Console", "--screenshots goes with --demo"));
    if (options.demo && !options.socket.isEmpty())
        fail(QApplication::translate("Console", "--demo has no socket"));
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
    Session session(connection, window, *settings, options);
    QObject::connect(&window, &MainWindow::connectionsWanted, &application, [&session] { session.choose(); });
    QObject::connect(&window, &MainWindow::themeChosen, &application,
                     [&application](Theme theme) { applyTheme(application, theme); });
    window.show();
    return QApplication::exec();
}

} // namespace msgsrv::console
