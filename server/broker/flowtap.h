// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"
#include "shared/signaling/message.h"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace msgsrv {

/// What happened to one message.
struct FlowEvent
{
    enum class Kind {
        Accepted, ///< it is in the recipient's queue
        Written, ///< to the recipient's connection
        Dropped, ///< although it had been accepted
        Refused, ///< it was not accepted
    };
    Kind kind = Kind::Accepted;
    MessagePtr message;
    const char *reason = ""; ///< of Dropped and Refused; static text
    TimePoint at;
    std::uint64_t sequence = 0; ///< the order in which things happened
};

/// Where the data path tells what becomes of messages, for those who watch. Closed, which it is at first, it
/// costs the data path one look at a flag; open, a short lock. It never waits for who watches: what does not
/// fit is counted and left out.
class FlowTap
{
public:
    struct Limits
    {
        std::size_t events = 16'384;
        std::size_t bytes = 8 * 1024 * 1024; ///< of the messages that events refer to
    };
    FlowTap()
        : FlowTap(Limits{})
    { }
    explicit FlowTap(Limits limits)
        : m_limits(limits)
    { }

    // Any thread
    [[nodiscard]] bool isOpen() const noexcept { return m_open.load(std::memory_order_relaxed); }
    /// Nothing while closed. May be called with a lock held; calls nobody.
    void tell(FlowEvent::Kind kind, const MessagePtr &message, const char *reason = "");

    /// Events that were left out, all behind the events of their batch.
    struct Missed
    {
        std::uint64_t from = 0; ///< sequence
        std::uint64_t to = 0;
    };
    struct Batch
    {
        std::vector<FlowEvent> events;
        std::optional<Missed> missed;
    };
    // Who watches, one thread
    void open() { m_open.store(true, std::memory_order_relaxed); }
    /// Throws away what was not taken.
    void close();
    [[nodiscard]] Batch take();
    /// The sequence of the latest event.
    [[nodiscard]] std::uint64_t sequence() const;

private:
    const Limits m_limits;
    std::atomic<bool> m_open{false};
    mutable std::mutex m_mutex; // guards what follows
    Batch m_batch;
    std::size_t m_bytes = 0;
    std::uint64_t m_sequence = 0;
};

} // namespace msgsrv
