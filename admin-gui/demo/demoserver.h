// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/wire.h"
#include "admin-gui/demo/demoworld.h"

#include <QTimer>

#include <memory>
#include <vector>

namespace msgsrv::console {

class DemoPeer;

/// A server inside the process that speaks the management protocol over in-process wires: for looking without
/// a daemon, for screenshots and for tests. Whoever logs in is an admin unless setRole() says otherwise.
class DemoServer : public QObject
{
    Q_OBJECT

public:
    explicit DemoServer(qint64 now, QObject *parent = nullptr);
    ~DemoServer() override;

    /// The client's end of a new connection.
    [[nodiscard]] std::unique_ptr<Wire> connectClient();

    /// Lets time pass by the wall clock.
    void run();
    /// Lets time pass by hand, and sends what is due.
    void advance(qint64 ms);
    [[nodiscard]] DemoWorld &world() { return m_world; }

    void setRole(const QString &role) { m_role = role; }
    /// Cuts all connections; new ones are refused while @p refuse.
    void cut(bool refuse);
    /// As if the daemon had been started anew.
    void setBoot(const QString &boot) { m_boot = boot; }

    [[nodiscard]] const QString &role() const { return m_role; }
    [[nodiscard]] const QString &boot() const { return m_boot; }
    [[nodiscard]] int peers() const { return static_cast<int>(m_peers.size()); }
    /// Views and subscriptions of all connections.
    [[nodiscard]] int watched() const;
    void forget(DemoPeer *peer);
    /// What a new subscription is told of before; a real server keeps nothing.
    [[nodiscard]] const std::vector<QJsonObject> &history(bool flow) const
    {
        return flow ? m_flowHistory : m_logHistory;
    }

private:
    DemoWorld m_world;
    QString m_role = QStringLiteral("admin");
    QString m_boot = QStringLiteral("demo0001");
    bool m_refusing = false;
    QTimer m_clock;
    std::vector<QJsonObject> m_flowHistory;
    std::vector<QJsonObject> m_logHistory;
    std::vector<std::unique_ptr<DemoPeer>> m_peers;
};

} // namespace msgsrv::console
