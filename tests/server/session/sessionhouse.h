// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/embeddedbroker.h"
#include "server/session/sessionservice.h"
#include "tests/server/broker/lossybroker.h"
#include "tests/server/broker/recordingport.h"
#include "tests/server/session/manualexecutor.h"
#include "tests/server/session/scriptedstore.h"

#include <optional>
#include <string>
#include <vector>

namespace msgsrv {

/// Keeps which connections were asked to close, and with which code.
class RecordingConnections final : public ConnectionPort
{
public:
    struct Request
    {
        ConnectionId connection = ConnectionId::None;
        int code = 0;
        friend bool operator==(const Request &, const Request &) = default;
    };
    std::vector<Request> requests;

    void requestClose(ConnectionId connection, quint16 code, const QByteArray &) override
    {
        requests.push_back({connection, code});
    }
    void probe(ConnectionId connection, std::function<void(bool)> done) override
    {
        probed.push_back(connection);
        m_probes.push_back(std::move(done));
    }
    /// Answers the oldest probe.
    void answerProbe(bool alive)
    {
        const auto done = std::move(m_probes.front());
        m_probes.erase(m_probes.begin());
        done(alive);
    }
    std::vector<ConnectionId> probed;

private:
    std::vector<std::function<void(bool)>> m_probes;
};

inline UserId user(const char *name)
{
    return UserId::parse(name).value();
}

/// A session service with everything it needs, under a clock and an executor that the test moves.
struct SessionHouse
{
    TimePoint now{seconds(1000)};
    ManualExecutor mainThread;
    RecordingPort deliveries;
    EmbeddedBroker queues{{}, deliveries};
    LossyBroker broker{queues};
    ScriptedStore store;
    SessionDirectory directory;
    RecordingConnections connections;
    Metrics metrics;
    SessionService::Settings settings;
    std::optional<SessionService> service;

    SessionHouse() { start(); }

    void start()
    {
        service.emplace(
            settings,
            SessionService::Collaborators{mainThread, broker, store, directory, connections, metrics},
            [this] { return now; });
    }

    /// Lets everything that is under way happen.
    void settle()
    {
        while (mainThread.runOne() || store.answerOne()) { }
    }

    /// The end of the process and the start of the next one over the same store: nothing but that is left.
    void restart()
    {
        service.reset();
        const auto drop = [this](const ListeningKey &key) { queues.remove(key, DropReason::SessionEnded); };
        for (const SessionRecord &record : std::as_const(store.records)) {
            drop(record.key);
            directory.remove(record.key, record.generation);
        }
        start();
        StoredSessions stored;
        for (const SessionRecord &record : std::as_const(store.records)) {
            stored.records.push_back(record);
            stored.records.back().key = ListeningKey::fromDigest(record.key.digest());
            stored.youngest = std::max(stored.youngest, record.generation);
        }
        mainThread.inside([&] { service->restore(stored); });
        settle();
    }

    using OpenResult = tl::expected<OpenedSession, Problem>;
    using AttachResult = tl::expected<AttachedSession, AttachRefusal>;

    OpenResult open(const char *name, const ListeningKey &key = {})
    {
        std::optional<OpenResult> result;
        service->open({user(name), "ws://host/ws", key}, [&](OpenResult r) { result = std::move(r); });
        settle();
        return result.value();
    }

    AttachResult attach(ConnectionId connection, const QByteArray &login, const ListeningKey &passcode)
    {
        std::optional<AttachResult> result;
        service->attach({connection, login, passcode}, [&](AttachResult r) { result = std::move(r); });
        settle();
        return result.value();
    }

    /// Subscribes as the connection's thread does; its event is not yet handled.
    bool subscribe(const ListeningKey &key, ConnectionId connection)
    {
        bool result = false;
        broker.subscribe(key, connection, [&](bool subscribed) { result = subscribed; });
        return result;
    }

    /// A session that @p connection is attached and subscribed to.
    ListeningKey acked(const char *name, ConnectionId connection)
    {
        const ListeningKey key = open(name).value().key;
        (void)attach(connection, name, key).value();
        if (!subscribe(key, connection))
            qFatal("not subscribed");
        settle();
        return key;
    }

    /// Whether the key ended a session, or the problem.
    tl::expected<void, Problem> end(const ListeningKey &key)
    {
        std::optional<tl::expected<void, Problem>> result;
        service->end(key, [&](tl::expected<void, Problem> r) { result = std::move(r); });
        settle();
        return result.value();
    }

    void closed(const ListeningKey &key, ConnectionId connection, ConnectionEnd how = ConnectionEnd::Finished)
    {
        service->connectionClosed(key, connection, how);
        settle();
    }

    /// Time passes in steps like those of the owner's timer.
    void pass(Duration duration, Duration step = milliseconds(250))
    {
        const TimePoint end = now + duration;
        while (now < end) {
            now = std::min(end, now + step);
            tickNow();
        }
    }

    void tickNow()
    {
        mainThread.inside([this] { service->tick(now); });
        settle();
    }

    PublishResult publish(const ListeningKey &key)
    {
        auto message = std::make_shared<Message>();
        message->id = "m";
        message->body = "{}";
        PublishResult result;
        broker.publish(key, message, Broker::Tell::Acceptance, [&](PublishResult r) { result = r; });
        return result;
    }

    /// The value of the line of the metrics' text that begins with @p series, or -1.
    double metric(const std::string &series) const
    {
        const std::string text = "\n" + metrics.render();
        const std::size_t at = text.find("\n" + series + ' ');
        return at == std::string::npos ? -1 : std::stod(text.substr(at + series.size() + 2));
    }

    double strange(Strange kind) const
    {
        return metric(std::string("messaging_strange_behaviour_total{kind=\"") + toString(kind) + "\"}");
    }

    qint64 count(SessionState state) const { return service->count(state); }
    qint64 sessions() const
    {
        return count(SessionState::New) + count(SessionState::Acked) + count(SessionState::Ending);
    }
};

} // namespace msgsrv
