// SPDX-License-Identifier: GPL-3.0-or-later
//
// bench-console SOCKET SECONDS: the console's window beside a daemon, offscreen, on one page after the other
// for so many seconds each. For each page, and for all of them, one line of JSON on stdout: how long the
// turns of the event loop were (from waking up to the next wait), and what the console's process used. A turn
// is what a person waits for at most after pressing a key.
#include "admin-gui/app/mainwindow.h"
#include "admin-gui/client/localwire.h"

#include <QAbstractEventDispatcher>
#include <QApplication>
#include <QElapsedTimer>
#include <QSettings>
#include <QTemporaryDir>
#include <QTimer>

#include <algorithm>
#include <cstdio>
#include <sys/resource.h>
#include <vector>

using namespace msgsrv::console;

namespace {

double cpuSeconds()
{
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](const timeval &time) { return double(time.tv_sec) + double(time.tv_usec) / 1e6; };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// Measures turns of the event loop of this thread.
class Turns : public QObject
{
public:
    Turns()
    {
        auto *dispatcher = QAbstractEventDispatcher::instance();
        connect(dispatcher, &QAbstractEventDispatcher::awake, this, [this] {
            end();
            m_clock.start();
        });
        connect(dispatcher, &QAbstractEventDispatcher::aboutToBlock, this, [this] { end(); });
    }
    void clear() { m_turns.clear(); }
    [[nodiscard]] const std::vector<qint64> &all() const { return m_turns; }
    void add(const std::vector<qint64> &turns) { m_turns.insert(m_turns.end(), turns.begin(), turns.end()); }
    [[nodiscard]] std::size_t count() const { return m_turns.size(); }
    [[nodiscard]] double milliseconds(double quantile)
    {
        if (m_turns.empty())
            return 0;
        const auto at = std::min(m_turns.size() - 1, std::size_t(quantile * double(m_turns.size())));
        std::nth_element(m_turns.begin(), m_turns.begin() + std::ptrdiff_t(at), m_turns.end());
        return double(m_turns[at]) / 1e6;
    }

private:
    void end()
    {
        if (m_clock.isValid())
            m_turns.push_back(m_clock.nsecsElapsed());
        m_clock.invalidate();
    }

    QElapsedTimer m_clock;
    std::vector<qint64> m_turns;
};

/// One page after the other.
class Tour : public QObject
{
public:
    Tour(MainWindow &window, Connection &connection, double seconds)
        : m_window(window)
        , m_connection(connection)
        , m_milliseconds(int(seconds * 1000))
    {
        m_timer.setSingleShot(true);
        connect(&m_timer, &QTimer::timeout, this, &Tour::next);
        connect(&connection, &Connection::stateChanged, this, [this](LinkState state) {
            if (state == LinkState::Live && m_page < 0)
                next();
        });
    }

private:
    struct Stop
    {
        const char *name;
        Link link;
        bool settling = false; ///< not measured: the page gets what it shows at first
    };

    void next()
    {
        if (m_page >= 0 && !stops()[std::size_t(m_page)].settling)
            print();
        if (++m_page == int(stops().size())) {
            m_turns.clear();
            m_turns.add(m_measured);
            std::printf("{\"page\":\"all\",\"turns\":%zu,\"p50Ms\":%.2f,\"p99Ms\":%.2f,\"maxMs\":%.2f}\n",
                        m_turns.count(), m_turns.milliseconds(0.5), m_turns.milliseconds(0.99),
                        m_turns.milliseconds(1));
            QApplication::quit();
            return;
        }
        const Stop &stop = stops()[std::size_t(m_page)];
        m_window.go(stop.link);
        m_missed = m_connection.missed();
        m_cpu = cpuSeconds();
        m_turns.clear();
        m_timer.start(stop.settling ? 1500 : m_milliseconds);
    }

    [[nodiscard]] static const std::vector<Stop> &stops()
    {
        static const std::vector<Stop> all{
            {"overview", {.page = PageId::Overview}, true},
            {"overview", {.page = PageId::Overview}},
            {"sessions", {.page = PageId::Sessions}, true},
            {"sessions", {.page = PageId::Sessions}},
            {"sessions, filtered", {.page = PageId::Sessions, .filter = QStringLiteral("out>0 state:acked")}},
            {"flow", {.page = PageId::Flow}, true},
            {"flow", {.page = PageId::Flow}},
            {"queues", {.page = PageId::Queues}},
            {"charts", {.page = PageId::Charts}}};
        return all;
    }

    void print()
    {
        const double seconds = double(m_milliseconds) / 1000;
        m_measured.insert(m_measured.end(), m_turns.all().begin(), m_turns.all().end());
        std::printf(
            "{\"page\":\"%s\",\"turns\":%zu,\"p50Ms\":%.2f,\"p99Ms\":%.2f,\"maxMs\":%.2f,\"cpuLoad\":%.3f,"
            "\"missed\":%llu,\"live\":%s}\n",
            stops()[std::size_t(m_page)].name, m_turns.count(), m_turns.milliseconds(0.5),
            m_turns.milliseconds(0.99), m_turns.milliseconds(1), (cpuSeconds() - m_cpu) / seconds,
            static_cast<unsigned long long>(m_connection.missed() - m_missed),
            m_connection.state() == LinkState::Live ? "true" : "false");
        std::fflush(stdout);
    }

    MainWindow &m_window;
    Connection &m_connection;
    const int m_milliseconds;
    Turns m_turns;
    std::vector<qint64> m_measured; ///< turns of all pages, ns
    QTimer m_timer;
    int m_page = -1;
    double m_cpu = 0;
    quint64 m_missed = 0;
};

} // namespace

int main(int argc, char **argv)
{
    QApplication application(argc, argv);
    if (argc != 3) {
        std::fputs("bench-console SOCKET SECONDS\n", stderr);
        return 2;
    }
    QTemporaryDir folder;
    QSettings settings(folder.filePath(QStringLiteral("console.ini")), QSettings::IniFormat);
    Connection connection;
    MainWindow window(connection, settings);
    window.resize(1440, 900);
    window.show();
    Tour tour(window, connection, QByteArray(argv[2]).toDouble());
    connection.open([path = QString::fromLocal8Bit(argv[1])] { return std::make_unique<LocalWire>(path); },
                    {{QStringLiteral("scheme"), QStringLiteral("peer")}});
    QTimer::singleShot(30'000, &application, [&connection] {
        if (connection.state() != LinkState::Live)
            QApplication::exit(1);
    });
    return QApplication::exec();
}
