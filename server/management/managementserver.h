// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/management/actions.h"
#include "server/management/feeds.h"
#include "server/management/localsocket.h"
#include "server/management/managementpeer.h"
#include "server/management/methods.h"
#include "server/management/node.h"
#include "server/management/series.h"
#include "server/management/views.h"
#include "server/metrics/metrics.h"

#include <QLocalServer>
#include <QObject>
#include <QString>
#include <QTimer>

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <vector>

namespace msgsrv::management {

/// What the management counts. Any thread.
class ManagementMetrics
{
public:
    explicit ManagementMetrics(Metrics &metrics);

    void refusedLogin() { m_refusedLogins.Increment(); }
    void closed(ManagementPeer::Closing reason) { m_closed[std::size_t(reason)]->Increment(); }
    void rejected() { m_rejected.Increment(); }
    /// Shared with the metrics, which may ask after the server has gone.
    std::shared_ptr<std::atomic<std::int64_t>> consoles = std::make_shared<std::atomic<std::int64_t>>(0);

private:
    prometheus::Counter &m_refusedLogins;
    prometheus::Counter &m_rejected;
    std::array<prometheus::Counter *, 3> m_closed{};
};

/// Everything that speaks the management protocol: docs/management-protocol.md. Lives in the management
/// thread.
class ManagementServer final : public QObject
{
    Q_OBJECT

public:
    struct Settings
    {
        QString boot; ///< changes with every start
        QString group; ///< whose members are operators; empty: none
        bool addresses = false; ///< whole client addresses for every role
        int consoles = 0; ///< at a time; 0: unlimited
        ManagementPeer::Limits peer{};
    };

    /// @p node, @p tap and @p metrics outlive the server.
    ManagementServer(Settings settings, Node &node, FlowTap &tap, ManagementMetrics &metrics);
    ~ManagementServer() override;

    /// Accepts from @p descriptor, a listening local socket, and owns it.
    void listen(int descriptor);

    /// Who is at the other end of a wire, before any login.
    struct Origin
    {
        std::optional<PeerCredentials> credentials; ///< of a local peer
    };
    /// Greets a console.
    void accept(std::unique_ptr<Wire> wire, const Origin &origin);

    [[nodiscard]] Feeds &feeds() { return m_feeds; }
    [[nodiscard]] const Methods &methods() const { return m_methods; }

private:
    void addMethods();
    void login(const Call &call);
    void refuseLogin(const Call &call, const QString &message);
    void forget(ManagementPeer *peer);
    void tick();

    struct Console
    {
        ManagementPeer *peer; // child
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
    QLocalServer m_local;
    QTimer m_timer; ///< every second
};

} // namespace msgsrv::management
