// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "server/broker/messagequeue.h"

#include <QByteArray>

#include <functional>
#include <optional>
#include <vector>

namespace msgsrv {

/// A destination that is no user's own: `/queue/NAME` or `/topic/NAME`.
struct DestinationName
{
    enum class Kind { Queue, Topic };
    Kind kind = Kind::Queue;
    QByteArray name;

    friend bool operator==(const DestinationName &a, const DestinationName &b)
    {
        return a.kind == b.kind && a.name == b.name;
    }
    friend std::size_t qHash(const DestinationName &d, std::size_t seed = 0) noexcept
    {
        return qHash(d.name, seed + std::size_t(d.kind));
    }
};

/// One subscription of one connection.
struct SubscriberId
{
    ConnectionId connection = ConnectionId::None;
    std::uint64_t subscription = 0; ///< among the connection's

    friend bool operator==(const SubscriberId &, const SubscriberId &) = default;
};

/// What the first subscription to a queue, or each one to a topic, may say of its queue.
struct QueueArguments
{
    bool autoDelete = false; ///< goes with its last subscription
    bool exclusive = false; ///< one connection's alone, and goes with its last subscription
    bool durable = false; ///< recorded for who looks; an embedded queue is kept in memory all the same
    std::optional<milliseconds> messageTtl; ///< x-message-ttl
    std::optional<milliseconds> expires; ///< x-expires: goes when nobody subscribed for so long
    QueueLimits maximum; ///< x-max-length and x-max-length-bytes: beyond it the oldest are dropped
};

/// What a management console shows of one destination; of a topic, the sums over those who are subscribed.
struct DestinationFacts
{
    DestinationName name;
    QueueArguments arguments; ///< of a topic: of its first subscription
    std::uint64_t consumers = 0; ///< subscriptions
    std::uint64_t ready = 0; ///< messages that wait
    std::uint64_t unsettled = 0; ///< messages that subscribers have, or whose turn it is
    std::uint64_t bytes = 0; ///< of both
    std::uint64_t accepted = 0; ///< since it was made
    std::uint64_t dropped = 0;
    std::optional<TimePoint> oldest; ///< when the oldest of those that wait was accepted
    QueueLimits limits; ///< of each queue; 0: unlimited
};

/// Queues and topics that programs and granted users share.
///
/// A *queue* keeps messages while nobody is subscribed and gives each to one subscription, in turn. A *topic*
/// keeps nothing: each of its subscriptions has a queue of its own, to which every message is copied. All
/// queues are bounded.
///
/// Every function may be called from any thread; callbacks come in any thread, perhaps before the call
/// returns. DeliveryPort::messagesReady() with the null key tells a connection that one or more of its
/// subscriptions here have something to take.
class Destinations
{
public:
    enum class SubscribeResult {
        Subscribed,
        TooMany, ///< as many queues as there may be
        Exclusive, ///< another connection's
        Unavailable,
    };
    using SubscribeDone = std::function<void(SubscribeResult)>;

    virtual ~Destinations() = default;

    /// @p window: how many messages may be with the subscriber, acknowledgements included when @p
    /// acknowledges; 0: the broker's own number, without acknowledgements.
    virtual void subscribe(const DestinationName &destination, SubscriberId subscriber,
                           const QueueArguments &arguments, bool acknowledges, std::size_t window,
                           SubscribeDone done)
        = 0;
    /// What the subscriber had and did not settle returns to a queue, in its order.
    virtual void unsubscribe(const DestinationName &destination, SubscriberId subscriber) = 0;
    /// @p ttl: the message's own, if it has one. @p done is told Queued or Refused. A topic without
    /// subscriptions takes a message and counts nothing.
    virtual void publish(const DestinationName &destination, MessagePtr message,
                         std::optional<milliseconds> ttl, Broker::PublishDone done)
        = 0;
    /// As Broker::take(), of what the subscriber's turn brought it.
    [[nodiscard]] virtual std::vector<Delivery>
    take(const DestinationName &destination, SubscriberId subscriber, int maxMessages, qsizetype maxBytes)
        = 0;
    /// Of what was taken: the first @p written were written, and are delivered or, when the subscriber
    /// acknowledges, unacknowledged; the rest returns.
    virtual void settle(const DestinationName &destination, SubscriberId subscriber, int written,
                        int returned)
        = 0;
    /// As Broker::acknowledge().
    virtual void acknowledge(const DestinationName &destination, SubscriberId subscriber,
                             const std::vector<DeliveryTag> &tags, Verdict verdict)
        = 0;
    [[nodiscard]] virtual BrokerCounts counts() const = 0;

    using SurveyDone = std::function<void(std::vector<DestinationFacts>)>;
    /// All that there are now, in no order. A broker that cannot tell answers nothing.
    virtual void survey(SurveyDone done) { done({}); }
};

} // namespace msgsrv
