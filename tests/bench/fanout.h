// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/bench/user.h"

#include <cstdint>
#include <string>

namespace msgsrv::bench {

/// What one phase of messages to a topic showed.
struct FanOutResult
{
    std::uint64_t deliveries = 0; ///< in the measured time
    double seconds = 0;
    double serverCpuSeconds = 0;
};

/// One user sends to a topic that others have subscribed to; the next message goes when all but a few have
/// arrived everywhere, so the server is busy all the time and nobody falls behind.
class FanOut
{
public:
    struct Settings
    {
        double warmUpSeconds = 0.5;
        double seconds = 3;
        std::size_t contentSize = 1024;
        int window = 4; ///< messages under way
        int serverPid = 0;
    };

    /// Ends the program when a message got lost.
    [[nodiscard]] FanOutResult run(Loop &loop, User &sender, std::uint64_t subscribers,
                                   const Settings &settings);

    void onDelivered() { ++m_received; }

private:
    std::uint64_t m_received = 0;
};

} // namespace msgsrv::bench
