// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/embeddeddestinations.h"
#include "tests/server/broker/recordingport.h"

#include <QTest>

#include <atomic>
#include <random>
#include <thread>

using namespace msgsrv;

namespace {

constexpr int publisherCount = 3;
constexpr unsigned consumerCount = 3;
constexpr int messagesPerPublisher = 3'000;

DestinationName anyDestination(std::mt19937 &random)
{
    const auto kind = random() % 3 == 0 ? DestinationName::Kind::Topic : DestinationName::Kind::Queue;
    return {kind, QByteArray::number(int(random() % 5))};
}

/// A thread whose subscriptions come, take, acknowledge or not, and go.
class Consumer
{
public:
    Consumer(EmbeddedDestinations &broker, unsigned index)
        : m_broker(broker)
        , m_index(index)
        , m_random(index + 100)
    { }

    void run(const std::atomic<bool> &stop)
    {
        while (!stop) {
            if (m_subscriptions.size() < 8 && m_random() % 4 == 0)
                subscribe();
            if (m_subscriptions.empty())
                continue;
            const std::size_t at = m_random() % m_subscriptions.size();
            if (m_random() % 32 == 0) {
                m_broker.unsubscribe(m_subscriptions[at].to, m_subscriptions[at].id);
                m_subscriptions.erase(m_subscriptions.begin() + std::ptrdiff_t(at));
            } else {
                deliver(m_subscriptions[at]);
            }
            if (m_random() % 64 == 0)
                m_broker.sweep();
        }
        for (const Held &held : m_subscriptions)
            m_broker.unsubscribe(held.to, held.id);
    }

private:
    struct Held
    {
        DestinationName to;
        SubscriberId id;
        bool acknowledges = false;
        std::vector<DeliveryTag> tags;
    };

    void subscribe()
    {
        QueueArguments arguments;
        arguments.autoDelete = m_random() % 4 == 0;
        if (m_random() % 8 == 0)
            arguments.maximum.messages = 5;
        Held held{
            anyDestination(m_random), {makeConnectionId(m_index, 1), ++m_serial}, m_random() % 2 == 0, {}};
        bool subscribed = false;
        m_broker.subscribe(held.to, held.id, arguments, held.acknowledges, m_random() % 5,
                           [&](Destinations::SubscribeResult result) {
                               subscribed = result == Destinations::SubscribeResult::Subscribed;
                           });
        if (subscribed)
            m_subscriptions.push_back(std::move(held));
    }

    void deliver(Held &held)
    {
        const auto batch = m_broker.take(held.to, held.id, 1 + int(m_random() % 8), 100'000);
        const int written = m_random() % 8 == 0 ? int(batch.size()) / 2 : int(batch.size());
        m_broker.settle(held.to, held.id, written, int(batch.size()) - written);
        for (int i = 0; held.acknowledges && i < written; ++i)
            held.tags.push_back(batch[std::size_t(i)].tag);
        if (held.tags.size() > 3 || m_random() % 4 == 0)
            m_broker.acknowledge(held.to, held.id, std::exchange(held.tags, {}), Verdict(m_random() % 3));
    }

    EmbeddedDestinations &m_broker;
    const unsigned m_index;
    std::mt19937 m_random;
    std::uint64_t m_serial = 0;
    std::vector<Held> m_subscriptions;
};

bool isAccountedFor(const BrokerCounts &counts)
{
    std::uint64_t sum = counts.delivered + counts.inFlight;
    for (const std::uint64_t dropped : counts.dropped)
        sum += dropped;
    return counts.accepted == sum;
}

} // namespace

class TestDestinationsStress : public QObject
{
    Q_OBJECT

private slots:
    void nothingIsLostWhileEverythingMovesAtOnce()
    {
        RecordingPort port;
        EmbeddedDestinations broker({.queue = {50, 0}, .queues = 12}, port);
        std::atomic<bool> stop{false};
        std::atomic<std::uint64_t> answered{0};
        std::uint64_t looks = 0;
        std::uint64_t gaps = 0;

        std::vector<std::thread> others;
        for (unsigned i = 0; i < consumerCount; ++i)
            others.emplace_back([&broker, &stop, i] { Consumer(broker, i).run(stop); });
        others.emplace_back([&] {
            while (!stop) {
                ++looks;
                gaps += isAccountedFor(broker.counts()) ? 0 : 1;
                (void)port.takeNotices();
            }
        });
        std::vector<std::thread> publishers;
        for (int i = 0; i < publisherCount; ++i) {
            publishers.emplace_back([&broker, &answered, i] {
                std::mt19937 random(unsigned(i + 1));
                for (int n = 0; n < messagesPerPublisher; ++n) {
                    auto message = std::make_shared<Message>();
                    const auto ttl = random() % 8 == 0 ? std::optional(milliseconds(1)) : std::nullopt;
                    broker.publish(anyDestination(random), std::move(message), ttl,
                                   [&answered](const PublishResult &) { ++answered; });
                    if (n % 16 == 0)
                        std::this_thread::yield();
                }
            });
        }
        for (std::thread &thread : publishers)
            thread.join();
        stop = true;
        for (std::thread &thread : others)
            thread.join();

        QVERIFY(looks > 0);
        QCOMPARE(gaps, std::uint64_t(0));
        QCOMPARE(answered.load(), std::uint64_t(publisherCount * messagesPerPublisher));
        const BrokerCounts counts = broker.counts();
        QVERIFY(isAccountedFor(counts));
        QCOMPARE(counts.unacknowledged, std::uint64_t(0));
        QCOMPARE(counts.queues, std::uint64_t(0));
        QVERIFY(counts.delivered > 0); // else the run has proved little
        QVERIFY(counts.returned > 0);
    }
};

QTEST_GUILESS_MAIN(TestDestinationsStress)
#include "tst_destinationsstress.moc"
