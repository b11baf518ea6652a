// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/sessionmachine.h"

#include <utility>

namespace msgsrv {

namespace {

using Event = SessionEvent;
using Effect = SessionEffect;

/// One step of one session; an overload for each event, so that a forgotten one does not compile.
class Step
{
public:
    Step(const SessionMachine::Settings &settings, Session &session, TimePoint now)
        : m_settings(settings)
        , m_session(session)
        , m_now(now)
    { }

    void operator()(Event::Stored)
    {
        if (m_session.state != SessionState::Opening)
            return;
        m_session.stored = true;
        startUnacked();
        // The reservation comes first: whoever finds the session in the directory finds the queue too.
        add(Effect::ReserveQueue{});
        add(Effect::PublishToDirectory{});
    }

    void operator()(Event::StoreFailed)
    {
        if (m_session.state != SessionState::Opening)
            return;
        m_session.endReason = EndReason::StoreRefused;
        forget();
    }

    void operator()(const Event::Restored &event)
    {
        if (m_session.state != SessionState::Opening)
            return;
        m_session.stored = true;
        m_session.restored = true;
        // Whatever the wall clock says: time begins anew with the process.
        startUnacked();
        if (event.wasAcked && event.resumeWindow > Duration::zero()) {
            m_session.state = SessionState::Detached;
            m_session.detachedUntil = m_now + event.resumeWindow;
        }
        add(Effect::ReserveQueue{});
        add(Effect::PublishToDirectory{});
    }

    void operator()(Event::StoreRemoved)
    {
        if (m_session.state != SessionState::Ending)
            return;
        m_session.stored = false;
        m_session.removeAgainAt.reset();
        forgetWhenDone();
    }

    void operator()(Event::StoreRemoveFailed)
    {
        if (m_session.state == SessionState::Ending && m_session.stored)
            m_session.removeAgainAt = m_now + m_settings.storeRetry;
    }

    void operator()(const Event::Attached &event)
    {
        if (!m_session.isLive() || event.connection == m_session.connection)
            return;
        const bool wasAcked = m_session.state == SessionState::Acked;
        const bool wasDetached = m_session.state == SessionState::Detached;
        const ConnectionId old = std::exchange(m_session.connection, event.connection);
        m_session.resumeWindow = event.resumeWindow;
        const ConnectionId early = std::exchange(m_session.earlyConsumer, ConnectionId::None);
        if (old != ConnectionId::None) {
            startUnacked();
            add(Effect::DetachQueue{old});
            // The old connection may just have ended its subscription, and the queue with it: the event
            // that tells so is about a connection that no longer counts, so the newer one needs a place.
            add(Effect::ReserveQueue{});
            add(Effect::CloseConnection{old, CloseCode::Replaced, "replaced"});
        } else if (wasDetached) {
            startUnacked();
            add(Effect::ReserveQueue{}); // one that is there stays, with what waits in it
        }
        if (early == event.connection)
            ack();
        else if (early != ConnectionId::None)
            add(Effect::DetachQueue{early});
        if (wasAcked != (m_session.state == SessionState::Acked))
            add(Effect::StoreUpdate{});
    }

    void operator()(const Event::ConnectionClosed &event)
    {
        if (event.connection == ConnectionId::None)
            return;
        if (event.connection == m_session.earlyConsumer)
            m_session.earlyConsumer = ConnectionId::None;
        if (event.connection != m_session.connection)
            return;
        m_session.connection = ConnectionId::None;
        if (m_session.isLive()) {
            if (event.broken && m_session.resumeWindow > Duration::zero())
                detach(event.connection);
            else
                end(EndReason::ConnectionClosed);
        }
        m_session.closeAt.reset();
        forgetWhenDone();
    }

    void operator()(const Event::QueueCreated &event)
    {
        if (!m_session.isLive() || event.consumer == ConnectionId::None)
            return;
        if (event.consumer != m_session.connection) {
            m_session.earlyConsumer = event.consumer;
        } else if (m_session.state == SessionState::New) {
            ack();
            add(Effect::StoreUpdate{});
        }
    }

    void operator()(const Event::QueueDeleted &event)
    {
        if (event.consumer == ConnectionId::None)
            return;
        if (event.consumer == m_session.earlyConsumer)
            m_session.earlyConsumer = ConnectionId::None;
        if (m_session.isLive() && event.consumer == m_session.connection)
            end(EndReason::QueueDeleted);
    }

    void operator()(Event::EndRequested)
    {
        if (m_session.isLive())
            end(EndReason::ClientEnded);
    }

    void operator()(const Event::CloseRequested &event)
    {
        if (!m_session.isLive())
            return;
        end(EndReason::OperatorClosed);
        close(CloseCode::SessionEnded, event.reason);
        forgetWhenDone();
    }

    void operator()(Event::Superseded)
    {
        if (!m_session.isLive())
            return;
        end(EndReason::Superseded);
        close(CloseCode::Replaced, "replaced by another");
        forgetWhenDone();
    }

    void operator()(const Event::Inspected &event)
    {
        // One that began before the queue was created, or in the same instant, says nothing.
        if (m_session.state != SessionState::Acked || event.begun <= m_session.ackedAt)
            return;
        if (event.queueExists)
            m_session.missingSince.reset();
        else if (!m_session.missingSince)
            m_session.missingSince = event.begun;
        else if (event.begun - *m_session.missingSince >= m_settings.lostConfirmation)
            end(EndReason::QueueLost);
    }

    void operator()(Event::Tick)
    {
        if (m_session.state == SessionState::New && m_now >= m_session.ackBy) {
            end(EndReason::UnackedExpired);
        } else if (m_session.state == SessionState::Detached && m_now >= m_session.detachedUntil) {
            end(EndReason::ResumeExpired);
        } else if (m_session.state == SessionState::Ending) {
            if (m_session.closeAt && m_now >= *m_session.closeAt)
                close(CloseCode::SessionEnded, "session ended");
            if (m_session.removeAgainAt && m_now >= *m_session.removeAgainAt) {
                m_session.removeAgainAt.reset();
                add(Effect::StoreRemove{});
            }
            forgetWhenDone();
        }
    }

    [[nodiscard]] SessionEffects takeEffects() { return std::move(m_effects); }

private:
    void add(const Effect::Any &effect) { m_effects.push_back(effect); }

    void startUnacked()
    {
        m_session.state = SessionState::New;
        m_session.missingSince.reset();
        const bool limited = m_settings.unackedTtl > Duration::zero();
        m_session.ackBy = limited ? m_now + m_settings.unackedTtl : TimePoint::max();
    }

    void ack()
    {
        m_session.state = SessionState::Acked;
        m_session.ackedAt = m_now;
        m_session.missingSince.reset();
    }

    /// The connection broke, and the session waits for its user to come back.
    void detach(ConnectionId broken)
    {
        m_session.state = SessionState::Detached;
        m_session.detachedUntil = m_now + m_session.resumeWindow;
        m_session.missingSince.reset();
        add(Effect::DetachQueue{broken});
        add(Effect::ReserveQueue{});
    }

    /// Ends a live session. A connection is closed at once when something is wrong, and gets time to close
    /// by itself when its client wanted the end.
    void end(EndReason reason)
    {
        m_session.state = SessionState::Ending;
        m_session.endReason = reason;
        add(Effect::WithdrawFromDirectory{});
        add(Effect::RemoveQueue{});
        add(Effect::StoreRemove{});
        switch (reason) {
        case EndReason::UnackedExpired:
            add(Effect::ReportStrange{reason});
            close(CloseCode::SessionEnded, "nobody subscribed in time");
            break;
        case EndReason::QueueLost:
            add(Effect::ReportStrange{reason});
            close(CloseCode::SessionEnded, "queue lost");
            break;
        default:
            if (m_session.connection != ConnectionId::None)
                m_session.closeAt = m_now + m_settings.disconnectGrace;
            break;
        }
    }

    void close(CloseCode code, const QByteArray &reason)
    {
        m_session.closeAt.reset();
        const ConnectionId connection = std::exchange(m_session.connection, ConnectionId::None);
        if (connection != ConnectionId::None)
            add(Effect::CloseConnection{connection, code, reason});
    }

    void forgetWhenDone()
    {
        if (m_session.state == SessionState::Ending && !m_session.stored
            && m_session.connection == ConnectionId::None)
            forget();
    }

    void forget()
    {
        m_session.state = SessionState::Forgotten;
        add(Effect::Forget{});
    }

    const SessionMachine::Settings &m_settings;
    Session &m_session;
    const TimePoint m_now;
    SessionEffects m_effects;
};

} // namespace

SessionEffects SessionMachine::step(Session &session, const SessionEvent::Any &event, TimePoint now) const
{
    Step step(m_settings, session, now);
    std::visit(step, event);
    return step.takeEffects();
}

} // namespace msgsrv
