// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"
#include "shared/base/connectionid.h"
#include "shared/signaling/connectionport.h"
#include "shared/signaling/listeningkey.h"

#include <QByteArray>
#include <QHostAddress>

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace msgsrv {

/// What a management console shows of one connection.
struct ConnectionFacts
{
    ConnectionId id = ConnectionId::None;
    QHostAddress peer;
    bool secure = false;
    qint64 openedAtMs = 0; ///< Unix time
    TimePoint seen; ///< when anything came last
    std::uint64_t messagesIn = 0;
    std::uint64_t messagesOut = 0;
    std::uint64_t bytesIn = 0; ///< of WebSocket frames
    std::uint64_t bytesOut = 0; ///< of messages
    qint64 bytesQueued = 0;
    QByteArray user; ///< whose session it holds, or empty
    QByteArray version; ///< of the protocol above, or empty
};

/// What a send came to. Back-pressure is this value, not a hope.
enum class SendResult {
    Sent, ///< written, and the peer keeps up
    Queued, ///< written, but the send queue is above its low-water mark: stop until onWritable()
    Dropped, ///< not written: the connection is closing or gone
};

/// A message-oriented connection (WebSocket today) as the protocol above it sees it. Belongs to one I/O
/// thread for life; every function is called in that thread.
class Connection
{
public:
    virtual ~Connection() = default;

    [[nodiscard]] virtual ConnectionId id() const = 0;
    /// The client's address; behind a trusted proxy the one that the proxy named.
    [[nodiscard]] virtual QHostAddress peer() const = 0;
    [[nodiscard]] virtual bool secure() const = 0;
    /// The chosen subprotocol, or empty.
    [[nodiscard]] virtual QByteArray subprotocol() const = 0;
    /// Bytes written by us that the kernel has not taken yet.
    [[nodiscard]] virtual qint64 bytesQueued() const = 0;

    /// Sends one whole message: a text message when @p bytes are valid UTF-8, else a binary one. Several
    /// sends of one turn of the event loop reach the kernel together.
    virtual SendResult send(std::string_view bytes) = 0;
    /// Asks the peer for a pong; its arrival counts as activity (onActivity()). False: the transport has no
    /// such thing.
    virtual bool ping() = 0;
    /// Bytes written by us that the peer's kernel has not confirmed, as far as ours can tell; 0 when it
    /// cannot.
    [[nodiscard]] virtual qint64 bytesUnconfirmed() const { return 0; }
    /// Starts the close handshake after everything sent before; further sends are dropped. The handler
    /// gets onClosed() when it is over, at the latest when limits.close_timeout has passed.
    virtual void close(quint16 code, const QByteArray &reason) = 0;
    /// Ends it now, unsent data lost. The handler gets onClosed() before this returns, unless it had it.
    virtual void abort() = 0;
    /// The largest message that is accepted from now on; a larger one closes with 1009.
    virtual void setMessageLimit(qint64 bytes) = 0;
    /// Adds what is known here.
    virtual void describe(ConnectionFacts &) const { }
};

/// The protocol on one connection. Owned by the transport, deleted after onClosed().
class ConnectionHandler
{
public:
    virtual ~ConnectionHandler() = default;

    /// One whole message; @p bytes are valid only during the call. Text messages are valid UTF-8.
    virtual void onMessage(std::string_view bytes, bool isText, TimePoint now) = 0;
    /// Anything at all arrived from the peer, be it a pong or a part of a message.
    virtual void onActivity(TimePoint now) = 0;
    /// The send queue fell below its low-water mark after a send() had returned Queued.
    virtual void onWritable() = 0;
    /// The connection is over. @p clean: the peer finished the close handshake.
    virtual void onClosed(bool clean) = 0;
    /// Called by the thread's sweep, about every 250 ms.
    virtual void onTick(TimePoint now) = 0;
    /// Adds what is known here and below.
    virtual void describe(ConnectionFacts &) const { }

    /// From other threads, by way of the owner's inbox: see DeliveryPort and ConnectionPort.
    virtual void onMessagesReady(const ListeningKey &queue) = 0;
    virtual void onCloseRequested(quint16 code, const QByteArray &reason) = 0;
    virtual void onProbe(std::function<void(bool alive)> done, TimePoint) { done(true); }
    /// The server stops, and will ask for the close soon. The client should wait for @p reconnectAfter then,
    /// before it comes back.
    virtual void onDraining(milliseconds /*reconnectAfter*/, TimePoint /*now*/) { }
};

} // namespace msgsrv
