// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/embeddedbroker.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace msgsrv {

namespace {

using State = PublishResult::State;

void tell(const Broker::PublishDone &done, State state)
{
    if (done)
        done({state, PublishRefusal::None});
}

void tellAll(const std::vector<Broker::PublishDone> &outcomes, State state)
{
    for (const Broker::PublishDone &outcome : outcomes)
        tell(outcome, state);
}

void tellAll(const std::vector<QueuedMessage> &messages, State state)
{
    for (const QueuedMessage &queued : messages)
        tell(queued.outcome, state);
}

} // namespace

void EmbeddedBroker::Followers::add(const std::shared_ptr<MessageWatch> &watch)
{
    if (m_watches.empty() || m_watches.back() != watch)
        m_watches.push_back(watch);
}

void EmbeddedBroker::Followers::tell() const
{
    for (const auto &watch : m_watches)
        watch->tell();
    // What a sender is told of a message is written down before the message is forgotten.
    if (!m_ended.empty())
        m_journal->end(m_ended);
    if (m_changed)
        m_journal->flush();
}

EmbeddedBroker::EmbeddedBroker(Settings settings, DeliveryPort &port, Now now, QObject *parent)
    : Broker(parent)
    , m_settings(settings)
    , m_port(port)
    , m_now(std::move(now))
{ }

EmbeddedBroker::~EmbeddedBroker() = default;

void EmbeddedBroker::reserve(const ListeningKey &queue)
{
    Shard &shard = shardOf(queue);
    const std::scoped_lock lock(shard.mutex);
    if (!shard.queues.contains(queue))
        shard.queues.insert(queue, {});
}

void EmbeddedBroker::subscribe(const ListeningKey &queue, ConnectionId consumer, SubscribeDone done)
{
    Q_ASSERT(consumer != ConnectionId::None);
    Shard &shard = shardOf(queue);
    bool subscribed = false;
    bool ready = false;
    {
        const std::scoped_lock lock(shard.mutex);
        const auto it = shard.queues.find(queue);
        subscribed = it != shard.queues.end() && it->admitsConsumer(consumer);
        if (subscribed && it->consumer() != consumer) {
            const ConnectionId former = it->consumer();
            if (former == ConnectionId::None)
                shard.events.push_back({true, queue, consumer});
            // A connection that held the queue before and comes back settles what it took then first.
            shard.keepLeftovers(
                queue, former,
                it->setConsumer(consumer, shard.leftovers.take({queue, consumer}), shard.returned));
            ready = it->announceWaiting();
        }
    }
    announce(shard);
    if (done)
        done(subscribed);
    if (ready)
        m_port.messagesReady(consumer, queue);
}

void EmbeddedBroker::unsubscribe(const ListeningKey &queue, ConnectionId consumer)
{
    Shard &shard = shardOf(queue);
    std::vector<QueuedMessage> waiting;
    std::vector<QueuedMessage> taken;
    Followers followers(m_journal);
    {
        const std::scoped_lock lock(shard.mutex);
        const auto it = shard.queues.find(queue);
        if (it != shard.queues.end() && it->consumer() == consumer) {
            taken = it->setConsumer(ConnectionId::None, {}, shard.returned);
            waiting = it->drain();
            shard.erase(it);
            shard.events.push_back({false, queue, consumer});
        } else {
            taken = shard.leftovers.take({queue, consumer});
        }
        shard.count(DropReason::SessionEnded, waiting.size());
        shard.count(DropReason::ConnectionLost, taken.size());
        noteDropped(DropReason::ConnectionLost, taken, 0, followers);
        noteDropped(DropReason::SessionEnded, waiting, 0, followers);
    }
    followers.tell();
    tellAll(taken, State::Dropped);
    tellAll(waiting, State::Dropped);
    announce(shard);
}

void EmbeddedBroker::detach(const ListeningKey &queue, ConnectionId consumer)
{
    Shard &shard = shardOf(queue);
    std::vector<PublishDone> outcomes;
    Followers followers(m_journal);
    {
        const std::scoped_lock lock(shard.mutex);
        const auto it = shard.queues.find(queue);
        if (it == shard.queues.end())
            return;
        it->banConsumer(consumer);
        if (it->consumer() != consumer)
            return;
        shard.keepLeftovers(queue, consumer, it->setConsumer(ConnectionId::None, {}, shard.returned));
        outcomes = releaseOutcomes(queue, *it, followers);
    }
    followers.tell();
    tellAll(outcomes, State::Queued);
}

void EmbeddedBroker::remove(const ListeningKey &queue, DropReason reason)
{
    Shard &shard = shardOf(queue);
    std::vector<QueuedMessage> waiting;
    Followers followers(m_journal);
    {
        const std::scoped_lock lock(shard.mutex);
        const auto it = shard.queues.find(queue);
        if (it == shard.queues.end())
            return;
        const ConnectionId consumer = it->consumer();
        if (consumer != ConnectionId::None)
            shard.events.push_back({false, queue, consumer});
        std::vector<QueuedMessage> taken = it->setConsumer(ConnectionId::None, {}, shard.returned);
        // Whatever becomes of them, nobody will get them after a crash: the queue is gone.
        for (QueuedMessage &left : taken) {
            if (left.journal != JournalId::NotKept)
                followers.addEnded(std::exchange(left.journal, JournalId::NotKept));
        }
        shard.keepLeftovers(queue, consumer, std::move(taken));
        waiting = it->drain();
        shard.erase(it);
        shard.count(reason, waiting.size());
        noteDropped(reason, waiting, 0, followers);
    }
    followers.tell();
    tellAll(waiting, State::Dropped);
    announce(shard);
}

void EmbeddedBroker::publish(const ListeningKey &queue, MessagePtr message, Tell tellWhat, PublishDone done)
{
    Q_ASSERT(message);
    Shard &shard = shardOf(queue);
    PublishResult result{State::Queued, PublishRefusal::None};
    ConnectionId ready = ConnectionId::None;
    bool asked = false;
    {
        const std::scoped_lock lock(shard.mutex);
        const auto it = shard.queues.find(queue);
        if (it == shard.queues.end()) {
            ++shard.refusedNoQueue;
            if (m_tap)
                m_tap->tell(FlowEvent::Kind::Refused, message, "no_queue");
            result = {State::Refused, PublishRefusal::NoQueue};
        } else if (!it->admits(*message, it->isEstablished() ? m_settings.queue : m_settings.reservation)) {
            ++shard.refusedFull;
            if (m_tap)
                m_tap->tell(FlowEvent::Kind::Refused, message, "queue_full");
            result = {State::Refused, PublishRefusal::QueueFull};
        } else {
            ++shard.accepted;
            if (m_tap)
                m_tap->tell(FlowEvent::Kind::Accepted, message);
            QueuedMessage queued{std::move(message), {}, shard.accepted};
            if (m_journal && queued.message->keep != Keep::Nothing) {
                asked = keep(queue, queued, !it->flows());
                if (queued.awaitsStore())
                    queued.outcome = std::exchange(done, nullptr);
            }
            if (tellWhat == Tell::Outcome && it->flows() && done)
                queued.outcome = std::exchange(done, nullptr);
            if (it->append(std::move(queued)))
                ready = it->consumer();
            shard.file(queue, *it);
        }
    }
    if (ready != ConnectionId::None)
        m_port.messagesReady(ready, queue);
    if (asked)
        m_journal->flush();
    if (done)
        done(result);
}

std::vector<Delivery> EmbeddedBroker::take(const ListeningKey &queue, ConnectionId consumer, int maxMessages,
                                           qsizetype maxBytes)
{
    Q_ASSERT(maxMessages >= 0);
    Shard &shard = shardOf(queue);
    std::vector<Delivery> messages;
    std::vector<PublishDone> outcomes;
    std::vector<QueuedMessage> expired;
    Followers followers(m_journal);
    {
        const std::scoped_lock lock(shard.mutex);
        const auto it = shard.queues.find(queue);
        if (it == shard.queues.end() || it->consumer() != consumer)
            return messages;
        if (it->nextExpiry() != TimePoint::max())
            expired = expire(shard, queue, *it, m_now(), followers);
        messages = it->take(maxMessages, maxBytes);
        if (!it->flows())
            outcomes = releaseOutcomes(queue, *it, followers);
    }
    followers.tell();
    tellAll(expired, State::Dropped);
    tellAll(outcomes, State::Queued);
    return messages;
}

void EmbeddedBroker::settle(const ListeningKey &queue, ConnectionId consumer, int written, int dropped,
                            DropReason reason)
{
    Q_ASSERT(written >= 0 && dropped >= 0);
    Shard &shard = shardOf(queue);
    const auto wanted = std::size_t(written) + std::size_t(dropped);
    std::vector<QueuedMessage> settled;
    std::size_t delivered = 0;
    Followers followers(m_journal);
    {
        const std::scoped_lock lock(shard.mutex);
        const auto it = shard.queues.find(queue);
        if (it != shard.queues.end() && it->consumer() == consumer) {
            settled = it->settle(wanted);
            Q_ASSERT(settled.size() == wanted);
        } else {
            settled = shard.takeLeftovers({queue, consumer}, wanted);
        }
        delivered = std::min(std::size_t(written), settled.size());
        shard.delivered += delivered;
        shard.count(reason, settled.size() - delivered);
        if (it != shard.queues.end())
            it->noteDropped(settled.size() - delivered);
        note(Step::WrittenForGood, settled, 0, delivered, "", followers);
        noteDropped(reason, settled, delivered, followers);
    }
    followers.tell();
    for (std::size_t i = 0; i < settled.size(); ++i)
        tell(settled[i].outcome, i < delivered ? State::Written : State::Dropped);
}

void EmbeddedBroker::hold(const ListeningKey &queue, ConnectionId consumer, int written, int returned)
{
    Q_ASSERT(written >= 0 && returned >= 0);
    Shard &shard = shardOf(queue);
    std::vector<PublishDone> outcomes;
    std::vector<PublishDone> unwritten;
    Followers followers(m_journal);
    ConnectionId ready = ConnectionId::None;
    State unwrittenState = State::Queued;
    {
        const std::scoped_lock lock(shard.mutex);
        const auto it = shard.queues.find(queue);
        const bool isConsumer = it != shard.queues.end() && it->consumer() == consumer;
        std::vector<QueuedMessage> back;
        if (isConsumer) {
            note(Step::Written, it->taken(), 0, std::min(std::size_t(written), it->taken().size()), "",
                 followers);
            std::vector<const QueuedMessage *> asked;
            outcomes = it->hold(std::size_t(written), asked);
            for (const QueuedMessage *queued : asked)
                ask(queue, *queued, followers);
            back = it->settle(std::size_t(returned));
        } else {
            back = shard.takeLeftovers({queue, consumer}, std::size_t(written) + std::size_t(returned));
            note(Step::Written, back, 0, std::min(std::size_t(written), back.size()), "", followers);
        }
        for (std::size_t i = 0; i < back.size(); ++i) {
            const bool wasWritten = !isConsumer && i < std::size_t(written);
            // Also what was not written: the new consumer may have got younger messages already.
            back[i].redelivered = back[i].redelivered || !isConsumer;
            if (back[i].outcome && back[i].awaitsStore() && it != shard.queues.end())
                ask(queue, back[i], followers);
            else if (back[i].outcome)
                (wasWritten ? outcomes : unwritten).push_back(std::exchange(back[i].outcome, nullptr));
        }
        if (it != shard.queues.end()) {
            shard.returned += back.size();
            it->putBack(std::move(back));
            shard.file(queue, *it);
            if (it->announceWaiting())
                ready = it->consumer();
        } else {
            shard.count(DropReason::SessionEnded, back.size());
            noteDropped(DropReason::SessionEnded, back, 0, followers);
            unwrittenState = State::Dropped;
        }
    }
    followers.tell();
    tellAll(outcomes, State::Written);
    tellAll(unwritten, unwrittenState);
    if (ready != ConnectionId::None)
        m_port.messagesReady(ready, queue);
}

void EmbeddedBroker::acknowledge(const ListeningKey &queue, ConnectionId consumer,
                                 const std::vector<DeliveryTag> &tags, Verdict verdict)
{
    Shard &shard = shardOf(queue);
    std::vector<QueuedMessage> released; // destroyed after the lock
    Followers followers(m_journal);
    bool ready = false;
    {
        const std::scoped_lock lock(shard.mutex);
        const auto it = shard.queues.find(queue);
        if (it == shard.queues.end() || it->consumer() != consumer)
            return;
        released.reserve(tags.size());
        for (const DeliveryTag tag : tags) {
            if (QueuedMessage message = it->release(tag); message.message)
                released.push_back(std::move(message));
        }
        switch (verdict) {
        case Verdict::Accept:
            shard.delivered += released.size();
            note(Step::Acked, released, 0, released.size(), "", followers);
            break;
        case Verdict::Reject:
            shard.count(DropReason::Rejected, released.size());
            it->noteDropped(released.size());
            noteDropped(DropReason::Rejected, released, 0, followers);
            break;
        case Verdict::Return:
            shard.returned += released.size();
            for (QueuedMessage &message : released)
                message.redelivered = true;
            std::sort(released.begin(), released.end(),
                      [](const QueuedMessage &a, const QueuedMessage &b) { return a.tag < b.tag; });
            it->putBack(std::exchange(released, {}));
            ready = it->announceWaiting();
            break;
        }
    }
    followers.tell();
    tellAll(released, State::Written); // those that had to wait for the journal
    if (ready)
        m_port.messagesReady(consumer, queue);
}

void EmbeddedBroker::purge(const ListeningKey &queue, PurgeDone done)
{
    std::optional<std::size_t> purged;
    std::vector<QueuedMessage> waiting;
    Followers followers(m_journal);
    Shard &shard = shardOf(queue);
    {
        const std::scoped_lock lock(shard.mutex);
        if (const auto it = shard.queues.find(queue); it != shard.queues.end()) {
            waiting = it->drain();
            purged = waiting.size();
            it->noteDropped(waiting.size());
            shard.count(DropReason::Purged, waiting.size());
            noteDropped(DropReason::Purged, waiting, 0, followers);
        }
    }
    followers.tell();
    tellAll(waiting, State::Dropped);
    done(purged);
}

void EmbeddedBroker::sweep()
{
    const TimePoint now = m_now();
    for (Shard &shard : m_shards) {
        std::vector<QueuedMessage> expired;
        Followers followers(m_journal);
        {
            const std::scoped_lock lock(shard.mutex);
            while (!shard.expiries.empty() && shard.expiries.begin()->first <= now) {
                const ListeningKey key = shard.expiries.begin()->second;
                std::vector<QueuedMessage> more = expire(shard, key, *shard.queues.find(key), now, followers);
                std::move(more.begin(), more.end(), std::back_inserter(expired));
            }
        }
        followers.tell();
        tellAll(expired, State::Dropped);
    }
}

std::vector<QueuedMessage> EmbeddedBroker::expire(Shard &shard, const ListeningKey &key, MessageQueue &queue,
                                                  TimePoint now, Followers &followers) const
{
    std::vector<QueuedMessage> expired;
    if (now >= queue.nextExpiry())
        expired = queue.takeExpired(now);
    shard.file(key, queue);
    shard.count(DropReason::Expired, expired.size());
    noteDropped(DropReason::Expired, expired, 0, followers);
    return expired;
}

void EmbeddedBroker::note(Step step, const std::vector<QueuedMessage> &messages, std::size_t first,
                          std::size_t count, const char *reason, Followers &followers) const
{
    for (std::size_t i = first; i < first + count; ++i) {
        const MessagePtr &message = messages[i].message;
        if (message->watch && message->watch->advance(message->number, step, reason))
            followers.add(message->watch);
        if (messages[i].journal != JournalId::NotKept)
            noteInJournal(step, messages[i], followers);
    }
    if (step == Step::Written || step == Step::WrittenForGood)
        tellTap(FlowEvent::Kind::Written, messages, first, count, reason);
    else if (step != Step::Acked)
        tellTap(FlowEvent::Kind::Dropped, messages, first, count, reason);
}

void EmbeddedBroker::noteDropped(DropReason reason, const std::vector<QueuedMessage> &messages,
                                 std::size_t first, Followers &followers) const
{
    const std::size_t count = messages.size() - first;
    // What was saved is not lost: the next run of the program has it, which knows no watches.
    if (reason == DropReason::Saved)
        tellTap(FlowEvent::Kind::Dropped, messages, first, count, toString(reason));
    else
        note(reason == DropReason::Expired ? Step::Expired : Step::Dropped, messages, first, count,
             toString(reason), followers);
}

void EmbeddedBroker::tellTap(FlowEvent::Kind kind, const std::vector<QueuedMessage> &messages,
                             std::size_t first, std::size_t count, const char *reason) const
{
    if (!m_tap || !m_tap->isOpen())
        return;
    for (std::size_t i = first; i < first + count; ++i)
        m_tap->tell(kind, messages[i].message, reason);
}

void EmbeddedBroker::Shard::file(const ListeningKey &key, MessageQueue &queue, TimePoint at)
{
    if (at == queue.filedExpiry)
        return;
    if (queue.filedExpiry != TimePoint::max()) {
        const auto [first, last] = expiries.equal_range(queue.filedExpiry);
        expiries.erase(
            std::find_if(first, last, [&key](const auto &expiry) { return expiry.second == key; }));
    }
    if (at != TimePoint::max())
        expiries.emplace(at, key);
    queue.filedExpiry = at;
}

void EmbeddedBroker::Shard::erase(QHash<ListeningKey, MessageQueue>::iterator queue)
{
    file(queue.key(), *queue, TimePoint::max());
    queues.erase(queue);
}

void EmbeddedBroker::Shard::keepLeftovers(const ListeningKey &queue, ConnectionId consumer,
                                          std::vector<QueuedMessage> taken)
{
    if (!taken.empty())
        leftovers[{queue, consumer}] = std::move(taken);
}

std::vector<QueuedMessage> EmbeddedBroker::Shard::takeLeftovers(const Owner &owner, std::size_t count)
{
    std::vector<QueuedMessage> messages;
    const auto left = leftovers.find(owner);
    if (left == leftovers.end())
        return messages;
    const auto end = left->begin() + std::ptrdiff_t(std::min(count, left->size()));
    messages.assign(std::make_move_iterator(left->begin()), std::make_move_iterator(end));
    left->erase(left->begin(), end);
    if (left->empty())
        leftovers.erase(left);
    return messages;
}

EmbeddedBroker::Shard &EmbeddedBroker::shardOf(const ListeningKey &queue)
{
    return const_cast<Shard &>(std::as_const(*this).shardOf(queue));
}

const EmbeddedBroker::Shard &EmbeddedBroker::shardOf(const ListeningKey &queue) const
{
    // A seed of its own, so that the keys of one shard still spread over the shard's hash table.
    return m_shards[qHash(queue, 0x5d1ec810) % shardCount];
}

void EmbeddedBroker::announce(Shard &shard)
{
    std::unique_lock lock(shard.mutex);
    if (shard.announcing)
        return; // that thread goes on until there is nothing left
    shard.announcing = true;
    while (!shard.events.empty()) {
        const std::vector<Event> events = std::exchange(shard.events, {});
        lock.unlock();
        for (const Event &event : events) {
            if (event.created)
                emit queueCreated(event.queue, event.consumer);
            else
                emit queueDeleted(event.queue, event.consumer);
        }
        lock.lock();
    }
    shard.announcing = false;
}

} // namespace msgsrv
