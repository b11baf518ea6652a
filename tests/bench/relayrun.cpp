// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/relayrun.h"

#include "tests/bench/fail.h"
#include "tests/bench/processsample.h"

#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <utility>

namespace msgsrv::bench {

namespace {

constexpr std::string_view marker = "@T";
constexpr std::size_t stampSize = 16; // hexadecimal digits
constexpr double drainSeconds = 10;

} // namespace

double RelayResult::latencyMicroseconds(double quantile) const
{
    if (latencies.empty())
        return 0;
    const auto index = std::size_t(quantile * double(latencies.size() - 1) + 0.5);
    return double(latencies[index]) / 1000;
}

void RelayResult::merge(const RelayResult &other)
{
    messages += other.messages;
    seconds += other.seconds;
    serverCpuSeconds += other.serverCpuSeconds;
    generatorCpuSeconds += other.generatorCpuSeconds;
    const auto middle = std::ptrdiff_t(latencies.size());
    latencies.insert(latencies.end(), other.latencies.begin(), other.latencies.end());
    std::inplace_merge(latencies.begin(), latencies.begin() + middle, latencies.end());
}

RelayRun::Nanoseconds RelayRun::now()
{
    return std::chrono::steady_clock::now().time_since_epoch() / std::chrono::nanoseconds(1);
}

void RelayRun::addPair(User &sender, User &receiver)
{
    Pair pair;
    pair.sender = &sender;
    pair.receiver = &receiver;
    m_pairs.push_back(pair);
}

RelayResult RelayRun::run(Loop &loop, const Settings &settings)
{
    m_settings = settings;
    m_content = std::string(marker) + std::string(stampSize, '0');
    m_content.resize(std::max(settings.contentSize, m_content.size()), 'x');
    m_isStopping = false;
    m_measured = 0;
    m_measureFrom = 0;
    m_scheduled = 0;
    m_latencies.clear();
    m_start = now();

    if (settings.rate <= 0) {
        for (Pair &pair : m_pairs) {
            pair.due.assign(std::size_t(window()), m_start);
            pump(pair);
        }
    }
    const auto runUntil = [&](Nanoseconds end) {
        for (Nanoseconds time = now(); time < end; time = now()) {
            Nanoseconds wait = end - time;
            if (settings.rate > 0) {
                schedule(time);
                const auto next = m_start + Nanoseconds(double(m_scheduled) * 1e9 / settings.rate);
                wait = std::clamp<Nanoseconds>(next - now(), 0, wait);
            }
            loop.turn(std::chrono::nanoseconds(wait));
            if (m_isMeasuring && settings.eachTurn && !settings.eachTurn())
                return;
        }
    };

    RelayResult result;
    runUntil(m_start + Nanoseconds(settings.warmUpSeconds * 1e9));
    const ProcessSample before = ProcessSample::of(settings.serverPid);
    const ProcessSample ownBefore = ProcessSample::of(::getpid());
    const Nanoseconds begin = now();
    m_isMeasuring = true;
    m_measureFrom = begin;
    runUntil(begin + Nanoseconds(settings.seconds * 1e9));
    m_isMeasuring = false;
    const Nanoseconds end = now();
    const ProcessSample after = ProcessSample::of(settings.serverPid);
    result.generatorCpuSeconds = ProcessSample::of(::getpid()).cpuSeconds - ownBefore.cpuSeconds;
    result.serverCpuSeconds = after.cpuSeconds - before.cpuSeconds;
    result.seconds = double(end - begin) / 1e9;
    result.messages = m_measured;

    m_isStopping = true;
    const Nanoseconds giveUp = now() + Nanoseconds(drainSeconds * 1e9);
    while (!isQuiet() && now() < giveUp)
        loop.turn(std::chrono::milliseconds(10));
    if (!isQuiet())
        fail("messages were lost");
    std::sort(m_latencies.begin(), m_latencies.end());
    result.latencies = std::exchange(m_latencies, {});
    return result;
}

void RelayRun::schedule(Nanoseconds time)
{
    for (;; ++m_scheduled) {
        const auto due = m_start + Nanoseconds(double(m_scheduled) * 1e9 / m_settings.rate);
        if (due > time)
            return;
        Pair &pair = m_pairs[m_scheduled % m_pairs.size()];
        pair.due.push_back(due);
        pump(pair);
    }
}

void RelayRun::pump(Pair &pair)
{
    while (!pair.due.empty()) {
        const bool isBusy = m_settings.way == Way::Exchange && pair.answered < pair.sent;
        if (isBusy)
            return;
        char stamp[stampSize + 1];
        std::snprintf(stamp, sizeof stamp, "%016llx", static_cast<unsigned long long>(pair.due.front()));
        m_content.replace(marker.size(), stampSize, stamp, stampSize);
        pair.due.pop_front();
        ++pair.sent;
        if (m_settings.way == Way::Send) {
            ++pair.answered;
            pair.sender->send(*pair.receiver, m_content);
        } else {
            pair.sender->post(*pair.receiver, m_content);
        }
    }
}

void RelayRun::onMessage(const User &receiver, std::string_view body)
{
    Pair &pair = m_pairs[std::size_t(receiver.pair())];
    ++pair.received;
    if (m_isMeasuring)
        ++m_measured;
    if (m_measureFrom > 0 && m_settings.rate > 0) {
        const std::size_t at = body.find(marker);
        unsigned long long due = 0;
        if (at == std::string_view::npos || body.size() < at + marker.size() + stampSize)
            fail("a message came without its content: " + std::string(body));
        const char *stamp = body.data() + at + marker.size();
        std::from_chars(stamp, stamp + stampSize, due, 16);
        if (Nanoseconds(due) >= m_measureFrom)
            m_latencies.push_back(now() - Nanoseconds(due));
    }
    settled(pair);
}

void RelayRun::onPosted(const User &sender)
{
    Pair &pair = m_pairs[std::size_t(sender.pair())];
    ++pair.answered;
    settled(pair);
}

void RelayRun::settled(Pair &pair)
{
    const std::uint64_t underWay = pair.sent - std::min(pair.received, pair.answered) + pair.due.size();
    if (m_settings.rate <= 0 && underWay < std::uint64_t(window()) && !m_isStopping)
        pair.due.push_back(0);
    pump(pair);
}

int RelayRun::window() const
{
    return m_settings.way == Way::Send ? std::max(m_settings.window, 1) : 1;
}

bool RelayRun::isQuiet() const
{
    return std::all_of(m_pairs.begin(), m_pairs.end(), [](const Pair &pair) {
        return pair.due.empty() && pair.received == pair.sent && pair.answered == pair.sent;
    });
}

} // namespace msgsrv::bench
