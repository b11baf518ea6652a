// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/connectionlimiter.h"
#include "server/net/frontmetrics.h"
#include "server/net/http.h"
#include "server/net/httppipeline.h"
#include "server/net/stream.h"
#include "server/net/virtualsocket.h"
#include "server/websocket/frame.h"
#include "shared/base/clock.h"
#include "shared/signaling/problem.h"

#include <QHostAddress>
#include <QObject>
#include <QPointer>

#include <memory>
#include <optional>

class QWebSocket;

namespace msgsrv {

class Front;
class WebSocketConnection;

/// One accepted connection: the guard between the network and whoever answers. It reads the socket, checks
/// what comes, and hands it on: to QHttpServer and QWebSocketServer by a VirtualSocket that it feeds, or
/// directly to the handler of a hot route and to our own framing (docs/architecture.md). Requests are handed
/// on one at a time, so a late answer is never overtaken, and a client that goes away before its answer
/// leaves the virtual socket in place until the answer is there.
///
/// Belongs to its front's thread and is deleted by it, after the socket has gone and nothing is awaited.
class Link final : public QObject, public Stream::Reader, private VirtualSocket::Wire
{
    Q_OBJECT

public:
    /// Takes @p descriptor, an accepted non-blocking connection of @p peer that @p front has admitted.
    Link(Front &front, int descriptor, const QHostAddress &peer);
    ~Link() override;

    [[nodiscard]] const QHostAddress &peer() const { return m_peer; }
    [[nodiscard]] FrontMetrics &metrics() const;

    /// Closes an HTTP connection on which nothing is under way.
    void leaveWhenIdle();
    /// Deadlines; called by the front's sweep.
    void sweep(TimePoint now);

    /// Names this link to a late answer: null inside once the link is gone. Copies may be dropped in any
    /// thread, but only the link's own looks inside.
    [[nodiscard]] std::shared_ptr<Link *> handle() const { return m_self; }

    // For the HTTP adapter
    /// The request that the virtual socket was just fed. Its body stands in Qt's request.
    [[nodiscard]] const HttpRequest &request() const { return *m_request; }
    void setRequestBody(const QByteArray &body) { m_request->body = body; }
    /// Instead of what would be written to the virtual socket.
    void writeAnswer(std::string_view text) { write(text); }
    /// The whole answer is written (or the link has no peer any more).
    void answered();
    [[nodiscard]] bool closesAfterAnswer() const { return m_closeAfterAnswer; }

    // For the front
    /// QWebSocketServer has answered the handshake with 101 and made @p webSocket, which the link takes.
    void upgraded(QWebSocket *webSocket);

    // For the WebSocket connection
    [[nodiscard]] qint64 bytesQueued() const { return m_stream->bytesQueued(); }
    void writeFrame(websocket::Opcode opcode, std::string_view payload);
    /// What a QWebSocket reads.
    void feedVirtual(std::string_view bytes);
    /// Nothing more is read. Sends a last Close frame with @p payload unless it is empty, and ends the
    /// connection when everything is sent. @p clean: the close handshake is done.
    void closeWebSocket(std::string_view payload, bool clean);
    /// Ends the connection now.
    void abort();

private:
    enum class Phase {
        Http, ///< waiting for a request, or for the rest of one
        Answering, ///< a request is with its handler
        Upgrading, ///< the handshake is with QWebSocketServer
        WebSocket,
        Lingering, ///< everything is said; what comes is thrown away until the peer closes
        Closed,
    };

    // VirtualSocket::Wire
    void writeToPeer(const char *bytes, qint64 size) override;
    [[nodiscard]] qint64 bytesToPeer() const override { return bytesQueued(); }
    void virtualSocketClosed() override;
    void virtualSocketDestroyed() override { m_virtual = nullptr; }

    // Stream::Reader
    void onReadable() override;
    void onBytesTaken() override;
    void onPeerFinished() override;
    void onGone() override;

    void readRequests();
    void readAhead();
    void advance();
    void awaitMore(HttpPipeline::Wait what);
    [[nodiscard]] bool affordBody();
    void giveBackBodyMemory();
    void dispatch(HttpPipeline::Request request);
    void dispatchToQt(const HttpPipeline::Request &request);
    void answerDirectly(const HttpResponse &response);
    void startUpgrade(HttpPipeline::Upgrade upgrade);
    void reject(const Problem &problem);
    void rejectWith(const HttpResponse &response);
    void write(std::string_view bytes);
    void wait(Phase phase, Duration timeout);
    void linger(bool peerIsSending);
    void sayTheEnd();
    void finish();
    void makeVirtual();
    void describe(HttpHead &head);
    [[nodiscard]] bool admitClient();

    const std::shared_ptr<Link *> m_self = std::make_shared<Link *>(this);
    Front &m_front;
    QPointer<VirtualSocket> m_virtual; // owned by Qt's server
    std::unique_ptr<HttpPipeline> m_pipeline; // until the upgrade, or the end
    std::optional<HttpRequest> m_request; // while Answering or Upgrading
    std::unique_ptr<WebSocketConnection> m_connection; // after the upgrade
    QByteArray m_early; // first frames, while Upgrading
    QByteArray m_subprotocol;
    const QHostAddress m_peer; // of the socket
    TimePoint m_deadline = TimePoint::max();
    TimePoint m_progress; // the last time the kernel took bytes of ours, or nothing waited
    ConnectionLimiter::Slot m_slot; // set by the front
    std::int64_t m_bodyMemory = 0; // taken from the front's budget
    Phase m_phase = Phase::Http;
    HttpPipeline::Wait m_wait = HttpPipeline::Wait::NextRequest;
    const bool m_secure;
    bool m_closeAfterAnswer = false;
    bool m_feeding = false; // a handler is on the stack: answered() must not go on to the next request
    bool m_held = false; // the next request waits until the answers before it are sent
    bool m_peerFinished = false; // it sends nothing more, but may read
    bool m_peerIsSending = false; // while Lingering: more may come
    bool m_endSaid = false; // our sending side is shut
    bool m_gone = false; // no socket any more
    bool m_overflowed = false; // limits.send_queue was passed
    std::unique_ptr<Stream> m_stream; // the last member: it is destroyed first

    friend class Front;
    std::size_t m_index = 0; // in the front's list
};

} // namespace msgsrv
