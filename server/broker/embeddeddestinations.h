// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/workqueue.h"

#include <QHash>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

namespace msgsrv {

/// Destinations inside the process: queues in memory, in shards that each have a lock. The port and callbacks
/// are called without any lock held.
class EmbeddedDestinations final : public Destinations
{
public:
    struct Settings
    {
        QueueLimits queue{1000, 4 * 1024 * 1024}; ///< limits.queue_messages, limits.queue_bytes
        int queues = 1000; ///< broker.queues: how many there may be, those of topics' subscriptions included
        milliseconds messageTtl = std::chrono::hours(1); ///< broker.message_ttl, when nobody asks for less
    };
    using Now = std::function<TimePoint()>;

    /// @p port outlives this object.
    EmbeddedDestinations(const Settings &settings, DeliveryPort &port, Now now = &Clock::now);
    ~EmbeddedDestinations() override;

    void subscribe(const DestinationName &destination, SubscriberId subscriber,
                   const QueueArguments &arguments, bool acknowledges, std::size_t window,
                   SubscribeDone done) override;
    void unsubscribe(const DestinationName &destination, SubscriberId subscriber) override;
    void publish(const DestinationName &destination, MessagePtr message, std::optional<milliseconds> ttl,
                 Broker::PublishDone done) override;
    [[nodiscard]] std::vector<Delivery> take(const DestinationName &destination, SubscriberId subscriber,
                                             int maxMessages, qsizetype maxBytes) override;
    void settle(const DestinationName &destination, SubscriberId subscriber, int written,
                int returned) override;
    void acknowledge(const DestinationName &destination, SubscriberId subscriber,
                     const std::vector<DeliveryTag> &tags, Verdict verdict) override;
    [[nodiscard]] BrokerCounts counts() const override;
    /// Looks at one shard after the other, each locked alone.
    void survey(SurveyDone done) override;

    /// Drops what has expired and forgets queues that are over. Called about once a second, by any thread.
    void sweep();

private:
    using QueuePtr = std::shared_ptr<WorkQueue>;
    /// Everything in it is guarded by its mutex.
    struct Shard
    {
        mutable std::mutex mutex;
        DestinationCounts counts; ///< before the queues, which change it when they go
        QHash<QByteArray, QueuePtr> queues;
        QHash<QByteArray, std::vector<std::pair<SubscriberId, QueuePtr>>> topics;
    };
    static constexpr std::size_t shardCount = 16;

    [[nodiscard]] Shard &shardOf(const DestinationName &destination);
    [[nodiscard]] QueueArguments completed(QueueArguments arguments) const;
    [[nodiscard]] bool mayAddQueue(Shard &shard);
    void forgetIfOver(Shard &shard, const QByteArray &name);
    /// Runs @p change on the subscriber's queue and tells whose turn it then is.
    template <typename Change>
    void change(const DestinationName &destination, SubscriberId subscriber, Change change);
    void tell(const std::vector<ConnectionId> &connections);

    const Settings m_settings;
    DeliveryPort &m_port;
    const Now m_now;
    std::atomic<int> m_queues{0};
    std::array<Shard, shardCount> m_shards;
};

} // namespace msgsrv
