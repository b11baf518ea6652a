// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/queuesaver.h"
#include "tests/server/session/sessionhouse.h"

#include <QTest>

using namespace msgsrv;

namespace {

constexpr ConnectionId first{1};
constexpr ConnectionId second{2};

/// Sessions that outlive their connections, and a saver of their queues.
struct SaverHouse : SessionHouse
{
    SaverHouse()
    {
        settings.resumeWindow = seconds(60);
        settings.resumeUnasked = true;
        start();
    }

    void publishAs(const ListeningKey &key, const QByteArray &id)
    {
        auto message = std::make_shared<Message>();
        message->id = id;
        message->body = "{}";
        message->from = user("sender");
        queues.publish(key, message, Broker::Tell::Acceptance, {});
    }

    void breakConnection(const ListeningKey &key, ConnectionId connection)
    {
        queues.detach(key, connection);
        closed(key, connection, ConnectionEnd::Broken);
    }

    QueueSaver::Result save()
    {
        std::optional<QueueSaver::Result> result;
        saver.save(service->kept(), [&](QueueSaver::Result told) { result = told; });
        settle();
        return result.value();
    }

    /// The next run of the program.
    void restartWithMessages()
    {
        restart();
        saver.restore(service->kept(), store.storedMessages());
    }

    /// What @p connection gets, "!" behind what was delivered before.
    QByteArray takeAll(const ListeningKey &key, ConnectionId connection)
    {
        QByteArrayList ids;
        for (const Delivery &delivery : queues.take(key, connection, 1000, 1 << 20))
            ids.append(delivery.message->id + (delivery.redelivered ? "!" : ""));
        return ids.join(' ');
    }

    bool conserves() const
    {
        const BrokerCounts counts = queues.counts();
        std::uint64_t gone = counts.delivered + counts.inFlight;
        for (const std::uint64_t dropped : counts.dropped)
            gone += dropped;
        return counts.accepted == gone;
    }
    std::uint64_t dropped(DropReason reason) const { return queues.counts().dropped[int(reason)]; }

    QueueSaver saver{{queues, store, directory, metrics}};
};

} // namespace

/// What waits for sessions goes over a restart.
class TestQueueSaver : public QObject
{
    Q_OBJECT

private slots:
    void whatWaitsAndWhatWasNotAcknowledgedComesBackInOrder()
    {
        SaverHouse house;
        const ListeningKey alice = house.acked("alice", first);
        const ListeningKey bob = house.open("bob").value().key; // nobody subscribed yet
        for (const char *id : {"1", "2", "3"})
            house.publishAs(alice, id);
        QCOMPARE(house.takeAll(alice, first), QByteArray("1 2 3"));
        house.queues.hold(alice, first, 2, 1);
        house.publishAs(bob, "early");
        house.breakConnection(alice, first);
        house.publishAs(alice, "4");

        const QueueSaver::Result result = house.save();
        QCOMPARE(result.kind, QueueSaver::Result::Kind::Saved);
        QCOMPARE(result.messages, std::size_t(5));
        QCOMPARE(result.queues, std::size_t(2));
        QCOMPARE(house.dropped(DropReason::Saved), std::uint64_t(5));
        QVERIFY(house.conserves());

        const std::uint64_t before = house.queues.counts().accepted;
        house.restartWithMessages();
        QCOMPARE(house.queues.counts().accepted - before, std::uint64_t(5));
        QCOMPARE(house.queues.counts().inFlight, std::uint64_t(5));
        QCOMPARE(house.metric("messaging_messages_restored_total"), 5.0);
        QVERIFY(house.conserves());
        QVERIFY(house.attach(second, "alice", alice).has_value());
        QVERIFY(house.subscribe(alice, second));
        QCOMPARE(house.takeAll(alice, second), QByteArray("1! 2! 3 4"));
        QVERIFY(house.attach(first, "bob", bob).has_value());
        QVERIFY(house.subscribe(bob, first));
        QCOMPARE(house.takeAll(bob, first), QByteArray("early"));
    }

    void nothingToSaveAsksNoStore()
    {
        SaverHouse house;
        const ListeningKey alice = house.acked("alice", first);
        house.breakConnection(alice, first);
        house.store.away = true;
        QCOMPARE(house.save().kind, QueueSaver::Result::Kind::Saved);
        QCOMPARE(house.save().messages, std::size_t(0));
    }

    void aStoreThatFailsIsTold()
    {
        SaverHouse house;
        const ListeningKey alice = house.acked("alice", first);
        house.breakConnection(alice, first);
        house.publishAs(alice, "1");
        house.store.away = true;
        QCOMPARE(house.save().kind, QueueSaver::Result::Kind::Failed);
        QCOMPARE(house.dropped(DropReason::SessionEnded), std::uint64_t(1));
        QCOMPARE(house.dropped(DropReason::Saved), std::uint64_t(0));
        QVERIFY(house.conserves());
    }

    void aStoreThatDoesNotLastIsNotAsked()
    {
        SaverHouse house;
        house.store.lasting = false;
        const ListeningKey alice = house.acked("alice", first);
        house.breakConnection(alice, first);
        house.publishAs(alice, "1");
        const QueueSaver::Result result = house.save();
        QCOMPARE(result.kind, QueueSaver::Result::Kind::NotLasting);
        QCOMPARE(result.messages, std::size_t(1));
        QVERIFY(house.store.messages.empty());
        QCOMPARE(house.dropped(DropReason::SessionEnded), std::uint64_t(1));
        QVERIFY(house.conserves());
    }

    void messagesOfASessionThatIsNotRestoredAreForgotten()
    {
        SaverHouse house;
        const ListeningKey guest = house.acked("guest", first);
        house.breakConnection(guest, first);
        house.publishAs(guest, "1");
        QCOMPARE(house.save().kind, QueueSaver::Result::Kind::Saved);
        const std::uint64_t before = house.queues.counts().accepted;
        house.settings.reserved = {user("guest")};
        house.restartWithMessages();
        QCOMPARE(house.queues.counts().accepted, before);
        QCOMPARE(house.metric("messaging_messages_restored_total"), 0.0);
    }
};

QTEST_APPLESS_MAIN(TestQueueSaver)
#include "tst_queuesaver.moc"
