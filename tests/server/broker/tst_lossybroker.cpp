// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/server/broker/lossybroker.h"

#include "server/broker/embeddedbroker.h"
#include "tests/server/broker/recordingport.h"

#include <QTest>

using namespace msgsrv;

class TestLossyBroker : public QObject
{
    Q_OBJECT

private slots:
    void signalsComeLateOrNeverAsTheirFateSays();
    void everythingElseGoesThrough();
};

void TestLossyBroker::signalsComeLateOrNeverAsTheirFateSays()
{
    RecordingPort port;
    EmbeddedBroker inner({}, port);
    LossyBroker broker(inner);
    QByteArrayList seen;
    connect(&broker, &Broker::queueCreated, this,
            [&](const ListeningKey &queue) { seen.append("created " + queue.secret()); });
    connect(&broker, &Broker::queueDeleted, this,
            [&](const ListeningKey &queue) { seen.append("deleted " + queue.secret()); });
    const auto live = [&](const char *name) {
        const ListeningKey key = ListeningKey::fromPresented(name);
        broker.reserve(key);
        broker.subscribe(key, makeConnectionId(0, 1), [](bool) {});
        broker.remove(key, DropReason::SessionEnded);
    };

    live("a");
    broker.onCreated(LossyBroker::Fate::Lose);
    live("b");
    broker.onCreated(LossyBroker::Fate::Hold);
    broker.onDeleted(LossyBroker::Fate::Hold);
    live("c");
    QCOMPARE(seen.join(", "), QByteArray("created a, deleted a, deleted b"));
    QCOMPARE(broker.lost(), 1);
    QCOMPARE(broker.held(), 2);
    broker.release();
    broker.release();
    QCOMPARE(seen.join(", "), QByteArray("created a, deleted a, deleted b, created c, deleted c"));
    QCOMPARE(broker.held(), 0);
}

void TestLossyBroker::everythingElseGoesThrough()
{
    RecordingPort port;
    EmbeddedBroker inner({}, port);
    LossyBroker broker(inner);
    const ListeningKey key = ListeningKey::fromPresented("a");
    constexpr auto first = makeConnectionId(0, 1);
    constexpr auto second = makeConnectionId(0, 2);
    int told = 0;
    QSet<ListeningKey> queues;
    broker.reserve(key);
    broker.subscribe(key, first, [&](bool ok) { told += ok ? 1 : 0; });
    broker.detach(key, first);
    broker.subscribe(key, second, [&](bool ok) { told += ok ? 1 : 0; });
    broker.publish(key, std::make_shared<Message>(), Broker::Tell::Outcome,
                   [&](PublishResult result) { told += result.state == PublishResult::State::Written; });
    broker.inspect([&](QSet<ListeningKey> found) { queues = std::move(found); });
    QCOMPARE(port.takeNotices().size(), std::size_t(1));
    QCOMPARE(broker.take(key, second, 1, 1).size(), std::size_t(1));
    broker.settle(key, second, 1, 0, DropReason::ConnectionLost);
    broker.unsubscribe(key, second);
    QCOMPARE(told, 3);
    QVERIFY(queues.contains(key));
    QCOMPARE(broker.counts().delivered, std::uint64_t(1));
    QCOMPARE(broker.counts().queues, std::uint64_t(0));
}

QTEST_GUILESS_MAIN(TestLossyBroker)
#include "tst_lossybroker.moc"
