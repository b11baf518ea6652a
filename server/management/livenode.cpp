// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/livenode.h"

#include "server/management/livetables.h"
#include "server/net/connectionsurvey.h"
#include "server/session/senderledger.h"

#include <QHash>
#include <QSet>
#include <QSysInfo>

#include <prometheus/metric_family.h>

#include <cmath>
#include <limits>
#include <utility>

namespace msgsrv::management {

namespace {

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

std::int64_t whole(double value)
{
    return std::isfinite(value) ? std::int64_t(value) : 0;
}

std::uint64_t droppedOf(const BrokerCounts &counts)
{
    std::uint64_t dropped = 0;
    for (const std::uint64_t count : counts.dropped)
        dropped += count;
    return dropped;
}

constexpr Gauge sampled[] = {
    {"sessions", "", "live sessions"},
    {"connections", "", "open connections, HTTP and WebSocket"},
    {"accepted", "1/s", "messages accepted"},
    {"delivered", "1/s", "messages delivered"},
    {"dropped", "1/s", "messages dropped"},
    {"refused", "1/s", "messages refused"},
    {"inFlight", "", "messages that wait or are being written"},
    {"strange", "1/s", "strange behaviour"},
    {"cpu", "%", "of one core"},
    {"rss", "B", "resident memory"},
    {"descriptors", "", "open file descriptors"},
};

} // namespace

LiveNode::LiveNode(Facts facts, const Collaborators &collaborators)
    : m_facts(std::move(facts))
    , m_with(collaborators)
    , m_name(QSysInfo::machineHostName())
{ }

LiveNode::~LiveNode() = default;

void LiveNode::back(std::function<void()> task) const
{
    m_with.managementThread.post([alive = std::weak_ptr(m_alive), task = std::move(task)] {
        if (!alive.expired())
            task();
    });
}

void LiveNode::collectSessions(std::function<void(Sessions)> done)
{
    m_with.sessions.survey([this, &thread = m_with.managementThread, alive = std::weak_ptr(m_alive),
                            done = std::move(done)](Sessions found) {
        thread.post([alive, done, found = std::move(found)]() mutable {
            if (!alive.expired())
                done(std::move(found));
        });
    });
}

void LiveNode::collectQueues(std::function<void(Queues)> done)
{
    m_with.broker.survey([&thread = m_with.managementThread, alive = std::weak_ptr(m_alive),
                          done = std::move(done)](Queues found) {
        thread.post([alive, done, found = std::move(found)]() mutable {
            if (!alive.expired())
                done(std::move(found));
        });
    });
}

void LiveNode::collectConnections(std::function<void(Connections)> done)
{
    struct Gathering
    {
        Connections all;
        int missing = 0;
        std::function<void(Connections)> done;
    };
    const auto gathering
        = std::make_shared<Gathering>(Gathering{{}, m_with.ioThreads.count(), std::move(done)});
    for (int i = 0; i < m_with.ioThreads.count(); ++i) {
        surveyConnections(m_with.ioThreads.at(i),
                          [&thread = m_with.managementThread, gathering,
                           alive = std::weak_ptr(m_alive)](Connections found) {
                              thread.post([gathering, alive, found = std::move(found)]() mutable {
                                  if (alive.expired())
                                      return;
                                  std::move(found.begin(), found.end(), std::back_inserter(gathering->all));
                                  if (--gathering->missing == 0)
                                      gathering->done(std::move(gathering->all));
                              });
                          });
    }
}

void LiveNode::collect(std::string_view table, std::function<void(std::shared_ptr<const RowSet>)> done)
{
    if (table == "nodes") {
        done(nodeRow());
    } else if (table == "connections") {
        collectConnections([done = std::move(done)](Connections found) {
            auto rows = std::make_shared<ConnectionRows>();
            rows->rows = std::move(found);
            rows->now = Clock::now();
            rows->nowMs = QDateTime::currentMSecsSinceEpoch();
            done(std::move(rows));
        });
    } else if (table == "destinations") {
        m_with.destinations.survey([&thread = m_with.managementThread, alive = std::weak_ptr(m_alive),
                                    done = std::move(done)](std::vector<DestinationFacts> found) {
            auto rows = std::make_shared<DestinationRows>();
            rows->rows = std::move(found);
            rows->now = Clock::now();
            thread.post([alive, done, rows] {
                if (!alive.expired())
                    done(rows);
            });
        });
    } else if (table == "queues") {
        collectSessions([this, done = std::move(done)](Sessions sessions) {
            collectQueues([this, done, sessions = std::move(sessions)](Queues queues) {
                done(queueRows(sessions, std::move(queues)));
            });
        });
    } else if (table == "sessions") {
        collectSessions([this, done = std::move(done)](Sessions sessions) {
            collectQueues([this, done, sessions = std::move(sessions)](Queues queues) mutable {
                collectConnections([this, done, sessions = std::move(sessions),
                                    queues = std::move(queues)](const Connections &connections) mutable {
                    done(sessionRows(std::move(sessions), queues, connections));
                });
            });
        });
    } else {
        done(nullptr);
    }
}

std::shared_ptr<const RowSet> LiveNode::sessionRows(Sessions sessions, const Queues &queues,
                                                    const Connections &connections)
{
    QHash<ListeningKey, const QueueFacts *> queueOf;
    for (const QueueFacts &queue : queues)
        queueOf.insert(queue.queue, &queue);
    QHash<ConnectionId, const ConnectionFacts *> connectionOf;
    for (const ConnectionFacts &connection : connections)
        connectionOf.insert(connection.id, &connection);

    auto rows = std::make_shared<SessionRows>();
    rows->node = m_name.toStdString();
    rows->now = Clock::now();
    rows->nowMs = QDateTime::currentMSecsSinceEpoch();
    rows->rows.reserve(sessions.size());
    QSet<QByteArray> users;
    for (SessionFacts &session : sessions) {
        SessionRows::Row row;
        if (const ConnectionFacts *connection = connectionOf.value(session.connection))
            row.connection = *connection;
        if (const auto entry = m_with.directory.findKey(session.key))
            row.in = entry->ledger ? std::int64_t(entry->ledger->sent()) : 0;
        if (const QueueFacts *queue = queueOf.value(session.key)) {
            row.out = outOf(*queue);
            row.backlog = std::int64_t(queue->ready + queue->unsettled);
            row.drops = std::int64_t(queue->dropped);
        }
        if (m_negotiations && m_negotiations->size() > 0) {
            row.negotiation = m_negotiations->of(session.userId.bytes());
            users.insert(session.userId.bytes());
        }
        row.session = std::move(session);
        rows->rows.push_back(std::move(row));
    }
    if (m_negotiations && m_negotiations->size() > 2 * users.size() + 1000)
        m_negotiations->keepOnly(users);
    return rows;
}

std::shared_ptr<const RowSet> LiveNode::queueRows(const Sessions &sessions, Queues queues) const
{
    QHash<ListeningKey, const SessionFacts *> owners;
    for (const SessionFacts &session : sessions)
        owners.insert(session.key, &session);
    const std::vector<AbsentQueues::Held> held
        = m_with.absent ? m_with.absent->held() : std::vector<AbsentQueues::Held>();
    QHash<ListeningKey, const AbsentQueues::Held *> places;
    for (const AbsentQueues::Held &place : held)
        places.insert(place.queue, &place);
    auto rows = std::make_shared<QueueRows>();
    rows->now = Clock::now();
    for (QueueFacts &queue : queues) {
        if (const SessionFacts *owner = owners.value(queue.queue))
            rows->rows.push_back({owner->generation, owner->userId.bytes(), std::move(queue)});
        else if (const AbsentQueues::Held *place = places.value(queue.queue))
            rows->rows.push_back({Generation::None, place->user.bytes(), std::move(queue), place->number});
    }
    return rows;
}

std::shared_ptr<const RowSet> LiveNode::nodeRow() const
{
    const QJsonObject now = status();
    const ProcessFacts facts = process();
    auto rows = std::make_shared<FixedRows>();
    // In the order of the table's columns.
    rows->rows.push_back(
        {m_name.toStdString(), std::string(MSGSRV_VERSION), now.value(u"state").toString().toStdString(),
         std::int64_t(uptime()), std::int64_t(m_with.sessions.liveCount()),
         std::int64_t(m_with.fronts.httpConnections.load() + m_with.fronts.webSocketConnections.load()),
         whole(facts.rss), whole(facts.descriptors), std::int64_t(m_with.ioThreads.count()),
         store().toStdString(), m_facts.broker.toStdString()});
    return rows;
}

QString LiveNode::store() const
{
    return m_with.store.health().up ? m_facts.store : m_facts.store + QStringLiteral(" (down)");
}

double LiveNode::uptime() const
{
    return std::chrono::duration<double>(Clock::now() - m_startedAt).count();
}

LiveNode::ProcessFacts LiveNode::process() const
{
    ProcessFacts facts{unknown, unknown, unknown, unknown};
    for (const prometheus::MetricFamily &family : m_process.Collect()) {
        if (family.metric.empty())
            continue;
        const prometheus::ClientMetric &metric = family.metric.front();
        if (family.name == "process_resident_memory_bytes")
            facts.rss = metric.gauge.value;
        else if (family.name == "process_open_fds")
            facts.descriptors = metric.gauge.value;
        else if (family.name == "process_max_fds")
            facts.descriptorLimit = metric.gauge.value;
        else if (family.name == "process_cpu_seconds_total")
            facts.cpuSeconds = metric.counter.value;
    }
    return facts;
}

QJsonObject LiveNode::status() const
{
    const BrokerCounts counts = m_with.broker.totals();
    const ProcessFacts facts = process();
    const auto number = [](auto value) { return QJsonValue(qint64(value)); };
    const QJsonObject sessions{
        {QStringLiteral("new"), number(m_with.sessions.count(SessionState::New))},
        {QStringLiteral("acked"), number(m_with.sessions.count(SessionState::Acked))},
        {QStringLiteral("detached"), number(m_with.sessions.count(SessionState::Detached))},
        {QStringLiteral("ending"), number(m_with.sessions.count(SessionState::Ending))}};
    const QJsonObject connections{
        {QStringLiteral("http"), number(m_with.fronts.httpConnections.load())},
        {QStringLiteral("websocket"), number(m_with.fronts.webSocketConnections.load())}};
    return {{QStringLiteral("version"), QStringLiteral(MSGSRV_VERSION)},
            {QStringLiteral("boot"), m_facts.boot},
            {QStringLiteral("uptime"), std::floor(uptime())},
            {QStringLiteral("state"),
             m_with.stopping.load() ? QStringLiteral("stopping") : QStringLiteral("ready")},
            {QStringLiteral("sessions"), sessions},
            {QStringLiteral("connections"), connections},
            {QStringLiteral("queues"), number(counts.queues)},
            {QStringLiteral("accepted"), number(counts.accepted)},
            {QStringLiteral("delivered"), number(counts.delivered)},
            {QStringLiteral("dropped"), number(droppedOf(counts))},
            {QStringLiteral("inFlight"), number(counts.inFlight)},
            {QStringLiteral("strange"), number(m_with.metrics.strangeTotal())},
            {QStringLiteral("rss"), number(whole(facts.rss))},
            {QStringLiteral("descriptors"), number(whole(facts.descriptors))},
            {QStringLiteral("descriptorLimit"), number(whole(facts.descriptorLimit))},
            {QStringLiteral("workers"), m_with.ioThreads.count()},
            {QStringLiteral("store"), store()},
            {QStringLiteral("broker"), m_facts.broker}};
}

std::span<const Gauge> LiveNode::gauges() const
{
    return sampled;
}

std::vector<double> LiveNode::sample()
{
    const TimePoint now = Clock::now();
    const ProcessFacts facts = process();
    const BrokerCounts counts = m_with.broker.totals();
    const double strange = m_with.metrics.strangeTotal();
    const double passed = m_last ? std::chrono::duration<double>(now - m_last->at).count() : 0;
    const auto rate = [&](double value, double before) {
        return passed > 0 ? std::max(value - before, 0.0) / passed : unknown;
    };
    const BrokerCounts before = m_last ? m_last->broker : BrokerCounts();
    constexpr double percent = 100;
    std::vector<double> values{
        double(m_with.sessions.liveCount()),
        double(m_with.fronts.httpConnections.load() + m_with.fronts.webSocketConnections.load()),
        rate(double(counts.accepted), double(before.accepted)),
        rate(double(counts.delivered), double(before.delivered)),
        rate(double(droppedOf(counts)), double(droppedOf(before))),
        rate(double(counts.refusedFull + counts.refusedNoQueue),
             double(before.refusedFull + before.refusedNoQueue)),
        double(counts.inFlight),
        rate(strange, m_last ? m_last->strange : 0),
        percent * rate(facts.cpuSeconds, m_last ? m_last->cpuSeconds : 0),
        facts.rss,
        facts.descriptors};
    m_last = Last{now, facts.cpuSeconds, counts, strange};
    return values;
}

void LiveNode::closeSession(Session id, const QByteArray &reason, std::function<void(bool)> done)
{
    m_with.sessions.close(Generation(id), reason,
                          [&thread = m_with.managementThread, alive = std::weak_ptr(m_alive),
                           done = std::move(done)](bool closed) {
                              thread.post([alive, done, closed] {
                                  if (!alive.expired())
                                      done(closed);
                              });
                          });
}

void LiveNode::findKey(Session id, std::function<void(std::optional<ListeningKey>)> done)
{
    m_with.sessions.findKey(Generation(id),
                            [&thread = m_with.managementThread, alive = std::weak_ptr(m_alive),
                             done = std::move(done)](const std::optional<ListeningKey> &key) {
                                thread.post([alive, done, key] {
                                    if (!alive.expired())
                                        done(key);
                                });
                            });
}

void LiveNode::peek(Session id, int count, std::function<void(std::optional<std::vector<MessagePtr>>)> done)
{
    findKey(id, [this, count, done = std::move(done)](const std::optional<ListeningKey> &key) {
        if (!key)
            return done(std::nullopt);
        m_with.broker.peek(*key, count,
                           [&thread = m_with.managementThread, alive = std::weak_ptr(m_alive),
                            done](const std::optional<std::vector<MessagePtr>> &messages) {
                               thread.post([alive, done, messages] {
                                   if (!alive.expired())
                                       done(messages);
                               });
                           });
    });
}

void LiveNode::purge(Session id, std::function<void(std::optional<std::size_t>)> done)
{
    findKey(id, [this, done = std::move(done)](const std::optional<ListeningKey> &key) {
        if (!key)
            return done(std::nullopt);
        m_with.broker.purge(*key,
                            [&thread = m_with.managementThread, alive = std::weak_ptr(m_alive),
                             done](std::optional<std::size_t> purged) {
                                thread.post([alive, done, purged] {
                                    if (!alive.expired())
                                        done(purged);
                                });
                            });
    });
}

} // namespace msgsrv::management
