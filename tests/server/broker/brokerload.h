// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/embeddedbroker.h"

#include <array>
#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

namespace msgsrv::load {

/// Threads that publish to, and read from, the same few queues of a broker while these come and go.

inline constexpr int publisherCount = 4;
inline constexpr int consumerCount = 4;
inline constexpr int queueCount = 24; // few, so that the threads meet
inline constexpr int messagesPerPublisher = 2'000;

inline ListeningKey queueKey(int index)
{
    return ListeningKey::fromPresented("queue." + std::to_string(index));
}

inline int indexOf(const ListeningKey &key)
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
    /// @p kept: messages are kept by the broker's journal, one as this and one as that.
    explicit Publisher(EmbeddedBroker &broker, int index, bool kept = false)
        : m_broker(broker)
        , m_index(index)
        , m_kept(kept)
        , m_fates(messagesPerPublisher)
    { }

    void run()
    {
        std::mt19937 random(unsigned(m_index + 1));
        for (int i = 0; i < messagesPerPublisher; ++i) {
            auto message = std::make_shared<Message>();
            message->id = QByteArray::number(m_index) + '-' + QByteArray::number(i);
            message->body = QByteArray(int(random() % 200), 'x');
            if (m_kept)
                message->keep = Keep(i % 4);
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
    const bool m_kept;
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

inline std::uint64_t droppedOf(const BrokerCounts &counts)
{
    std::uint64_t sum = 0;
    for (const std::uint64_t dropped : counts.dropped)
        sum += dropped;
    return sum;
}

} // namespace msgsrv::load
