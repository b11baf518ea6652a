// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/connectionid.h"
#include "shared/signaling/deliveryport.h"
#include "shared/signaling/listeningkey.h"
#include "shared/signaling/message.h"

#include <QObject>
#include <QSet>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace msgsrv {

/// Why a message was not taken. The order may only grow at the end.
enum class PublishRefusal {
    None,
    NoQueue,
    QueueFull,
    Unavailable,
    NotSaved, ///< it was to be kept surely, and the store cannot be written to
};

/// Why an accepted message was dropped; the label of messaging_messages_dropped_total.
/// The order may only grow at the end.
enum class DropReason {
    SessionEnded,
    ConnectionLost,
    SlowConsumer,
    Expired,
    Rejected,
    Purged,
    Overflow,
    QueueDeleted,
    Saved,
    NotSaved,
};
constexpr int dropReasonCount = 10;
[[nodiscard]] const char *toString(DropReason reason);

/// What became of a published message, told once.
struct PublishResult
{
    enum class State {
        Written, ///< written to the recipient's connection
        Queued, ///< accepted, waits in the queue
        Dropped, ///< accepted, but dropped before anything else could be said
        Refused, ///< not accepted: see refusal
    };
    State state = State::Refused;
    PublishRefusal refusal = PublishRefusal::None;
};

/// Names a message in a journal, see MessageJournal; a larger one was accepted later.
enum class JournalId : std::uint64_t { NotKept = 0 };

/// Names one delivery of a message to its consumer, for as long as it is not settled. Never 0.
using DeliveryTag = std::uint64_t;

/// A message that was taken from a queue.
struct Delivery
{
    MessagePtr message;
    DeliveryTag tag = 0;
    bool redelivered = false; ///< it was written to a consumer before and came back
};

/// What a consumer says of a message that it holds unacknowledged. The order may only grow at the end.
enum class Verdict {
    Accept, ///< processed: delivered
    Return, ///< to its place in the queue, to be delivered again
    Reject, ///< dropped as DropReason::Rejected
};

/// What went through the broker since it started, and what it holds. All of it is read at one instant.
struct BrokerCounts
{
    std::uint64_t accepted = 0;
    std::uint64_t delivered = 0; ///< written in auto mode, acknowledged in the others
    std::uint64_t dropped[dropReasonCount] = {};
    std::uint64_t inFlight = 0; ///< counted from the queues, not derived from the others
    std::uint64_t unacknowledged = 0; ///< of those in flight: written, not acknowledged
    std::uint64_t returned = 0; ///< deliveries that came back to their queue
    std::uint64_t queues = 0; ///< queues that exist, i.e. have a subscriber
    std::uint64_t refusedNoQueue = 0;
    std::uint64_t refusedFull = 0;
    std::uint64_t destinations = 0; ///< queues that are no user's own, and subscriptions to topics
    std::uint64_t destinationsRefused = 0; ///< that were not made: broker.queues
};

/// What a management console shows of one queue or reservation.
struct QueueFacts
{
    ListeningKey queue;
    ConnectionId consumer = ConnectionId::None; ///< None: a reservation
    std::uint64_t ready = 0; ///< messages that wait
    std::uint64_t unsettled = 0; ///< messages that its consumer has
    std::uint64_t bytes = 0; ///< of both
    std::uint64_t accepted = 0; ///< since it was made
    std::uint64_t dropped = 0;
    std::optional<TimePoint> oldest; ///< when the oldest of those that wait was accepted
    qsizetype limitMessages = 0; ///< 0: unlimited
    qsizetype limitBytes = 0;
};

/// A message on its way from one run of the program to the next.
struct KeptMessage
{
    MessagePtr message;
    bool redelivered = false; ///< as in Delivery
    JournalId journal = JournalId::NotKept; ///< by which the journal knows it
    bool isSaved = false; ///< the journal's store has it
};

/// Queues of session users, asynchronous so that an embedded broker and RabbitMQ fit behind it.
///
/// A queue is named by its session's listening key and has one exclusive consumer. A *reservation* (made
/// when the session is opened) keeps a small number of messages until the consumer subscribes; subscribing
/// creates the queue, and the end of the subscription deletes it (auto-delete). Both are told by signal,
/// and only these signals move the session: a broker that is another process tells no more than this.
///
/// Every function may be called from any thread. Signals are emitted in the thread that caused them;
/// receivers connect with a context object and get them queued.
class Broker : public QObject
{
    Q_OBJECT

public:
    using SubscribeDone = std::function<void(bool subscribed)>;
    using PublishDone = std::function<void(PublishResult)>;
    using InspectDone = std::function<void(QSet<ListeningKey> queues)>;

    using QObject::QObject;

    /// Opens a reservation: from now on messages for @p queue wait in a small bounded buffer.
    virtual void reserve(const ListeningKey &queue) = 0;

    /// Creates @p queue with @p consumer, or, when the queue exists with another consumer, hands it over
    /// (the newest connection of a session wins; what waits stays, and what its consumer held
    /// unacknowledged returns to its place). @p done is called once, in any thread:
    /// false when there is no reservation or the broker is away.
    virtual void subscribe(const ListeningKey &queue, ConnectionId consumer, SubscribeDone done) = 0;

    /// Ends the subscription; deletes the queue when @p consumer is still its consumer, else nothing.
    /// What waited or was unacknowledged is dropped as SessionEnded; what was taken and not settled, as
    /// ConnectionLost.
    virtual void unsubscribe(const ListeningKey &queue, ConnectionId consumer) = 0;

    /// For a connection that lost its session to a newer one, or broke and left it to be resumed: @p consumer
    /// loses the queue, if it has it, which is a reservation again with what waited in it or was
    /// unacknowledged, and a subscribe() of @p consumer that comes later is refused. No signal. Unknown
    /// queue: nothing.
    virtual void detach(const ListeningKey &queue, ConnectionId consumer) = 0;

    /// Ends the reservation and the queue. What waited or was unacknowledged is dropped as @p reason.
    /// queueDeleted is emitted when the queue existed. Unknown queue: nothing.
    virtual void remove(const ListeningKey &queue, DropReason reason) = 0;

    /// What publish() tells: that the message was accepted (State::Queued stands for it), or what became
    /// of it: written, or waiting because the consumer is absent, blocked or slow.
    enum class Tell { Acceptance, Outcome };

    /// Appends @p message. @p done is called once, in any thread, perhaps before this returns. Of a message
    /// that is kept by a journal (Message::keep) Acceptance and Queued are told when it is safe there, or
    /// instead of them what became of it before; one that is to be kept surely and cannot be is withdrawn
    /// and told as Refused.
    virtual void publish(const ListeningKey &queue, MessagePtr message, Tell tell, PublishDone done) = 0;

    /// Up to @p maxMessages, and no more than @p maxBytes unless the first alone is larger, oldest first.
    /// The caller writes them and then calls settle() or hold(). Messages that stay behind are told as
    /// Queued. Empty when @p consumer is not the consumer. When messages stay behind, the consumer is
    /// *blocked*: it gets no messagesReady() until it takes again and empties the queue. A consumer that
    /// cannot write takes 0 messages, which only makes it blocked if there are any.
    virtual std::vector<Delivery> take(const ListeningKey &queue, ConnectionId consumer, int maxMessages,
                                       qsizetype maxBytes)
        = 0;

    /// The first @p written of what was taken were written; the rest are dropped as @p reason.
    virtual void settle(const ListeningKey &queue, ConnectionId consumer, int written, int dropped,
                        DropReason reason)
        = 0;

    /// As settle(), for a consumer that acknowledges: the first @p written of what was taken were written and
    /// are unacknowledged now; the next @p returned were not and go back to their place. What is
    /// unacknowledged counts against the queue's limits, and is in flight, until acknowledge() or the end of
    /// the consumer. When @p consumer lost the queue meanwhile, all of it returns.
    virtual void hold(const ListeningKey &queue, ConnectionId consumer, int written, int returned) = 0;

    /// Settles what @p consumer holds unacknowledged. Tags that it does not hold (any more) are ignored. What
    /// returns stands where it stood, in the order of publishing, and is announced.
    virtual void acknowledge(const ListeningKey &queue, ConnectionId consumer,
                             const std::vector<DeliveryTag> &tags, Verdict verdict)
        = 0;

    /// Tells the queues that exist (not the reservations), for the sweep that finds lost events.
    virtual void inspect(InspectDone done) = 0;

    /// Counters and what the queues hold, at one instant.
    [[nodiscard]] virtual BrokerCounts counts() const = 0;

    // For the management; a broker that cannot tell answers nothing. None of these holds the whole broker up,
    // however many queues there are.
    using SurveyDone = std::function<void(std::vector<QueueFacts>)>;
    using PeekDone = std::function<void(std::optional<std::vector<MessagePtr>>)>;
    using PurgeDone = std::function<void(std::optional<std::size_t>)>;

    /// The counters of counts(), but each shard's at another instant, `inFlight` derived from the others, and
    /// `queues` with the reservations.
    [[nodiscard]] virtual BrokerCounts totals() const { return counts(); }
    /// All queues and reservations.
    virtual void survey(SurveyDone done) { done({}); }
    /// The oldest messages that wait, at most @p count, as they stay. Nothing: no such queue.
    virtual void peek(const ListeningKey &queue, int count, PeekDone done);
    /// Drops what waits, as DropReason::Purged. Nothing: no such queue.
    virtual void purge(const ListeningKey &queue, PurgeDone done);

    // For the end of a program and the next start. A broker whose queues outlive the program has nothing to
    // do.

    /// All that waits in @p queue, oldest first, as it stays. What a consumer holds is not among it.
    [[nodiscard]] virtual std::vector<KeptMessage> waiting(const ListeningKey &queue) const;
    /// Appends @p messages, oldest first, to a reservation; they count as accepted, and no limit is looked
    /// at.
    /// @p hadConsumer: from now on the limits of a queue count, not those of a reservation. Unknown queue:
    /// nothing.
    virtual void restore(const ListeningKey &queue, std::vector<KeptMessage> messages, bool hadConsumer);

signals:
    void queueCreated(const msgsrv::ListeningKey &queue, msgsrv::ConnectionId consumer);
    void queueDeleted(const msgsrv::ListeningKey &queue, msgsrv::ConnectionId consumer);
};

} // namespace msgsrv

Q_DECLARE_METATYPE(msgsrv::ListeningKey)
Q_DECLARE_METATYPE(msgsrv::ConnectionId)
