// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/connection.h"
#include "server/websocket/framereader.h"

#include <memory>
#include <span>

namespace msgsrv {

class Link;
struct TransportLimits;

/// A WebSocket as a Connection, whatever makes its frames: the guard reads every frame (server/websocket),
/// and what passed it goes to a subclass. Owned by its Link; belongs to its thread.
class WebSocketConnection : public Connection
{
public:
    struct Facts
    {
        ConnectionId id;
        QHostAddress peer; ///< the client, after a trusted proxy's word
        bool secure = false;
        QByteArray subprotocol;
    };

    /// @p link and @p limits outlive the connection.
    WebSocketConnection(Facts facts, Link &link, const TransportLimits &limits);
    WebSocketConnection(const WebSocketConnection &) = delete;
    WebSocketConnection &operator=(const WebSocketConnection &) = delete;

    /// Must follow the construction at once. @p handler is told about everything from here on.
    void setHandler(std::unique_ptr<ConnectionHandler> handler);
    [[nodiscard]] ConnectionHandler &handler() { return *m_handler; }

    // Connection
    [[nodiscard]] ConnectionId id() const final { return m_facts.id; }
    [[nodiscard]] QHostAddress peer() const final { return m_facts.peer; }
    [[nodiscard]] bool secure() const final { return m_facts.secure; }
    [[nodiscard]] QByteArray subprotocol() const final { return m_facts.subprotocol; }
    [[nodiscard]] qint64 bytesQueued() const final;
    SendResult send(std::string_view bytes) final;
    /// The same as the kind of message that the caller says; text must be valid UTF-8.
    SendResult send(std::string_view bytes, bool isText);
    bool ping() final;
    void close(quint16 code, const QByteArray &reason) final;
    void abort() final;
    void setMessageLimit(qint64 bytes) final;
    void describe(ConnectionFacts &facts) const final;

    // For the link
    /// @p bytes came from the peer; they may be changed.
    void receive(std::span<char> bytes, TimePoint now);
    /// The kernel took bytes.
    void bytesTaken();
    /// The socket is gone, or everything is said. @p clean: the close handshake was done.
    void ended(bool clean);
    /// When the peer's part of the closing is due; max() while the connection is open.
    [[nodiscard]] TimePoint closeDeadline() const { return m_closeDeadline; }

protected:
    // What passed the guard.
    virtual void messageReceived(const websocket::MessageReceived &message) = 0;
    virtual void pingReceived(const websocket::PingReceived &ping) = 0;
    virtual void pongReceived(const websocket::PongReceived &pong) = 0;
    virtual void closeReceived(const websocket::CloseReceived &close) = 0;
    // What is to be sent.
    virtual void writeMessage(std::string_view bytes, bool isText) = 0;
    virtual void writePing() = 0;
    virtual void writeClose(quint16 code, const QByteArray &reason) = 0;
    /// No frame is to be read or written any more; the link says the last one itself.
    virtual void giveUp() = 0;

    /// Hands a message to the protocol above.
    void deliver(std::string_view bytes, bool isText);
    [[nodiscard]] bool isClosing() const { return m_closing; }
    [[nodiscard]] Link &link() { return m_link; }

private:
    /// True while there may be more to read.
    [[nodiscard]] bool handle(const websocket::FrameEvent &event);
    [[nodiscard]] bool admitControlFrame();
    void refuse(const websocket::FrameError &error);

    const Facts m_facts;
    Link &m_link;
    const TransportLimits &m_limits;
    websocket::FrameReader m_reader;
    std::unique_ptr<ConnectionHandler> m_handler;
    TimePoint m_now; // of what is being read, or was read last
    const qint64 m_openedAtMs; // Unix time
    std::uint64_t m_messagesIn = 0;
    std::uint64_t m_messagesOut = 0;
    std::uint64_t m_bytesIn = 0;
    std::uint64_t m_bytesOut = 0;
    TimePoint m_closeDeadline = TimePoint::max();
    TimePoint m_controlSecond; // when the running count of control frames began
    int m_controlFrames = 0; // since then
    bool m_closing = false; // nothing more is sent or handed up
    bool m_ended = false;
    bool m_backedUp = false; // the last send() returned Queued
};

} // namespace msgsrv
