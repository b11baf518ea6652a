// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"

#include <mutex>
#include <set>
#include <utility>

namespace msgsrv {

/// A broker in front of another one, which keeps a detached consumer out for good, as Broker::detach() asks.
/// Thread-safe; signals come from the inner broker's threads.
class BarringBroker final : public Broker
{
public:
    /// @p inner outlives this object.
    explicit BarringBroker(Broker &inner)
        : m_inner(inner)
    {
        connect(&inner, &Broker::queueCreated, this, &Broker::queueCreated, Qt::DirectConnection);
        connect(&inner, &Broker::queueDeleted, this, &Broker::queueDeleted, Qt::DirectConnection);
    }

    void reserve(const ListeningKey &queue) override { m_inner.reserve(queue); }
    void subscribe(const ListeningKey &queue, ConnectionId consumer, SubscribeDone done) override
    {
        const std::scoped_lock lock(m_mutex);
        if (m_barred.contains(consumer))
            done(false);
        else
            m_inner.subscribe(queue, consumer, std::move(done));
    }
    void unsubscribe(const ListeningKey &queue, ConnectionId consumer) override
    {
        const std::scoped_lock lock(m_mutex);
        m_inner.unsubscribe(queue, consumer);
    }
    void detach(const ListeningKey &queue, ConnectionId consumer) override
    {
        const std::scoped_lock lock(m_mutex);
        m_barred.insert(consumer);
        m_inner.detach(queue, consumer);
    }
    void remove(const ListeningKey &queue, DropReason reason) override { m_inner.remove(queue, reason); }
    void publish(const ListeningKey &queue, MessagePtr message, Tell tellWhat, PublishDone done) override
    {
        m_inner.publish(queue, std::move(message), tellWhat, std::move(done));
    }
    std::vector<MessagePtr> take(const ListeningKey &queue, ConnectionId consumer, int maxMessages,
                                 qsizetype maxBytes) override
    {
        return m_inner.take(queue, consumer, maxMessages, maxBytes);
    }
    void settle(const ListeningKey &queue, ConnectionId consumer, int written, int dropped,
                DropReason reason) override
    {
        m_inner.settle(queue, consumer, written, dropped, reason);
    }
    void inspect(InspectDone done) override { m_inner.inspect(std::move(done)); }
    [[nodiscard]] BrokerCounts counts() const override { return m_inner.counts(); }

private:
    Broker &m_inner;
    std::mutex m_mutex; // makes a detach and a subscribe one after the other
    std::set<ConnectionId> m_barred; // guarded by m_mutex
};

} // namespace msgsrv
