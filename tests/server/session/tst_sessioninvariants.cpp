// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/sessionmachine.h"

#include <QTest>

#include <map>
#include <random>
#include <set>
#include <string>

using namespace msgsrv;

namespace {

using Event = SessionEvent;
using Effect = SessionEffect;
using State = SessionState;

/// The world around one session: carries out the effects on plain counters and refuses what makes no sense.
/// It keeps its own, independent idea of who owns the session and what may end it.
class World
{
public:
    explicit World(std::uint32_t seed)
        : m_random(seed)
    { }

    /// Empty, or what is wrong.
    [[nodiscard]] const std::string &complaint() const { return m_complaint; }
    [[nodiscard]] State state() const { return m_session.state; }
    [[nodiscard]] bool ended(EndReason reason) const { return m_session.endReason == reason; }

    /// One event chosen at random: mostly what could really happen, sometimes anything at all.
    void randomStep()
    {
        m_now += milliseconds(pick(4) == 0 ? pick(3000) : pick(20));
        if (pick(400) == 0)
            m_now += seconds(pick(90));
        const ConnectionId connection{std::uint64_t(1 + pick(5))};
        switch (pick(16)) {
        case 0:
            if (m_session.state == State::Opening && pick(8) == 0)
                feed(Event::StoreFailed{});
            else
                beStored();
            break;
        case 1:
        case 2:
            attach(connection);
            break;
        case 3:
            if (pick(4) == 0)
                closed(pick(4) == 0 ? m_owner : connection, pick(2) == 0);
            break;
        case 4:
        case 5:
        case 6:
            feed(Event::QueueCreated{connection});
            break;
        case 7:
        case 8:
            feed(Event::QueueCreated{m_owner});
            break;
        case 9:
            if (pick(4) == 0)
                feed(Event::QueueDeleted{pick(4) == 0 ? m_owner : connection});
            break;
        case 10:
            if (pick(20) == 0)
                feed(pick(4) == 0       ? Event::Any(Event::CloseRequested{"house rules"})
                         : pick(4) == 0 ? Event::Any(Event::Superseded{})
                                        : Event::EndRequested{});
            break;
        case 11:
            feed(Event::Inspected{m_now - milliseconds(pick(2) == 0 ? 0 : pick(3000)), pick(3) == 0});
            break;
        case 12:
            answerStore(pick(3) != 0);
            break;
        case 13:
            answerStore(true);
            break;
        default:
            feed(Event::Tick{});
            break;
        }
    }

    /// Lets everything that is under way come to its end; the owner stays away from now on.
    void settle()
    {
        if (m_session.state == State::Opening)
            beStored();
        closed(m_session.connection, false);
        for (int i = 0; i < 20 && m_session.state != State::Forgotten; ++i) {
            m_now += seconds(20);
            feed(Event::Tick{});
            answerStore(i > 2);
        }
        if (m_session.state != State::Forgotten)
            complain("the session is never forgotten");
    }

private:
    int pick(int below) { return int(m_random() % unsigned(below)); }

    void complain(const std::string &what)
    {
        if (m_complaint.empty())
            m_complaint = what + " (step " + std::to_string(m_steps) + ")";
    }

    void beStored()
    {
        feed(pick(2) == 0 ? Event::Any(Event::Stored{})
                          : Event::Restored{.wasAcked = pick(4) != 0, .resumeWindow = seconds(60)});
    }

    void attach(ConnectionId connection)
    {
        if (m_askedToClose.contains(connection) || m_closed.contains(connection))
            return; // ids are not used again
        const bool live = m_session.isLive();
        const Duration window = pick(2) == 0 ? Duration::zero() : Duration(seconds(1 + pick(60)));
        feed(Event::Attached{connection, window});
        if (live) {
            if (connection != m_owner)
                m_window = window;
            m_open.insert(connection);
            m_owner = connection;
        }
        checkOwners();
    }

    void closed(ConnectionId connection, bool broken)
    {
        const bool mayBeResumed = m_session.isLive() && broken && connection == m_owner
            && connection != ConnectionId::None && m_window > Duration::zero();
        m_open.erase(connection);
        if (connection != ConnectionId::None)
            m_closed.insert(connection);
        feed(Event::ConnectionClosed{connection, broken});
        if (mayBeResumed && m_session.state != State::Detached)
            complain("a session that may be resumed was lost");
        if (connection == m_owner)
            m_owner = ConnectionId::None;
    }

    void answerStore(bool good)
    {
        if (m_removals == 0)
            return;
        --m_removals;
        if (good)
            m_recordKept = false;
        feed(good ? Event::Any(Event::StoreRemoved{}) : Event::StoreRemoveFailed{});
    }

    void feed(const Event::Any &event)
    {
        ++m_steps;
        const Session before = m_session;
        const SessionEffects effects = m_machine.step(m_session, event, m_now);
        if (before.state == State::Forgotten && !effects.empty())
            complain("a forgotten session has effects");
        if (before.state == State::Opening && m_session.isLive())
            m_recordKept = true;
        if (before.isLive() && !m_session.isLive() && !mayEnd(before, event))
            complain("a session was lost without a cause");
        if (before.isLive() && m_session.isLive()
            && (std::holds_alternative<Event::EndRequested>(event)
                || std::holds_alternative<Event::CloseRequested>(event)))
            complain("a session outlived its end");
        if (m_session.state == State::Acked && before.state != State::Acked && !mayAck(event))
            complain("a session was acked by somebody else's queue");
        if (const auto *created = std::get_if<Event::QueueCreated>(&event))
            m_created.insert(created->consumer);
        for (const Effect::Any &effect : effects)
            std::visit([this](const auto &what) { carryOut(what); }, effect);
        check();
        if (std::holds_alternative<Event::Tick>(event)
            && m_session.deadline().value_or(m_now + seconds(1)) <= m_now)
            complain("a deadline stays after its tick");
    }

    /// The only causes for the end of a live session.
    bool mayEnd(const Session &before, const Event::Any &event) const
    {
        if (const auto *closed = std::get_if<Event::ConnectionClosed>(&event))
            return closed->connection == m_owner && (!closed->broken || m_window == Duration::zero());
        if (const auto *deleted = std::get_if<Event::QueueDeleted>(&event))
            return deleted->consumer == m_owner;
        if (std::holds_alternative<Event::Tick>(event))
            return (before.state == State::New && m_now >= before.ackBy)
                || (before.state == State::Detached && m_now >= before.detachedUntil);
        if (const auto *inspected = std::get_if<Event::Inspected>(&event)) {
            return before.state == State::Acked && !inspected->queueExists && before.missingSince
                && inspected->begun > before.ackedAt;
        }
        return std::holds_alternative<Event::EndRequested>(event)
            || std::holds_alternative<Event::CloseRequested>(event)
            || std::holds_alternative<Event::Superseded>(event);
    }

    bool mayAck(const Event::Any &event) const
    {
        if (const auto *created = std::get_if<Event::QueueCreated>(&event))
            return created->consumer == m_owner;
        const auto *attached = std::get_if<Event::Attached>(&event);
        return attached && m_created.contains(attached->connection);
    }

    void carryOut(Effect::ReserveQueue)
    {
        if (m_queueRemoved)
            complain("reserved after the end");
        m_reserved = true;
    }
    void carryOut(Effect::RemoveQueue)
    {
        if (m_queueRemoved)
            complain("queue removed twice");
        m_queueRemoved = true;
        m_reserved = false;
    }
    void carryOut(const Effect::DetachQueue &effect)
    {
        if (effect.consumer == m_session.connection)
            complain("the owner's queue was taken away");
    }
    void carryOut(Effect::PublishToDirectory)
    {
        if (m_published || !m_reserved)
            complain("published twice, or without a reservation");
        m_published = true;
    }
    void carryOut(Effect::WithdrawFromDirectory)
    {
        if (!m_published)
            complain("withdrawn twice");
        m_published = false;
    }
    void carryOut(const Effect::CloseConnection &effect)
    {
        if (effect.connection == ConnectionId::None)
            complain("nobody was asked to close");
        if (effect.connection == m_session.connection)
            complain("the owner was asked to close");
        if (!m_askedToClose.insert(effect.connection).second)
            complain("asked to close twice");
        m_open.erase(effect.connection);
    }
    void carryOut(Effect::StoreUpdate)
    {
        if (!m_session.isLive())
            complain("record updated after the end");
    }
    void carryOut(Effect::StoreRemove)
    {
        if (m_removals > 0)
            complain("removal asked for while one is under way");
        ++m_removals;
    }
    void carryOut(const Effect::ReportStrange &effect)
    {
        if (!m_strange.insert(effect.reason).second || m_strange.size() > 1)
            complain("strange twice");
        if (effect.reason != m_session.endReason)
            complain("strange for another reason than the end's");
    }
    void carryOut(Effect::Forget) { m_forgotten = true; }

    void check()
    {
        const bool live = m_session.isLive();
        if (m_published != live)
            complain("the directory and the session disagree");
        if (m_reserved != live)
            complain("reservation and session disagree");
        if (m_session.state == State::Acked && m_session.connection == ConnectionId::None)
            complain("acked without an owner");
        if (m_session.state == State::Detached
            && (m_session.connection != ConnectionId::None || !m_session.deadline()))
            complain("detached and owned, or for ever");
        if (m_forgotten != (m_session.state == State::Forgotten))
            complain("forgotten by halves");
        if (m_forgotten) {
            if (m_recordKept || m_removals > 0 || m_published || m_reserved || m_session.deadline()
                || m_session.connection != ConnectionId::None)
                complain("a ghost");
        }
        if (m_session.state == State::Ending && !m_session.deadline() && m_removals == 0)
            complain("an ending session waits for nothing");
        if (m_session.state == State::New && !m_session.deadline())
            complain("a new session waits for ever");
        if (m_session.state == State::Ending && m_session.connection != ConnectionId::None
            && !m_session.closeAt)
            complain("a connection is never closed");
        if (m_session.closeAt && m_session.connection == ConnectionId::None)
            complain("nobody is to be closed");
    }

    /// Of the connections that ever got the session, those still open and not asked to close.
    void checkOwners()
    {
        if (m_open.size() > 1)
            complain("two owners");
    }

    std::mt19937 m_random;
    const SessionMachine m_machine{{}};
    Session m_session;
    TimePoint m_now{seconds(1000)};
    int m_steps = 0;
    std::string m_complaint;

    ConnectionId m_owner = ConnectionId::None;
    Duration m_window{}; ///< granted to the owner
    std::set<ConnectionId> m_open;
    std::set<ConnectionId> m_closed;
    std::set<ConnectionId> m_askedToClose;
    std::set<ConnectionId> m_created;
    std::set<EndReason> m_strange;
    int m_removals = 0;
    bool m_recordKept = false;
    bool m_published = false;
    bool m_reserved = false;
    bool m_queueRemoved = false;
    bool m_forgotten = false;
};

constexpr std::uint32_t runs = 15'000;
constexpr int stepsPerRun = 60;

} // namespace

/// Random interleavings, each from a seed that a failure names: MSGSRV_SEED=<n> runs that one alone.
class TestSessionInvariants : public QObject
{
    Q_OBJECT

private slots:
    void randomInterleavingsKeepTheInvariants()
    {
        bool given = false;
        const std::uint32_t only = std::uint32_t(qEnvironmentVariableIntValue("MSGSRV_SEED", &given));
        const std::uint32_t first = given ? only : std::random_device{}() % 1'000'000'000;
        std::map<EndReason, int> reasons;
        for (std::uint32_t seed = first; seed != first + (given ? 1 : runs); ++seed) {
            World world(seed);
            for (int step = 0; step < stepsPerRun && world.complaint().empty(); ++step)
                world.randomStep();
            world.settle();
            QVERIFY2(world.complaint().empty(),
                     ("MSGSRV_SEED=" + std::to_string(seed) + ": " + world.complaint()).c_str());
            for (int i = 0; i < endReasonCount; ++i)
                reasons[EndReason(i)] += world.ended(EndReason(i));
        }
        if (given)
            return;
        // A generator that never gets somewhere proves nothing about it.
        QCOMPARE(reasons[EndReason::None], 0);
        for (int i = int(EndReason::ClientEnded); i < endReasonCount; ++i)
            QVERIFY2(reasons[EndReason(i)] > 100, toString(EndReason(i)));
    }
};

QTEST_APPLESS_MAIN(TestSessionInvariants)
#include "tst_sessioninvariants.moc"
