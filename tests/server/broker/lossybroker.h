// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"

#include <mutex>
#include <utility>
#include <vector>

namespace msgsrv {

/// A broker in front of another one that loses or delays the signals queueCreated and queueDeleted on
/// demand, as a broker at the far end of a bad line does. Everything else goes through unchanged.
///
///     EmbeddedBroker inner({}, port);
///     LossyBroker broker(inner);
///     broker.onDeleted(LossyBroker::Fate::Lose);
///     ...
///     broker.onCreated(LossyBroker::Fate::Hold);
///     ...
///     broker.release(); // the held ones come now, in their order
///
/// Thread-safe like any broker. Signals that pass are emitted in the thread that emitted the inner ones,
/// held ones in the thread that calls release().
class LossyBroker final : public Broker
{
public:
    enum class Fate { Pass, Lose, Hold };

    /// @p inner outlives this object.
    explicit LossyBroker(Broker &inner, QObject *parent = nullptr)
        : Broker(parent)
        , m_inner(inner)
    {
        connect(
            &inner, &Broker::queueCreated, this,
            [this](const ListeningKey &queue, ConnectionId consumer) {
                handle({true, queue, consumer});
            },
            Qt::DirectConnection);
        connect(
            &inner, &Broker::queueDeleted, this,
            [this](const ListeningKey &queue, ConnectionId consumer) {
                handle({false, queue, consumer});
            },
            Qt::DirectConnection);
    }

    /// What becomes of queueCreated signals from now on.
    void onCreated(Fate fate)
    {
        const std::scoped_lock lock(m_mutex);
        m_created = fate;
    }

    /// What becomes of queueDeleted signals from now on.
    void onDeleted(Fate fate)
    {
        const std::scoped_lock lock(m_mutex);
        m_deleted = fate;
    }

    /// Emits what was held, oldest first. What comes from now on has the fate that was set.
    void release()
    {
        std::vector<Event> events;
        {
            const std::scoped_lock lock(m_mutex);
            events = std::exchange(m_held, {});
        }
        for (const Event &event : events)
            tell(event);
    }

    [[nodiscard]] int lost() const
    {
        const std::scoped_lock lock(m_mutex);
        return m_lost;
    }

    [[nodiscard]] int held() const
    {
        const std::scoped_lock lock(m_mutex);
        return int(m_held.size());
    }

    void reserve(const ListeningKey &queue) override { m_inner.reserve(queue); }
    void subscribe(const ListeningKey &queue, ConnectionId consumer, SubscribeDone done) override
    {
        m_inner.subscribe(queue, consumer, std::move(done));
    }
    void unsubscribe(const ListeningKey &queue, ConnectionId consumer) override
    {
        m_inner.unsubscribe(queue, consumer);
    }
    void detach(const ListeningKey &queue, ConnectionId consumer) override
    {
        m_inner.detach(queue, consumer);
    }
    void remove(const ListeningKey &queue, DropReason reason) override { m_inner.remove(queue, reason); }
    void publish(const ListeningKey &queue, MessagePtr message, Tell tellWhat, PublishDone done) override
    {
        m_inner.publish(queue, std::move(message), tellWhat, std::move(done));
    }
    std::vector<Delivery> take(const ListeningKey &queue, ConnectionId consumer, int maxMessages,
                                 qsizetype maxBytes) override
    {
        return m_inner.take(queue, consumer, maxMessages, maxBytes);
    }
    void settle(const ListeningKey &queue, ConnectionId consumer, int written, int dropped,
                DropReason reason) override
    {
        m_inner.settle(queue, consumer, written, dropped, reason);
    }
    void hold(const ListeningKey &queue, ConnectionId consumer, int written, int returned) override
    {
        m_inner.hold(queue, consumer, written, returned);
    }
    void acknowledge(const ListeningKey &queue, ConnectionId consumer, const std::vector<DeliveryTag> &tags,
                     Verdict verdict) override
    {
        m_inner.acknowledge(queue, consumer, tags, verdict);
    }
    void inspect(InspectDone done) override { m_inner.inspect(std::move(done)); }
    [[nodiscard]] BrokerCounts counts() const override { return m_inner.counts(); }

private:
    struct Event
    {
        bool created = false; ///< else deleted
        ListeningKey queue;
        ConnectionId consumer = ConnectionId::None;
    };

    void handle(const Event &event)
    {
        {
            const std::scoped_lock lock(m_mutex);
            switch (event.created ? m_created : m_deleted) {
            case Fate::Lose:
                ++m_lost;
                return;
            case Fate::Hold:
                m_held.push_back(event);
                return;
            case Fate::Pass:
                break;
            }
        }
        tell(event);
    }

    void tell(const Event &event)
    {
        if (event.created)
            emit queueCreated(event.queue, event.consumer);
        else
            emit queueDeleted(event.queue, event.consumer);
    }

    Broker &m_inner;
    mutable std::mutex m_mutex; // guards what follows
    Fate m_created = Fate::Pass;
    Fate m_deleted = Fate::Pass;
    std::vector<Event> m_held;
    int m_lost = 0;
};

} // namespace msgsrv
