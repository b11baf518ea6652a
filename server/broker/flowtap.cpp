// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/flowtap.h"

#include <utility>

namespace msgsrv {

void FlowTap::tell(FlowEvent::Kind kind, const MessagePtr &message, const char *reason)
{
    if (!isOpen())
        return;
    const TimePoint now = Clock::now();
    const auto weight = std::size_t(message->weight());
    const std::lock_guard lock(m_mutex);
    const std::uint64_t sequence = ++m_sequence;
    if (m_batch.missed || m_batch.events.size() >= m_limits.events || m_bytes + weight > m_limits.bytes) {
        if (!m_batch.missed)
            m_batch.missed = Missed{sequence, sequence};
        m_batch.missed->to = sequence;
        return;
    }
    m_bytes += weight;
    m_batch.events.push_back({kind, message, reason, now, sequence});
}

void FlowTap::close()
{
    m_open.store(false, std::memory_order_relaxed);
    (void)take();
}

FlowTap::Batch FlowTap::take()
{
    const std::lock_guard lock(m_mutex);
    m_bytes = 0;
    return std::exchange(m_batch, {});
}

std::uint64_t FlowTap::sequence() const
{
    const std::lock_guard lock(m_mutex);
    return m_sequence;
}

} // namespace msgsrv
