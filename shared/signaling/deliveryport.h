// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/connectionid.h"
#include "shared/signaling/listeningkey.h"

namespace msgsrv {

/// Where the broker tells that a consumer has something to take. Implemented by the I/O threads.
class DeliveryPort
{
public:
    virtual ~DeliveryPort() = default;
    /// @p queue has messages for @p consumer: its thread calls Broker::take() soon. Any thread.
    virtual void messagesReady(ConnectionId consumer, const ListeningKey &queue) = 0;
};

} // namespace msgsrv
