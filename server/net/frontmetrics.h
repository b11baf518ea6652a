// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/metrics/metrics.h"

#include <array>
#include <atomic>
#include <cstdint>

namespace msgsrv {

/// What all fronts count together. Any thread.
class FrontMetrics
{
public:
    explicit FrontMetrics(Metrics &metrics);

    /// Why a connection was not served; the label of messaging_connections_rejected_total.
    enum class Rejection { Total, Address, Descriptors };
    /// Why we ended a connection; the label of messaging_connections_closed_total.
    enum class Closing {
        HeadTimeout,
        BodyTimeout,
        Idle,
        BadRequest,
        SlowConsumer,
        BadFrame,
        MessageTooBig,
        TooManyFragments,
        TooManyControlFrames,
        CloseTimeout,
        BodyMemory,
    };

    void answered(int status);
    void rejected(Rejection reason);
    void closed(Closing reason);
    /// A turn of the event loop took as many connections as one may, and left the rest for the next.
    void acceptTurnCut();

    std::atomic<std::int64_t> httpConnections{0};
    std::atomic<std::int64_t> webSocketConnections{0};
    std::atomic<std::int64_t> pausedListeners{0}; ///< out of descriptors
    std::atomic<std::int64_t> tcpConnections{0};

private:
    Metrics &m_metrics;
    prometheus::Counter *m_acceptTurnsCut = nullptr;
    std::array<prometheus::Counter *, 3> m_rejected{};
    std::array<prometheus::Counter *, 11> m_closed{};
    std::array<std::atomic<prometheus::Counter *>, 600> m_statuses{}; // made when first seen
};

} // namespace msgsrv
