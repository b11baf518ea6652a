// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/fanout.h"

#include "tests/bench/fail.h"
#include "tests/bench/processsample.h"

#include <chrono>

namespace msgsrv::bench {

FanOutResult FanOut::run(Loop &loop, User &sender, std::uint64_t subscribers, const Settings &settings)
{
    using Clock = std::chrono::steady_clock;
    const std::string content(settings.contentSize, 'x');
    std::uint64_t sent = 0;
    m_received = 0;
    const auto runFor = [&](double duration) {
        const auto end = Clock::now() + std::chrono::duration<double>(duration);
        while (Clock::now() < end) {
            while (sent * subscribers < m_received + std::uint64_t(settings.window) * subscribers) {
                sender.sendToTopic(content);
                ++sent;
            }
            loop.turn(std::chrono::milliseconds(10));
        }
    };

    runFor(settings.warmUpSeconds);
    const ProcessSample before = ProcessSample::of(settings.serverPid);
    const std::uint64_t receivedBefore = m_received;
    const auto begin = Clock::now();
    runFor(settings.seconds);
    FanOutResult result;
    result.seconds = std::chrono::duration<double>(Clock::now() - begin).count();
    result.serverCpuSeconds = ProcessSample::of(settings.serverPid).cpuSeconds - before.cpuSeconds;
    result.deliveries = m_received - receivedBefore;

    const auto giveUp = Clock::now() + std::chrono::seconds(10);
    while (m_received < sent * subscribers && Clock::now() < giveUp)
        loop.turn(std::chrono::milliseconds(10));
    if (m_received != sent * subscribers)
        fail("messages of the topic were lost");
    return result;
}

} // namespace msgsrv::bench
