// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/timerqueue.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace msgsrv {
namespace {

/// The instants at which a timer may expire are the multiples of this on the clock.
milliseconds granularity(milliseconds interval, TimerQueue::Precision precision)
{
    constexpr seconds longInterval(20);
    if (precision == TimerQueue::Precision::Exact)
        return milliseconds(0);
    if (precision == TimerQueue::Precision::Seconds || interval >= longInterval)
        return seconds(1);
    // each divides the next, so that the timers of one step meet those of the coarser ones
    for (const int step : {1000, 500, 250, 50, 10, 5, 1}) {
        if (milliseconds(step) * 20 <= interval)
            return milliseconds(step);
    }
    return milliseconds(0);
}

TimePoint roundedUp(TimePoint time, milliseconds step)
{
    if (step == milliseconds(0))
        return time;
    const auto over = time.time_since_epoch() % Duration(step);
    return over == Duration(0) ? time : time + (Duration(step) - over);
}

} // namespace

bool TimerQueue::isBefore(const Timer &a, const Timer &b)
{
    return a.due != b.due ? a.due < b.due : a.serial < b.serial;
}

void TimerQueue::add(int id, milliseconds interval, Precision precision, QObject *owner, TimePoint now)
{
    remove(id);
    auto &timer = m_timers[id];
    timer.id = id;
    timer.owner = owner;
    timer.interval = interval;
    timer.precision = precision;
    timer.nominal = now + interval;
    timer.due = roundedUp(timer.nominal, granularity(interval, precision));
    m_owners[owner].push_back(id);
    push(timer);
}

bool TimerQueue::remove(int id)
{
    const auto found = m_timers.find(id);
    if (found == m_timers.end())
        return false;
    drop(found->second);
    const auto owner = m_owners.find(found->second.owner);
    auto &ids = owner->second;
    ids.erase(std::find(ids.begin(), ids.end(), id));
    if (ids.empty())
        m_owners.erase(owner);
    m_timers.erase(found);
    return true;
}

bool TimerQueue::removeAll(QObject *owner)
{
    const auto found = m_owners.find(owner);
    if (found == m_owners.end())
        return false;
    for (const int id : found->second) {
        const auto timer = m_timers.find(id);
        drop(timer->second);
        m_timers.erase(timer);
    }
    m_owners.erase(found);
    return true;
}

std::vector<TimerQueue::Info> TimerQueue::timersOf(QObject *owner) const
{
    std::vector<Info> result;
    if (const auto found = m_owners.find(owner); found != m_owners.end()) {
        std::transform(found->second.begin(), found->second.end(), std::back_inserter(result),
                       [this](int id) {
                           const auto &timer = m_timers.at(id);
                           return Info{id, timer.interval, timer.precision};
                       });
    }
    return result;
}

std::optional<TimePoint> TimerQueue::dueOf(int id) const
{
    const auto found = m_timers.find(id);
    if (found == m_timers.end())
        return {};
    return found->second.due;
}

std::optional<TimePoint> TimerQueue::nextDue() const
{
    if (m_heap.empty())
        return {};
    return m_heap.front()->due;
}

std::optional<TimerQueue::Expired> TimerQueue::take(const Pass &pass)
{
    if (m_heap.empty())
        return {};
    auto &timer = *m_heap.front();
    // whatever was armed since the pass began is due at its time or later, and thus stands behind the others
    if (timer.due > pass.now || timer.serial > pass.lastSerial)
        return {};
    drop(timer);
    timer.nominal += timer.interval;
    if (timer.nominal < pass.now)
        timer.nominal = pass.now + timer.interval;
    timer.due = roundedUp(timer.nominal, granularity(timer.interval, timer.precision));
    return Expired{timer.id, timer.owner, timer.serial};
}

void TimerQueue::finish(const Expired &expired)
{
    const auto found = m_timers.find(expired.id);
    if (found != m_timers.end() && found->second.serial == expired.serial)
        push(found->second);
}

void TimerQueue::push(Timer &timer)
{
    timer.serial = ++m_lastSerial;
    m_heap.push_back(&timer);
    put(m_heap.size() - 1, &timer);
    siftUp(timer.place);
}

void TimerQueue::drop(Timer &timer)
{
    const auto place = std::exchange(timer.place, nowhere);
    if (place == nowhere)
        return;
    auto *last = m_heap.back();
    m_heap.pop_back();
    if (last == &timer)
        return;
    put(place, last);
    siftUp(place);
    siftDown(last->place);
}

void TimerQueue::put(std::size_t place, Timer *timer)
{
    m_heap[place] = timer;
    timer->place = place;
}

void TimerQueue::siftUp(std::size_t place)
{
    auto *timer = m_heap[place];
    while (place > 0) {
        const auto parent = (place - 1) / 2;
        if (!isBefore(*timer, *m_heap[parent]))
            break;
        put(place, m_heap[parent]);
        place = parent;
    }
    put(place, timer);
}

void TimerQueue::siftDown(std::size_t place)
{
    auto *timer = m_heap[place];
    while (true) {
        auto child = 2 * place + 1;
        if (child >= m_heap.size())
            break;
        if (child + 1 < m_heap.size() && isBefore(*m_heap[child + 1], *m_heap[child]))
            ++child;
        if (!isBefore(*m_heap[child], *timer))
            break;
        put(place, m_heap[child]);
        place = child;
    }
    put(place, timer);
}

} // namespace msgsrv
