// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/connectionid.h"

#include <QByteArray>

#include <functional>

namespace msgsrv {

/// Reaches a connection from any thread, by its id; an id whose connection has gone is ignored.
class ConnectionPort
{
public:
    virtual ~ConnectionPort() = default;
    /// The connection's handler gets onCloseRequested() in its own thread.
    virtual void requestClose(ConnectionId connection, quint16 code, const QByteArray &reason) = 0;
    /// Asks the peer for a sign of life. @p done is called once, in any thread: true when there is one in time,
    /// false when there is none or the connection has gone.
    virtual void probe(ConnectionId connection, std::function<void(bool alive)> done) = 0;
};

} // namespace msgsrv
