// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/server/session/sessionhouse.h"

#include <QTest>

using namespace msgsrv;

namespace {

using State = SessionState;

constexpr ConnectionId first{1};
constexpr ConnectionId second{2};
constexpr qint64 threeDaysMs = qint64(3) * 24 * 60 * 60 * 1000;

} // namespace

/// Sessions that outlive the process, and requests that wait for the store.
class TestSessionRestore : public QObject
{
    Q_OBJECT

private slots:
    void aRestoredSessionIsThereAsItWas()
    {
        SessionHouse house;
        const ListeningKey alice = house.acked("alice", first);
        const ListeningKey bob = house.open("bob").value().key;
        house.settings.resumeWindow = seconds(60);
        house.restart();
        QCOMPARE(house.count(State::New), 1);
        QCOMPARE(house.count(State::Detached), 1);
        QCOMPARE(house.metric("messaging_sessions_restored_total"), 2.0);
        QCOMPARE(house.open("alice").error().cause, ProblemCause::UserIdTaken);
        QVERIFY(house.directory.findKey(alice)->userId == user("alice"));
        QVERIFY(house.directory.findUser(user("bob"))->key == bob);
        // Messages wait for it.
        QCOMPARE(house.publish(alice).state, PublishResult::State::Queued);
        QVERIFY(house.attach(second, "alice", alice).has_value());
        QVERIFY(house.subscribe(alice, second));
        house.settle();
        QCOMPARE(house.count(State::Acked), 1);
        QCOMPARE(house.queues.take(alice, second, 10, 1000).size(), std::size_t(1));
    }

    void aRestoredSessionNeedsItsKey()
    {
        SessionHouse house;
        const ListeningKey alice = house.open("alice").value().key;
        const ListeningKey bob = house.open("bob").value().key;
        house.restart();
        const auto &digest = alice.digest();
        const std::string_view stolen(reinterpret_cast<const char *>(digest.data()), digest.size());
        for (const ListeningKey &wrong :
             {bob, ListeningKey(), ListeningKey::generate(), ListeningKey::fromPresented(stolen)})
            QCOMPARE(house.attach(first, "alice", wrong).error(), AttachRefusal::BadCredentials);
        QVERIFY(house.attach(first, "alice", alice).has_value());
    }

    void theWallClockEndsNoSession_data()
    {
        QTest::addColumn<qint64>("shiftMs");
        QTest::newRow("three days forward") << threeDaysMs;
        QTest::newRow("three days back") << -threeDaysMs;
    }
    void theWallClockEndsNoSession()
    {
        QFETCH(const qint64, shiftMs);
        SessionHouse house;
        const ListeningKey alice = house.acked("alice", first);
        house.store.records[alice].createdAtMs -= shiftMs; // as it looks when the clock was set meanwhile
        house.restart();
        house.pass(seconds(59));
        QVERIFY(house.attach(second, "alice", alice).has_value());
    }

    void aSessionWhoseClientStaysAwayEnds()
    {
        SessionHouse house;
        (void)house.acked("alice", first);
        house.settings.resumeWindow = seconds(20);
        house.restart();
        house.pass(seconds(19));
        QCOMPARE(house.service->liveCount(), 1);
        house.pass(seconds(2));
        QCOMPARE(house.sessions(), 0);
        QVERIFY(house.store.records.isEmpty());
        QCOMPARE(house.metric("messaging_sessions_ended_total{reason=\"resume_expired\"}"), 1.0);
        QCOMPARE(house.strange(Strange::UnackedExpired), 0.0);
        QVERIFY(house.open("alice").has_value());
    }

    void generationsGoOnWhereTheyWere()
    {
        SessionHouse house;
        (void)house.open("alice");
        house.service.reset();
        house.start();
        house.mainThread.inside([&] { house.service->restore({{}, Generation(41)}); });
        QCOMPARE(house.open("bob").value().generation, Generation(42));
    }

    void aUserIdThatIsAnAccountsNowIsNotRestored()
    {
        SessionHouse house;
        (void)house.open("guest");
        house.settings.reserved = {user("guest")};
        house.restart();
        QCOMPARE(house.sessions(), 0);
        QVERIFY(house.store.records.isEmpty());
    }

    void anEndIsToldWhenTheStoreHasForgotten()
    {
        SessionHouse house;
        const ListeningKey alice = house.open("alice").value().key;
        std::optional<tl::expected<void, Problem>> result;
        house.service->end(alice, [&](tl::expected<void, Problem> r) { result = std::move(r); });
        while (house.mainThread.runOne()) { }
        QVERIFY(!house.directory.findKey(alice)); // it has ended
        QVERIFY(!result.has_value());
        QVERIFY(house.store.answerOne());
        while (house.mainThread.runOne()) { }
        QVERIFY(house.store.records.isEmpty());
        QVERIFY(result.has_value() && result->has_value());
    }

    void anEndThatTheStoreCannotKeepIsUnavailable()
    {
        SessionHouse house;
        const ListeningKey alice = house.open("alice").value().key;
        house.store.away = true;
        const auto refused = house.end(alice);
        QCOMPARE(refused.error().cause, ProblemCause::Unavailable);
        QVERIFY(refused.error().retryAfterSeconds > 0);
        QVERIFY(!house.directory.findKey(alice)); // it has ended all the same
        QCOMPARE(house.end(alice).error().cause, ProblemCause::UnknownKey);
        house.store.away = false;
        house.pass(seconds(6));
        QVERIFY(house.store.records.isEmpty());
        QCOMPARE(house.sessions(), 0);
    }

    void aSessionThatEndedOtherwiseIsUnknownToItsKey()
    {
        SessionHouse house;
        const ListeningKey alice = house.acked("alice", first);
        house.store.away = true;
        house.closed(alice, first);
        QCOMPARE(house.end(alice).error().cause, ProblemCause::UnknownKey);
    }
};

QTEST_APPLESS_MAIN(TestSessionRestore)
#include "tst_sessionrestore.moc"
