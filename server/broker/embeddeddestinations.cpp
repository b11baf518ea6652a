// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/embeddeddestinations.h"

#include <algorithm>

namespace msgsrv {

using Kind = DestinationName::Kind;

EmbeddedDestinations::EmbeddedDestinations(const Settings &settings, DeliveryPort &port, Now now)
    : m_settings(settings)
    , m_port(port)
    , m_now(std::move(now))
{ }

EmbeddedDestinations::~EmbeddedDestinations() = default;

void EmbeddedDestinations::subscribe(const DestinationName &destination, SubscriberId subscriber,
                                     const QueueArguments &arguments, bool acknowledges, std::size_t window,
                                     SubscribeDone done)
{
    Shard &shard = shardOf(destination);
    SubscribeResult result = SubscribeResult::Subscribed;
    std::vector<ConnectionId> toTell;
    {
        const std::scoped_lock lock(shard.mutex);
        if (destination.kind == Kind::Topic) {
            if (mayAddQueue(shard)) {
                auto queue
                    = std::make_shared<WorkQueue>(completed(arguments), m_settings.queue, shard.counts);
                queue->subscribe(subscriber, acknowledges, window);
                shard.topics[destination.name].emplace_back(subscriber, std::move(queue));
            } else {
                result = SubscribeResult::TooMany;
            }
        } else {
            auto it = shard.queues.find(destination.name);
            if (it == shard.queues.end() && mayAddQueue(shard)) {
                it = shard.queues.insert(
                    destination.name,
                    std::make_shared<WorkQueue>(completed(arguments), m_settings.queue, shard.counts));
            }
            if (it == shard.queues.end()) {
                result = SubscribeResult::TooMany;
            } else if (!(*it)->admits(subscriber.connection)) {
                result = SubscribeResult::Exclusive;
            } else {
                (*it)->subscribe(subscriber, acknowledges, window);
                toTell = (*it)->dispatch(m_now());
            }
        }
    }
    if (done)
        done(result);
    tell(toTell);
}

void EmbeddedDestinations::unsubscribe(const DestinationName &destination, SubscriberId subscriber)
{
    Shard &shard = shardOf(destination);
    std::vector<ConnectionId> toTell;
    {
        const std::scoped_lock lock(shard.mutex);
        if (const auto topic = shard.topics.find(destination.name);
            destination.kind == Kind::Topic && topic != shard.topics.end()) {
            const auto at = std::find_if(topic->begin(), topic->end(),
                                         [&](const auto &entry) { return entry.first == subscriber; });
            if (at != topic->end()) {
                topic->erase(at);
                --m_queues;
            }
            if (topic->empty())
                shard.topics.erase(topic);
        } else if (const auto it = shard.queues.find(destination.name);
                   destination.kind == Kind::Queue && it != shard.queues.end()) {
            (*it)->unsubscribe(subscriber, m_now());
            toTell = (*it)->dispatch(m_now());
            forgetIfOver(shard, destination.name);
        }
    }
    tell(toTell);
}

void EmbeddedDestinations::publish(const DestinationName &destination, MessagePtr message,
                                   std::optional<milliseconds> ttl, Broker::PublishDone done)
{
    Shard &shard = shardOf(destination);
    PublishResult result{PublishResult::State::Queued, PublishRefusal::None};
    std::vector<ConnectionId> toTell;
    {
        const std::scoped_lock lock(shard.mutex);
        const TimePoint now = m_now();
        if (destination.kind == Kind::Topic) {
            if (const auto topic = shard.topics.find(destination.name); topic != shard.topics.end()) {
                for (const auto &[subscriber, queue] : *topic) {
                    if (!queue->admits(*message)) {
                        queue->discard(); // one who does not read holds nobody else up
                        continue;
                    }
                    queue->append(message, ttl, now);
                    const auto more = queue->dispatch(now);
                    toTell.insert(toTell.end(), more.begin(), more.end());
                }
            }
        } else {
            auto it = shard.queues.find(destination.name);
            if (it == shard.queues.end() && mayAddQueue(shard))
                it = shard.queues.insert(
                    destination.name,
                    std::make_shared<WorkQueue>(completed({}), m_settings.queue, shard.counts));
            if (it == shard.queues.end() || !(*it)->admits(*message)) {
                ++shard.counts.refusedFull;
                result = {PublishResult::State::Refused, PublishRefusal::QueueFull};
            } else {
                (*it)->append(std::move(message), ttl, now);
                toTell = (*it)->dispatch(now);
            }
        }
    }
    tell(toTell);
    if (done)
        done(result);
}

std::vector<Delivery> EmbeddedDestinations::take(const DestinationName &destination, SubscriberId subscriber,
                                                 int maxMessages, qsizetype maxBytes)
{
    std::vector<Delivery> deliveries;
    change(destination, subscriber,
           [&](WorkQueue &queue) { deliveries = queue.take(subscriber, maxMessages, maxBytes, m_now()); });
    return deliveries;
}

void EmbeddedDestinations::settle(const DestinationName &destination, SubscriberId subscriber, int written,
                                  int returned)
{
    change(destination, subscriber,
           [&](WorkQueue &queue) { queue.settle(subscriber, std::size_t(written), std::size_t(returned)); });
}

void EmbeddedDestinations::acknowledge(const DestinationName &destination, SubscriberId subscriber,
                                       const std::vector<DeliveryTag> &tags, Verdict verdict)
{
    change(destination, subscriber, [&](WorkQueue &queue) { queue.acknowledge(subscriber, tags, verdict); });
}

BrokerCounts EmbeddedDestinations::counts() const
{
    std::array<std::unique_lock<std::mutex>, shardCount> locks;
    for (std::size_t i = 0; i < shardCount; ++i)
        locks[i] = std::unique_lock(m_shards[i].mutex);
    BrokerCounts counts;
    const auto add = [&counts](const WorkQueue &queue) {
        counts.inFlight += queue.size();
        counts.unacknowledged += queue.unacknowledged();
        counts.queues += queue.hasSubscribers() ? 1 : 0;
    };
    for (const Shard &shard : m_shards) {
        counts.accepted += shard.counts.accepted;
        counts.delivered += shard.counts.delivered;
        for (int i = 0; i < dropReasonCount; ++i)
            counts.dropped[i] += shard.counts.dropped[i];
        counts.returned += shard.counts.returned;
        counts.refusedFull += shard.counts.refusedFull;
        counts.destinationsRefused += shard.counts.refusedQueues;
        for (const auto &queue : shard.queues)
            add(*queue);
        for (const auto &topic : shard.topics) {
            for (const auto &[subscriber, queue] : topic)
                add(*queue);
        }
    }
    counts.destinations = std::uint64_t(m_queues.load());
    return counts;
}

void EmbeddedDestinations::survey(SurveyDone done)
{
    std::vector<DestinationFacts> all;
    for (const Shard &shard : m_shards) {
        const std::scoped_lock lock(shard.mutex);
        for (auto it = shard.queues.begin(); it != shard.queues.end(); ++it) {
            all.push_back((*it)->facts());
            all.back().name = {Kind::Queue, it.key()};
        }
        for (auto it = shard.topics.begin(); it != shard.topics.end(); ++it) {
            DestinationFacts sum = it->front().second->facts();
            sum.name = {Kind::Topic, it.key()};
            for (auto one = std::next(it->begin()); one != it->end(); ++one) {
                const DestinationFacts more = one->second->facts();
                sum.consumers += more.consumers;
                sum.ready += more.ready;
                sum.unsettled += more.unsettled;
                sum.bytes += more.bytes;
                sum.accepted += more.accepted;
                sum.dropped += more.dropped;
                if (more.oldest && (!sum.oldest || *more.oldest < *sum.oldest))
                    sum.oldest = more.oldest;
            }
            all.push_back(std::move(sum));
        }
    }
    done(std::move(all));
}

void EmbeddedDestinations::sweep()
{
    for (Shard &shard : m_shards) {
        std::vector<ConnectionId> toTell;
        {
            const std::scoped_lock lock(shard.mutex);
            const TimePoint now = m_now();
            const QList<QByteArray> names = shard.queues.keys();
            for (const QByteArray &name : names) {
                const auto more = shard.queues.value(name)->dispatch(now);
                toTell.insert(toTell.end(), more.begin(), more.end());
                forgetIfOver(shard, name);
            }
            for (auto &topic : shard.topics) {
                for (const auto &[subscriber, queue] : topic) {
                    const auto more = queue->dispatch(now);
                    toTell.insert(toTell.end(), more.begin(), more.end());
                }
            }
        }
        tell(toTell);
    }
}

EmbeddedDestinations::Shard &EmbeddedDestinations::shardOf(const DestinationName &destination)
{
    return m_shards[qHash(destination, 0x5d1ec810) % shardCount];
}

QueueArguments EmbeddedDestinations::completed(QueueArguments arguments) const
{
    if (m_settings.messageTtl.count() > 0)
        arguments.messageTtl
            = std::min(arguments.messageTtl.value_or(m_settings.messageTtl), m_settings.messageTtl);
    return arguments;
}

bool EmbeddedDestinations::mayAddQueue(Shard &shard)
{
    if (++m_queues <= m_settings.queues || m_settings.queues == 0)
        return true;
    --m_queues;
    ++shard.counts.refusedQueues;
    return false;
}

void EmbeddedDestinations::forgetIfOver(Shard &shard, const QByteArray &name)
{
    const auto it = shard.queues.find(name);
    if (it != shard.queues.end() && (*it)->isOver(m_now())) {
        shard.queues.erase(it);
        --m_queues;
    }
}

template <typename Change>
void EmbeddedDestinations::change(const DestinationName &destination, SubscriberId subscriber, Change change)
{
    Shard &shard = shardOf(destination);
    std::vector<ConnectionId> toTell;
    {
        const std::scoped_lock lock(shard.mutex);
        WorkQueue *queue = nullptr;
        if (destination.kind == Kind::Queue) {
            if (const auto it = shard.queues.find(destination.name); it != shard.queues.end())
                queue = it->get();
        } else if (const auto topic = shard.topics.find(destination.name); topic != shard.topics.end()) {
            const auto at = std::find_if(topic->begin(), topic->end(),
                                         [&](const auto &entry) { return entry.first == subscriber; });
            if (at != topic->end())
                queue = at->second.get();
        }
        if (!queue)
            return;
        change(*queue);
        toTell = queue->dispatch(m_now());
    }
    tell(toTell);
}

void EmbeddedDestinations::tell(const std::vector<ConnectionId> &connections)
{
    for (const ConnectionId connection : connections)
        m_port.messagesReady(connection, ListeningKey());
}

} // namespace msgsrv
