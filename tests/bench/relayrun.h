// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/bench/user.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace msgsrv::bench {

/// How messages go.
enum class Way { Send, Exchange };

/// What one phase of relaying showed.
struct RelayResult
{
    std::uint64_t messages = 0; ///< received in the measured time
    double seconds = 0;
    double serverCpuSeconds = 0;
    double generatorCpuSeconds = 0;
    /// Nanoseconds from the intended send time, sorted; of all messages due in the measured time, also of
    /// those that came after its end.
    std::vector<std::int64_t> latencies;

    /// Adds a later phase of the same kind.
    void merge(const RelayResult &other);

    [[nodiscard]] double latencyMicroseconds(double quantile) const;
};

/// Pairs of users, one of whom sends messages to the other.
///
/// Closed: each pair has a window of messages under way, and the next goes when one has arrived; the server
/// is busy all the time. Open: messages have their times, whatever the server does, and latency counts from
/// the time at which a message was to go, so that a stall is seen by every message that it delays.
class RelayRun
{
public:
    struct Settings
    {
        Way way = Way::Send;
        double rate = 0; ///< messages per second over all pairs; 0: closed
        int window = 1; ///< messages under way of each pair when closed; POSTs go one at a time
        double warmUpSeconds = 0.5;
        double seconds = 3;
        std::size_t contentSize = 1024;
        int serverPid = 0;
        /// Called in the measured time, once a turn of the loop; false ends the phase early.
        std::function<bool()> eachTurn;
    };

    void addPair(User &sender, User &receiver);
    [[nodiscard]] std::size_t pairs() const { return m_pairs.size(); }

    /// Runs one phase. Ends the program when a message got lost.
    [[nodiscard]] RelayResult run(Loop &loop, const Settings &settings);

    void onMessage(const User &receiver, std::string_view body);
    void onPosted(const User &sender);

private:
    using Nanoseconds = std::int64_t;
    struct Pair
    {
        User *sender = nullptr;
        User *receiver = nullptr;
        std::uint64_t sent = 0;
        std::uint64_t received = 0;
        std::uint64_t answered = 0;
        std::deque<Nanoseconds> due; ///< intended send times
    };

    [[nodiscard]] static Nanoseconds now();
    void pump(Pair &pair);
    void settled(Pair &pair);
    [[nodiscard]] int window() const;
    [[nodiscard]] bool isQuiet() const;
    void schedule(Nanoseconds time);

    Settings m_settings;
    std::vector<Pair> m_pairs;
    std::string m_content;
    bool m_isMeasuring = false;
    bool m_isStopping = false;
    std::uint64_t m_measured = 0;
    Nanoseconds m_measureFrom = 0; ///< 0: not yet
    std::vector<std::int64_t> m_latencies;
    Nanoseconds m_start = 0;
    std::uint64_t m_scheduled = 0;
};

} // namespace msgsrv::bench
