// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/memorywire.h"
#include "admin-gui/demo/demoview.h"
#include "shared/management/jsonrpc.h"
#include "shared/management/lineframer.h"

#include <QHash>

#include <map>

namespace msgsrv::console {

class DemoServer;

/// One console's connection to the demo server.
class DemoPeer : public QObject
{
    Q_OBJECT

public:
    DemoPeer(DemoServer &server, std::unique_ptr<MemoryWire> wire);

    /// Sends deltas, events and lines that are due.
    void tick(const std::vector<QJsonObject> &flow, const std::vector<QJsonObject> &log);
    [[nodiscard]] int watched() const
    {
        return static_cast<int>(m_views.size()) + static_cast<int>(m_subscriptions.size());
    }
    void close() { m_wire->close(); }

private:
    struct Subscription
    {
        bool flow = true;
        bool payload = false;
        int credit = 0;
        qint64 lost = 0;
        qint64 lostFrom = 0;
        QString level;
        QString pattern;
    };
    using Result = tl::expected<QJsonObject, management::Failure>;

    void read(const QByteArray &bytes);
    void answer(const management::Request &request);
    [[nodiscard]] Result call(const QString &method, const QJsonObject &params);
    [[nodiscard]] Result openView(const QJsonObject &params);
    [[nodiscard]] Result changeView(const QJsonObject &params);
    [[nodiscard]] Result subscribe(bool flow, const QJsonObject &params);
    [[nodiscard]] Result act(const QString &method, const QJsonObject &params);
    void send(const management::Notification &notification)
    {
        m_wire->send(management::toLine(notification));
    }
    void feed(qint64 id, Subscription &subscription, const QJsonObject &event);
    [[nodiscard]] static tl::unexpected<management::Failure> failure(management::ErrorCode code,
                                                                     const QString &text);
    [[nodiscard]] QJsonArray may() const;

    DemoServer &m_server;
    std::unique_ptr<MemoryWire> m_wire;
    management::LineFramer m_framer{management::usual::line};
    bool m_loggedIn = false;
    qint64 m_nextId = 1;
    std::map<qint64, DemoView> m_views;
    QHash<qint64, Subscription> m_subscriptions;
    QJsonArray m_audit;
};

} // namespace msgsrv::console
