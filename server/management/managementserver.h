// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/management/actions.h"
#include "server/management/feeds.h"
#include "server/management/logins.h"
#include "server/management/managementmetrics.h"
#include "server/management/managementpeer.h"
#include "server/management/methods.h"
#include "server/management/node.h"
#include "server/management/origin.h"
#include "server/management/series.h"
#include "server/management/tlslistener.h"
#include "server/management/views.h"

#include <QLocalServer>
#include <QObject>
#include <QSslConfiguration>
#include <QString>
#include <QTimer>

#include <memory>
#include <vector>

namespace msgsrv::management {

/// Everything that speaks the management protocol: docs/management-protocol.md. Lives in the management
/// thread.
class ManagementServer final : public QObject
{
    Q_OBJECT

public:
    struct Settings
    {
        QString boot{}; ///< changes with every start
        Logins::Settings logins{};
        bool addresses = false; ///< whole client addresses for every role
        int consoles = 0; ///< at a time; 0: unlimited
        int pending = 0; ///< of those by TLS, how many may not have logged in yet; 0: any number
        int audit = usual::audit; ///< entries kept
        ManagementPeer::Limits peer{};
        ViewLimits views{};
        Feeds::Limits feeds{};
        QSslConfiguration tls{}; ///< of listenTls()
    };

    /// @p node, @p tap and @p metrics outlive the server.
    ManagementServer(Settings settings, Node &node, FlowTap &tap, ManagementMetrics &metrics);
    ~ManagementServer() override;

    /// Accepts from @p descriptor, a listening local socket, and owns it.
    void listen(int descriptor);
    /// Accepts from @p descriptor, a listening TCP socket, by TLS, and owns it.
    void listenTls(int descriptor);

    /// Greets a console.
    void accept(std::unique_ptr<Wire> wire, const Origin &origin);

    [[nodiscard]] Feeds &feeds() { return m_feeds; }
    [[nodiscard]] const Methods &methods() const { return m_methods; }

private:
    void greet(ManagementPeer &peer, const Origin &origin) const;
    [[nodiscard]] bool admitsRemote(int handshakes);
    void addMethods();
    void login(const Call &call);
    void refuseLogin(const Call &call, const Origin &origin, const QString &message);
    void forget(ManagementPeer *peer);
    void tick();

    struct Console
    {
        ManagementPeer *peer = nullptr; // child
        Origin origin;
    };

    const Settings m_settings;
    Node &m_node;
    ManagementMetrics &m_metrics;
    Methods m_methods;
    Series m_series;
    Views m_views;
    Feeds m_feeds;
    Actions m_actions;
    std::vector<Console> m_consoles;
    Logins m_logins;
    QLocalServer m_local;
    std::unique_ptr<TlsListener> m_remote; ///< null: off
    QTimer m_timer; ///< every second
};

} // namespace msgsrv::management
