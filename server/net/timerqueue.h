// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

class QObject;

namespace msgsrv {

/// The timers of one thread, ordered by when they are due: adding, removing and taking cost O(log n). A pure
/// data structure: time comes in as a value, and an owner is only a name.
///
/// A timer never expires before its interval has passed. It may expire later when it tolerates that, so that
/// timers gather at common instants.
class TimerQueue
{
public:
    /// How much later than its interval a timer may expire.
    enum class Precision {
        Exact,
        Coarse, ///< by 5 % of the interval; above 20 s by a second
        Seconds, ///< by a second
    };

    /// One timer that is due. It cannot expire again before finish().
    struct Expired
    {
        int id = 0;
        QObject *owner = nullptr;
        std::uint64_t serial = 0;
    };

    /// One look at the queue. A timer that is armed after the pass began does not expire in it, so a timer
    /// with interval 0 expires once in a pass.
    struct Pass
    {
        TimePoint now;
        std::uint64_t lastSerial = 0;
    };

    struct Info
    {
        int id = 0;
        milliseconds interval{};
        Precision precision = Precision::Exact;
    };

    TimerQueue() = default;
    TimerQueue(const TimerQueue &) = delete;
    TimerQueue &operator=(const TimerQueue &) = delete;

    /// Starts a repeating timer. An @p id that is in use is started anew. @p now is also the pass time or
    /// later when this is called during a pass.
    void add(int id, milliseconds interval, Precision precision, QObject *owner, TimePoint now);
    /// False when there is no such timer.
    bool remove(int id);
    /// False when @p owner has no timer.
    bool removeAll(QObject *owner);

    [[nodiscard]] bool isEmpty() const { return m_timers.empty(); }
    /// Which timers @p owner has, in the order of their start.
    [[nodiscard]] std::vector<Info> timersOf(QObject *owner) const;
    /// When timer @p id is due next; nothing when there is no such timer.
    [[nodiscard]] std::optional<TimePoint> dueOf(int id) const;
    /// When the first timer is due, of those that may expire now, i.e. without those taken and not finished.
    [[nodiscard]] std::optional<TimePoint> nextDue() const;

    [[nodiscard]] Pass beginPass(TimePoint now) const { return {now, m_lastSerial}; }
    /// The next timer that is due in @p pass, until there is none. Its next expiry is counted from the one
    /// that it had, or from the pass when it is late by a whole interval.
    [[nodiscard]] std::optional<Expired> take(const Pass &pass);
    /// Arms the timer again, unless it was removed or started anew since it was taken.
    void finish(const Expired &expired);

private:
    struct Timer
    {
        int id = 0;
        QObject *owner = nullptr;
        milliseconds interval{};
        Precision precision = Precision::Exact;
        TimePoint nominal; ///< without tolerance
        TimePoint due;
        std::uint64_t serial = 0; ///< of the last arming; breaks ties
        std::size_t place = 0; ///< in m_heap
    };
    static constexpr std::size_t nowhere = ~std::size_t(0);

    [[nodiscard]] static bool isBefore(const Timer &a, const Timer &b);
    void push(Timer &timer);
    void drop(Timer &timer);
    void put(std::size_t place, Timer *timer);
    void siftUp(std::size_t place);
    void siftDown(std::size_t place);

    std::unordered_map<int, Timer> m_timers; // nodes stay where they are
    std::unordered_map<QObject *, std::vector<int>> m_owners;
    std::vector<Timer *> m_heap; // binary, earliest first; without the timers that are taken
    std::uint64_t m_lastSerial = 0;
};

} // namespace msgsrv
