// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/sessionmachine.h"

#include <QTest>

#include <algorithm>
#include <string>

using namespace msgsrv;

namespace {

using Event = SessionEvent;
using Effect = SessionEffect;
using State = SessionState;

constexpr ConnectionId alpha{1};
constexpr ConnectionId beta{2};
constexpr ConnectionId stranger{3};

const TimePoint start{seconds(1000)};

/// One line for each effect, so that whole lists can be compared and read.
struct Describe
{
    static std::string name(ConnectionId id) { return std::to_string(std::uint64_t(id)); }
    std::string operator()(Effect::ReserveQueue) const { return "reserve"; }
    std::string operator()(Effect::RemoveQueue) const { return "remove"; }
    std::string operator()(const Effect::DetachQueue &e) const { return "detach " + name(e.consumer); }
    std::string operator()(Effect::PublishToDirectory) const { return "publish"; }
    std::string operator()(Effect::WithdrawFromDirectory) const { return "withdraw"; }
    std::string operator()(const Effect::CloseConnection &e) const
    {
        return "close " + name(e.connection) + ' ' + std::to_string(int(e.code));
    }
    std::string operator()(Effect::StoreUpdate) const { return "store-update"; }
    std::string operator()(Effect::StoreRemove) const { return "store-remove"; }
    std::string operator()(const Effect::ReportStrange &e) const
    {
        return std::string("strange ") + toString(e.reason);
    }
    std::string operator()(Effect::Forget) const { return "forget"; }
};

/// A session under the machine, and the time.
struct Fixture
{
    SessionMachine machine{{}};
    Session session;
    TimePoint now = start;

    /// The effects of @p event, joined by "; ".
    std::string operator()(const Event::Any &event)
    {
        std::string text;
        for (const Effect::Any &effect : machine.step(session, event, now))
            text += (text.empty() ? "" : "; ") + std::visit(Describe{}, effect);
        return text;
    }

    void makeNew() { (*this)(Event::Stored{}); }
    void makeAttached(ConnectionId connection)
    {
        makeNew();
        (*this)(Event::Attached{connection});
    }
    void makeAcked(ConnectionId connection)
    {
        makeAttached(connection);
        (*this)(Event::QueueCreated{connection});
    }
};

/// Every event there is, about connections that hold a session and others.
std::vector<Event::Any> everyEvent(TimePoint now)
{
    std::vector<Event::Any> events{Event::Stored{},
                                   Event::StoreFailed{},
                                   Event::Restored{false, seconds(60)},
                                   Event::Restored{true, seconds(60)},
                                   Event::StoreRemoved{},
                                   Event::StoreRemoveFailed{},
                                   Event::EndRequested{},
                                   Event::CloseRequested{"house rules"},
                                   Event::Superseded{},
                                   Event::Inspected{now, false},
                                   Event::Inspected{now, true},
                                   Event::Tick{}};
    for (const ConnectionId connection : {alpha, beta, stranger}) {
        events.push_back(Event::Attached{connection});
        events.push_back(Event::ConnectionClosed{connection});
        events.push_back(Event::Attached{connection, seconds(30)});
        events.push_back(Event::ConnectionClosed{connection, true});
        events.push_back(Event::QueueCreated{connection});
        events.push_back(Event::QueueDeleted{connection});
    }
    return events;
}

} // namespace

#define COMPARE_EFFECTS(actual, expected) QCOMPARE(QString::fromStdString(actual), QStringLiteral(expected))

class TestSessionMachine : public QObject
{
    Q_OBJECT

private slots:
    void aStoredSessionIsNewAndHasAReservationBeforeItCanBeFound()
    {
        Fixture f;
        COMPARE_EFFECTS(f(Event::Stored{}), "reserve; publish");
        QCOMPARE(f.session.state, State::New);
        QVERIFY(f.session.deadline() == start + seconds(60));
    }

    void aSessionThatTheStoreRefusesIsForgotten()
    {
        Fixture f;
        COMPARE_EFFECTS(f(Event::StoreFailed{}), "forget");
        QCOMPARE(f.session.state, State::Forgotten);
        QCOMPARE(f.session.endReason, EndReason::StoreRefused);
    }

    void aRestoredSessionIsNewAndWaitsForItsClient_data()
    {
        QTest::addColumn<bool>("wasAcked");
        QTest::addColumn<int>("resumeWindow"); // seconds
        QTest::addColumn<int>("seconds");
        QTest::newRow("it was acked") << true << 20 << 20;
        QTest::newRow("it was acked, nobody may resume") << true << 0 << 60;
        QTest::newRow("nobody had subscribed") << false << 20 << 60;
    }
    void aRestoredSessionIsNewAndWaitsForItsClient()
    {
        QFETCH(const bool, wasAcked);
        QFETCH(const int, resumeWindow);
        QFETCH(const int, seconds);
        Fixture f;
        COMPARE_EFFECTS(f(Event::Restored{wasAcked, std::chrono::seconds(resumeWindow)}), "reserve; publish");
        QCOMPARE(f.session.state, wasAcked && resumeWindow > 0 ? State::Detached : State::New);
        QVERIFY(f.session.deadline() == start + std::chrono::seconds(seconds));
        f.now = start + std::chrono::seconds(seconds);
        if (f.session.state == State::Detached) {
            // The daemon went, not the client: nothing strange.
            COMPARE_EFFECTS(f(Event::Tick{}), "withdraw; remove; store-remove");
            QCOMPARE(f.session.endReason, EndReason::ResumeExpired);
        } else {
            COMPARE_EFFECTS(f(Event::Tick{}), "withdraw; remove; store-remove; strange unacked_expired");
            QCOMPARE(f.session.endReason, EndReason::UnackedExpired);
        }
        COMPARE_EFFECTS(f(Event::StoreRemoved{}), "forget");
    }

    void aRestoredSessionThatIsAttachedHasTimeToSubscribe()
    {
        Fixture f;
        (void)f(Event::Restored{true, seconds(60)});
        f.now = start + seconds(59);
        COMPARE_EFFECTS(f(Event::Attached{alpha}), "reserve");
        QVERIFY(f.session.deadline() == f.now + seconds(60));
        COMPARE_EFFECTS(f(Event::QueueCreated{alpha}), "store-update");
        QCOMPARE(f.session.state, State::Acked);
        COMPARE_EFFECTS(f(Event::ConnectionClosed{alpha}), "withdraw; remove; store-remove");
        QCOMPARE(f.session.endReason, EndReason::ConnectionClosed);
    }

    void aSessionThatIsBeingStoredIgnoresEverythingElse()
    {
        Fixture f;
        for (const Event::Any &event : everyEvent(f.now)) {
            if (!std::holds_alternative<Event::Stored>(event)
                && !std::holds_alternative<Event::StoreFailed>(event)
                && !std::holds_alternative<Event::Restored>(event))
                COMPARE_EFFECTS(f(event), "");
            if (f.session.state != State::Opening)
                break;
        }
        QCOMPARE(f.session.connection, ConnectionId::None);
        QVERIFY(!f.session.deadline());
    }

    void theQueueOfTheCurrentConnectionAcks()
    {
        Fixture f;
        f.makeAttached(alpha);
        COMPARE_EFFECTS(f(Event::QueueCreated{alpha}), "store-update");
        QCOMPARE(f.session.state, State::Acked);
        QVERIFY(!f.session.deadline());
        COMPARE_EFFECTS(f(Event::QueueCreated{alpha}), "");
        f.now += seconds(600);
        COMPARE_EFFECTS(f(Event::Tick{}), "");
        QCOMPARE(f.session.state, State::Acked);
    }

    void attachingDoesNotProlongTheTimeToSubscribe()
    {
        Fixture f;
        f.makeNew();
        f.now += seconds(59);
        COMPARE_EFFECTS(f(Event::Attached{alpha}), "");
        QVERIFY(f.session.deadline() == start + seconds(60));
    }

    void anUnackedSessionExpiresOnceAndIsStrangeOnce()
    {
        Fixture f;
        f.makeNew();
        f.now += seconds(60) - milliseconds(1);
        COMPARE_EFFECTS(f(Event::Tick{}), "");
        f.now += milliseconds(1);
        COMPARE_EFFECTS(f(Event::Tick{}), "withdraw; remove; store-remove; strange unacked_expired");
        COMPARE_EFFECTS(f(Event::Tick{}), "");
        COMPARE_EFFECTS(f(Event::StoreRemoved{}), "forget");
    }

    void theConnectionOfAnExpiredSessionIsAskedToClose()
    {
        Fixture f;
        f.makeAttached(alpha);
        f.now += seconds(60);
        COMPARE_EFFECTS(f(Event::Tick{}),
                        "withdraw; remove; store-remove; strange unacked_expired; close 1 4002");
        COMPARE_EFFECTS(f(Event::ConnectionClosed{alpha}), "");
        COMPARE_EFFECTS(f(Event::StoreRemoved{}), "forget");
    }

    void aTtlOfZeroNeverExpires()
    {
        Fixture f;
        SessionMachine::Settings settings;
        settings.unackedTtl = {};
        const SessionMachine machine(settings);
        QVERIFY(!machine.step(f.session, Event::Stored{}, f.now).empty());
        QVERIFY(!f.session.deadline());
        QVERIFY(machine.step(f.session, Event::Tick{}, f.now + std::chrono::hours(1000)).empty());
    }

    void theEndOfTheSubscriptionEndsTheSessionAndLeavesTimeToClose()
    {
        Fixture f;
        f.makeAcked(alpha);
        COMPARE_EFFECTS(f(Event::QueueDeleted{alpha}), "withdraw; remove; store-remove");
        QCOMPARE(f.session.endReason, EndReason::QueueDeleted);
        COMPARE_EFFECTS(f(Event::ConnectionClosed{alpha}), "");
        COMPARE_EFFECTS(f(Event::StoreRemoved{}), "forget");
    }

    void theCurrentConnectionEndsTheSessionEvenBeforeSubscribe()
    {
        Fixture f;
        f.makeAttached(alpha);
        COMPARE_EFFECTS(f(Event::ConnectionClosed{alpha}), "withdraw; remove; store-remove");
        COMPARE_EFFECTS(f(Event::ConnectionClosed{alpha}), "");
        COMPARE_EFFECTS(f(Event::QueueDeleted{alpha}), "");
        COMPARE_EFFECTS(f(Event::StoreRemoved{}), "forget");
    }

    void theNewestConnectionWins()
    {
        Fixture f;
        f.makeAcked(alpha);
        f.now += seconds(100);
        COMPARE_EFFECTS(f(Event::Attached{beta}), "detach 1; reserve; close 1 4001; store-update");
        QCOMPARE(f.session.state, State::New);
        QVERIFY(f.session.deadline() == f.now + seconds(60));
        COMPARE_EFFECTS(f(Event::QueueCreated{beta}), "store-update");
        QCOMPARE(f.session.state, State::Acked);
    }

    void replacingAnUnackedConnectionStartsTheTimeAnew()
    {
        Fixture f;
        f.makeAttached(alpha);
        f.now += seconds(50);
        COMPARE_EFFECTS(f(Event::Attached{beta}), "detach 1; reserve; close 1 4001");
        QVERIFY(f.session.deadline() == f.now + seconds(60));
    }

    void attachingTwiceIsOnce()
    {
        Fixture f;
        f.makeAcked(alpha);
        COMPARE_EFFECTS(f(Event::Attached{alpha}), "");
        QCOMPARE(f.session.state, State::Acked);
    }

    void whatIsSaidOfAnOldConnectionNeverTouchesTheNewOne()
    {
        for (const bool acked : {false, true}) {
            Fixture f;
            f.makeAcked(alpha);
            f(Event::Attached{beta});
            if (acked)
                f(Event::QueueCreated{beta});
            const State state = f.session.state;
            COMPARE_EFFECTS(f(Event::QueueDeleted{alpha}), "");
            COMPARE_EFFECTS(f(Event::ConnectionClosed{alpha}), "");
            COMPARE_EFFECTS(f(Event::ConnectionClosed{stranger}), "");
            COMPARE_EFFECTS(f(Event::QueueDeleted{stranger}), "");
            QCOMPARE(f.session.state, state);
            QCOMPARE(f.session.connection, beta);
        }
    }

    void aQueueOfAReplacedConnectionThatIsToldLateAcksNobody()
    {
        Fixture f;
        f.makeAttached(alpha);
        f(Event::Attached{beta});
        COMPARE_EFFECTS(f(Event::QueueCreated{alpha}), "");
        QCOMPARE(f.session.state, State::New);
        COMPARE_EFFECTS(f(Event::QueueCreated{beta}), "store-update");
        QCOMPARE(f.session.state, State::Acked);
    }

    void aQueueThatIsCreatedBeforeTheAttachIsKnownAcks()
    {
        Fixture f;
        f.makeNew();
        COMPARE_EFFECTS(f(Event::QueueCreated{alpha}), "");
        QCOMPARE(f.session.state, State::New);
        COMPARE_EFFECTS(f(Event::Attached{alpha}), "store-update");
        QCOMPARE(f.session.state, State::Acked);
    }

    void aQueueCreatedAndDeletedBeforeTheAttachDoesNotAck_data()
    {
        QTest::addColumn<bool>("byClose");
        QTest::newRow("deleted") << false;
        QTest::newRow("closed") << true;
    }

    void aQueueCreatedAndDeletedBeforeTheAttachDoesNotAck()
    {
        QFETCH(bool, byClose);
        Fixture f;
        f.makeNew();
        f(Event::QueueCreated{alpha});
        f(byClose ? Event::Any(Event::ConnectionClosed{alpha}) : Event::QueueDeleted{alpha});
        COMPARE_EFFECTS(f(Event::Attached{alpha}), "");
        QCOMPARE(f.session.state, State::New);
    }

    void anEarlyQueueOfAnotherConnectionIsTakenFromIt()
    {
        Fixture f;
        f.makeNew();
        f(Event::QueueCreated{alpha});
        COMPARE_EFFECTS(f(Event::Attached{beta}), "detach 1");
        QCOMPARE(f.session.state, State::New);
    }

    void anEndedSessionDeliversNothingAndClosesLater()
    {
        Fixture f;
        f.makeAcked(alpha);
        COMPARE_EFFECTS(f(Event::EndRequested{}), "withdraw; remove; store-remove");
        QVERIFY(!f.session.isLive());
        QVERIFY(f.session.deadline() == start + seconds(5));
        COMPARE_EFFECTS(f(Event::StoreRemoved{}), "");
        f.now += seconds(5) - milliseconds(1);
        COMPARE_EFFECTS(f(Event::Tick{}), "");
        f.now += milliseconds(1);
        COMPARE_EFFECTS(f(Event::Tick{}), "close 1 4002; forget");
    }

    void aSessionThatAnOperatorClosesLosesItsConnectionAtOnce()
    {
        Fixture f;
        f.makeAcked(alpha);
        COMPARE_EFFECTS(f(Event::CloseRequested{"house rules"}),
                        "withdraw; remove; store-remove; close 1 4002");
        QVERIFY(!f.session.isLive());
        QCOMPARE(f.session.endReason, EndReason::OperatorClosed);
        QVERIFY(!f.session.deadline());
        COMPARE_EFFECTS(f(Event::CloseRequested{"again"}), "");
        COMPARE_EFFECTS(f(Event::StoreRemoved{}), "forget");
    }

    void aDisconnectBeforeTheDelayNeedsNoClose()
    {
        Fixture f;
        f.makeAcked(alpha);
        f(Event::EndRequested{});
        f(Event::StoreRemoved{});
        COMPARE_EFFECTS(f(Event::ConnectionClosed{alpha}), "forget");
        QVERIFY(!f.session.deadline());
    }

    void endingWithoutConnectionNeedsNoDelay()
    {
        Fixture f;
        f.makeNew();
        COMPARE_EFFECTS(f(Event::EndRequested{}), "withdraw; remove; store-remove");
        QVERIFY(!f.session.deadline());
        COMPARE_EFFECTS(f(Event::StoreRemoved{}), "forget");
    }

    void aFailedRemovalIsTriedAgain()
    {
        Fixture f;
        f.makeNew();
        f(Event::EndRequested{});
        COMPARE_EFFECTS(f(Event::StoreRemoveFailed{}), "");
        QVERIFY(f.session.deadline() == start + seconds(5));
        f.now += seconds(5);
        COMPARE_EFFECTS(f(Event::Tick{}), "store-remove");
        QVERIFY(!f.session.deadline());
        COMPARE_EFFECTS(f(Event::StoreRemoved{}), "forget");
    }

    void aQueueMissedTwiceIsLostAndStrangeOnce()
    {
        Fixture f;
        f.makeAcked(alpha);
        f.now += seconds(30);
        COMPARE_EFFECTS(f(Event::Inspected{f.now, false}), "");
        QCOMPARE(f.session.state, State::Acked);
        f.now += seconds(1);
        COMPARE_EFFECTS(f(Event::Inspected{f.now, false}),
                        "withdraw; remove; store-remove; strange queue_lost; close 1 4002");
        COMPARE_EFFECTS(f(Event::Inspected{f.now, false}), "");
        COMPARE_EFFECTS(f(Event::QueueDeleted{alpha}), "");
        COMPARE_EFFECTS(f(Event::StoreRemoved{}), "forget");
    }

    void aDeletedEventUnderWayDuringAnInspectionIsNotStrange()
    {
        Fixture f;
        f.makeAcked(alpha);
        f.now += seconds(30);
        f(Event::Inspected{f.now, false});
        COMPARE_EFFECTS(f(Event::QueueDeleted{alpha}), "withdraw; remove; store-remove");
        f.now += seconds(2);
        COMPARE_EFFECTS(f(Event::Inspected{f.now, false}), "");
        QCOMPARE(f.session.endReason, EndReason::QueueDeleted);
    }

    void inspectionsThatProveNothingEndNothing_data()
    {
        QTest::addColumn<int>("first"); // seconds after the ack when each inspection began
        QTest::addColumn<bool>("firstExists");
        QTest::addColumn<int>("second");
        QTest::newRow("both began with the ack") << 0 << false << 0;
        QTest::newRow("both began before the ack") << -5 << false << -1;
        QTest::newRow("only the second began after the ack") << -1 << false << 30;
        QTest::newRow("the first found it") << 30 << true << 60;
        QTest::newRow("too close together") << 30 << false << 30;
    }

    void inspectionsThatProveNothingEndNothing()
    {
        QFETCH(int, first);
        QFETCH(bool, firstExists);
        QFETCH(int, second);
        Fixture f;
        f.makeAcked(alpha);
        f.now += seconds(61);
        COMPARE_EFFECTS(f(Event::Inspected{start + seconds(first), firstExists}), "");
        COMPARE_EFFECTS(f(Event::Inspected{start + seconds(second), false}), "");
        QCOMPARE(f.session.state, State::Acked);
    }

    void aQueueThatIsFoundAgainIsNotLost()
    {
        Fixture f;
        f.makeAcked(alpha);
        f(Event::Inspected{start + seconds(30), false});
        f(Event::Inspected{start + seconds(31), true});
        COMPARE_EFFECTS(f(Event::Inspected{start + seconds(60), false}), "");
        QCOMPARE(f.session.state, State::Acked);
    }

    void aQueueMissedBeforeAReplacementDoesNotCountAfterIt()
    {
        Fixture f;
        f.makeAcked(alpha);
        f(Event::Inspected{start + seconds(30), false});
        f.now = start + seconds(31);
        f(Event::Attached{beta});
        f(Event::QueueCreated{beta});
        COMPARE_EFFECTS(f(Event::Inspected{start + seconds(60), false}), "");
        QCOMPARE(f.session.state, State::Acked);
    }

    void anUnackedSessionIsNeverLost()
    {
        Fixture f;
        f.makeAttached(alpha);
        f(Event::Inspected{start + seconds(10), false});
        COMPARE_EFFECTS(f(Event::Inspected{start + seconds(20), false}), "");
        QCOMPARE(f.session.state, State::New);
    }

    void noEventHasAnyEffectOnAForgottenSession()
    {
        Fixture f;
        f.makeAcked(alpha);
        f(Event::ConnectionClosed{alpha});
        f(Event::StoreRemoved{});
        QCOMPARE(f.session.state, State::Forgotten);
        f.now += std::chrono::hours(1);
        for (const Event::Any &event : everyEvent(f.now))
            COMPARE_EFFECTS(f(event), "");
        QVERIFY(!f.session.deadline());
    }

    void anEndingSessionCannotBeTakenOverOrEndedAgain()
    {
        Fixture f;
        f.makeAcked(alpha);
        f(Event::EndRequested{});
        COMPARE_EFFECTS(f(Event::Attached{beta}), "");
        COMPARE_EFFECTS(f(Event::QueueCreated{beta}), "");
        COMPARE_EFFECTS(f(Event::QueueCreated{alpha}), "");
        COMPARE_EFFECTS(f(Event::QueueDeleted{alpha}), "");
        COMPARE_EFFECTS(f(Event::EndRequested{}), "");
        COMPARE_EFFECTS(f(Event::Stored{}), "");
        QCOMPARE(f.session.connection, alpha);
        QCOMPARE(f.session.state, State::Ending);
        QCOMPARE(f.session.endReason, EndReason::ClientEnded);
    }

    void aBrokenConnectionLeavesASessionThatMayBeResumed()
    {
        Fixture f;
        f.makeNew();
        f(Event::Attached{alpha, seconds(30)});
        f(Event::QueueCreated{alpha});
        COMPARE_EFFECTS(f(Event::ConnectionClosed{alpha, true}), "detach 1; reserve");
        QCOMPARE(f.session.state, State::Detached);
        QVERIFY(f.session.isLive());
        QVERIFY(f.session.deadline() == f.now + seconds(30));
        // What is still said of the old connection has no effect.
        COMPARE_EFFECTS(f(Event::QueueDeleted{alpha}), "");
        COMPARE_EFFECTS(f(Event::ConnectionClosed{alpha}), "");
        QCOMPARE(f.session.state, State::Detached);

        f.now += seconds(29);
        COMPARE_EFFECTS(f(Event::Tick{}), "");
        COMPARE_EFFECTS(f(Event::Attached{beta, seconds(10)}), "reserve");
        QCOMPARE(f.session.state, State::New);
        QVERIFY(f.session.deadline() == f.now + seconds(60));
        COMPARE_EFFECTS(f(Event::QueueCreated{beta}), "store-update");
        COMPARE_EFFECTS(f(Event::ConnectionClosed{beta, true}), "detach 2; reserve");
        QVERIFY(f.session.deadline() == f.now + seconds(10));
    }

    void nobodyResumingEndsTheSession()
    {
        Fixture f;
        f.makeNew();
        f(Event::Attached{alpha, seconds(30)});
        COMPARE_EFFECTS(f(Event::ConnectionClosed{alpha, true}), "detach 1; reserve");
        f.now += seconds(30);
        COMPARE_EFFECTS(f(Event::Tick{}), "withdraw; remove; store-remove");
        QCOMPARE(f.session.endReason, EndReason::ResumeExpired);
        COMPARE_EFFECTS(f(Event::Attached{beta, seconds(30)}), "");
        COMPARE_EFFECTS(f(Event::StoreRemoved{}), "forget");
    }

    void aSupersededSessionClosesItsConnection()
    {
        Fixture f;
        f.makeAcked(alpha);
        COMPARE_EFFECTS(f(Event::Superseded{}), "withdraw; remove; store-remove; close 1 4001");
        QCOMPARE(f.session.endReason, EndReason::Superseded);
        COMPARE_EFFECTS(f(Event::Superseded{}), "");
        COMPARE_EFFECTS(f(Event::StoreRemoved{}), "forget");
    }

    void aFinishedConnectionEndsASessionThatMightBeResumed()
    {
        Fixture f;
        f.makeNew();
        f(Event::Attached{alpha, seconds(30)});
        COMPARE_EFFECTS(f(Event::ConnectionClosed{alpha, false}), "withdraw; remove; store-remove");
        QCOMPARE(f.session.endReason, EndReason::ConnectionClosed);
    }

    void aDetachedSessionCanBeEnded()
    {
        Fixture f;
        f.makeNew();
        f(Event::Attached{alpha, seconds(30)});
        f(Event::ConnectionClosed{alpha, true});
        COMPARE_EFFECTS(f(Event::EndRequested{}), "withdraw; remove; store-remove");
        COMPARE_EFFECTS(f(Event::StoreRemoved{}), "forget");
    }

    void theGrantIsThatOfTheConnectionThatHoldsTheSession()
    {
        Fixture f;
        f.makeNew();
        f(Event::Attached{alpha, seconds(30)});
        f(Event::Attached{beta});
        COMPARE_EFFECTS(f(Event::ConnectionClosed{alpha, true}), "");
        COMPARE_EFFECTS(f(Event::ConnectionClosed{beta, true}), "withdraw; remove; store-remove");
    }

    void theRecordSaysWhetherTheSessionIsAcked()
    {
        Fixture f;
        f.makeAttached(alpha);
        QVERIFY(!f.session.record().acked);
        f(Event::QueueCreated{alpha});
        QVERIFY(f.session.record().acked);
    }
};

QTEST_APPLESS_MAIN(TestSessionMachine)
#include "tst_sessionmachine.moc"
