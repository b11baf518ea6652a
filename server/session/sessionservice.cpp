// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/sessionservice.h"

#include "shared/base/log.h"

#include <QDateTime>
#include <QLoggingCategory>

#include <algorithm>
#include <utility>
#include <vector>

namespace msgsrv {

namespace {

Q_LOGGING_CATEGORY(lcSession, "msgsrv.session", QtInfoMsg)

/// Takes as long for a wrong key as for the right one.
bool equalInConstantTime(const ListeningKey::Digest &a, const ListeningKey::Digest &b)
{
    unsigned char difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i)
        difference = static_cast<unsigned char>(difference | (a[i] ^ b[i]));
    return difference == 0;
}

Strange strangeFor(EndReason reason)
{
    Q_ASSERT(reason == EndReason::UnackedExpired || reason == EndReason::QueueLost);
    return reason == EndReason::QueueLost ? Strange::QueueLost : Strange::UnackedExpired;
}

DropReason dropReasonFor(EndReason reason)
{
    const bool expired = reason == EndReason::UnackedExpired || reason == EndReason::ResumeExpired;
    return expired ? DropReason::Expired : DropReason::SessionEnded;
}

const char *labelFor(SessionState state)
{
    switch (state) {
    case SessionState::New:
        return "new";
    case SessionState::Acked:
        return "acked";
    case SessionState::Detached:
        return "detached";
    case SessionState::Ending:
        return "ending";
    case SessionState::Opening:
    case SessionState::Forgotten:
        break;
    }
    return nullptr;
}

constexpr SessionState countedStates[]
    = {SessionState::New, SessionState::Acked, SessionState::Detached, SessionState::Ending};

prometheus::Counter &probes(Metrics &metrics, const char *found)
{
    return metrics.counter(
        "messaging_probes_total",
        "Connections that were asked for a sign of life, because another wanted the userId.",
        {{"found", found}});
}

} // namespace
SessionService::SessionService(const Settings &settings, const Collaborators &collaborators, Now now,
                               QObject *parent)
    : QObject(parent)
    , m_settings(settings)
    , m_with(collaborators)
    , m_now(std::move(now))
    , m_machine(settings.session)
    , m_openedCounter(m_with.metrics.counter("messaging_sessions_opened_total", "Sessions opened."))
    , m_restoredCounter(m_with.metrics.counter("messaging_sessions_restored_total",
                                               "Sessions of an earlier run that the store had."))
    , m_aliveCounter(probes(m_with.metrics, "alive"))
    , m_deadCounter(probes(m_with.metrics, "dead"))
{
    for (const SessionState state : countedStates) {
        m_with.metrics.addGauge(
            "messaging_sessions", "Sessions by state.", {{"state", labelFor(state)}},
            [counts = m_counts, state] { return double(counts->byState[std::size_t(state)].load()); });
    }
    m_with.metrics.addGauge("messaging_draining", "1: the server stops, and takes no new sessions.", {},
                            [counts = m_counts] { return counts->draining.load() ? 1.0 : 0.0; });
    for (int i = int(EndReason::ClientEnded); i < endReasonCount; ++i) {
        if (EndReason(i) == EndReason::StoreRefused)
            continue; // it never was a session
        m_endedCounters[std::size_t(i)]
            = &m_with.metrics.counter("messaging_sessions_ended_total", "Sessions ended, by reason.",
                                      {{"reason", toString(EndReason(i))}});
    }

    // In the thread that emits; the functions themselves only post.
    connect(
        &m_with.broker, &Broker::queueCreated, this,
        [this](const ListeningKey &queue, ConnectionId consumer) {
            m_with.mainThread.post([this, alive = std::weak_ptr(m_alive), queue, consumer] {
                if (!alive.expired())
                    apply(queue, SessionEvent::QueueCreated{consumer}, m_now());
            });
        },
        Qt::DirectConnection);
    connect(
        &m_with.broker, &Broker::queueDeleted, this,
        [this](const ListeningKey &queue, ConnectionId consumer) {
            m_with.mainThread.post([this, alive = std::weak_ptr(m_alive), queue, consumer] {
                if (!alive.expired())
                    apply(queue, SessionEvent::QueueDeleted{consumer}, m_now());
            });
        },
        Qt::DirectConnection);
}

SessionService::~SessionService() = default;

void SessionService::hop(std::function<void()> task)
{
    m_with.mainThread.run([alive = std::weak_ptr(m_alive), task = std::move(task)] {
        if (!alive.expired())
            task();
    });
}

void SessionService::restore(const StoredSessions &stored)
{
    Q_ASSERT(m_sessions.empty());
    m_lastGeneration = std::uint64_t(stored.youngest);
    for (const SessionRecord &record : stored.records) {
        m_lastGeneration = std::max(m_lastGeneration, std::uint64_t(record.generation));
        if (m_settings.reserved.contains(record.userId) || m_users.contains(record.userId)) {
            m_with.store.remove(record.key, record.generation,
                                [](StoreStatus) {}); // else the next start does
            continue;
        }
        Session session;
        session.userId = record.userId;
        session.key = record.key;
        session.generation = record.generation;
        session.address = record.address;
        session.createdAtMs = record.createdAtMs;
        m_users.insert(record.userId, record.key);
        m_sessions.try_emplace(record.key, Entry{std::move(session), std::nullopt});
        m_keys.emplace(record.generation, record.key);
        apply(record.key, SessionEvent::Restored{record.acked, m_settings.resumeWindow}, m_now());
    }
    if (!m_sessions.empty())
        log::info(lcSession(), "session.restored", {{"count", m_sessions.size()}});
}

void SessionService::open(const OpenRequest &request, OpenDone done)
{
    hop([this, request, done = std::move(done)] { openHere(request, done); });
}

void SessionService::openHere(const OpenRequest &request, const OpenDone &done)
{
    const UserId &userId = request.userId;
    Q_ASSERT(!userId.isNull());
    if (m_draining) {
        done(tl::unexpected(Problem{ProblemCause::Draining, "This server takes no new sessions.",
                                    m_settings.retryAfterSeconds}));
        return;
    }
    if (m_settings.reserved.contains(userId)) {
        done(tl::unexpected(Problem{ProblemCause::UserIdTaken, "This userId is reserved.", 0}));
        return;
    }
    if (m_users.contains(userId))
        return resolveConflict(request, done);

    Session session;
    session.userId = userId;
    session.key = m_with.absent ? m_with.absent->promise(userId) : ListeningKey::generate();
    session.generation = Generation(++m_lastGeneration);
    session.address = request.address;
    session.createdAtMs = QDateTime::currentMSecsSinceEpoch();
    const OpenedSession opened{session.userId, session.key, session.generation};
    const SessionRecord record = session.record();
    m_users.insert(userId, session.key);
    m_sessions.try_emplace(opened.key, Entry{std::move(session), std::nullopt});
    m_keys.emplace(opened.generation, opened.key);

    m_with.store.insert(
        record,
        [this, alive = std::weak_ptr(m_alive), executor = &m_with.mainThread,
         retryAfter = m_settings.retryAfterSeconds, opened, done](StoreStatus status) {
            executor->run([this, alive, retryAfter, opened, done, status] {
                if (alive.expired())
                    return;
                if (status == StoreStatus::Ok) {
                    apply(opened.key, SessionEvent::Stored{}, m_now());
                    done(opened);
                    return;
                }
                apply(opened.key, SessionEvent::StoreFailed{}, m_now());
                if (m_with.absent)
                    m_with.absent->failed(opened.userId, opened.key);
                if (status == StoreStatus::Conflict) {
                    done(tl::unexpected(Problem{ProblemCause::UserIdTaken,
                                                QByteArrayLiteral("This userId has a session."), 0}));
                } else {
                    done(tl::unexpected(Problem{ProblemCause::Unavailable,
                                                QByteArrayLiteral("The session store cannot be reached."),
                                                retryAfter}));
                }
            });
        });
}

/// The userId has a session, or one that is being stored.
void SessionService::resolveConflict(const OpenRequest &request, const OpenDone &done)
{
    const auto refuse = [](const OpenDone &whom) {
        whom(tl::unexpected(
            Problem{ProblemCause::UserIdTaken, QByteArrayLiteral("This userId has a session."), 0}));
    };
    const Session *const session = liveSession(m_users.value(request.userId));
    if (!session)
        return refuse(done);
    if (!request.key.isNull() && equalInConstantTime(session->key.digest(), request.key.digest())) {
        // The key as presented: of a restored session only the digest is known.
        done(OpenedSession{session->userId, request.key, session->generation});
        return;
    }
    const auto supersede = [this, request, done](const ListeningKey &key) {
        apply(key, SessionEvent::Superseded{}, m_now());
        openHere(request, done);
    };
    switch (m_settings.conflict) {
    case Conflict::Reject:
        return refuse(done);
    case Conflict::Replace:
        return supersede(session->key);
    case Conflict::Probe:
        break;
    }
    if (session->state == SessionState::Detached)
        return supersede(session->key);
    if (session->connection == ConnectionId::None)
        return refuse(done); // it has begun a moment ago, and connects soon
    m_with.connections.probe(
        session->connection,
        [this, alive = std::weak_ptr(m_alive), executor = &m_with.mainThread, key = session->key,
         connection = session->connection, refuse, supersede, request, done](bool answered) {
            executor->run([this, alive, key, connection, refuse, supersede, request, done, answered] {
                if (alive.expired())
                    return;
                (answered ? m_aliveCounter : m_deadCounter).Increment();
                const Session *const incumbent = liveSession(key);
                // Nobody there any more, or a new connection that was not asked.
                if (!incumbent)
                    m_users.contains(request.userId) ? refuse(done) : openHere(request, done);
                else if (answered || incumbent->connection != connection)
                    refuse(done);
                else
                    supersede(key);
            });
        });
}

void SessionService::end(const ListeningKey &key, std::function<void(tl::expected<void, Problem>)> done)
{
    hop([this, key, done = std::move(done)] {
        if (!liveSession(key)) {
            done(tl::unexpected(
                Problem{ProblemCause::UnknownKey, QByteArrayLiteral("This key is no live session's."), 0}));
            return;
        }
        m_enders.emplace(key, done);
        apply(key, SessionEvent::EndRequested{}, m_now());
    });
}

void SessionService::answerEnder(const ListeningKey &key, bool gone)
{
    const auto ender = m_enders.extract(key);
    if (ender.empty())
        return;
    if (gone) {
        ender.mapped()({});
        return;
    }
    ender.mapped()(tl::unexpected(Problem{ProblemCause::Unavailable,
                                          QByteArrayLiteral("The session has ended, but that is not on the "
                                                            "disk yet: after a crash it may be there again."),
                                          m_settings.retryAfterSeconds}));
}

void SessionService::close(Generation generation, const QByteArray &reason, std::function<void(bool)> done)
{
    hop([this, generation, reason, done = std::move(done)] {
        const auto key = m_keys.find(generation);
        const bool live = key != m_keys.end() && liveSession(key->second);
        if (live)
            apply(key->second, SessionEvent::CloseRequested{reason}, m_now());
        done(live);
    });
}

void SessionService::findKey(Generation generation, std::function<void(std::optional<ListeningKey>)> done)
{
    hop([this, generation, done = std::move(done)] {
        const auto key = m_keys.find(generation);
        done(key != m_keys.end() && liveSession(key->second) ? std::optional(key->second) : std::nullopt);
    });
}

void SessionService::survey(std::function<void(std::vector<SessionFacts>)> done)
{
    hop([this, done = std::move(done)]() mutable {
        surveyFrom(0, m_sessions.bucket_count(), {}, std::move(done));
    });
}

/// Some at a time, so that the main thread is never busy with it for long. When the table grows meanwhile its
/// order changes, and the survey begins again.
void SessionService::surveyFrom(std::size_t bucket, std::size_t buckets, std::vector<SessionFacts> found,
                                std::function<void(std::vector<SessionFacts>)> done)
{
    if (buckets != m_sessions.bucket_count()) {
        found.clear();
        bucket = 0;
        buckets = m_sessions.bucket_count();
    }
    constexpr std::size_t bucketsAtOnce = 1000;
    const std::size_t end = std::min(bucket + bucketsAtOnce, buckets);
    for (; bucket < end; ++bucket) {
        for (auto it = m_sessions.cbegin(bucket); it != m_sessions.cend(bucket); ++it) {
            const Session &session = it->second.session;
            if (!labelFor(session.state))
                continue;
            found.push_back({session.generation, session.userId, session.key, labelFor(session.state),
                             session.createdAtMs, session.connection});
        }
    }
    if (end == buckets) {
        done(std::move(found));
        return;
    }
    m_with.mainThread.post([this, alive = std::weak_ptr(m_alive), bucket, buckets, found = std::move(found),
                            done = std::move(done)]() mutable {
        if (!alive.expired())
            surveyFrom(bucket, buckets, std::move(found), std::move(done));
    });
}

void SessionService::attach(const AttachRequest &request,
                            std::function<void(tl::expected<AttachedSession, AttachRefusal>)> done)
{
    hop([this, request, done = std::move(done)] { done(attachHere(request)); });
}

tl::expected<AttachedSession, AttachRefusal> SessionService::attachHere(const AttachRequest &request)
{
    Q_ASSERT(request.connection != ConnectionId::None);
    // The session is looked up by its user and never by the presented key, which is compared only.
    const auto userId = UserId::parse({request.login.constData(), std::size_t(request.login.size())});
    const auto key = userId ? m_users.constFind(*userId) : m_users.cend();
    const Session *session = key != m_users.cend() ? liveSession(*key) : nullptr;
    if (!session || !equalInConstantTime(session->key.digest(), request.passcode.digest()))
        return tl::unexpected(AttachRefusal::BadCredentials);
    if (m_draining)
        return tl::unexpected(AttachRefusal::Draining);
    const bool resumed = session->state == SessionState::Detached
        || (session->connection != ConnectionId::None && session->connection != request.connection);
    AttachedSession attached{session->userId, session->key, session->generation, granted(request.resume),
                             resumed};
    apply(attached.key, SessionEvent::Attached{request.connection, attached.resumeWindow}, m_now());
    return attached;
}

Duration SessionService::granted(const std::optional<Duration> &wish) const
{
    if (wish)
        return std::clamp(*wish, Duration::zero(), m_settings.resumeWindow);
    return m_settings.resumeUnasked ? m_settings.resumeWindow : Duration::zero();
}

void SessionService::connectionClosed(const ListeningKey &key, ConnectionId connection, ConnectionEnd how)
{
    hop([this, key, connection, how] {
        apply(key, SessionEvent::ConnectionClosed{connection, how == ConnectionEnd::Broken}, m_now());
    });
}

void SessionService::drain()
{
    m_draining = true;
    m_counts->draining = true;
    log::info(lcSession(), "session.draining", {{"live", liveCount()}});
}

std::vector<KeptSession> SessionService::kept() const
{
    std::vector<KeptSession> found;
    for (const auto &[key, entry] : m_sessions) {
        const Session &session = entry.session;
        if (session.isLive() && session.stored)
            found.push_back({session.generation, key, session.state != SessionState::New});
    }
    return found;
}

qint64 SessionService::count(SessionState state) const
{
    return labelFor(state) ? m_counts->byState[std::size_t(state)].load() : 0;
}

qint64 SessionService::liveCount() const
{
    return count(SessionState::New) + count(SessionState::Acked) + count(SessionState::Detached);
}

Session *SessionService::liveSession(const ListeningKey &key)
{
    const auto it = m_sessions.find(key);
    return it != m_sessions.end() && it->second.session.isLive() ? &it->second.session : nullptr;
}

void SessionService::tick(TimePoint now)
{
    for (auto filed = m_deadlines.cbegin(); filed != m_deadlines.cend() && filed->first.first <= now;) {
        const auto [due, key] = *filed;
        const Session &session = m_sessions.at(key).session;
        Q_ASSERT(session.deadline() == due.first);
        if (!m_draining || !session.isLive())
            apply(key, SessionEvent::Tick{}, now);
        filed = m_deadlines.upper_bound(due);
    }
    if (m_settings.sweepInterval <= Duration::zero())
        return;
    if (!m_nextInspection)
        m_nextInspection = now + m_settings.sweepInterval;
    if (now >= *m_nextInspection) {
        m_nextInspection = now + m_settings.sweepInterval;
        inspect(now);
    }
}

void SessionService::inspect(TimePoint now)
{
    const std::uint64_t number = ++m_inspection;
    m_with.broker.inspect([this, alive = std::weak_ptr(m_alive), executor = &m_with.mainThread, number,
                           now](const QSet<ListeningKey> &queues) {
        executor->run([this, alive, number, now, queues] {
            if (!alive.expired() && number == m_inspection)
                compareWith(queues, now);
        });
    });
}

void SessionService::compareWith(const QSet<ListeningKey> &queues, TimePoint begun)
{
    std::vector<std::pair<ListeningKey, bool>> findings;
    for (const auto &[key, entry] : m_sessions) {
        if (entry.session.state != SessionState::Acked)
            continue;
        const bool exists = queues.contains(key);
        if (!exists || entry.session.missingSince)
            findings.emplace_back(key, exists);
    }
    bool toBeConfirmed = false;
    for (const auto &[key, exists] : findings) {
        apply(key, SessionEvent::Inspected{begun, exists}, m_now());
        const Session *session = liveSession(key);
        toBeConfirmed = toBeConfirmed || (session && session->missingSince);
    }
    if (toBeConfirmed)
        m_nextInspection = std::min(*m_nextInspection, begun + m_settings.session.lostConfirmation);
}

void SessionService::apply(ListeningKey key, const SessionEvent::Any &event, TimePoint now)
{
    const auto it = m_sessions.find(key);
    if (it == m_sessions.end())
        return; // a late event of a session that is over
    Entry &entry = it->second;
    const SessionState before = entry.session.state;
    const SessionEffects effects = m_machine.step(entry.session, event, now);
    if (entry.session.state != before)
        noteTransition(entry.session, before);
    file(entry);
    for (const SessionEffect::Any &effect : effects)
        std::visit([this, &entry](const auto &what) { carryOut(entry.session, what); }, effect);
}

void SessionService::noteTransition(const Session &session, SessionState before)
{
    if (labelFor(before))
        --m_counts->byState[std::size_t(before)];
    if (labelFor(session.state))
        ++m_counts->byState[std::size_t(session.state)];
    const auto generation = std::uint64_t(session.generation);
    const QByteArray &user = session.userId.bytes();

    if (m_with.presence) {
        if (session.state == SessionState::Acked)
            m_with.presence->set(session.userId, PresenceFact::State::Online);
        else if (session.state == SessionState::Detached)
            m_with.presence->set(session.userId, PresenceFact::State::Detached);
        else if (session.state == SessionState::Ending)
            m_with.presence->set(session.userId, PresenceFact::State::Offline);
    }

    const bool hadUserId = before != SessionState::Ending && before != SessionState::Forgotten;
    if (hadUserId && !session.isLive())
        m_users.remove(session.userId);

    switch (session.state) {
    case SessionState::New:
        if (session.restored && before == SessionState::Opening) {
            m_restoredCounter.Increment();
        } else if (before == SessionState::Opening) {
            m_openedCounter.Increment();
            log::info(lcSession(), "session.opened", {{"user", user}, {"generation", generation}});
        } else if (before == SessionState::Detached) {
            log::info(lcSession(), "session.resumed", {{"user", user}, {"generation", generation}});
        } else {
            log::info(lcSession(), "session.replaced", {{"user", user}, {"generation", generation}});
        }
        break;
    case SessionState::Detached:
        if (before == SessionState::Opening) {
            m_restoredCounter.Increment();
            break;
        }
        log::info(lcSession(), "session.detached", {{"user", user}, {"generation", generation}});
        break;
    case SessionState::Acked:
        log::info(lcSession(), "session.acked", {{"user", user}, {"generation", generation}});
        break;
    case SessionState::Ending:
        m_endedCounters[std::size_t(session.endReason)]->Increment();
        log::info(lcSession(), "session.ended",
                  {{"user", user}, {"generation", generation}, {"reason", toString(session.endReason)}});
        break;
    case SessionState::Opening:
    case SessionState::Forgotten:
        break;
    }
}

void SessionService::file(Entry &entry)
{
    const std::optional<TimePoint> at = entry.session.deadline();
    if (at == entry.filedAt)
        return;
    if (entry.filedAt)
        m_deadlines.erase({*entry.filedAt, entry.session.generation});
    if (at)
        m_deadlines.emplace(std::pair(*at, entry.session.generation), entry.session.key);
    entry.filedAt = at;
}

void SessionService::carryOut(const Session &session, SessionEffect::ReserveQueue)
{
    m_with.broker.reserve(session.key);
}

void SessionService::carryOut(const Session &session, SessionEffect::RemoveQueue)
{
    m_with.broker.remove(session.key, dropReasonFor(session.endReason));
}

void SessionService::carryOut(const Session &session, const SessionEffect::DetachQueue &effect)
{
    m_with.broker.detach(session.key, effect.consumer);
}

void SessionService::carryOut(const Session &session, SessionEffect::PublishToDirectory)
{
    m_with.directory.add({session.userId, session.key, session.generation,
                          m_with.ledgers ? m_with.ledgers->make(session.key) : nullptr});
    if (m_with.absent)
        m_with.absent->arrived(session.userId, session.key);
}

void SessionService::carryOut(const Session &session, SessionEffect::WithdrawFromDirectory)
{
    m_with.directory.remove(session.key, session.generation);
}

void SessionService::carryOut(const Session &, const SessionEffect::CloseConnection &effect)
{
    m_with.connections.requestClose(effect.connection, quint16(effect.code), effect.reason);
}

void SessionService::carryOut(const Session &session, SessionEffect::StoreUpdate)
{
    // Nobody waits for it: a record that says "un-acked" for too long is no harm, a missing session is.
    m_with.store.update(session.record(), [user = session.userId](StoreStatus status) {
        if (status == StoreStatus::Unavailable)
            log::warning(lcSession(), "session.store_update_failed", {{"user", user.bytes()}});
    });
}

void SessionService::carryOut(const Session &session, SessionEffect::StoreRemove)
{
    m_with.store.remove(
        session.key, session.generation,
        [this, alive = std::weak_ptr(m_alive), executor = &m_with.mainThread, key = session.key,
         user = session.userId](StoreStatus status) {
            const bool gone = status == StoreStatus::Ok || status == StoreStatus::NotFound;
            if (!gone)
                log::warning(lcSession(), "session.store_remove_failed", {{"user", user.bytes()}});
            executor->run([this, alive, key, gone] {
                if (alive.expired())
                    return;
                if (gone)
                    apply(key, SessionEvent::StoreRemoved{}, m_now());
                else
                    apply(key, SessionEvent::StoreRemoveFailed{}, m_now());
                answerEnder(key, gone);
            });
        });
}

void SessionService::carryOut(const Session &session, const SessionEffect::ReportStrange &effect)
{
    m_with.metrics.strange(strangeFor(effect.reason), session.userId.bytes().toStdString(),
                           "generation " + std::to_string(std::uint64_t(session.generation)));
}

void SessionService::carryOut(const Session &session, SessionEffect::Forget)
{
    Q_ASSERT(!session.deadline());
    m_keys.erase(session.generation);
    m_sessions.erase(m_sessions.find(session.key));
}

} // namespace msgsrv
