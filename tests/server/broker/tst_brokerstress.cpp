// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/embeddedbroker.h"

#include <QTest>

#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

using namespace msgsrv;

namespace {

constexpr int publisherCount = 4;
constexpr int consumerCount = 4;
constexpr int queueCount = 24; // few, so that the threads meet
constexpr int messagesPerPublisher = 2'000;

ListeningKey queueKey(int index)
{
    return ListeningKey::fromPresented("queue." + std::to_string(index));
}

int indexOf(const ListeningKey &key)
{
    return key.secret().mid(6).toInt();
}

/// What one publisher knows of one message. Callbacks come from any thread.
struct Fate
{
    std::atomic<int> calls{0};
    std::atomic<int> state{-1};
};

/// Notices for the consumers' threads; the I/O thread's index in the connection id names the thread.
class Inboxes : public DeliveryPort
{
public:
    using Notice = std::pair<ConnectionId, int>;

    void messagesReady(ConnectionId consumer, const ListeningKey &queue) override
    {
        Box &box = m_boxes[ioThreadOf(consumer)];
        const std::scoped_lock lock(box.mutex);
        box.notices.emplace_back(consumer, indexOf(queue));
    }

    std::deque<Notice> take(unsigned thread)
    {
        Box &box = m_boxes[thread];
        const std::scoped_lock lock(box.mutex);
        return std::exchange(box.notices, {});
    }

private:
    struct Box
    {
        std::mutex mutex;
        std::deque<Notice> notices; // guarded by mutex
    };
    std::array<Box, consumerCount> m_boxes;
};

/// One thread that publishes to random queues and remembers what it was told.
class Publisher
{
public:
    explicit Publisher(EmbeddedBroker &broker, int index)
        : m_broker(broker)
        , m_index(index)
        , m_fates(messagesPerPublisher)
    { }

    void run()
    {
        std::mt19937 random(unsigned(m_index + 1));
        for (int i = 0; i < messagesPerPublisher; ++i) {
            auto message = std::make_shared<Message>();
            message->id = QByteArray::number(m_index) + '-' + QByteArray::number(i);
            message->body = QByteArray(int(random() % 200), 'x');
            Fate &fate = m_fates[std::size_t(i)];
            m_broker.publish(queueKey(int(random() % queueCount)), std::move(message),
                             random() % 2 ? Broker::Tell::Outcome : Broker::Tell::Acceptance,
                             [&fate](PublishResult result) {
                                 fate.state = int(result.state);
                                 ++fate.calls;
                             });
            if (i % 16 == 0)
                std::this_thread::yield(); // so that the consumers get their turn and queues run empty
        }
    }

    [[nodiscard]] const std::vector<Fate> &fates() const { return m_fates; }

private:
    EmbeddedBroker &m_broker;
    const int m_index;
    std::vector<Fate> m_fates;
};

/// One I/O thread with connections that come, take, write, fail and go as clients do.
class Consumer
{
public:
    Consumer(EmbeddedBroker &broker, Inboxes &inboxes, unsigned index)
        : m_broker(broker)
        , m_inboxes(inboxes)
        , m_index(index)
        , m_random(index + 100)
    { }

    void run(const std::atomic<bool> &stop)
    {
        while (!stop) {
            for (const auto &[connection, queue] : m_inboxes.take(m_index))
                deliver(connection, queue);
            change(int(m_random() % queueCount));
        }
        for (const auto &[connection, queue] : m_connections)
            m_broker.unsubscribe(queueKey(queue), connection);
    }

    [[nodiscard]] std::uint64_t delivered() const { return m_delivered; }
    [[nodiscard]] bool orderKept() const { return m_orderKept; }

private:
    void deliver(ConnectionId connection, int queue)
    {
        for (;;) {
            const std::vector<Delivery> messages
                = m_broker.take(queueKey(queue), connection, 1 + int(m_random() % 8), 1000);
            if (messages.empty())
                return;
            const bool keepsUp = m_random() % 16 != 0;
            const int written = keepsUp ? int(messages.size()) : int(m_random() % messages.size());
            for (int i = 0; i < written; ++i) {
                if (!messages[std::size_t(i)].redelivered)
                    checkOrder(connection, messages[std::size_t(i)].message->id);
            }
            if (m_random() % 8 == 0)
                std::this_thread::yield(); // others remove or take over in between
            if (m_random() % 2 == 0) {
                m_broker.hold(queueKey(queue), connection, written, int(messages.size()) - written);
                for (const Delivery &delivery : messages)
                    m_held.push_back({queue, connection, delivery.tag});
                acknowledgeSome();
                continue;
            }
            m_broker.settle(queueKey(queue), connection, written, int(messages.size()) - written,
                            DropReason::SlowConsumer);
            m_delivered += std::uint64_t(written);
        }
    }

    /// Not all that is held is ever acknowledged, some of it twice, and some by who lost it meanwhile.
    void acknowledgeSome()
    {
        while (m_held.size() > 6 || (!m_held.empty() && m_random() % 3 != 0)) {
            const Held held = m_held[m_random() % m_held.size()];
            const auto verdict = Verdict(m_random() % 3);
            m_broker.acknowledge(queueKey(held.queue), held.connection, {held.tag}, verdict);
            if (m_random() % 4 != 0)
                m_held.erase(m_held.begin() + std::ptrdiff_t(m_random() % m_held.size()));
        }
    }

    void change(int queue)
    {
        const ListeningKey key = queueKey(queue);
        switch (m_random() % 12) {
        case 0:
            m_broker.remove(key, DropReason::SessionEnded);
            break;
        case 1:
        case 2:
            m_broker.reserve(key);
            break;
        case 3:
        case 4:
        case 5: {
            const ConnectionId connection = makeConnectionId(m_index, ++m_serial);
            m_connections.emplace_back(connection, queue);
            m_broker.subscribe(key, connection, [](bool) {});
            break;
        }
        case 6:
            if (const auto at = pick(); at != m_connections.end())
                m_broker.detach(queueKey(at->second), at->first);
            break;
        case 7:
            if (const auto at = pick(); at != m_connections.end()) {
                m_broker.unsubscribe(queueKey(at->second), at->first);
                m_connections.erase(at);
            }
            break;
        case 8: // a connection that takes and is lost before it could write
            if (const auto at = pick(); at != m_connections.end()) {
                (void)m_broker.take(queueKey(at->second), at->first, 4, 1000);
                m_broker.unsubscribe(queueKey(at->second), at->first);
                m_connections.erase(at);
            }
            break;
        default:
            break;
        }
    }

    std::vector<std::pair<ConnectionId, int>>::iterator pick()
    {
        if (m_connections.empty())
            return m_connections.end();
        return m_connections.begin() + std::ptrdiff_t(m_random() % m_connections.size());
    }

    /// What one publisher sent to one connection comes in the order in which it was sent.
    void checkOrder(ConnectionId connection, const QByteArray &id)
    {
        const qsizetype dash = id.indexOf('-');
        const int serial = id.mid(dash + 1).toInt();
        const auto [at, isFirst] = m_last.try_emplace({connection, id.left(dash).toInt()}, serial);
        if (!isFirst) {
            m_orderKept = m_orderKept && at->second < serial;
            at->second = serial;
        }
    }

    EmbeddedBroker &m_broker;
    Inboxes &m_inboxes;
    const unsigned m_index;
    std::mt19937 m_random;
    std::uint64_t m_serial = 0;
    std::uint64_t m_delivered = 0;
    bool m_orderKept = true;
    struct Held
    {
        int queue;
        ConnectionId connection;
        DeliveryTag tag;
    };
    std::vector<Held> m_held;
    std::vector<std::pair<ConnectionId, int>> m_connections;
    std::map<std::pair<ConnectionId, int>, int> m_last;
};

std::uint64_t droppedOf(const BrokerCounts &counts)
{
    std::uint64_t sum = 0;
    for (const std::uint64_t dropped : counts.dropped)
        sum += dropped;
    return sum;
}

} // namespace

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
