// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/http.h"
#include "server/net/httppipeline.h"
#include "server/net/virtualsocket.h"
#include "shared/base/clock.h"
#include "shared/signaling/problem.h"

#include <QHostAddress>
#include <QObject>
#include <QPointer>

#include <memory>
#include <optional>

class QTcpSocket;
class QWebSocket;

namespace msgsrv {

class Front;
class WebSocketConnection;

/// One accepted connection: the guard between the network and Qt's servers. It reads the real socket,
/// checks what comes, and feeds a VirtualSocket from which QHttpServer or QWebSocketServer reads. Requests
/// are handed on one at a time, so a late answer is never overtaken, and a client that goes away before its
/// answer leaves the virtual socket in place until the answer is there.
///
/// Belongs to its front's thread and is deleted by it, after the socket has gone and nothing is awaited.
class Link final : public QObject, private VirtualSocket::Wire
{
    Q_OBJECT

public:
    /// Takes @p descriptor, an accepted connection of @p peer that @p front has admitted.
    Link(Front &front, qintptr descriptor, const QHostAddress &peer);
    ~Link() override;

    [[nodiscard]] const QHostAddress &peer() const { return m_peer; }

    /// Closes an HTTP connection on which nothing is under way.
    void leaveWhenIdle();
    /// Deadlines; called by the front's sweep.
    void sweep(TimePoint now);

    /// Names this link to a late answer: null inside once the link is gone. Copies may be dropped in any
    /// thread, but only the link's own looks inside.
    [[nodiscard]] std::shared_ptr<Link *> handle() const { return m_self; }

    /// The request that the virtual socket was just fed, for the HTTP adapter. Its body stands in Qt's
    /// request.
    [[nodiscard]] const HttpRequest &request() const { return *m_request; }
    void setRequestBody(const QByteArray &body) { m_request->body = body; }
    /// The adapter has written the whole answer to the virtual socket (or the link has no peer any more).
    void answered();
    [[nodiscard]] bool closesAfterAnswer() const { return m_closeAfterAnswer; }

    /// The handshake was answered with 101.
    void upgraded(QWebSocket *webSocket);

    /// What the WebSocket connection needs of the real socket.
    [[nodiscard]] qint64 bytesQueued() const;
    [[nodiscard]] bool isSecure() const { return m_secure; }
    /// Ends the connection now.
    void abort();

private:
    enum class Phase {
        Secure, ///< TLS handshake
        Http, ///< waiting for a request, or for the rest of one
        Answering, ///< a request is with QHttpServer
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

    void onReadyRead();
    void onBytesWritten();
    void onSocketGone();
    void advance();
    void dispatch(HttpPipeline::Request request);
    void startUpgrade(HttpPipeline::Upgrade upgrade);
    void reject(const Problem &problem);
    void wait(Phase phase, Duration timeout);
    void linger();
    void shutDownWriting();
    void finish();
    void makeVirtual();
    void describe(const HttpHead &head);
    void feed(const QByteArray &bytes);

    const std::shared_ptr<Link *> m_self = std::make_shared<Link *>(this);
    Front &m_front;
    QTcpSocket *m_socket; // child
    QPointer<VirtualSocket> m_virtual; // owned by Qt's server
    std::unique_ptr<HttpPipeline> m_pipeline; // until the upgrade
    std::optional<HttpRequest> m_request; // while Answering or Upgrading
    std::unique_ptr<WebSocketConnection> m_connection; // after the upgrade
    QByteArray m_early; // first frames, while Upgrading
    QHostAddress m_peer; // of the socket
    QByteArray m_subprotocol;
    TimePoint m_deadline = TimePoint::max();
    TimePoint m_progress; // the last time the kernel took bytes of ours, or nothing waited
    Phase m_phase = Phase::Http;
    HttpPipeline::Wait m_wait = HttpPipeline::Wait::NextRequest;
    bool m_secure = false;
    bool m_closeAfterAnswer = false;
    bool m_feeding = false; // inside VirtualSocket::feed(): answered() must not go on to the next request
    bool m_socketGone = false;
    bool m_overflowed = false; // limits.send_queue was passed

    friend class Front;
    std::size_t m_index = 0; // in the front's list
};

} // namespace msgsrv
