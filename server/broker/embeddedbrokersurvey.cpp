// SPDX-License-Identifier: GPL-3.0-or-later
//
// What the embedded broker tells of itself, and what goes from one run of the program to the next.
#include "server/broker/embeddedbroker.h"

#include <algorithm>
#include <utility>

namespace msgsrv {

void EmbeddedBroker::inspect(InspectDone done)
{
    QSet<ListeningKey> names;
    for (const Shard &shard : m_shards) {
        const std::scoped_lock lock(shard.mutex);
        for (auto it = shard.queues.cbegin(); it != shard.queues.cend(); ++it) {
            if (it->hasConsumer())
                names.insert(it.key());
        }
    }
    done(std::move(names));
}

BrokerCounts EmbeddedBroker::counts() const
{
    // One instant: all shards are locked, always in the same order, before the first is read.
    std::array<std::unique_lock<std::mutex>, shardCount> locks;
    for (std::size_t i = 0; i < shardCount; ++i)
        locks[i] = std::unique_lock(m_shards[i].mutex);

    BrokerCounts counts;
    for (const Shard &shard : m_shards) {
        counts.accepted += shard.accepted;
        counts.delivered += shard.delivered;
        for (std::size_t i = 0; i < shard.dropped.size(); ++i)
            counts.dropped[i] += shard.dropped[i];
        counts.returned += shard.returned;
        counts.refusedNoQueue += shard.refusedNoQueue;
        counts.refusedFull += shard.refusedFull;
        for (const MessageQueue &queue : shard.queues) {
            counts.inFlight += queue.size();
            counts.unacknowledged += queue.unacknowledged();
            counts.queues += queue.hasConsumer() ? 1 : 0;
        }
        for (const std::vector<QueuedMessage> &left : shard.leftovers)
            counts.inFlight += left.size();
    }
    return counts;
}

BrokerCounts EmbeddedBroker::totals() const
{
    BrokerCounts counts;
    std::uint64_t gone = 0;
    for (const Shard &shard : m_shards) {
        const std::scoped_lock lock(shard.mutex);
        counts.accepted += shard.accepted;
        counts.delivered += shard.delivered;
        gone += shard.delivered;
        for (std::size_t i = 0; i < shard.dropped.size(); ++i) {
            counts.dropped[i] += shard.dropped[i];
            gone += shard.dropped[i];
        }
        counts.refusedNoQueue += shard.refusedNoQueue;
        counts.refusedFull += shard.refusedFull;
        counts.queues += std::uint64_t(shard.queues.size());
    }
    counts.inFlight = counts.accepted - gone;
    return counts;
}

void EmbeddedBroker::survey(SurveyDone done)
{
    std::vector<QueueFacts> queues;
    for (const Shard &shard : m_shards) {
        const std::scoped_lock lock(shard.mutex);
        queues.reserve(queues.size() + std::size_t(shard.queues.size()));
        for (auto it = shard.queues.cbegin(); it != shard.queues.cend(); ++it) {
            QueueFacts facts = it->facts();
            facts.queue = it.key();
            const QueueLimits &limits = it->hasConsumer() ? m_settings.queue : m_settings.reservation;
            facts.limitMessages = limits.messages;
            facts.limitBytes = limits.bytes;
            queues.push_back(std::move(facts));
        }
    }
    done(std::move(queues));
}

void EmbeddedBroker::peek(const ListeningKey &queue, int count, PeekDone done)
{
    std::optional<std::vector<MessagePtr>> messages;
    Shard &shard = shardOf(queue);
    {
        const std::scoped_lock lock(shard.mutex);
        if (const auto it = shard.queues.constFind(queue); it != shard.queues.cend())
            messages = it->peek(std::size_t(std::max(count, 0)));
    }
    done(std::move(messages));
}

std::vector<KeptMessage> EmbeddedBroker::waiting(const ListeningKey &queue) const
{
    const Shard &shard = shardOf(queue);
    const std::scoped_lock lock(shard.mutex);
    const auto it = shard.queues.constFind(queue);
    return it != shard.queues.cend() ? it->waiting() : std::vector<KeptMessage>();
}

void EmbeddedBroker::restore(const ListeningKey &queue, std::vector<KeptMessage> messages, bool hadConsumer)
{
    Shard &shard = shardOf(queue);
    const std::scoped_lock lock(shard.mutex);
    const auto it = shard.queues.find(queue);
    if (it == shard.queues.end())
        return;
    Q_ASSERT(!it->hasConsumer());
    if (hadConsumer)
        it->establish();
    for (KeptMessage &kept : messages)
        (void)it->append(
            {std::move(kept.message), {}, ++shard.accepted, kept.redelivered, kept.isSaved, kept.journal});
    shard.file(queue, *it);
}

} // namespace msgsrv
