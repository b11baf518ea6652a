// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "server/metrics/metrics.h"
#include "server/session/absentqueues.h"
#include "server/session/directory.h"
#include "server/session/presence.h"
#include "server/session/senderledger.h"
#include "server/session/sessionmachine.h"
#include "server/session/sessions.h"
#include "shared/base/executor.h"
#include "shared/signaling/connectionport.h"

#include <QHash>
#include <QObject>
#include <QSet>

#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace msgsrv {

/// What a management console shows of one session.
struct SessionFacts
{
    Generation generation = Generation::None; ///< the only name by which others may call it
    UserId userId;
    ListeningKey key; ///< secret
    const char *state = ""; ///< new, acked, detached, ending
    qint64 createdAtMs = 0; ///< Unix time
    ConnectionId connection = ConnectionId::None;
};

/// A session that the store keeps, and its queue.
struct KeptSession
{
    Generation generation = Generation::None;
    ListeningKey key;
    bool hadConsumer = false; ///< somebody had subscribed to the queue
};

/// The sessions of this process: keeps their state, feeds the state machine with what the transports, the
/// broker, the store and the clock tell, and carries out what it answers.
///
/// Lives in the main thread, which owns everything in it that is not said to be atomic. The functions of
/// Sessions may be called from any thread while the service exists; what they posted before its end is
/// discarded. Signals of the broker are posted to the main thread as well and never handled in place, so
/// an effect on the broker cannot re-enter the service.
class SessionService final : public QObject, public Sessions
{
    Q_OBJECT

public:
    /// What becomes of a userId that has a session when another wants it.
    enum class Conflict {
        Reject, ///< who has it keeps it
        Probe, ///< who has it keeps it as long as its connection shows a sign of life
        Replace, ///< the newcomer gets it
    };

    struct Settings
    {
        SessionMachine::Settings session;
        /// The longest that a session may outlive a break of its connection; zero: not at all.
        Duration resumeWindow = Duration::zero();
        bool resumeUnasked = false; ///< also for clients that do not ask
        Conflict conflict = Conflict::Reject;
        Duration sweepInterval = seconds(30); ///< between inspections of the broker; zero: none
        QSet<UserId> reserved{}; ///< logins of accounts, which open() answers as UserIdTaken
        int retryAfterSeconds = 5; ///< told to those who come while draining, or while the store is away
    };

    /// Where time comes from.
    using Now = std::function<TimePoint()>;

    /// What the service works with; all of it outlives the service.
    struct Collaborators
    {
        Executor &mainThread;
        Broker &broker;
        SessionStore &store;
        SessionDirectory &directory;
        ConnectionPort &connections;
        Metrics &metrics;
        SenderLedgers *ledgers = nullptr; ///< null: what a session sent is not kept
        AbsentQueues *absent = nullptr; ///< null: nothing waits for who is not there
        Presence *presence = nullptr; ///< null: nobody is told who is there
    };

    SessionService(const Settings &settings, const Collaborators &collaborators, Now now = &Clock::now,
                   QObject *parent = nullptr);
    ~SessionService() override;

    /// Takes over the sessions of an earlier run: their keys are valid, their userIds taken, their queues
    /// empty until QueueSaver puts back what waited; nobody is attached to them. Their time begins anew. Main
    /// thread, before anything else.
    void restore(const StoredSessions &stored);

    void open(const OpenRequest &request,
              std::function<void(tl::expected<OpenedSession, Problem>)> done) override;
    void end(const ListeningKey &key, std::function<void(tl::expected<void, Problem>)> done) override;
    void attach(const AttachRequest &request,
                std::function<void(tl::expected<AttachedSession, AttachRefusal>)> done) override;
    void connectionClosed(const ListeningKey &key, ConnectionId connection, ConnectionEnd how) override;

    /// Ends a live session; its connection is closed at once with 4002 and @p reason. False: there is none.
    /// Any thread; @p done is called in the main thread, unless the service has gone.
    void close(Generation generation, const QByteArray &reason, std::function<void(bool)> done);
    /// The key of a live session. As close().
    void findKey(Generation generation, std::function<void(std::optional<ListeningKey>)> done);
    /// All sessions but those that the store has not confirmed. As close().
    void survey(std::function<void(std::vector<SessionFacts>)> done);

    /// Handles every deadline up to @p now. The owner's timer calls it about every 250 ms. Main thread.
    void tick(TimePoint now);

    /// From now on open() is answered Draining and so is attach() with good credentials; sessions that are
    /// attached go on. Those that are not cannot be attached now, so none of them runs out of time. Main
    /// thread.
    void drain();
    /// The live sessions that the store has. Main thread.
    [[nodiscard]] std::vector<KeptSession> kept() const;

    /// Sessions in @p state (New, Acked, Detached or Ending; others count 0). Any thread.
    [[nodiscard]] qint64 count(SessionState state) const;
    /// Sessions whose key is valid. Any thread.
    [[nodiscard]] qint64 liveCount() const;

private:
    struct Entry
    {
        Session session;
        std::optional<TimePoint> filedAt; ///< where m_deadlines has it
    };
    struct KeyHash
    {
        std::size_t operator()(const ListeningKey &key) const noexcept
        {
            return qHash(key, QHashSeed::globalSeed());
        }
    };
    /// Shared with the metrics, which may ask after the service has gone.
    struct Counts
    {
        std::array<std::atomic<qint64>, 6> byState{}; ///< index: SessionState
        std::atomic<bool> draining{false};
    };

    /// Runs @p task in the main thread, unless the service has gone by then. Any thread.
    void hop(std::function<void()> task);

    using OpenDone = std::function<void(tl::expected<OpenedSession, Problem>)>;
    void openHere(const OpenRequest &request, const OpenDone &done);
    void resolveConflict(const OpenRequest &request, const OpenDone &done);
    /// To who wanted the end of a session: its record is gone, or may still be there.
    void answerEnder(const ListeningKey &key, bool gone);
    [[nodiscard]] tl::expected<AttachedSession, AttachRefusal> attachHere(const AttachRequest &request);
    [[nodiscard]] Session *liveSession(const ListeningKey &key);
    [[nodiscard]] Duration granted(const std::optional<Duration> &wish) const;

    void surveyFrom(std::size_t bucket, std::size_t buckets, std::vector<SessionFacts> found,
                    std::function<void(std::vector<SessionFacts>)> done);

    /// By value: the session that an event forgets may own the key.
    void apply(ListeningKey key, const SessionEvent::Any &event, TimePoint now);
    void noteTransition(const Session &session, SessionState before);
    void file(Entry &entry);

    void carryOut(const Session &session, SessionEffect::ReserveQueue);
    void carryOut(const Session &session, SessionEffect::RemoveQueue);
    void carryOut(const Session &session, const SessionEffect::DetachQueue &effect);
    void carryOut(const Session &session, SessionEffect::PublishToDirectory);
    void carryOut(const Session &session, SessionEffect::WithdrawFromDirectory);
    void carryOut(const Session &session, const SessionEffect::CloseConnection &effect);
    void carryOut(const Session &session, SessionEffect::StoreUpdate);
    void carryOut(const Session &session, SessionEffect::StoreRemove);
    void carryOut(const Session &session, const SessionEffect::ReportStrange &effect);
    void carryOut(const Session &session, SessionEffect::Forget);

    void inspect(TimePoint now);
    void compareWith(const QSet<ListeningKey> &queues, TimePoint begun);

    const Settings m_settings;
    const Collaborators m_with;
    const Now m_now;
    const SessionMachine m_machine;
    const std::shared_ptr<Counts> m_counts = std::make_shared<Counts>();
    std::array<prometheus::Counter *, endReasonCount> m_endedCounters{};
    prometheus::Counter &m_openedCounter;
    prometheus::Counter &m_restoredCounter;
    prometheus::Counter &m_aliveCounter;
    prometheus::Counter &m_deadCounter;

    std::unordered_map<ListeningKey, Entry, KeyHash> m_sessions;
    std::unordered_map<Generation, ListeningKey> m_keys; ///< of all in m_sessions
    /// Whose userId is taken: Opening and live sessions.
    QHash<UserId, ListeningKey> m_users;
    std::map<std::pair<TimePoint, Generation>, ListeningKey> m_deadlines;
    /// Who is told when the record of an ended session is removed.
    std::unordered_map<ListeningKey, std::function<void(tl::expected<void, Problem>)>, KeyHash> m_enders;
    std::uint64_t m_lastGeneration = 0;
    std::optional<TimePoint> m_nextInspection;
    std::uint64_t m_inspection = 0; ///< the latest; answers to older ones are not looked at
    bool m_draining = false;
    /// Expires with the service. Any thread may copy it; only the main thread asks.
    const std::shared_ptr<const int> m_alive = std::make_shared<int>(0);
};

} // namespace msgsrv
