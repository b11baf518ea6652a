// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/server/session/sessionhouse.h"

#include <QTest>

using namespace msgsrv;

namespace {

using State = SessionState;
using Fate = LossyBroker::Fate;
using Request = RecordingConnections::Request;

constexpr ConnectionId first = makeConnectionId(0, 1);
constexpr ConnectionId second = makeConnectionId(1, 1);
constexpr ConnectionId stranger = makeConnectionId(2, 7);

} // namespace

class TestSessionService : public QObject
{
    Q_OBJECT

private slots:
    void theLoginOfAnAccountIsTaken()
    {
        SessionHouse house;
        house.settings.reserved = {user("guest")};
        house.start();
        QCOMPARE(house.open("guest").error().cause, ProblemCause::UserIdTaken);
        QVERIFY(house.open("guest2"));
    }
    // Opening

    void anOpenedSessionIsNewFindableAndKept()
    {
        SessionHouse house;
        const auto opened = house.open("alice");
        QVERIFY(opened.has_value());
        QCOMPARE(opened->userId.bytes(), QByteArray("alice"));
        QVERIFY(opened->key.secret().startsWith("queue."));
        QCOMPARE(house.directory.findUser(user("alice"))->key, opened->key);
        QCOMPARE(house.directory.findKey(opened->key)->userId, user("alice"));
        QCOMPARE(house.store.records.value(opened->key).address, QByteArray("ws://host/ws"));
        QVERIFY(!house.store.records.value(opened->key).acked);
        QCOMPARE(house.count(State::New), 1);
        QCOMPARE(house.publish(opened->key).state, PublishResult::State::Queued);
        QCOMPARE(house.metric("messaging_sessions{state=\"new\"}"), 1.0);
        QCOMPARE(house.metric("messaging_sessions_opened_total"), 1.0);
    }

    void aSessionIsNotFindableBeforeItIsStored()
    {
        SessionHouse house;
        int answers = 0;
        house.service->open({user("alice"), {}}, [&](auto) { ++answers; });
        while (house.mainThread.runOne()) { }
        QVERIFY(!house.directory.findUser(user("alice")));
        QCOMPARE(answers, 0);
        house.settle();
        QVERIFY(house.directory.findUser(user("alice")));
        QCOMPARE(answers, 1);
    }

    void ofTwoSimultaneousOpensForOneUserOneWins()
    {
        SessionHouse house;
        int opened = 0;
        int taken = 0;
        for (int i = 0; i < 2; ++i) {
            house.service->open({user("alice"), {}}, [&](const SessionHouse::OpenResult &result) {
                result ? ++opened : ++taken;
                if (!result)
                    QCOMPARE(result.error().cause, ProblemCause::UserIdTaken);
            });
        }
        house.settle();
        QCOMPARE(opened, 1);
        QCOMPARE(taken, 1);
        QCOMPARE(house.store.records.size(), 1);
        QCOMPARE(house.service->liveCount(), 1);
    }

    void aUserIdThatIsInUseIsTaken()
    {
        SessionHouse house;
        (void)house.acked("alice", first);
        QCOMPARE(house.open("alice").error().cause, ProblemCause::UserIdTaken);
        QVERIFY(house.open("Alice").has_value()); // byte for byte
    }

    void aStoreThatIsAwayIsUnavailableAndTakesNoUserId()
    {
        SessionHouse house;
        house.store.away = true;
        const auto refused = house.open("alice");
        QCOMPARE(refused.error().cause, ProblemCause::Unavailable);
        QVERIFY(refused.error().retryAfterSeconds > 0);
        QVERIFY(!house.directory.findUser(user("alice")));
        house.store.away = false;
        QVERIFY(house.open("alice").has_value());
        QCOMPARE(house.sessions(), 1);
    }

    void aUserIdThatOnlyTheStoreKnowsIsTaken()
    {
        SessionHouse house;
        const ListeningKey key = ListeningKey::generate();
        house.store.records.insert(key, {user("alice"), key, Generation(1), {}, true, 0});
        QCOMPARE(house.open("alice").error().cause, ProblemCause::UserIdTaken);
        QCOMPARE(house.store.records.size(), 1);
    }

    void generationsGrowAndKeysDiffer()
    {
        SessionHouse house;
        const auto one = house.open("alice").value();
        QVERIFY(house.end(one.key).has_value());
        const auto two = house.open("alice").value();
        QVERIFY(two.generation > one.generation);
        QVERIFY(!(two.key == one.key));
    }

    // Attaching

    void attachNeedsTheUserAndItsKey_data()
    {
        QTest::addColumn<QByteArray>("login");
        QTest::addColumn<int>("passcode"); // 0 alice's key, 1 bob's, 2 empty, 3 shortened, 4 unknown
        QTest::newRow("another's key") << QByteArray("alice") << 1;
        QTest::newRow("no key") << QByteArray("alice") << 2;
        QTest::newRow("a part of the key") << QByteArray("alice") << 3;
        QTest::newRow("an unknown key") << QByteArray("alice") << 4;
        QTest::newRow("another's name") << QByteArray("bob") << 0;
        QTest::newRow("another spelling") << QByteArray("Alice") << 0;
        QTest::newRow("a longer name") << QByteArray("alice ") << 0;
        QTest::newRow("no name") << QByteArray() << 0;
        QTest::newRow("no name and no key") << QByteArray() << 2;
        QTest::newRow("not UTF-8") << QByteArray("ali\xff"
                                                 "ce")
                                   << 0;
        QTest::newRow("unknown name") << QByteArray("carol") << 0;
    }

    void attachNeedsTheUserAndItsKey()
    {
        QFETCH(QByteArray, login);
        QFETCH(int, passcode);
        SessionHouse house;
        const ListeningKey alice = house.open("alice").value().key;
        const ListeningKey bob = house.open("bob").value().key;
        const QByteArray secret = alice.secret();
        const ListeningKey keys[]
            = {alice, bob, ListeningKey(),
               ListeningKey::fromPresented({secret.constData(), std::size_t(secret.size() - 1)}),
               ListeningKey::generate()};
        const auto refused = house.attach(first, login, keys[passcode]);
        QVERIFY(!refused.has_value());
        QCOMPARE(refused.error(), AttachRefusal::BadCredentials);
        // Whoever has no right to it changed nothing.
        QVERIFY(house.attach(second, "alice", alice).has_value());
        QVERIFY(house.connections.requests.empty());
    }

    void anEndedSessionsKeyIsNoCredential()
    {
        SessionHouse house;
        const ListeningKey key = house.acked("alice", first);
        QVERIFY(house.end(key).has_value());
        QCOMPARE(house.attach(second, "alice", key).error(), AttachRefusal::BadCredentials);
    }

    void aSessionThatIsBeingStoredCannotBeAttached()
    {
        SessionHouse house;
        house.service->open({user("alice"), {}}, [](auto) {});
        while (house.mainThread.runOne()) { }
        std::optional<SessionHouse::AttachResult> result;
        house.service->attach({first, "alice", {}}, [&](auto r) { result = std::move(r); });
        while (house.mainThread.runOne()) { }
        QCOMPARE(result->error(), AttachRefusal::BadCredentials);
    }

    void theQueueAcksAndTheRecordSaysSo()
    {
        SessionHouse house;
        const ListeningKey key = house.acked("alice", first);
        QCOMPARE(house.count(State::Acked), 1);
        QVERIFY(house.store.records.value(key).acked);
        house.pass(seconds(120));
        QCOMPARE(house.count(State::Acked), 1);
        QVERIFY(house.connections.requests.empty());
    }

    void theNewestConnectionWinsAndWhatWaitsStays()
    {
        SessionHouse house;
        const ListeningKey key = house.acked("alice", first);
        QCOMPARE(house.publish(key).state, PublishResult::State::Queued);
        QVERIFY(house.attach(second, "alice", key).has_value());
        QCOMPARE(house.connections.requests, (std::vector<Request>{{first, 4001}}));
        QCOMPARE(house.count(State::New), 1);
        QVERIFY(house.subscribe(key, second));
        house.settle();
        QCOMPARE(house.count(State::Acked), 1);
        QCOMPARE(house.broker.take(key, second, 10, 10'000).size(), std::size_t(1));
    }

    // Races

    void whatAnOldConnectionStillDoesNeverEndsTheNewer_data()
    {
        QTest::addColumn<bool>("closedFirst");
        QTest::addColumn<bool>("afterSubscribe");
        QTest::newRow("unsubscribe, close, before the newer subscribes") << false << false;
        QTest::newRow("close, unsubscribe, before the newer subscribes") << true << false;
        QTest::newRow("unsubscribe, close, after the newer subscribed") << false << true;
        QTest::newRow("close, unsubscribe, after the newer subscribed") << true << true;
    }

    void whatAnOldConnectionStillDoesNeverEndsTheNewer()
    {
        QFETCH(bool, closedFirst);
        QFETCH(bool, afterSubscribe);
        SessionHouse house;
        const ListeningKey key = house.acked("alice", first);
        QVERIFY(house.attach(second, "alice", key).has_value());
        if (afterSubscribe)
            QVERIFY(house.subscribe(key, second));
        for (int i = 0; i < 2; ++i) {
            if (closedFirst)
                house.service->connectionClosed(key, first, ConnectionEnd::Finished);
            house.broker.unsubscribe(key, first);
            house.service->connectionClosed(key, first, ConnectionEnd::Finished);
        }
        if (!afterSubscribe)
            QVERIFY(house.subscribe(key, second));
        house.settle();
        QCOMPARE(house.count(State::Acked), 1);
        QCOMPARE(house.broker.counts().queues, std::uint64_t(1));
        house.pass(seconds(120));
        QCOMPARE(house.count(State::Acked), 1);
    }

    void anOldConnectionThatUnsubscribesJustBeforeItIsReplacedDoesNotEndTheNewer()
    {
        SessionHouse house;
        const ListeningKey key = house.acked("alice", first);
        std::optional<SessionHouse::AttachResult> attached;
        house.service->attach({second, "alice", key}, [&](auto r) { attached = std::move(r); });
        house.broker.unsubscribe(key, first); // its event comes after the attach
        house.settle();
        QVERIFY(attached.value().has_value());
        QVERIFY(house.subscribe(key, second));
        house.settle();
        QCOMPARE(house.count(State::Acked), 1);
    }

    void anOldConnectionThatSubscribesAfterItWasReplacedDoesNotKeepTheNewerOut()
    {
        SessionHouse house;
        const ListeningKey key = house.open("alice").value().key;
        QVERIFY(house.attach(first, "alice", key).has_value());
        QVERIFY(house.attach(second, "alice", key).has_value());
        (void)house.subscribe(key, first);
        house.settle();
        QVERIFY(house.subscribe(key, second));
        house.settle();
        QCOMPARE(house.count(State::Acked), 1);
        QCOMPARE(house.publish(key).state, PublishResult::State::Queued);
        QCOMPARE(house.broker.take(key, second, 10, 10'000).size(), std::size_t(1));
        house.pass(seconds(120));
        QCOMPARE(house.count(State::Acked), 1);
    }

    void aConnectionThatGoesBeforeItsAttachIsAnsweredLeavesNoSession()
    {
        SessionHouse house;
        const ListeningKey key = house.open("alice").value().key;
        bool attached = false;
        house.service->attach({first, "alice", key}, [&](auto r) { attached = r.has_value(); });
        house.service->connectionClosed(key, first, ConnectionEnd::Finished);
        house.settle();
        QVERIFY(attached);
        QCOMPARE(house.sessions(), 0);
    }

    void theQueueCreatedEventMayComeBeforeTheAttachIsKnown()
    {
        SessionHouse house;
        const ListeningKey key = house.open("alice").value().key;
        QVERIFY(house.subscribe(key, first));
        bool attached = false;
        house.service->attach({first, "alice", key}, [&](auto r) { attached = r.has_value(); });
        house.settle();
        QVERIFY(attached);
        QCOMPARE(house.count(State::Acked), 1);
    }

    void aDelayedCreatedEventOfAnOldConnectionDoesNotAckTheNewer()
    {
        SessionHouse house;
        const ListeningKey key = house.open("alice").value().key;
        QVERIFY(house.attach(first, "alice", key).has_value());
        house.broker.onCreated(Fate::Hold);
        QVERIFY(house.subscribe(key, first));
        QVERIFY(house.attach(second, "alice", key).has_value());
        house.broker.release();
        house.settle();
        QCOMPARE(house.count(State::New), 1);
        house.broker.onCreated(Fate::Pass);
        QVERIFY(house.subscribe(key, second));
        house.settle();
        QCOMPARE(house.count(State::Acked), 1);
    }

    void aDelayedCreatedEventOfTheNewerConnectionSurvivesTheOldOnesEnd()
    {
        SessionHouse house;
        const ListeningKey key = house.acked("alice", first);
        QVERIFY(house.attach(second, "alice", key).has_value());
        house.broker.onCreated(Fate::Hold);
        QVERIFY(house.subscribe(key, second));
        house.broker.unsubscribe(key, first);
        house.closed(key, first);
        house.broker.release();
        house.settle();
        QCOMPARE(house.count(State::Acked), 1);
    }

    void aDeletedEventThatOvertakesTheCreatedEventEndsTheSessionForGood()
    {
        SessionHouse house;
        const ListeningKey key = house.open("alice").value().key;
        QVERIFY(house.attach(first, "alice", key).has_value());
        house.broker.onCreated(Fate::Hold);
        QVERIFY(house.subscribe(key, first));
        house.broker.unsubscribe(key, first);
        house.settle();
        house.broker.release();
        house.settle();
        QCOMPARE(house.service->liveCount(), 0);
        house.closed(key, first);
        QCOMPARE(house.sessions(), 0);
    }

    void connectionClosedTwiceAndAfterTheEndIsHarmless()
    {
        SessionHouse house;
        const ListeningKey key = house.acked("alice", first);
        house.closed(key, first);
        house.closed(key, first);
        house.broker.unsubscribe(key, first);
        house.settle();
        QCOMPARE(house.sessions(), 0);
        const ListeningKey next = house.acked("alice", second);
        house.closed(key, first);
        house.closed(key, second);
        house.closed(next, first);
        QCOMPARE(house.count(State::Acked), 1);
        QCOMPARE(house.directory.findUser(user("alice"))->key, next);
    }

    // Ending

    void anEndedSessionDeliversNothingMore()
    {
        SessionHouse house;
        const ListeningKey key = house.acked("alice", first);
        house.publish(key);
        QVERIFY(house.end(key).has_value());
        QVERIFY(!house.directory.findUser(user("alice")));
        QVERIFY(!house.directory.findKey(key));
        QCOMPARE(house.publish(key).refusal, PublishRefusal::NoQueue);
        QVERIFY(house.broker.take(key, first, 10, 10'000).empty());
        QVERIFY(!house.subscribe(key, first));
        QCOMPARE(house.end(key).error().cause, ProblemCause::UnknownKey);
        QVERIFY(house.store.records.isEmpty());
        QCOMPARE(house.broker.counts().dropped[int(DropReason::SessionEnded)], std::uint64_t(1));
    }

    void aConnectionThatStaysIsClosedAfterFiveSeconds()
    {
        SessionHouse house;
        const ListeningKey key = house.acked("alice", first);
        QVERIFY(house.end(key).has_value());
        QCOMPARE(house.count(State::Ending), 1);
        house.pass(milliseconds(4750));
        QVERIFY(house.connections.requests.empty());
        house.pass(milliseconds(250));
        QCOMPARE(house.connections.requests, (std::vector<Request>{{first, 4002}}));
        QCOMPARE(house.sessions(), 0);
        house.closed(key, first);
        house.pass(seconds(60));
        QCOMPARE(house.connections.requests.size(), std::size_t(1));
    }

    void aConnectionThatDisconnectsByItselfIsNotClosed()
    {
        SessionHouse house;
        const ListeningKey key = house.acked("alice", first);
        QVERIFY(house.end(key).has_value());
        house.closed(key, first);
        QCOMPARE(house.sessions(), 0);
        house.pass(seconds(60));
        QVERIFY(house.connections.requests.empty());
    }

    void theUserIdIsFreeAtOnceAndTheOldConnectionHarmsNobody()
    {
        SessionHouse house;
        const ListeningKey old = house.acked("alice", first);
        QVERIFY(house.end(old).has_value());
        const ListeningKey key = house.acked("alice", second);
        house.broker.unsubscribe(old, first);
        house.closed(old, first);
        house.pass(seconds(60));
        QCOMPARE(house.count(State::Acked), 1);
        QCOMPARE(house.directory.findUser(user("alice"))->key, key);
        QVERIFY(house.connections.requests.empty());
    }

    void whateverIsNoLiveKeyIsUnknown_data()
    {
        QTest::addColumn<QByteArray>("presented");
        QTest::newRow("empty") << QByteArray();
        QTest::newRow("text") << QByteArray("alice");
        QTest::newRow("crafted") << QByteArray("queue.alice.bob");
        QTest::newRow("bytes") << QByteArray("queue.\0\xff", 8);
    }

    void whateverIsNoLiveKeyIsUnknown()
    {
        QFETCH(QByteArray, presented);
        SessionHouse house;
        (void)house.acked("alice", first);
        const auto refused
            = house.end(ListeningKey::fromPresented({presented.constData(), std::size_t(presented.size())}));
        QCOMPARE(refused.error().cause, ProblemCause::UnknownKey);
        QCOMPARE(house.count(State::Acked), 1);
    }

    void aRemovalThatFailsIsRepeatedUntilTheRecordIsGone()
    {
        SessionHouse house;
        const ListeningKey key = house.open("alice").value().key;
        house.store.away = true;
        QCOMPARE(house.end(key).error().cause, ProblemCause::Unavailable);
        QCOMPARE(house.count(State::Ending), 1);
        house.pass(seconds(11));
        QCOMPARE(house.store.removals, 3);
        house.store.away = false;
        house.pass(seconds(5));
        QCOMPARE(house.sessions(), 0);
        QVERIFY(house.store.records.isEmpty());
    }

    void theEndOfTheSubscriptionEndsTheSession()
    {
        SessionHouse house;
        const ListeningKey key = house.acked("alice", first);
        house.broker.unsubscribe(key, first);
        house.settle();
        QVERIFY(!house.directory.findUser(user("alice")));
        QCOMPARE(house.metric("messaging_sessions_ended_total{reason=\"queue_deleted\"}"), 1.0);
        house.pass(seconds(6));
        QCOMPARE(house.connections.requests, (std::vector<Request>{{first, 4002}}));
        QCOMPARE(house.strange(Strange::QueueLost), 0.0);
    }

    // Lost events and the sweeps

    void aSessionThatNobodySubscribesToExpiresAndIsStrangeOnce()
    {
        SessionHouse house;
        const ListeningKey key = house.open("alice").value().key;
        house.publish(key);
        house.pass(seconds(60) - milliseconds(250));
        QCOMPARE(house.count(State::New), 1);
        house.pass(milliseconds(250));
        QCOMPARE(house.sessions(), 0);
        house.pass(seconds(120));
        QCOMPARE(house.strange(Strange::UnackedExpired), 1.0);
        QCOMPARE(house.strange(Strange::QueueLost), 0.0);
        QCOMPARE(house.broker.counts().dropped[int(DropReason::Expired)], std::uint64_t(1));
        QVERIFY(house.open("alice").has_value());
    }

    void aLostCreatedEventExpiresTheSessionAndClosesItsConnection()
    {
        SessionHouse house;
        const ListeningKey key = house.open("alice").value().key;
        QVERIFY(house.attach(first, "alice", key).has_value());
        house.broker.onCreated(Fate::Lose);
        QVERIFY(house.subscribe(key, first));
        house.pass(seconds(180));
        QCOMPARE(house.sessions(), 0);
        QCOMPARE(house.connections.requests, (std::vector<Request>{{first, 4002}}));
        QCOMPARE(house.strange(Strange::UnackedExpired), 1.0);
        QCOMPARE(house.broker.counts().queues, std::uint64_t(0));
        // What was held up for too long changes nothing any more.
        emit house.broker.queueCreated(key, first);
        house.settle();
        QCOMPARE(house.sessions(), 0);
    }

    void aLostDeletedEventIsFoundByTheSweepAndStrangeOnce()
    {
        SessionHouse house;
        const ListeningKey key = house.acked("alice", first);
        (void)house.acked("bob", second);
        house.broker.onDeleted(Fate::Lose);
        house.broker.unsubscribe(key, first);
        house.pass(seconds(29));
        QCOMPARE(house.count(State::Acked), 2);
        house.pass(seconds(4));
        QCOMPARE(house.count(State::Acked), 1);
        QVERIFY(house.directory.findUser(user("bob")));
        house.pass(seconds(120));
        QCOMPARE(house.sessions(), 1);
        QCOMPARE(house.strange(Strange::QueueLost), 1.0);
        QCOMPARE(house.connections.requests, (std::vector<Request>{{first, 4002}}));
        QVERIFY(house.open("alice").has_value());
    }

    void aDeletedEventThatIsUnderWayDuringASweepIsNotStrange()
    {
        SessionHouse house;
        const ListeningKey key = house.acked("alice", first);
        house.pass(seconds(30));
        house.broker.onDeleted(Fate::Hold);
        house.broker.unsubscribe(key, first);
        house.now += seconds(30);
        house.tickNow(); // this inspection misses the queue
        QCOMPARE(house.count(State::Acked), 1);
        house.broker.release();
        house.settle();
        house.pass(seconds(120));
        QCOMPARE(house.sessions(), 0);
        QCOMPARE(house.strange(Strange::QueueLost), 0.0);
    }

    void aSweepIntervalOfZeroSweepsNever()
    {
        SessionHouse house;
        house.settings.sweepInterval = {};
        house.start();
        const ListeningKey key = house.acked("alice", first);
        house.broker.onDeleted(Fate::Lose);
        house.broker.unsubscribe(key, first);
        house.pass(seconds(300));
        QCOMPARE(house.count(State::Acked), 1);
    }

    // Draining, and the end of the service

    void whileDrainingNoSessionIsOpenedAndThoseThatAreThereGoOn()
    {
        SessionHouse house;
        const ListeningKey acked = house.acked("alice", first);
        const ListeningKey waiting = house.open("bob").value().key;
        QCOMPARE(house.metric("messaging_draining"), 0.0);
        house.service->drain();
        QCOMPARE(house.metric("messaging_draining"), 1.0);
        const auto refused = house.open("carol");
        QCOMPARE(refused.error().cause, ProblemCause::Draining);
        QVERIFY(refused.error().retryAfterSeconds > 0);
        QCOMPARE(house.attach(second, "bob", waiting).error(), AttachRefusal::Draining);
        QCOMPARE(house.attach(second, "bob", acked).error(), AttachRefusal::BadCredentials);
        QCOMPARE(house.publish(acked).state, PublishResult::State::Queued);
        QCOMPARE(house.service->liveCount(), 2);
        QVERIFY(house.end(acked).has_value());
        QCOMPARE(house.service->liveCount(), 1);
    }

    void whileDrainingNobodyRunsOutOfTime()
    {
        SessionHouse house;
        house.settings.resumeWindow = seconds(5);
        house.settings.resumeUnasked = true;
        house.start();
        const ListeningKey alice = house.acked("alice", first);
        const ListeningKey bob = house.open("bob").value().key;
        const ListeningKey carol = house.acked("carol", second);
        house.service->drain();
        house.broker.detach(alice, first);
        house.closed(alice, first, ConnectionEnd::Broken);
        QVERIFY(house.end(carol).has_value()); // what ended goes on ending
        QCOMPARE(house.connections.requests.size(), std::size_t(0));
        house.pass(seconds(300));
        QCOMPARE(house.connections.requests.size(), std::size_t(1));
        QCOMPARE(house.count(State::Detached), 1);
        QCOMPARE(house.count(State::New), 1);
        QCOMPARE(house.strange(Strange::UnackedExpired), 0.0);

        std::vector<ListeningKey> keys;
        for (const KeptSession &kept : house.service->kept()) {
            keys.push_back(kept.key);
            QCOMPARE(kept.hadConsumer, kept.key == alice);
        }
        QCOMPARE(keys.size(), std::size_t(2));
        QVERIFY((keys[0] == alice && keys[1] == bob) || (keys[0] == bob && keys[1] == alice));
    }

    void whatComesAfterTheServiceHasGoneIsDiscarded()
    {
        SessionHouse house;
        const ListeningKey key = house.acked("alice", first);
        int answers = 0;
        house.service->open({user("bob"), {}}, [&](auto) { ++answers; });
        while (house.mainThread.runOne()) { }
        house.service->open({user("carol"), {}}, [&](auto) { ++answers; });
        house.service->connectionClosed(key, first, ConnectionEnd::Finished);
        house.broker.unsubscribe(key, first);
        house.service.reset();
        house.settle();
        emit house.broker.queueCreated(key, stranger);
        QCOMPARE(answers, 0);
        QCOMPARE(house.metric("messaging_sessions{state=\"acked\"}"), 1.0); // what it was at the end
    }

    void aDetachedSessionIsSupersededWithoutAProbe()
    {
        SessionHouse house;
        house.settings.resumeWindow = seconds(60);
        house.settings.resumeUnasked = true;
        house.settings.conflict = SessionService::Conflict::Probe;
        house.start();
        const ListeningKey key = house.acked("alice", first);
        house.closed(key, first, ConnectionEnd::Broken);
        QCOMPARE(house.service->count(SessionState::Detached), qint64(1));
        const auto opened = house.open("alice");
        QVERIFY(opened && !(opened->key == key));
        QVERIFY(house.connections.probed.empty());
        QCOMPARE(house.service->liveCount(), qint64(1));
    }

    void theProbeDecides()
    {
        SessionHouse house;
        house.settings.conflict = SessionService::Conflict::Probe;
        house.start();
        const ListeningKey key = house.acked("alice", first);
        for (const bool alive : {true, false}) {
            std::optional<SessionHouse::OpenResult> result;
            house.service->open({user("alice"), {}},
                                [&](SessionHouse::OpenResult r) { result = std::move(r); });
            house.settle();
            QVERIFY(!result);
            house.connections.answerProbe(alive);
            house.settle();
            QVERIFY(result);
            QCOMPARE(result->has_value(), !alive);
        }
        QCOMPARE(house.connections.probed, (std::vector<ConnectionId>{first, first}));
        QCOMPARE(house.connections.requests,
                 (std::vector<RecordingConnections::Request>{{first, int(CloseCode::Replaced)}}));
        QCOMPARE(house.service->liveCount(), qint64(1));
    }

    void ofManyNewcomersOneGetsTheUserId()
    {
        SessionHouse house;
        house.settings.conflict = SessionService::Conflict::Probe;
        house.start();
        (void)house.acked("alice", first);
        int opened = 0;
        int refused = 0;
        for (int i = 0; i < 3; ++i) {
            house.service->open({user("alice"), {}},
                                [&](const SessionHouse::OpenResult &r) { r ? ++opened : ++refused; });
        }
        house.settle();
        for (int i = 0; i < 3; ++i)
            house.connections.answerProbe(false);
        house.settle();
        QCOMPARE(opened, 1);
        QCOMPARE(refused, 2);
    }

    void aConnectionThatCameDuringTheProbeKeepsTheSession()
    {
        SessionHouse house;
        house.settings.conflict = SessionService::Conflict::Probe;
        house.start();
        const ListeningKey key = house.acked("alice", first);
        std::optional<SessionHouse::OpenResult> result;
        house.service->open({user("alice"), {}}, [&](SessionHouse::OpenResult r) { result = std::move(r); });
        house.settle();
        (void)house.attach(second, "alice", key).value();
        house.connections.answerProbe(false);
        house.settle();
        QVERIFY(result && !*result);
        QCOMPARE(result->error().cause, ProblemCause::UserIdTaken);
    }

    void theKeyGivesItsSessionBack()
    {
        SessionHouse house;
        const auto opened = house.open("alice").value();
        const auto again = house.open("alice", opened.key);
        QVERIFY(again && again->key == opened.key && again->generation == opened.generation);
        QVERIFY(!house.open("alice", ListeningKey::generate()));
    }
};

QTEST_APPLESS_MAIN(TestSessionService)
#include "tst_sessionservice.moc"
