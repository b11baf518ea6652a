// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/loop.h"

#include "tests/bench/channel.h"
#include "tests/bench/fail.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

namespace msgsrv::bench {

namespace {

/// Channels that are handled before those of the urgent loop are looked at again.
constexpr int atOnce = 8;

epoll_event interest(Channel &channel, bool writable)
{
    epoll_event event = {};
    event.events = EPOLLIN | (writable ? std::uint32_t(EPOLLOUT) : 0U);
    event.data.ptr = &channel;
    return event;
}

} // namespace

Loop::Loop()
    : m_epoll(::epoll_create1(EPOLL_CLOEXEC))
{
    if (m_epoll < 0)
        failErrno("epoll_create1");
}

Loop::~Loop()
{
    m_retired.clear();
    ::close(m_epoll);
}

void Loop::add(Channel &channel, int fd, bool writable)
{
    epoll_event event = interest(channel, writable);
    if (::epoll_ctl(m_epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        failErrno("epoll_ctl");
}

void Loop::change(Channel &channel, int fd, bool writable)
{
    epoll_event event = interest(channel, writable);
    if (::epoll_ctl(m_epoll, EPOLL_CTL_MOD, fd, &event) < 0)
        failErrno("epoll_ctl");
}

void Loop::putFirst(Loop &urgent)
{
    m_urgent = &urgent;
    epoll_event event = {};
    event.events = EPOLLIN; // data.ptr stays null
    if (::epoll_ctl(m_epoll, EPOLL_CTL_ADD, urgent.m_epoll, &event) < 0)
        failErrno("epoll_ctl");
}

void Loop::turn(std::chrono::nanoseconds timeout)
{
    std::array<epoll_event, 64> events;
    timespec wait = {};
    wait.tv_sec = timeout.count() / 1'000'000'000;
    wait.tv_nsec = timeout.count() % 1'000'000'000;
    const int count = ::epoll_pwait2(m_epoll, events.data(), int(events.size()),
                                     timeout.count() < 0 ? nullptr : &wait, nullptr);
    if (count < 0 && errno != EINTR)
        failErrno("epoll_pwait2");
    for (int i = 0; i < count; ++i) {
        if (m_urgent && i % atOnce == 0)
            m_urgent->turn(std::chrono::nanoseconds(0));
        const epoll_event &event = events[std::size_t(i)];
        if (event.data.ptr) // null: the urgent loop's, which had its turn
            static_cast<Channel *>(event.data.ptr)->handle(event.events);
    }
    m_retired.clear();
}

void Loop::retire(std::unique_ptr<Channel> channel)
{
    m_retired.push_back(std::move(channel));
}

} // namespace msgsrv::bench
