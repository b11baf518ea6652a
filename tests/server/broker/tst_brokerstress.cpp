// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/server/broker/brokerload.h"

#include <QTest>

using namespace msgsrv;
using namespace msgsrv::load;

class TestBrokerStress : public QObject
{
    Q_OBJECT

private slots:
    void nothingIsLostOrToldTwiceWhileEverythingMovesAtOnce();
};

void TestBrokerStress::nothingIsLostOrToldTwiceWhileEverythingMovesAtOnce()
{
    Inboxes inboxes;
    EmbeddedBroker broker({{50, 8192}, {10, 2048}}, inboxes);
    for (int i = 0; i < queueCount; ++i)
        broker.reserve(queueKey(i));

    std::atomic<bool> stop{false};
    std::vector<std::unique_ptr<Publisher>> publishers;
    std::vector<std::unique_ptr<Consumer>> consumers;
    std::vector<std::thread> publishing;
    std::vector<std::thread> consuming;
    std::uint64_t looks = 0;
    std::uint64_t gaps = 0;
    for (unsigned i = 0; i < consumerCount; ++i) {
        consumers.push_back(std::make_unique<Consumer>(broker, inboxes, i));
        consuming.emplace_back([consumer = consumers.back().get(), &stop] { consumer->run(stop); });
    }
    std::thread auditor([&] {
        while (!stop) {
            const BrokerCounts counts = broker.counts();
            ++looks;
            if (counts.accepted != counts.delivered + droppedOf(counts) + counts.inFlight)
                ++gaps;
        }
    });
    for (int i = 0; i < publisherCount; ++i) {
        publishers.push_back(std::make_unique<Publisher>(broker, i));
        publishing.emplace_back([publisher = publishers.back().get()] { publisher->run(); });
    }
    for (std::thread &thread : publishing)
        thread.join();
    stop = true;
    for (std::thread &thread : consuming)
        thread.join();
    auditor.join();
    for (int i = 0; i < queueCount; ++i)
        broker.remove(queueKey(i), DropReason::SessionEnded);

    QVERIFY(looks > 0);
    QCOMPARE(gaps, std::uint64_t(0));
    const BrokerCounts counts = broker.counts();
    QCOMPARE(counts.inFlight, std::uint64_t(0));
    QCOMPARE(counts.queues, std::uint64_t(0));
    QCOMPARE(counts.accepted, counts.delivered + droppedOf(counts));

    std::uint64_t delivered = 0;
    for (const auto &consumer : consumers) {
        QVERIFY(consumer->orderKept());
        delivered += consumer->delivered();
    }
    QVERIFY(counts.delivered >= delivered); // the rest was acknowledged
    QVERIFY(counts.returned > 0);
    QVERIFY(counts.dropped[int(DropReason::Rejected)] > 0);
    QCOMPARE(counts.unacknowledged, std::uint64_t(0));

    std::uint64_t refused = 0;
    std::uint64_t written = 0;
    for (const auto &publisher : publishers) {
        for (const Fate &fate : publisher->fates()) {
            QCOMPARE(fate.calls.load(), 1);
            refused += fate.state == int(PublishResult::State::Refused) ? 1 : 0;
            written += fate.state == int(PublishResult::State::Written) ? 1 : 0;
        }
    }
    QCOMPARE(counts.refusedNoQueue + counts.refusedFull, refused);
    QCOMPARE(counts.accepted + refused, std::uint64_t(publisherCount * messagesPerPublisher));
    QVERIFY(written > 0); // else the run has proved little
    QVERIFY(written <= counts.delivered + counts.dropped[int(DropReason::Rejected)]
                + counts.dropped[int(DropReason::SessionEnded)]);
}

QTEST_GUILESS_MAIN(TestBrokerStress)
#include "tst_brokerstress.moc"
