// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/departures.h"
#include "server/net/iothreads.h"
#include "shared/base/executor.h"

#include <QByteArray>
#include <QObject>
#include <QTimer>

#include <memory>
#include <optional>
#include <vector>

namespace msgsrv {

/// Ends the connections of all I/O threads so that their clients do not come back in one instant: each is
/// told at once (ConnectionHandler::onDraining()), and they are asked to close with 1001 one after the other.
/// Connections that come later are not touched. Belongs to the thread that makes it.
class Drain final : public QObject
{
    Q_OBJECT

public:
    struct Settings
    {
        Duration spread = seconds(10); ///< the time that the closes are spread over
        Duration slowest = seconds(1); ///< between two of them, however few they are
        /// What clients are told to wait at least. They are told the length of the whole when that is longer,
        /// so that nobody is back while others are being closed.
        milliseconds leastReconnectAfter{1000};
        QByteArray reason{}; ///< of the close
    };

    /// @p threads run and outlive the drain; @p home is the executor of this thread.
    Drain(IoThreads &threads, Executor &home, Settings settings, QObject *parent = nullptr);
    ~Drain() override;

    /// Once.
    void begin();

    /// Known after counted().
    [[nodiscard]] std::size_t connections() const { return m_connections.size(); }
    [[nodiscard]] Duration length() const { return m_departures ? m_departures->length() : Duration::zero(); }

signals:
    /// It is known who is there; nobody was told yet.
    void counted();
    /// All were asked to close, and the time that is spread over has passed.
    void finished();

private:
    void gathered(std::vector<ConnectionId> ids);
    void proceed();

    IoThreads &m_threads;
    Executor &m_home;
    const Settings m_settings;
    QTimer m_timer;
    int m_missing = 0; ///< threads that have not answered
    std::vector<std::vector<ConnectionId>> m_gathered; ///< one for each thread that has
    std::vector<ConnectionId> m_connections; ///< in the order of their closes
    std::optional<Departures> m_departures;
    milliseconds m_reconnectAfter{};
    std::size_t m_told = 0;
    std::size_t m_closed = 0;
    /// Expires with the drain. Any thread may copy it; only this one asks.
    const std::shared_ptr<const int> m_alive = std::make_shared<int>(0);
};

} // namespace msgsrv
