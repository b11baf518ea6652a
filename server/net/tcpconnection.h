// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/connection.h"
#include "server/net/connectionlimiter.h"
#include "server/net/stream.h"
#include "shared/base/clock.h"

#include <QObject>

#include <memory>

namespace msgsrv {

class TcpFront;

/// A plain TCP or TLS connection as a Connection: a stream of bytes, so "one message" is whatever a read
/// gave, and a send is not framed. It has no pings of its own and no close codes. Owned by its front.
class TcpConnection final : public QObject, public Connection, public Stream::Reader
{
    Q_OBJECT

public:
    /// Takes @p descriptor, an accepted non-blocking connection that @p front has admitted.
    TcpConnection(TcpFront &front, int descriptor, const QHostAddress &peer, ConnectionId id);
    ~TcpConnection() override;

    /// Must follow the construction at once.
    void setHandler(std::unique_ptr<ConnectionHandler> handler) { m_handler = std::move(handler); }
    [[nodiscard]] ConnectionHandler &handler() { return *m_handler; }
    /// Deadlines; called by the front's sweep.
    void sweep(TimePoint now);

    // Connection
    [[nodiscard]] ConnectionId id() const override { return m_id; }
    [[nodiscard]] QHostAddress peer() const override { return m_peer; }
    [[nodiscard]] bool secure() const override;
    [[nodiscard]] QByteArray subprotocol() const override { return {}; }
    [[nodiscard]] qint64 bytesQueued() const override { return m_stream->bytesQueued(); }
    SendResult send(std::string_view bytes) override;
    bool ping() override { return false; }
    [[nodiscard]] qint64 bytesUnconfirmed() const override;
    /// Ends the sending side after everything sent before; the code and the reason have no place here.
    void close(quint16 code, const QByteArray &reason) override;
    void abort() override;
    void setMessageLimit(qint64) override { }

private:
    void onReadable() override;
    void onBytesTaken() override;
    void onPeerFinished() override;
    void onGone() override { ended(); }

    void sayTheEnd();
    void ended();

    TcpFront &m_front;
    const ConnectionId m_id;
    const QHostAddress m_peer;
    ConnectionLimiter::Slot m_slot; // set by the front
    std::unique_ptr<ConnectionHandler> m_handler;
    TimePoint m_progress; // the last time the kernel took bytes of ours, or nothing waited
    TimePoint m_closeDeadline = TimePoint::max();
    bool m_backedUp = false; // the last send() returned Queued
    bool m_closing = false;
    bool m_endSaid = false;
    bool m_peerFinished = false;
    bool m_ended = false;
    std::unique_ptr<Stream> m_stream; // the last member: it is destroyed first

    friend class TcpFront;
    std::size_t m_index = 0; // in the front's list
};

} // namespace msgsrv
