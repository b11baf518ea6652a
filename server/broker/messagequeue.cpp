// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/messagequeue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace msgsrv {

namespace {

qsizetype weigh(const std::vector<QueuedMessage> &messages)
{
    qsizetype bytes = 0;
    for (const QueuedMessage &queued : messages)
        bytes += queued.message->weight();
    return bytes;
}

bool byTag(const QueuedMessage &a, const QueuedMessage &b)
{
    return a.tag < b.tag;
}

/// Capacity that an emptied vector may keep: enough for traffic, small enough for 100,000 users.
constexpr std::size_t keptCapacity = 16;

constexpr std::size_t maximumBanned = 16;

void clearAndShrink(std::vector<QueuedMessage> &messages)
{
    messages.clear();
    if (messages.capacity() > keptCapacity)
        std::vector<QueuedMessage>().swap(messages);
}

} // namespace

bool MessageQueue::admits(const Message &message, const QueueLimits &limits) const
{
    if (limits.messages > 0 && qsizetype(size()) >= limits.messages)
        return false;
    return limits.bytes <= 0 || m_bytes + message.weight() <= limits.bytes;
}

bool MessageQueue::append(QueuedMessage message)
{
    m_bytes += message.message->weight();
    ++m_accepted;
    m_nextExpiry = std::min(m_nextExpiry, message.message->expiresAt);
    m_waiting.push_back(std::move(message));
    return announceWaiting();
}

bool MessageQueue::announceWaiting()
{
    if (!flows() || m_told || m_head == m_waiting.size())
        return false;
    m_told = true;
    return true;
}

std::vector<QueuedMessage> MessageQueue::setConsumer(ConnectionId consumer, std::vector<QueuedMessage> taken,
                                                     std::uint64_t &returned)
{
    if (unacknowledged() > 0) {
        returned += unacknowledged();
        m_unacknowledged.erase(m_unacknowledged.begin(),
                               std::next(m_unacknowledged.begin(), std::ptrdiff_t(m_unacknowledgedHead)));
        m_unacknowledgedHead = 0;
        Messages back = std::exchange(m_unacknowledged, {});
        m_bytes -= weigh(back);
        for (QueuedMessage &queued : back)
            queued.redelivered = true;
        putBack(std::move(back));
    }
    m_consumer = consumer;
    m_established = m_established || hasConsumer();
    m_told = false;
    m_blocked = false;
    m_bytes += weigh(taken) - weigh(m_taken);
    return std::exchange(m_taken, std::move(taken));
}

void MessageQueue::banConsumer(ConnectionId consumer)
{
    if (!admitsConsumer(consumer))
        return;
    if (m_banned.size() == maximumBanned)
        m_banned.erase(m_banned.begin());
    m_banned.push_back(consumer);
}

bool MessageQueue::admitsConsumer(ConnectionId consumer) const
{
    return std::find(m_banned.begin(), m_banned.end(), consumer) == m_banned.end();
}

std::vector<Delivery> MessageQueue::take(int maxMessages, qsizetype maxBytes)
{
    std::vector<Delivery> result;
    qsizetype bytes = 0;
    std::size_t end = m_head;
    while (end < m_waiting.size() && qsizetype(end - m_head) < maxMessages) {
        bytes += m_waiting[end].message->weight();
        if (end > m_head && bytes > maxBytes)
            break;
        ++end;
    }
    result.reserve(end - m_head);
    for (; m_head < end; ++m_head) {
        const QueuedMessage &queued = m_waiting[m_head];
        result.push_back({queued.message, queued.tag, queued.redelivered});
        m_taken.push_back(std::move(m_waiting[m_head]));
    }
    forgetHead(m_waiting, m_head);
    m_told = false;
    m_blocked = m_head < m_waiting.size();
    return result;
}

std::vector<QueuedMessage> MessageQueue::settle(std::size_t count)
{
    std::vector<QueuedMessage> settled;
    if (count >= m_taken.size()) {
        settled = std::exchange(m_taken, {});
    } else {
        const auto end = std::next(m_taken.begin(), std::ptrdiff_t(count));
        settled.assign(std::make_move_iterator(m_taken.begin()), std::make_move_iterator(end));
        m_taken.erase(m_taken.begin(), end);
    }
    m_bytes -= weigh(settled);
    return settled;
}

std::vector<Broker::PublishDone> MessageQueue::hold(std::size_t count,
                                                    std::vector<const QueuedMessage *> &asked)
{
    std::vector<DeliveryTag> waiting;
    std::vector<Broker::PublishDone> outcomes;
    const auto end = std::next(m_taken.begin(), std::ptrdiff_t(std::min(count, m_taken.size())));
    for (auto it = m_taken.begin(); it != end; ++it) {
        if (it->outcome && it->awaitsStore())
            waiting.push_back(it->tag);
        else if (it->outcome)
            outcomes.push_back(std::exchange(it->outcome, nullptr));
        insertByTag(m_unacknowledged, m_unacknowledgedHead, std::move(*it));
    }
    m_taken.erase(m_taken.begin(), end);
    for (const DeliveryTag tag : waiting)
        asked.push_back(&*findByTag(m_unacknowledged, m_unacknowledgedHead, tag));
    return outcomes;
}

QueuedMessage MessageQueue::release(DeliveryTag tag)
{
    const auto it = findByTag(m_unacknowledged, m_unacknowledgedHead, tag);
    if (it == m_unacknowledged.end())
        return {};
    QueuedMessage released = std::move(*it);
    if (it == std::next(m_unacknowledged.begin(), std::ptrdiff_t(m_unacknowledgedHead))) {
        ++m_unacknowledgedHead;
        forgetHead(m_unacknowledged, m_unacknowledgedHead);
    } else {
        m_unacknowledged.erase(it);
    }
    m_bytes -= released.message->weight();
    return released;
}

void MessageQueue::putBack(std::vector<QueuedMessage> messages)
{
    m_bytes += weigh(messages);
    for (const QueuedMessage &queued : messages) {
        if (!queued.redelivered)
            m_nextExpiry = std::min(m_nextExpiry, queued.message->expiresAt);
    }
    if (messages.size() == 1) {
        insertByTag(m_waiting, m_head, std::move(messages.front()));
        return;
    }
    Messages merged;
    merged.reserve(messages.size() + m_waiting.size() - m_head);
    std::merge(std::make_move_iterator(messages.begin()), std::make_move_iterator(messages.end()),
               std::make_move_iterator(std::next(m_waiting.begin(), std::ptrdiff_t(m_head))),
               std::make_move_iterator(m_waiting.end()), std::back_inserter(merged), byTag);
    m_waiting = std::move(merged);
    m_head = 0;
}

std::vector<Broker::PublishDone> MessageQueue::releaseOutcomes(std::vector<const QueuedMessage *> &asked)
{
    std::vector<Broker::PublishDone> outcomes;
    for (std::size_t i = m_head; i < m_waiting.size(); ++i) {
        QueuedMessage &queued = m_waiting[i];
        if (queued.outcome && queued.awaitsStore())
            asked.push_back(&queued);
        else if (queued.outcome)
            outcomes.push_back(std::exchange(queued.outcome, nullptr));
    }
    return outcomes;
}

std::pair<QueuedMessage *, MessageQueue::Place> MessageQueue::find(DeliveryTag tag)
{
    if (const auto it = findByTag(m_waiting, m_head, tag); it != m_waiting.end())
        return {&*it, Place::Waiting};
    if (const auto it = findByTag(m_unacknowledged, m_unacknowledgedHead, tag); it != m_unacknowledged.end())
        return {&*it, Place::Unacknowledged};
    const auto taken = std::find_if(m_taken.begin(), m_taken.end(),
                                    [tag](const QueuedMessage &queued) { return queued.tag == tag; });
    if (taken != m_taken.end())
        return {&*taken, Place::Taken};
    return {nullptr, Place::Nowhere};
}

QueuedMessage MessageQueue::withdraw(DeliveryTag tag)
{
    const auto it = findByTag(m_waiting, m_head, tag);
    Q_ASSERT(it != m_waiting.end());
    QueuedMessage withdrawn = std::move(*it);
    m_waiting.erase(it);
    forgetHead(m_waiting, m_head);
    m_bytes -= withdrawn.message->weight();
    ++m_dropped;
    return withdrawn;
}

std::vector<MessagePtr> MessageQueue::peek(std::size_t count) const
{
    std::vector<MessagePtr> messages;
    for (std::size_t i = m_head; i < m_waiting.size() && messages.size() < count; ++i)
        messages.push_back(m_waiting[i].message);
    return messages;
}

QueueFacts MessageQueue::facts() const
{
    QueueFacts facts;
    facts.consumer = m_consumer;
    facts.ready = m_waiting.size() - m_head;
    facts.unsettled = size() - facts.ready;
    facts.bytes = std::uint64_t(std::max<qsizetype>(m_bytes, 0));
    facts.accepted = m_accepted;
    facts.dropped = m_dropped;
    if (m_head < m_waiting.size())
        facts.oldest = m_waiting[m_head].message->acceptedAt;
    return facts;
}

std::vector<QueuedMessage> MessageQueue::drain()
{
    forgetHead(m_waiting, m_head);
    m_waiting.erase(m_waiting.begin(), std::next(m_waiting.begin(), std::ptrdiff_t(m_head)));
    m_head = 0;
    std::vector<QueuedMessage> drained = std::exchange(m_waiting, {});
    m_bytes -= weigh(drained);
    return drained;
}

std::vector<QueuedMessage> MessageQueue::takeExpired(TimePoint now)
{
    std::vector<QueuedMessage> expired;
    m_nextExpiry = TimePoint::max();
    const auto begin = std::next(m_waiting.begin(), std::ptrdiff_t(m_head));
    auto kept = begin;
    for (auto it = begin; it != m_waiting.end(); ++it) {
        const TimePoint at = it->redelivered ? TimePoint::max() : it->message->expiresAt;
        if (at <= now) {
            expired.push_back(std::move(*it));
            continue;
        }
        m_nextExpiry = std::min(m_nextExpiry, at);
        if (kept != it)
            *kept = std::move(*it);
        ++kept;
    }
    m_waiting.erase(kept, m_waiting.end());
    forgetHead(m_waiting, m_head);
    m_bytes -= weigh(expired);
    m_dropped += expired.size();
    return expired;
}

std::vector<KeptMessage> MessageQueue::waiting() const
{
    std::vector<KeptMessage> messages;
    messages.reserve(m_waiting.size() - m_head);
    for (std::size_t i = m_head; i < m_waiting.size(); ++i)
        messages.push_back(
            {m_waiting[i].message, m_waiting[i].redelivered, m_waiting[i].journal, m_waiting[i].isSaved});
    return messages;
}

void MessageQueue::forgetHead(Messages &messages, std::size_t &head)
{
    if (head == messages.size()) {
        clearAndShrink(messages);
        head = 0;
    } else if (head > keptCapacity && head * 2 > messages.size()) {
        // Each message is moved at most once per doubling, so taking stays cheap on average.
        messages.erase(messages.begin(), std::next(messages.begin(), std::ptrdiff_t(head)));
        head = 0;
    }
}

MessageQueue::Messages::iterator MessageQueue::findByTag(Messages &messages, std::size_t head,
                                                         DeliveryTag tag)
{
    const auto it = std::lower_bound(
        std::next(messages.begin(), std::ptrdiff_t(head)), messages.end(), tag,
        [](const QueuedMessage &queued, DeliveryTag wanted) { return queued.tag < wanted; });
    return it != messages.end() && it->tag == tag ? it : messages.end();
}

/// Cheap at both ends, where nearly all messages go.
void MessageQueue::insertByTag(Messages &messages, std::size_t &head, QueuedMessage message)
{
    const auto begin = std::next(messages.begin(), std::ptrdiff_t(head));
    if (head > 0 && begin != messages.end() && message.tag < begin->tag) {
        messages[--head] = std::move(message);
        return;
    }
    messages.insert(std::upper_bound(begin, messages.end(), message, byTag), std::move(message));
}

} // namespace msgsrv
