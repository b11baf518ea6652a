// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "server/broker/destinations.h"
#include "server/management/negotiations.h"
#include "server/management/node.h"
#include "server/metrics/processmetrics.h"
#include "server/net/connection.h"
#include "server/net/frontmetrics.h"
#include "server/net/iothreads.h"
#include "server/session/absentqueues.h"
#include "server/session/directory.h"
#include "server/session/sessionservice.h"
#include "shared/base/executor.h"

#include <atomic>

namespace msgsrv::management {

/// This process as a Node. Lives in the management thread; it asks the main thread and the I/O threads by
/// their executors, and they describe what they own some at a time.
class LiveNode final : public Node
{
public:
    struct Facts
    {
        QString boot; ///< changes with every start
        QString store; ///< a value of sessions.store
        QString broker;
    };
    /// All of it outlives the node's last task.
    struct Collaborators
    {
        Executor &managementThread;
        IoThreads &ioThreads;
        SessionService &sessions;
        SessionDirectory &directory;
        Broker &broker;
        Destinations &destinations;
        FrontMetrics &fronts;
        const SessionStore &store;
        Metrics &metrics;
        const std::atomic<bool> &stopping;
        const AbsentQueues *absent = nullptr; ///< null: nothing waits for who is not there
    };

    LiveNode(Facts facts, const Collaborators &collaborators);
    ~LiveNode() override;

    [[nodiscard]] const QString &boot() const { return m_facts.boot; }
    /// Where the negotiation columns come from; null: nowhere. It outlives the node.
    void setNegotiations(Negotiations *negotiations) { m_negotiations = negotiations; }

    void collect(std::string_view table, std::function<void(std::shared_ptr<const RowSet>)> done) override;
    [[nodiscard]] QJsonObject status() const override;
    [[nodiscard]] std::span<const Gauge> gauges() const override;
    [[nodiscard]] std::vector<double> sample() override;
    void closeSession(Session id, const QByteArray &reason, std::function<void(bool)> done) override;
    void peek(Session id, int count,
              std::function<void(std::optional<std::vector<MessagePtr>>)> done) override;
    void purge(Session id, std::function<void(std::optional<std::size_t>)> done) override;

private:
    /// Of the process, from /proc; nan: not known.
    struct ProcessFacts
    {
        double rss;
        double descriptors;
        double descriptorLimit;
        double cpuSeconds;
    };
    [[nodiscard]] ProcessFacts process() const;
    [[nodiscard]] double uptime() const;
    /// Its kind, and whether it is down.
    [[nodiscard]] QString store() const;

    using Sessions = std::vector<SessionFacts>;
    using Queues = std::vector<QueueFacts>;
    using Connections = std::vector<ConnectionFacts>;
    void collectSessions(std::function<void(Sessions)> done);
    void collectQueues(std::function<void(Queues)> done);
    void collectConnections(std::function<void(Connections)> done);
    [[nodiscard]] std::shared_ptr<const RowSet> sessionRows(Sessions sessions, const Queues &queues,
                                                            const Connections &connections);
    [[nodiscard]] std::shared_ptr<const RowSet> queueRows(const Sessions &sessions, Queues queues) const;
    [[nodiscard]] std::shared_ptr<const RowSet> nodeRow() const;

    /// Runs @p task in the management thread unless the node has gone. Any thread.
    void back(std::function<void()> task) const;
    void findKey(Session id, std::function<void(std::optional<ListeningKey>)> done);

    const Facts m_facts;
    const Collaborators m_with;
    const TimePoint m_startedAt = Clock::now();
    const QString m_name;
    ProcessMetrics m_process;
    Negotiations *m_negotiations = nullptr;
    struct Last
    {
        TimePoint at;
        double cpuSeconds;
        BrokerCounts broker;
        double strange;
    };
    std::optional<Last> m_last; ///< sample
    /// Expires with the node. Any thread may copy it; only the management thread asks.
    const std::shared_ptr<const int> m_alive = std::make_shared<int>(0);
};

} // namespace msgsrv::management
