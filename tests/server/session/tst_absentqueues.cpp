// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/embeddedbroker.h"
#include "server/session/absentqueues.h"
#include "tests/server/broker/recordingport.h"

#include <QTest>

#include <atomic>
#include <thread>

using namespace msgsrv;

namespace {

const UserId alice = UserId::parse("alice").value();
const UserId bob = UserId::parse("bob").value();
const UserId carol = UserId::parse("carol").value();

struct House
{
    explicit House(const AbsentQueues::Settings &settings
                   = {.maxHold = seconds(30), .users = 2, .perSender = 3})
        : absent(settings, directory, broker)
    { }

    /// The queue for a message of @p sender to @p user that lives for @p ttl; null: refused.
    ListeningKey place(const UserId &user, const UserId &sender, Duration ttl = seconds(10))
    {
        const auto found = absent.placeFor(user, sender, now + ttl, now);
        const auto *const place = std::get_if<AbsentQueues::Place>(&found);
        refusal = place ? std::nullopt : std::optional(std::get<AbsentQueues::Refusal>(found));
        expiresAt = place ? place->expiresAt : TimePoint();
        return place ? place->queue : ListeningKey();
    }
    bool publish(const ListeningKey &queue)
    {
        bool accepted = false;
        broker.publish(
            queue, std::make_shared<Message>(), Broker::Tell::Acceptance,
            [&](const PublishResult &result) { accepted = result.state == PublishResult::State::Queued; });
        return accepted;
    }

    TimePoint now{seconds(1000)};
    RecordingPort port;
    EmbeddedBroker broker{{.queue = {}, .reservation = {}}, port};
    SessionDirectory directory;
    AbsentQueues absent;
    std::optional<AbsentQueues::Refusal> refusal;
    TimePoint expiresAt;
};

} // namespace

class TestAbsentQueues : public QObject
{
    Q_OBJECT

private slots:
    void theQueueBecomesTheSessions()
    {
        House house;
        const ListeningKey queue = house.place(bob, alice);
        QVERIFY(house.publish(queue));
        QCOMPARE(house.place(bob, alice), queue);
        QCOMPARE(house.absent.users(), 1);

        QCOMPARE(house.absent.promise(bob), queue);
        QCOMPARE(house.place(bob, carol), queue); // while the session is being stored
        house.directory.add({bob, queue, Generation(1)});
        house.absent.arrived(bob, queue);
        QCOMPARE(house.absent.users(), 0);
        QCOMPARE(house.place(bob, alice, std::chrono::hours(5)), queue); // the session's
        QCOMPARE(house.expiresAt, house.now + std::chrono::hours(5)); // and no longer held
        house.directory.remove(queue, Generation(1));
        QVERIFY(house.place(bob, alice) != queue); // whoever comes next gets another key
    }

    void aSessionThatIsNotOpenedLeavesWhatWaits()
    {
        House house;
        const ListeningKey queue = house.absent.promise(bob);
        QCOMPARE(house.place(bob, alice), queue);
        QVERIFY(house.publish(queue));
        house.absent.failed(bob, queue);
        QCOMPARE(house.absent.promise(bob), queue);
        house.absent.failed(bob, queue);
        const ListeningKey carols = house.absent.promise(carol);
        house.absent.failed(carol, carols);
        QVERIFY(house.absent.promise(carol) != carols); // nothing waited
    }

    void theQueueGoesWithItsLastMessage()
    {
        House house;
        const ListeningKey queue = house.place(bob, alice, seconds(5));
        QVERIFY(house.publish(queue));
        (void)house.place(bob, alice, std::chrono::hours(1));
        QCOMPARE(house.expiresAt, house.now + seconds(30)); // max_hold
        house.now += seconds(29);
        house.absent.sweep(house.now);
        QVERIFY(house.publish(queue));
        house.now += seconds(1);
        house.absent.sweep(house.now);
        QVERIFY(!house.publish(queue));
        QCOMPARE(house.absent.users(), 0);
        QCOMPARE(house.broker.counts().dropped[int(DropReason::Expired)], 2U);
        // Who is being opened keeps it.
        const ListeningKey next = house.place(bob, alice, seconds(5));
        QCOMPARE(house.absent.promise(bob), next);
        house.absent.sweep(house.now + seconds(60));
        QVERIFY(house.publish(next));
    }

    void whatWasHeldBeforeIsHeldAgain()
    {
        House house;
        const ListeningKey queue = ListeningKey::generate();
        house.absent.restore(bob, queue, alice, house.now + seconds(5));
        house.absent.restore(bob, queue, carol, house.now + seconds(3));
        QCOMPARE(house.absent.users(), 1);
        const std::vector<AbsentQueues::Held> held = house.absent.held();
        QCOMPARE(held.size(), std::size_t(1));
        QVERIFY(held[0].user == bob && held[0].queue == queue && held[0].number == 1);
        QVERIFY(house.publish(queue));
        QCOMPARE(house.place(bob, alice), queue); // and what comes now stands behind it
        house.now += seconds(9);
        house.absent.sweep(house.now);
        QVERIFY(house.publish(queue));
        QCOMPARE(house.absent.promise(bob), queue);
        house.directory.add({bob, queue, Generation(1)});
        house.absent.arrived(bob, queue);
        QVERIFY(house.absent.held().empty());
        QCOMPARE(house.absent.users(), 0);
    }

    void usersAndSendersAreLimited()
    {
        House house;
        QVERIFY(!house.place(alice, carol).isNull());
        QVERIFY(!house.place(bob, carol).isNull());
        QVERIFY(house.place(carol, bob).isNull());
        QVERIFY(house.refusal == AbsentQueues::Refusal::TooManyUsers);
        QVERIFY(!house.place(bob, carol).isNull());
        QVERIFY(house.place(bob, carol).isNull());
        QVERIFY(house.refusal == AbsentQueues::Refusal::TooManyOfSender);
        QCOMPARE(house.absent.refusedUsers(), 1U);
        QCOMPARE(house.absent.refusedOfSender(), 1U);
        house.absent.withdraw(bob, carol);
        QVERIFY(!house.place(bob, carol).isNull());
        // What was not accepted after all leaves no queue behind.
        house.absent.withdraw(alice, carol);
        QCOMPARE(house.absent.users(), 1);
        house.now += seconds(60);
        house.absent.sweep(house.now);
        QVERIFY(!house.place(carol, bob).isNull());
        QVERIFY(!house.place(carol, carol).isNull()); // nothing of carol's waits any more
    }

    void nobodyIsWaitedForWhenItIsOff()
    {
        House house({.maxHold = seconds(0), .users = 2, .perSender = 3});
        QVERIFY(house.place(bob, alice).isNull());
        QVERIFY(house.refusal == AbsentQueues::Refusal::Off);
    }

    void nothingGoesToAQueueThatNobodyWillHave()
    {
        // One thread opens and ends bob's session, another sends to him all the time: every message is in the
        // queue of one of his sessions, or of the one to come.
        House house({.maxHold = std::chrono::hours(1), .users = 0, .perSender = 0});
        std::atomic<bool> stop{false};
        std::atomic<std::uint64_t> sent{0};
        std::atomic<std::uint64_t> allowed{0}; // queues without a limit must not outgrow the memory
        std::thread sender([&] {
            while (!stop) {
                if (sent >= allowed) {
                    std::this_thread::yield();
                    continue;
                }
                const auto session = house.directory.findUser(bob);
                const auto found = session ? ListeningKey(session->key) : house.place(bob, alice);
                sent += house.publish(found) ? 1 : 0;
            }
        });
        std::uint64_t received = 0;
        for (std::uint64_t round = 1; round <= 300; ++round) {
            const ListeningKey key = house.absent.promise(bob);
            house.broker.reserve(key);
            house.directory.add({bob, key, Generation(round)});
            house.absent.arrived(bob, key);
            const std::uint64_t before = sent;
            allowed = before + 50;
            while (sent < before + 3)
                std::this_thread::yield();
            house.directory.remove(key, Generation(round));
            const ConnectionId connection = makeConnectionId(0, std::uint32_t(round));
            house.broker.subscribe(key, connection, {});
            while (true) {
                const auto taken = house.broker.take(key, connection, 100, 1 << 20);
                if (taken.empty())
                    break;
                received += taken.size();
                house.broker.settle(key, connection, int(taken.size()), 0, DropReason::SlowConsumer);
            }
            house.broker.remove(key, DropReason::SessionEnded);
        }
        stop = true;
        sender.join();
        const BrokerCounts counts = house.broker.counts();
        QCOMPARE(counts.accepted, sent.load());
        QCOMPARE(counts.delivered, received);
        // The rest came between the last look and the end of a session, or waits for bob's next one.
        QCOMPARE(counts.delivered + counts.dropped[int(DropReason::SessionEnded)] + counts.inFlight,
                 sent.load());
        QVERIFY(house.absent.users() <= 1);
    }
};

QTEST_APPLESS_MAIN(TestAbsentQueues)
#include "tst_absentqueues.moc"
