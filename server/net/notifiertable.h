// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/waittimeout.h"

#include <QSocketNotifier>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

namespace msgsrv {

/// A number that one thread counts up and any thread may read.
class EventCount
{
public:
    void operator++() { m_value.store(get() + 1, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t get() const { return m_value.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> m_value{0};
};

/// The enabled socket notifiers of one thread and the epoll instance that watches their descriptors. Every
/// function but the counters belongs to that thread, and may be called from a notifier's slot.
///
/// The kernel is told about changes when the thread is about to wait (arm()), so a notifier that is switched
/// on and off again in one turn costs no system call. Only the last notifier of a descriptor takes effect at
/// once, because the descriptor may be closed, and its number used again, right after.
///
/// *Optimistic writes*: a write notifier that was just enabled on a connected non-blocking socket runs once
/// at the end of the turn without asking the kernel. Nearly always the socket takes all, the notifier is
/// disabled, and no epoll_ctl happened; and what was written in the whole turn goes out together.
class NotifierTable
{
public:
    /// @p wakeUpDescriptor is watched for reading besides the notifiers and must outlive the table.
    explicit NotifierTable(int wakeUpDescriptor);
    ~NotifierTable();
    NotifierTable(const NotifierTable &) = delete;
    NotifierTable &operator=(const NotifierTable &) = delete;

    void add(QSocketNotifier *notifier);
    /// Nothing of what was collected for @p notifier reaches it afterwards.
    void remove(QSocketNotifier *notifier);

    /// Runs the write notifiers that were enabled before the call, see above. Returns how many ran.
    int runFreshWrites();
    [[nodiscard]] bool hasFreshWrites() const { return m_nextFresh < m_fresh.size(); }

    /// Tells the kernel what changed. Write notifiers that are still fresh are left for the next turn.
    void arm();

    /// Waits until something is ready, at most @p until, and collects at most 256 descriptors. True when the
    /// wake-up descriptor is one of them.
    [[nodiscard]] bool wait(WaitUntil until);

    /// Runs the notifiers of what was collected, also by the caller's callers. Returns how many ran.
    int activate();

    EventCount waits; ///< epoll_wait
    EventCount controls; ///< epoll_ctl
    EventCount events; ///< ready descriptors
    EventCount optimisticWrites;

private:
    using Mask = std::uint32_t;
    static constexpr int typeCount = 3;

    /// Names an entry: descriptor numbers are reused, a generation is not.
    struct Key
    {
        int descriptor = -1;
        std::uint32_t generation = 0;
    };

    struct Entry
    {
        std::array<QSocketNotifier *, typeCount> notifiers{}; ///< by QSocketNotifier::Type
        Mask armed = 0; ///< what the kernel knows
        std::uint32_t generation = 0;
        std::uint8_t ready = 0; ///< bits by QSocketNotifier::Type: collected, not run
        bool isQueued = false; ///< in m_ready
        bool isDirty = false; ///< in m_dirty
        bool isFresh = false; ///< the write notifier is, and the entry is in m_fresh
        bool isUnwatchable = false; ///< a regular file: always ready, and unknown to epoll
        std::optional<bool> isNonBlocking; ///< unknown until it matters
    };

    [[nodiscard]] Entry *find(Key key);
    void markDirty(int descriptor, Entry &entry);
    void armEntry(int descriptor, Entry &entry);
    void giveUp(int descriptor, Entry &entry, int error);
    bool control(int operation, int descriptor, const Entry &entry, Mask mask);
    void collect(int descriptor, Entry &entry, Mask events);
    void collectUnwatchable();
    [[nodiscard]] static Mask wanted(const Entry &entry);
    [[nodiscard]] static bool takesOptimisticWrites(int descriptor, Entry &entry);

    const int m_wakeUpDescriptor;
    int m_epoll = -1;
    std::unordered_map<int, Entry> m_entries; // by descriptor; without those that have no notifier
    std::vector<Key> m_dirty;
    std::vector<Key> m_fresh;
    std::vector<Key> m_ready;
    std::vector<Key> m_unwatchable;
    std::size_t m_nextFresh = 0; // shared by nested runs
    std::size_t m_nextReady = 0; // shared by nested runs
    std::uint32_t m_lastGeneration = 0;
};

} // namespace msgsrv
