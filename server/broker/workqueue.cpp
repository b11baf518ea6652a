// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/workqueue.h"

#include <algorithm>
#include <utility>

namespace msgsrv {

bool WorkQueue::Subscriber::hasRoom() const
{
    if (acknowledges && window > 0)
        return assigned.size() + taken.size() + unacknowledged.size() < window;
    return assigned.size() + taken.size() < defaultWindow;
}

WorkQueue::WorkQueue(const QueueArguments &arguments, const QueueLimits &limits, DestinationCounts &counts)
    : m_arguments(arguments)
    , m_limits(limits)
    , m_counts(counts)
{ }

WorkQueue::~WorkQueue()
{
    m_counts.drop(DropReason::QueueDeleted, m_size);
}

void WorkQueue::subscribe(SubscriberId subscriber, bool acknowledges, std::size_t window)
{
    m_subscribers.push_back({subscriber, acknowledges, window, {}, {}, {}, false});
    m_wasUsed = true;
    m_unusedSince = TimePoint::max();
}

void WorkQueue::unsubscribe(SubscriberId id, TimePoint now)
{
    Subscriber *const found = find(id);
    if (!found)
        return;
    const auto at = m_subscribers.begin() + (found - m_subscribers.data());
    Subscriber gone = std::move(*at);
    const auto index = std::size_t(at - m_subscribers.begin());
    m_subscribers.erase(at);
    if (m_next > index)
        --m_next;
    for (Queued &queued : gone.assigned)
        putBack(std::move(queued), false);
    for (Queued &queued : gone.taken)
        putBack(std::move(queued), true);
    for (auto &[tag, queued] : gone.unacknowledged)
        putBack(std::move(queued), true);
    m_counts.returned += gone.taken.size() + gone.unacknowledged.size();
    if (m_subscribers.empty())
        m_unusedSince = now;
}

bool WorkQueue::admits(ConnectionId connection) const
{
    return !m_arguments.exclusive || m_subscribers.empty()
        || m_subscribers.front().id.connection == connection;
}

bool WorkQueue::admits(const Message &message) const
{
    if (m_limits.messages > 0 && qsizetype(m_size) >= m_limits.messages)
        return false;
    return m_limits.bytes <= 0 || m_bytes + message.weight() <= m_limits.bytes;
}

void WorkQueue::append(MessagePtr message, std::optional<milliseconds> ttl, TimePoint now)
{
    if (m_arguments.messageTtl)
        ttl = std::min(ttl.value_or(*m_arguments.messageTtl), *m_arguments.messageTtl);
    ++m_size;
    ++m_accepted;
    m_bytes += message->weight();
    m_waiting.push_back(
        {std::move(message), ++m_counts.accepted, false, ttl ? now + *ttl : TimePoint::max()});
    const QueueLimits &maximum = m_arguments.maximum;
    while (!m_waiting.empty()
           && ((maximum.messages > 0 && qsizetype(m_waiting.size()) > maximum.messages)
               || (maximum.bytes > 0 && m_bytes > maximum.bytes))) {
        forget(m_waiting.front());
        m_waiting.pop_front();
        drop(DropReason::Overflow);
    }
}

void WorkQueue::discard()
{
    ++m_counts.accepted;
    ++m_accepted;
    drop(DropReason::SlowConsumer);
}

std::vector<Delivery> WorkQueue::take(SubscriberId id, int maxMessages, qsizetype maxBytes, TimePoint now)
{
    std::vector<Delivery> deliveries;
    Subscriber *const subscriber = find(id);
    if (!subscriber)
        return deliveries;
    subscriber->told = false;
    qsizetype bytes = 0;
    while (!subscriber->assigned.empty() && int(deliveries.size()) < maxMessages) {
        Queued &queued = subscriber->assigned.front();
        if (queued.expires <= now) {
            forget(queued);
            drop(DropReason::Expired);
        } else {
            bytes += queued.message->weight();
            if (!deliveries.empty() && bytes > maxBytes)
                break;
            deliveries.push_back({queued.message, queued.tag, queued.redelivered});
            subscriber->taken.push_back(std::move(queued));
        }
        subscriber->assigned.pop_front();
    }
    return deliveries;
}

void WorkQueue::settle(SubscriberId id, std::size_t written, std::size_t returned)
{
    Subscriber *const subscriber = find(id);
    if (!subscriber)
        return;
    for (std::size_t i = 0; i < written + returned && !subscriber->taken.empty(); ++i) {
        Queued queued = std::move(subscriber->taken.front());
        subscriber->taken.pop_front();
        if (i >= written) {
            putBack(std::move(queued), true);
            ++m_counts.returned;
        } else if (subscriber->acknowledges) {
            const DeliveryTag tag = queued.tag;
            subscriber->unacknowledged.emplace(tag, std::move(queued));
        } else {
            forget(queued);
            ++m_counts.delivered;
        }
    }
}

void WorkQueue::acknowledge(SubscriberId id, const std::vector<DeliveryTag> &tags, Verdict verdict)
{
    Subscriber *const subscriber = find(id);
    if (!subscriber)
        return;
    for (const DeliveryTag tag : tags) {
        auto node = subscriber->unacknowledged.extract(tag);
        if (node.empty())
            continue;
        switch (verdict) {
        case Verdict::Accept:
            forget(node.mapped());
            ++m_counts.delivered;
            break;
        case Verdict::Reject:
            forget(node.mapped());
            drop(DropReason::Rejected);
            break;
        case Verdict::Return:
            putBack(std::move(node.mapped()), true);
            ++m_counts.returned;
            break;
        }
    }
}

std::vector<ConnectionId> WorkQueue::dispatch(TimePoint now)
{
    dropExpired(now);
    std::vector<ConnectionId> toTell;
    std::size_t full = 0; // subscribers without room, in a row
    while (!m_waiting.empty() && full < m_subscribers.size()) {
        m_next = m_next < m_subscribers.size() ? m_next : 0;
        Subscriber &subscriber = m_subscribers[m_next++];
        if (!subscriber.hasRoom()) {
            ++full;
            continue;
        }
        full = 0;
        subscriber.assigned.push_back(std::move(m_waiting.front()));
        m_waiting.pop_front();
        if (!std::exchange(subscriber.told, true))
            toTell.push_back(subscriber.id.connection);
    }
    return toTell;
}

bool WorkQueue::isOver(TimePoint now) const
{
    if (!m_subscribers.empty())
        return false;
    if (m_wasUsed && (m_arguments.autoDelete || m_arguments.exclusive))
        return true;
    if (m_arguments.expires)
        return m_wasUsed && now - m_unusedSince >= *m_arguments.expires;
    return m_size == 0;
}

std::size_t WorkQueue::unacknowledged() const
{
    std::size_t sum = 0;
    for (const Subscriber &subscriber : m_subscribers)
        sum += subscriber.unacknowledged.size();
    return sum;
}

DestinationFacts WorkQueue::facts() const
{
    const auto stricter = [](qsizetype a, qsizetype b) { return a == 0 || b == 0 ? a + b : std::min(a, b); };
    DestinationFacts facts;
    facts.arguments = m_arguments;
    facts.consumers = m_subscribers.size();
    facts.ready = m_waiting.size();
    facts.unsettled = m_size - m_waiting.size();
    facts.bytes = std::uint64_t(m_bytes);
    facts.accepted = m_accepted;
    facts.dropped = m_dropped;
    if (!m_waiting.empty())
        facts.oldest = m_waiting.front().message->acceptedAt;
    facts.limits = {stricter(m_limits.messages, m_arguments.maximum.messages),
                    stricter(m_limits.bytes, m_arguments.maximum.bytes)};
    return facts;
}

WorkQueue::Subscriber *WorkQueue::find(SubscriberId id)
{
    const auto it = std::find_if(m_subscribers.begin(), m_subscribers.end(),
                                 [id](const Subscriber &s) { return s.id == id; });
    return it == m_subscribers.end() ? nullptr : &*it;
}

void WorkQueue::putBack(Queued queued, bool redelivered)
{
    queued.redelivered = queued.redelivered || redelivered;
    const auto place = std::lower_bound(m_waiting.begin(), m_waiting.end(), queued.tag,
                                        [](const Queued &other, DeliveryTag tag) { return other.tag < tag; });
    m_waiting.insert(place, std::move(queued));
}

void WorkQueue::forget(const Queued &queued)
{
    --m_size;
    m_bytes -= queued.message->weight();
}

void WorkQueue::drop(DropReason reason)
{
    ++m_dropped;
    m_counts.drop(reason, 1);
}

void WorkQueue::dropExpired(TimePoint now)
{
    while (!m_waiting.empty() && m_waiting.front().expires <= now) {
        forget(m_waiting.front());
        m_waiting.pop_front();
        drop(DropReason::Expired);
    }
}

} // namespace msgsrv
