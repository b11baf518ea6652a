// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/drain.h"

#include "shared/signaling/closecodes.h"

#include <algorithm>
#include <utility>

namespace msgsrv {

namespace {

constexpr milliseconds step(10);
/// Connections that are told, or asked to close, in one step: messages go on meanwhile.
constexpr std::size_t mostInAStep = 256;

} // namespace

Drain::Drain(IoThreads &threads, Executor &home, Settings settings, QObject *parent)
    : QObject(parent)
    , m_threads(threads)
    , m_home(home)
    , m_settings(std::move(settings))
{
    m_timer.setTimerType(Qt::PreciseTimer);
    connect(&m_timer, &QTimer::timeout, this, &Drain::proceed);
}

Drain::~Drain() = default;

void Drain::begin()
{
    m_missing = m_threads.count();
    for (int i = 0; i < m_threads.count(); ++i) {
        IoThread &thread = m_threads.at(i);
        thread.executor().post([this, alive = std::weak_ptr(m_alive), &thread, &home = m_home] {
            home.post([this, alive, ids = thread.connectionIds()]() mutable {
                if (!alive.expired())
                    gathered(std::move(ids));
            });
        });
    }
}

void Drain::gathered(std::vector<ConnectionId> ids)
{
    m_gathered.push_back(std::move(ids));
    if (--m_missing > 0)
        return;
    // In turn, so that the threads share the work at any time.
    std::size_t longest = 0;
    for (const auto &some : m_gathered)
        longest = std::max(longest, some.size());
    for (std::size_t i = 0; i < longest; ++i) {
        for (const auto &some : m_gathered) {
            if (i < some.size())
                m_connections.push_back(some[i]);
        }
    }
    m_gathered.clear();
    m_departures.emplace(m_connections.size(), Clock::now(), m_settings.spread, m_settings.slowest);
    m_reconnectAfter
        = std::max(m_settings.leastReconnectAfter, std::chrono::ceil<milliseconds>(m_departures->length()));
    m_timer.start(step);
    emit counted();
    proceed();
}

void Drain::proceed()
{
    const std::size_t toTell = std::min(m_connections.size(), m_told + mostInAStep);
    for (; m_told < toTell; ++m_told)
        m_threads.tellDraining(m_connections[m_told], m_reconnectAfter);

    const TimePoint now = Clock::now();
    // Never before it was told.
    const std::size_t toClose = std::min({m_departures->due(now), m_told, m_closed + mostInAStep});
    for (; m_closed < toClose; ++m_closed)
        m_threads.requestClose(m_connections[m_closed], quint16(CloseCode::GoingAway), m_settings.reason);

    if (m_closed == m_connections.size() && now >= m_departures->end()) {
        m_timer.stop();
        emit finished();
    }
}

} // namespace msgsrv
