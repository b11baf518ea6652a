// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/embeddedbroker.h"
#include "server/broker/flowtap.h"
#include "tests/server/broker/recordingport.h"

#include <QTest>

#include <thread>

using namespace msgsrv;

namespace {

MessagePtr message(const char *id, qsizetype size = 0)
{
    auto made = std::make_shared<Message>();
    made->id = id;
    made->body = QByteArray(size, 'x');
    return made;
}

QByteArrayList told(const FlowTap::Batch &batch)
{
    QByteArrayList events;
    for (const FlowEvent &event : batch.events) {
        static constexpr const char *names[] = {"accepted", "written", "dropped", "refused"};
        QByteArray text = names[int(event.kind)] + QByteArray(" ") + event.message->id;
        if (*event.reason)
            text += QByteArray(" ") + event.reason;
        events.append(text);
    }
    return events;
}

} // namespace

class FlowTapTest final : public QObject
{
    Q_OBJECT

private slots:
    void closed_it_keeps_nothing()
    {
        FlowTap tap;
        tap.tell(FlowEvent::Kind::Accepted, message("a"));
        QCOMPARE(tap.sequence(), std::uint64_t(0));
        tap.open();
        tap.tell(FlowEvent::Kind::Accepted, message("b"));
        tap.close();
        tap.open();
        QVERIFY(tap.take().events.empty());
    }

    void it_is_bounded_in_events_and_bytes_and_counts_the_rest()
    {
        FlowTap tap({3, 10'000});
        tap.open();
        for (int i = 0; i < 5; ++i)
            tap.tell(FlowEvent::Kind::Accepted, message("a"));
        FlowTap::Batch batch = tap.take();
        QCOMPARE(batch.events.size(), std::size_t(3));
        QCOMPARE(batch.missed->from, std::uint64_t(4));
        QCOMPARE(batch.missed->to, std::uint64_t(5));

        tap.tell(FlowEvent::Kind::Accepted, message("a", 9'000));
        tap.tell(FlowEvent::Kind::Accepted, message("b", 9'000));
        tap.tell(FlowEvent::Kind::Accepted, message("c"));
        batch = tap.take();
        QCOMPARE(told(batch), QByteArrayList{"accepted a"});
        QCOMPARE(batch.missed->from, std::uint64_t(7)); // and all behind it, so that the order is kept
        QCOMPARE(batch.missed->to, std::uint64_t(8));
        QVERIFY(!tap.take().missed);
    }

    void no_event_is_lost_or_told_twice_between_threads()
    {
        FlowTap tap({1'000'000, 1'000'000'000});
        tap.open();
        constexpr int each = 5000;
        std::vector<std::thread> tellers;
        for (int i = 0; i < 4; ++i) {
            tellers.emplace_back([&tap] {
                const MessagePtr one = message("x");
                for (int n = 0; n < each; ++n)
                    tap.tell(FlowEvent::Kind::Accepted, one);
            });
        }
        std::uint64_t last = 0;
        const auto drain = [&] {
            for (const FlowEvent &event : tap.take().events)
                QCOMPARE(event.sequence, ++last);
        };
        while (last < 2 * each)
            drain();
        for (std::thread &teller : tellers)
            teller.join();
        drain();
        QCOMPARE(last, std::uint64_t(4 * each));
    }

    void the_broker_tells_what_becomes_of_each_message()
    {
        RecordingPort port;
        EmbeddedBroker broker({{3, 0}, {1, 0}}, port);
        FlowTap tap;
        tap.open();
        broker.setFlowTap(&tap);
        const ListeningKey key = ListeningKey::fromPresented("queue.a");
        constexpr auto consumer = makeConnectionId(0, 1);
        const auto publish
            = [&](const char *id) { broker.publish(key, message(id), Broker::Tell::Acceptance, {}); };
        publish("a");
        broker.reserve(key);
        publish("b");
        publish("c");
        QCOMPARE(told(tap.take()),
                 (QByteArrayList{"refused a no_queue", "accepted b", "refused c queue_full"}));

        broker.subscribe(key, consumer, {});
        publish("d");
        (void)broker.take(key, consumer, 2, 1 << 20);
        broker.settle(key, consumer, 1, 1, DropReason::SlowConsumer);
        QCOMPARE(told(tap.take()), (QByteArrayList{"accepted d", "written b", "dropped d slow_consumer"}));

        publish("e");
        publish("f");
        std::optional<std::vector<MessagePtr>> peeked;
        broker.peek(key, 1, [&](const auto &found) { peeked = found; });
        QCOMPARE(peeked->size(), std::size_t(1));
        QCOMPARE(peeked->front()->id, QByteArray("e"));
        std::optional<std::size_t> purged;
        broker.purge(key, [&](std::optional<std::size_t> count) { purged = count; });
        QCOMPARE(purged, std::optional<std::size_t>(2));
        QCOMPARE(told(tap.take()),
                 (QByteArrayList{"accepted e", "accepted f", "dropped e purged", "dropped f purged"}));

        std::vector<QueueFacts> facts;
        broker.survey([&](const auto &found) { facts = found; });
        QCOMPARE(facts.size(), std::size_t(1));
        QCOMPARE(facts.front().accepted, std::uint64_t(4));
        QCOMPARE(facts.front().dropped, std::uint64_t(3));
        QCOMPARE(facts.front().ready, std::uint64_t(0));
        QVERIFY(!facts.front().oldest);

        publish("g");
        publish("h");
        (void)broker.take(key, consumer, 1, 1 << 20);
        broker.unsubscribe(key, consumer);
        QCOMPARE(told(tap.take()),
                 (QByteArrayList{"accepted g", "accepted h", "dropped g connection_lost",
                                 "dropped h session_ended"}));
        // The law holds, and the quick counters agree.
        const BrokerCounts counts = broker.counts();
        std::uint64_t dropped = 0;
        for (const std::uint64_t count : counts.dropped)
            dropped += count;
        QCOMPARE(counts.accepted, counts.delivered + dropped + counts.inFlight);
        QCOMPARE(broker.totals().accepted, counts.accepted);
        QCOMPARE(broker.totals().inFlight, counts.inFlight);

        broker.purge(key, [&](std::optional<std::size_t> count) { purged = count; });
        QVERIFY(!purged);
        broker.peek(key, 1, [&](const auto &found) { peeked = found; });
        QVERIFY(!peeked);
    }
};

QTEST_GUILESS_MAIN(FlowTapTest)
#include "tst_flowtap.moc"
