// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/cidr.h"
#include "server/net/engine.h"
#include "server/net/httphead.h"
#include "server/net/memorybudget.h"
#include "server/net/originpolicy.h"
#include "shared/base/clock.h"

#include <QSslConfiguration>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace msgsrv {

/// What one connection may cost. 0 means unlimited for a size or count, off for a time.
struct TransportLimits
{
    HttpHeadLimits head; ///< limits.head, limits.headers, limits.url
    std::int64_t body = 256 * 1024; ///< limits.body, bytes
    Duration headTimeout
        = seconds(5); ///< limits.head_timeout: from the first byte (or the accept) to the whole head
    Duration bodyTimeout = seconds(10); ///< limits.body_timeout: from the head to the whole body
    Duration idleTimeout
        = seconds(60); ///< limits.idle_timeout: a kept-alive HTTP connection between requests
    Duration closeTimeout = seconds(5); ///< limits.close_timeout: for the peer's part of closing
    std::int64_t sendQueue = 4 * 1024 * 1024; ///< limits.send_queue, bytes
    Duration sendStall = seconds(10); ///< limits.send_stall
    int acceptsPerTurn = 64; ///< limits.accepts_per_turn
    int fragments = 1024; ///< limits.fragments: frames of one WebSocket message
    int controlFrames = 100; ///< limits.control_frames: pings and pongs of one WebSocket in a second

    /// Above so many waiting bytes a sender is asked to stop: @p usual, or fewer where limits.send_queue is
    /// small, so that what it has begun to write still finds room there.
    [[nodiscard]] std::int64_t highWater(std::int64_t usual) const
    {
        return sendQueue > 0 ? std::min(usual, sendQueue / 4) : usual;
    }
};

struct FrontSettings
{
    TransportLimits limits;
    std::string webSocketPath; ///< stomp.path; empty: no WebSocket here; or anyPath
    std::optional<QSslConfiguration> tls; ///< set: every connection speaks TLS
    std::vector<Cidr> trustedProxies; ///< net.trusted_proxies
    OriginPolicy origins; ///< net.allowed_origins
    Engine engine = Engine::Direct; ///< net.engine
    /// limits.body_memory: what unfinished bodies of all connections hold together; null: unlimited.
    std::shared_ptr<MemoryBudget> bodyMemory;
    /// Descriptors from this number on are left to others: once the lowest free one is not below it,
    /// accepting pauses. 0: accepting pauses when there is none at all.
    int descriptorCeiling = 0;
    std::string serverName; ///< Server header of the 101 answer, e.g. "messaging-server/0.1.0"
};

} // namespace msgsrv
