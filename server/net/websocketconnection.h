// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/connection.h"

#include <QObject>

#include <memory>

class QWebSocket;

namespace msgsrv {

class Link;
struct TransportLimits;

/// A Connection over QWebSocket, which reads and writes through a VirtualSocket. Owned by its Link.
class WebSocketConnection final : public QObject, public Connection
{
    Q_OBJECT

public:
    /// Takes @p webSocket. @p peer and @p secure are the client's, after a trusted proxy's word.
    WebSocketConnection(ConnectionId id, Link &link, QWebSocket *webSocket, QHostAddress peer, bool secure,
                        QByteArray subprotocol, const TransportLimits &limits);
    ~WebSocketConnection() override;

    /// Must follow the construction at once. @p handler is told about everything from here on.
    void setHandler(std::unique_ptr<ConnectionHandler> handler);
    [[nodiscard]] ConnectionHandler &handler() { return *m_handler; }

    // Connection
    [[nodiscard]] ConnectionId id() const override { return m_id; }
    [[nodiscard]] QHostAddress peer() const override { return m_peer; }
    [[nodiscard]] bool secure() const override { return m_secure; }
    [[nodiscard]] QByteArray subprotocol() const override { return m_subprotocol; }
    [[nodiscard]] qint64 bytesQueued() const override;
    SendResult send(std::string_view bytes) override;
    void ping() override;
    void close(quint16 code, const QByteArray &reason) override;
    void abort() override;
    void setMessageLimit(qint64 bytes) override;

    /// Bytes came from the peer.
    void peerActive(TimePoint now);
    /// The kernel took bytes.
    void bytesTaken();
    /// The socket is gone, or Qt has ended the connection. @p clean: the close handshake was done.
    void ended(bool clean);
    /// When the peer's part of the closing is due; max() while the connection is open.
    [[nodiscard]] TimePoint closeDeadline() const { return m_closeDeadline; }

private:
    void received(std::string_view bytes, bool isText);

    const ConnectionId m_id;
    Link &m_link;
    QWebSocket *m_webSocket; // owned, deleted later
    const QHostAddress m_peer;
    const bool m_secure;
    const QByteArray m_subprotocol;
    const TransportLimits &m_limits;
    std::unique_ptr<ConnectionHandler> m_handler;
    TimePoint m_closeDeadline = TimePoint::max();
    bool m_closing = false;
    bool m_ended = false;
    bool m_backedUp = false; // the last send() returned Queued
};

} // namespace msgsrv
