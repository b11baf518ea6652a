// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/frontmetrics.h"

#include <cstddef>
#include <string>

namespace msgsrv {

FrontMetrics::FrontMetrics(Metrics &metrics)
    : m_metrics(metrics)
{
    const char *connections = "Open client connections.";
    metrics.addGauge("messaging_connections", connections, {{"transport", "http"}},
                     [this] { return double(httpConnections.load()); });
    metrics.addGauge("messaging_connections", connections, {{"transport", "websocket"}},
                     [this] { return double(webSocketConnections.load()); });
    metrics.addGauge("messaging_listeners_paused",
                     "Listening sockets that accept nothing because descriptors have run out.", {},
                     [this] { return double(pausedListeners.load()); });
    metrics.addGauge("messaging_connections", connections, {{"transport", "tcp"}},
                     [this] { return double(tcpConnections.load()); });
    static constexpr std::array rejections{"total", "address", "descriptors"};
    for (std::size_t i = 0; i < rejections.size(); ++i)
        m_rejected[i] = &metrics.counter("messaging_connections_rejected_total",
                                         "Connections that were closed at once or not accepted, by limit.",
                                         {{"reason", rejections[i]}});
    m_acceptTurnsCut
        = &metrics.counter("messaging_accept_turns_cut_total",
                           "Turns of an event loop that took limits.accepts_per_turn connections.", {});
    static constexpr std::array closings{"head_timeout",    "body_timeout",       "idle",
                                         "bad_request",     "slow_consumer",      "bad_frame",
                                         "message_too_big", "too_many_fragments", "too_many_control_frames",
                                         "close_timeout",   "body_memory"};
    for (std::size_t i = 0; i < closings.size(); ++i)
        m_closed[i]
            = &metrics.counter("messaging_connections_closed_total",
                               "Connections that the server ended, by reason.", {{"reason", closings[i]}});
}

void FrontMetrics::answered(int status)
{
    auto &slot = m_statuses.at(std::size_t(status));
    prometheus::Counter *counter = slot.load(std::memory_order_acquire);
    if (!counter) {
        counter = &m_metrics.counter("messaging_http_requests_total", "Answered HTTP requests, by status.",
                                     {{"status", std::to_string(status)}});
        slot.store(counter, std::memory_order_release);
    }
    counter->Increment();
}

void FrontMetrics::rejected(Rejection reason)
{
    m_rejected[std::size_t(reason)]->Increment();
}

void FrontMetrics::acceptTurnCut()
{
    m_acceptTurnsCut->Increment();
}

void FrontMetrics::closed(Closing reason)
{
    m_closed[std::size_t(reason)]->Increment();
}

} // namespace msgsrv
