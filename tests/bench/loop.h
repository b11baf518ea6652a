// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <chrono>
#include <memory>
#include <vector>

namespace msgsrv::bench {

class Channel;

/// One epoll instance for channels of one thread. Level-triggered, and as plain as can be: the benchmarks
/// must cost little beside what they measure.
class Loop
{
public:
    Loop();
    ~Loop();
    Loop(const Loop &) = delete;
    Loop &operator=(const Loop &) = delete;

    void add(Channel &channel, int fd, bool writable);
    void change(Channel &channel, int fd, bool writable);

    /// From now on what is ready in @p urgent, which is borrowed, is handled by turn() too, between any few
    /// channels of its own: who is measured must not wait for a crowd in the generator. At most once.
    void putFirst(Loop &urgent);

    /// Waits at most @p timeout and handles what is ready. Negative: waits until something is.
    void turn(std::chrono::nanoseconds timeout);

    /// Keeps @p channel alive until the end of this turn, as events for it may still be in hand.
    void retire(std::unique_ptr<Channel> channel);

private:
    const int m_epoll;
    Loop *m_urgent = nullptr;
    std::vector<std::unique_ptr<Channel>> m_retired;
};

} // namespace msgsrv::bench
