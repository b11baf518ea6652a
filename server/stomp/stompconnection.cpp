// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/stompconnection.h"

#include "server/net/addressblock.h"
#include "server/stomp/replies.h"
#include "shared/base/log.h"
#include "shared/signaling/closecodes.h"

#include <QDateTime>
#include <QLoggingCategory>

#include <algorithm>
#include <utility>
#include <variant>

namespace msgsrv {

namespace {

Q_LOGGING_CATEGORY(lcStomp, "msgsrv.stomp", QtInfoMsg)

/// A close frame has room for so much (RFC 6455, 5.5).
constexpr qsizetype longestReason = 123;

} // namespace

StompConnection::StompConnection(Connection &connection, const Collaborators &collaborators,
                                 const StompSettings &settings)
    : m_connection(connection)
    , m_with(collaborators)
    , m_settings(settings)
    , m_self(std::make_shared<StompConnection *>(this))
    , m_parser(parserLimits(settings, LoginState::Before))
    , m_heartBeat(settings.heartBeat)
    , m_subscriptions(settings.subscriptions, settings.watches)
    , m_transactions(settings.transactions)
    , m_outbox(connection, collaborators.broker, settings.delivery)
    , m_address(addressBlock(connection.peer()))
{
    m_connection.setMessageLimit(frameLimit(m_settings, LoginState::Before));
}

StompConnection::~StompConnection()
{
    *m_self = nullptr;
    answerProbes(false);
}

// Bytes in

void StompConnection::note(TimePoint now)
{
    m_now = now;
    if (m_state == State::AwaitingConnect && !m_deadline && m_settings.loginTimeout.count() > 0)
        m_deadline = now + m_settings.loginTimeout;
}

void StompConnection::onActivity(TimePoint now)
{
    note(now);
    m_heartBeat.received(now);
    answerProbes(true);
}

void StompConnection::onMessage(std::string_view bytes, bool, TimePoint now)
{
    onActivity(now);
    if (!isReading())
        return;
    if (isWaiting())
        keep(bytes);
    else
        read(bytes);
}

bool StompConnection::isReading() const
{
    return m_state == State::AwaitingConnect || m_state == State::Attaching || m_state == State::Connected;
}

/// Frames are handled one after the other, so that a SEND behind a SUBSCRIBE finds it done.
bool StompConnection::isWaiting() const
{
    return m_state == State::Attaching || m_queue == Queue::Subscribing || m_sharedSubscribing > 0
        || m_sendsInFlight >= m_settings.sendsInFlight;
}

void StompConnection::read(std::string_view bytes)
{
    while (!bytes.empty() && isReading() && !isWaiting()) {
        const auto event = m_parser.next(bytes);
        std::visit([this](const auto &any) { handle(any); }, event);
    }
    if (!bytes.empty() && isReading())
        keep(bytes);
}

void StompConnection::keep(std::string_view bytes)
{
    const qint64 room = std::max(m_settings.kept, m_session || m_account ? m_settings.frame : 0);
    if (qint64(m_kept.size() + bytes.size()) > room) {
        fail({CloseCode::TooBig, "too much at once", "More was sent than is kept while the server is busy."});
        return;
    }
    m_kept += bytes;
}

void StompConnection::resume()
{
    if (!m_kept.empty() && isReading() && !isWaiting())
        read(std::exchange(m_kept, {}));
}

// Frames out

void StompConnection::write(std::string_view frame)
{
    if (m_outbox.write(frame))
        m_heartBeat.sent(m_now);
}

void StompConnection::writeReceipt(const std::optional<std::string> &receiptId)
{
    if (receiptId)
        write(reply::receipt(m_version, *receiptId));
}

void StompConnection::tellUndeliverable(const PendingSend &pending, const Problem &problem)
{
    Subscription *const subscription
        = m_account || m_queue == Queue::Subscribed ? m_subscriptions.first() : nullptr;
    if (!subscription) {
        fail({CloseCode::PolicyViolation, "message undeliverable", problem.detail.toStdString(),
              pending.receiptId});
        return;
    }
    reply::Undeliverable event;
    event.eventId = "event-" + QByteArray::number(quint64(++m_events));
    event.problem = problem;
    event.destination = pending.destination;
    event.receiptId = pending.receiptId;
    event.timestampMs = QDateTime::currentMSecsSinceEpoch();
    if (subscription->acknowledges()) {
        event.ackNumber = m_subscriptions.nextNumber();
        subscription->unacknowledged.add({event.ackNumber, 0, event.eventId});
    }
    write(reply::undeliverable(m_version, *subscription, event));
}

void StompConnection::tellPresence(const Subscription &subscription, const UserId &user,
                                   const PresenceFact &fact)
{
    write(reply::presence(m_version, subscription,
                          {"presence-" + QByteArray::number(quint64(++m_events)), user, fact}));
}

void StompConnection::onMessagesReady(const ListeningKey &queue)
{
    if (queue.isNull() || (m_session && queue == m_session->key))
        deliver();
}

void StompConnection::onWritable()
{
    m_outbox.drained();
    deliver();
}

void StompConnection::deliver()
{
    if (m_state != State::Connected)
        return;
    const std::uint64_t before = m_outbox.written();
    auto progress = Outbox::Progress::Done;
    if (m_queue == Queue::Subscribed)
        progress = m_outbox.deliver(m_version, m_subscriptions);
    if (m_subscriptions.hasShared()
        && m_outbox.deliverShared(m_version, m_subscriptions, m_with.destinations)
            == Outbox::Progress::Yielded)
        progress = Outbox::Progress::Yielded;
    if (m_subscriptions.hasWatched() && !m_outbox.isBackedUp()) {
        for (const Presence::Change &change : m_with.presence->take(m_connection.id())) {
            if (const Subscription *subscription = m_subscriptions.find(change.subscription))
                tellPresence(*subscription, change.user, change.fact);
        }
    }
    if (m_outbox.written() != before)
        m_heartBeat.sent(m_now);
    if (progress == Outbox::Progress::Yielded) {
        m_with.ioThread.post([self = m_self] {
            if (*self)
                (*self)->deliver();
        });
    }
}

// Time

void StompConnection::onTick(TimePoint now)
{
    note(now);
    watchProbe(now);
    switch (m_state) {
    case State::AwaitingConnect:
    case State::Attaching:
        if (m_deadline && now >= *m_deadline)
            fail({CloseCode::LoginTimeout, "login timeout",
                  "There was no successful CONNECT within the time allowed."});
        break;
    case State::Refusing:
        if (now >= *m_deadline)
            tellRefusal();
        break;
    case State::Connected:
        watchPeer(now);
        break;
    case State::Disconnecting:
        if (now >= *m_deadline)
            finishDisconnect();
        break;
    case State::Closing:
    case State::Closed:
        break;
    }
}

void StompConnection::onProbe(std::function<void(bool alive)> done, TimePoint now)
{
    if (m_state == State::Closing || m_state == State::Closed) {
        done(false);
        return;
    }
    m_probes.push_back(std::move(done));
    if (m_probes.size() > 1)
        return; // it was asked already
    note(now);
    m_probeDeadline = now + m_settings.probeTimeout;
    m_probeByBytes = !m_connection.ping();
    if (m_probeByBytes)
        write("\n");
}

void StompConnection::watchProbe(TimePoint now)
{
    if (m_probes.empty())
        return;
    if (m_probeByBytes && m_connection.bytesUnconfirmed() == 0)
        answerProbes(true);
    else if (now >= m_probeDeadline)
        answerProbes(false);
}

void StompConnection::answerProbes(bool alive)
{
    if (m_probes.empty())
        return;
    for (const auto &done : std::exchange(m_probes, {}))
        done(alive);
}

void StompConnection::watchPeer(TimePoint now)
{
    // A transport that drained between two sends may have nothing left to tell.
    if (m_outbox.isBackedUp() && m_connection.bytesQueued() == 0)
        onWritable();

    switch (m_heartBeat.due(now)) {
    case HeartBeat::Due::Nothing:
        break;
    case HeartBeat::Due::Beat:
        // Bytes that are under way are as good as a beat.
        if (m_connection.bytesQueued() == 0)
            write("\n");
        break;
    case HeartBeat::Due::Ping:
        m_connection.ping();
        break;
    case HeartBeat::Due::PeerLost:
        fail({CloseCode::HeartBeatLost, "heart-beat lost", "Nothing came from the client for too long."});
        break;
    }
}

// The end

void StompConnection::refuseCredentials(const QByteArray &login, const char *detail)
{
    m_with.metrics.strange(Strange::BadCredentials, login.left(UserId::maximumSize).toStdString(),
                           "CONNECT from " + m_connection.peer().toString().toStdString());
    m_refusal = detail;
    const Duration delay = m_with.limits.failedKey(m_address, m_now);
    if (delay == Duration::zero()) {
        tellRefusal();
        return;
    }
    m_state = State::Refusing;
    m_kept = {};
    const TimePoint due = m_now + delay;
    m_deadline = m_deadline ? std::min(*m_deadline, due) : due;
}

void StompConnection::tellRefusal()
{
    fail({CloseCode::CredentialsRefused, "credentials refused", m_refusal});
}

/// An ERROR always ends the connection (STOMP 1.2, "ERROR").
void StompConnection::fail(const Fault &fault)
{
    const QByteArray user = m_session || m_account ? principal().name.bytes() : QByteArray();
    if (fault.strange)
        m_with.metrics.strange(*fault.strange, user.toStdString(), "STOMP");
    log::info(lcStomp(), "stomp.error",
              {{"connection", quint64(m_connection.id())},
               {"user", user},
               {"code", int(fault.code)},
               {"message", fault.message}});
    write(reply::error(m_version, fault));
    close(fault.code, QByteArray::fromStdString(fault.message));
}

void StompConnection::countRefusal(const char *limit)
{
    m_with.metrics
        .counter("messaging_stomp_limits_total", "STOMP frames that were refused, by the limit they passed.",
                 {{"limit", limit}})
        .Increment();
}

void StompConnection::finishDisconnect()
{
    writeReceipt(m_disconnectReceipt);
    close(CloseCode::Normal, {});
}

void StompConnection::close(CloseCode code, const QByteArray &reason)
{
    m_state = State::Closing;
    m_kept = {};
    release();
    m_connection.close(quint16(code), reason.left(longestReason));
}

/// Gives back what the connection holds, once.
void StompConnection::release()
{
    m_outbox.shut();
    if (!std::exchange(m_released, true)) {
        for (const Subscription &subscription : m_subscriptions.all()) {
            if (subscription.shared)
                m_with.destinations.unsubscribe(*subscription.shared,
                                                {m_connection.id(), subscription.serial});
            else if (subscription.watched)
                m_with.presence->unwatch(*subscription.watched, {m_connection.id(), subscription.serial});
        }
    }
    if (!m_session)
        return;
    const AttachedSession session = *std::exchange(m_session, std::nullopt);
    const auto how = m_finished ? ConnectionEnd::Finished : ConnectionEnd::Broken;
    m_with.sessions.connectionClosed(session.key, m_connection.id(), how);
    if (std::exchange(m_queue, Queue::None) == Queue::None)
        return;
    if (how == ConnectionEnd::Broken && session.resumeWindow > Duration::zero())
        m_with.broker.detach(session.key, m_connection.id());
    else
        m_with.broker.unsubscribe(session.key, m_connection.id());
}

void StompConnection::onCloseRequested(quint16 code, const QByteArray &reason)
{
    if (m_state == State::Closing || m_state == State::Closed)
        return;
    const auto closeCode = CloseCode(code);
    if (closeCode == CloseCode::Replaced && m_queue != Queue::None) {
        // The session goes on without this connection, and so does its queue.
        m_queue = Queue::None;
        m_with.broker.detach(m_session->key, m_connection.id());
    }
    if (closeCode == CloseCode::Normal || closeCode == CloseCode::GoingAway) {
        close(closeCode, reason);
        return;
    }
    std::string message = reason.isEmpty() ? "closed by the server" : reason.toStdString();
    std::replace_if(
        message.begin(), message.end(), [](char c) { return c == ':' || c == '\\' || c == '\n'; }, ' ');
    fail({closeCode, message, {}});
}

/// Programs, and who has not subscribed, have no place for the event: they get the close alone.
void StompConnection::onDraining(milliseconds reconnectAfter, TimePoint now)
{
    note(now);
    if (m_state != State::Connected || m_queue != Queue::Subscribed)
        return;
    Subscription &subscription = *m_subscriptions.first();
    reply::Draining event;
    event.eventId = "event-" + QByteArray::number(quint64(++m_events));
    event.reconnectAfter = reconnectAfter;
    if (subscription.acknowledges()) {
        event.ackNumber = m_subscriptions.nextNumber();
        subscription.unacknowledged.add({event.ackNumber, 0, event.eventId});
    }
    write(reply::draining(m_version, subscription, event));
}

void StompConnection::describe(ConnectionFacts &facts) const
{
    m_connection.describe(facts);
    if (!m_session)
        return;
    facts.user = m_session->userId.bytes();
    const std::string_view version = toString(m_version);
    facts.version = QByteArray(version.data(), qsizetype(version.size()));
}

void StompConnection::onClosed(bool clean)
{
    m_state = State::Closed;
    answerProbes(false);
    log::debug(lcStomp(), "stomp.closed",
               {{"connection", quint64(m_connection.id())}, {"clean", clean ? "yes" : "no"}});
    release();
}

} // namespace msgsrv
