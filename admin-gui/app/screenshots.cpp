// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/app/screenshots.h"

#include "admin-gui/app/connectiondialog.h"
#include "admin-gui/pages/chartspage.h"
#include "admin-gui/pages/flowpage.h"
#include "admin-gui/pages/messagepanel.h"
#include "admin-gui/pages/queuespage.h"
#include "admin-gui/pages/sessionpage.h"
#include "admin-gui/widgets/chart.h"
#include "admin-gui/widgets/gotobox.h"
#include "admin-gui/widgets/ladderview.h"
#include "admin-gui/widgets/tableview.h"

#include <QApplication>
#include <QDir>
#include <QLineEdit>

namespace msgsrv::console {

namespace {

constexpr int pollInterval = 250; // ms
constexpr int patience = 80; // polls until a page that never settles is a problem
constexpr int afterwards = 6; // polls for curves and deltas once it has settled

} // namespace

Screenshots::Screenshots(QApplication &application, MainWindow &window, const QString &folder,
                         std::function<void()> cutLink)
    : m_application(application)
    , m_window(window)
    , m_folder(folder)
    , m_cutLink(std::move(cutLink))
{
    m_poll.setInterval(pollInterval);
    connect(&m_poll, &QTimer::timeout, this, &Screenshots::wait);
}

void Screenshots::start()
{
    if (!QDir().mkpath(m_folder)) {
        emit finished(tr("The folder %1 cannot be made").arg(m_folder));
        return;
    }
    plan();
    next();
}

void Screenshots::plan()
{
    const auto go = [this](const Link &link) { return [this, link] { m_window.go(link); }; };
    const auto nothing = [] {};
    auto *session = static_cast<SessionPage *>(m_window.page(PageId::Session));
    auto *queues = static_cast<QueuesPage *>(m_window.page(PageId::Queues));
    auto *charts = static_cast<ChartsPage *>(m_window.page(PageId::Charts));
    for (const Theme theme : {Theme::Light, Theme::Dark}) {
        const QString suffix = theme == Theme::Light ? QStringLiteral("-light") : QStringLiteral("-dark");
        const auto shot = [&](const char *name, PageId page, std::function<void()> prepare,
                              std::function<void()> arrange) {
            m_shots.push_back({QLatin1String(name) + suffix, std::move(prepare), std::move(arrange), page});
        };
        shot(
            "overview", PageId::Overview,
            [this, theme] {
                applyTheme(m_application, theme);
                m_window.go({.page = PageId::Overview});
            },
            nothing);
        shot("sessions", PageId::Sessions, go({.page = PageId::Sessions}), [this] {
            auto *table = m_window.currentPage()->findChild<TableView *>();
            table->selectRow(1);
        });
        shot("sessions-filtered", PageId::Sessions,
             go({.page = PageId::Sessions, .filter = QStringLiteral("negotiation:stuck,offered age>30s")}),
             nothing);
        shot("sessions-nothing", PageId::Sessions,
             go({.page = PageId::Sessions, .filter = QStringLiteral("user:nobody*")}), nothing);
        shot("flow", PageId::Flow,
             go({.page = PageId::Flow, .filter = QStringLiteral("kind:offer,answer,candidate,bye")}),
             nothing);
        shot("session", PageId::Session, go({.page = PageId::Session, .user = QStringLiteral("karl")}),
             [session] {
                 const auto &rows = session->ladder().ladder().rows();
                 session->ladder().setCurrentRow(rows.size() > 2 ? 2 : 0);
             });
        shot("session-difference", PageId::Session,
             go({.page = PageId::Session, .user = QStringLiteral("karl")}),
             [session] { session->panel().showDifference(); });
        shot("queues", PageId::Queues, go({.page = PageId::Queues}), [queues] {
            queues->table().selectRow(0);
            queues->peekSelected();
        });
        shot("connections", PageId::Connections, go({.page = PageId::Connections}), nothing);
        shot("charts", PageId::Charts, go({.page = PageId::Charts}), [charts] {
            if (!charts->charts().empty())
                charts->setCrossHair(charts->charts().front()->data().end - 12 * 60'000);
        });
        shot("log", PageId::Log, go({.page = PageId::Log}), nothing);
        shot("destinations", PageId::Destinations, go({.page = PageId::Destinations}), nothing);
        shot("profiles", PageId::Overview, go({.page = PageId::Overview}),
             [this, suffix] { takeDialog(QStringLiteral("dialog-profiles") + suffix); });
        shot("goto", PageId::Overview, go({.page = PageId::Overview}), [this] {
            m_window.openGoTo();
            m_window.goToBox().findChild<QLineEdit *>()->setText(QStringLiteral("jud"));
        });
    }
    m_shots.push_back(
        {QStringLiteral("lost-dark"), go({.page = PageId::Sessions}), m_cutLink, PageId::Sessions});
}

/// A dialog is a window of its own.
void Screenshots::takeDialog(const QString &name)
{
    Profile production{.name = tr("Production"), .color = QColor(0xd1, 0x34, 0x38), .readOnly = true};
    production.kind = Profile::Kind::Tls;
    production.tls = {.host = QStringLiteral("console.example.org"),
                      .port = 8082,
                      .caFile = QStringLiteral("/etc/ssl/example.pem")};
    Profile staging{.name = tr("Staging"), .color = QColor(0x2e, 0x9e, 0x5b)};
    staging.kind = Profile::Kind::Ssh;
    staging.ssh = {QStringLiteral("admin@staging.example.org"), {}};
    ConnectionDialog dialog({{.name = tr("This machine")}, production, staging}, 1, &m_window);
    dialog.show();
    dialog.grab().save(QDir(m_folder).filePath(name + QLatin1String(".png")));
}

void Screenshots::next()
{
    if (m_at == m_shots.size()) {
        emit finished({});
        return;
    }
    m_window.goToBox().hide();
    m_shots[m_at].prepare();
    m_waited = 0;
    m_poll.start();
}

void Screenshots::wait()
{
    ++m_waited;
    if (m_waited < 1000 && !m_window.currentPage()->isSettled()) {
        if (m_waited > patience) {
            m_poll.stop();
            emit finished(tr("%1 has not settled").arg(m_shots[m_at].name));
        }
        return;
    }
    if (m_waited < 1000) {
        m_waited = 1000;
        return;
    }
    if (m_waited == 1000 + afterwards / 2)
        m_shots[m_at].arrange();
    if (m_waited >= 1000 + afterwards)
        take();
}

void Screenshots::take()
{
    m_poll.stop();
    const QString path = m_folder + QLatin1Char('/') + m_shots[m_at].name + QLatin1String(".png");
    if (!m_window.grab().save(path)) {
        emit finished(tr("%1 cannot be written").arg(path));
        return;
    }
    ++m_at;
    next();
}

} // namespace msgsrv::console
