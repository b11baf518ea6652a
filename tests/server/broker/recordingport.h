// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"

#include <mutex>
#include <utility>
#include <vector>

namespace msgsrv {

/// A delivery port that keeps what it was told. Thread-safe.
class RecordingPort : public DeliveryPort
{
public:
    using Notice = std::pair<ConnectionId, ListeningKey>;

    void messagesReady(ConnectionId consumer, const ListeningKey &queue) override
    {
        const std::scoped_lock lock(m_mutex);
        m_notices.emplace_back(consumer, queue);
    }

    /// What was told since the last call.
    std::vector<Notice> takeNotices()
    {
        const std::scoped_lock lock(m_mutex);
        return std::exchange(m_notices, {});
    }

private:
    std::mutex m_mutex;
    std::vector<Notice> m_notices; // guarded by m_mutex
};

} // namespace msgsrv
