// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/link.h"

#include "server/net/forwarded.h"
#include "server/net/front.h"
#include "server/net/httpadapter.h"
#include "server/net/httptext.h"
#include "server/net/problemresponse.h"
#include "server/net/websocketconnection.h"
#include "server/net/websocketupgrade.h"

#include <QSslSocket>
#include <QTcpSocket>
#include <QWebSocket>

#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace msgsrv {

namespace {

/// What the kernel's bytes may pile up to in Qt's buffer before we read them; the kernel holds the rest.
constexpr qint64 socketReadBuffer = 64 * 1024;

Problem problemOf(int status, const QByteArray &detail)
{
    switch (status) {
    case 408:
        return {.cause = ProblemCause::RequestTimeout, .detail = detail};
    case 411:
        return {.cause = ProblemCause::LengthRequired, .detail = detail};
    case 413:
        return {.cause = ProblemCause::ContentTooLarge, .detail = detail};
    case 414:
        return {.cause = ProblemCause::UriTooLong, .detail = detail};
    case 431:
        return {.cause = ProblemCause::HeadersTooLarge, .detail = detail};
    default:
        return {.cause = ProblemCause::MalformedRequest, .detail = detail};
    }
}

} // namespace

Link::Link(Front &front, qintptr descriptor, const QHostAddress &peer)
    : QObject(&front)
    , m_front(front)
    , m_pipeline(std::make_unique<HttpPipeline>(front.m_settings.limits.head, front.m_settings.limits.body))
    , m_peer(peer)
    , m_progress(Clock::now())
    , m_secure(front.m_settings.tls.has_value())
{
    m_socket = m_secure ? new QSslSocket(this) : new QTcpSocket(this);
    m_socket->setReadBufferSize(socketReadBuffer);
    connect(m_socket, &QTcpSocket::readyRead, this, &Link::onReadyRead);
    connect(m_socket, &QTcpSocket::disconnected, this, &Link::onSocketGone);
    // A failed TLS handshake, or a reset, need not be followed by disconnected().
    connect(m_socket, &QTcpSocket::errorOccurred, this, [this] {
        if (m_socket->state() != QAbstractSocket::ConnectedState)
            onSocketGone();
    });
    connect(m_socket, &QTcpSocket::bytesWritten, this, &Link::onBytesWritten);
    if (!m_socket->setSocketDescriptor(descriptor)) {
        ::close(int(descriptor));
        QMetaObject::invokeMethod(this, &Link::onSocketGone, Qt::QueuedConnection);
        return;
    }
    wait(m_secure ? Phase::Secure : Phase::Http, m_front.m_settings.limits.headTimeout);
    if (m_secure) {
        auto *tls = static_cast<QSslSocket *>(m_socket);
        tls->setSslConfiguration(*m_front.m_settings.tls);
        connect(tls, &QSslSocket::encrypted, this, [this] { m_phase = Phase::Http; });
        connect(tls, &QSslSocket::encryptedBytesWritten, this, &Link::onBytesWritten);
        tls->startServerEncryption();
    }
}

Link::~Link()
{
    *m_self = nullptr;
    m_socket->disconnect(this);
    if (m_connection) {
        m_connection->ended(false);
        m_front.m_thread->unregisterConnection(m_connection->id());
        m_front.m_metrics.webSocketConnections.fetch_sub(1, std::memory_order_relaxed);
    } else {
        m_front.m_metrics.httpConnections.fetch_sub(1, std::memory_order_relaxed);
    }
    if (m_virtual) {
        const QPointer<VirtualSocket> virtualSocket = m_virtual;
        virtualSocket->hangUp();
        if (virtualSocket && !m_connection)
            virtualSocket->deleteLater(); // QWebSocketServer keeps one that it has not upgraded
    }
    m_front.remove(this);
}

qint64 Link::bytesQueued() const
{
    const qint64 plain = m_socket->bytesToWrite();
    return m_secure ? plain + static_cast<const QSslSocket *>(m_socket)->encryptedBytesToWrite() : plain;
}

void Link::wait(Phase phase, Duration timeout)
{
    m_phase = phase;
    m_deadline = timeout > Duration::zero() ? Clock::now() + timeout : TimePoint::max();
}

void Link::leaveWhenIdle()
{
    if (m_phase == Phase::Http && m_wait == HttpPipeline::Wait::NextRequest)
        linger();
}

void Link::sweep(TimePoint now)
{
    const TransportLimits &limits = m_front.m_settings.limits;
    if (m_socketGone)
        return; // deleted soon, or kept for an answer
    if (limits.sendStall > Duration::zero() && bytesQueued() > 0 && now - m_progress > limits.sendStall) {
        m_front.m_metrics.closed(FrontMetrics::Closing::SlowConsumer);
        abort();
        return;
    }
    if (now < m_deadline)
        return;
    switch (m_phase) {
    case Phase::Http:
        if (m_wait == HttpPipeline::Wait::NextRequest) {
            m_front.m_metrics.closed(FrontMetrics::Closing::Idle);
            linger();
        } else {
            const bool inHead = m_wait == HttpPipeline::Wait::Head;
            m_front.m_metrics.closed(inHead ? FrontMetrics::Closing::HeadTimeout
                                            : FrontMetrics::Closing::BodyTimeout);
            reject(problemOf(408,
                             inHead ? "The request's head did not arrive in time."
                                    : "The request's body did not arrive in time."));
        }
        break;
    case Phase::Secure:
    case Phase::Upgrading:
        m_front.m_metrics.closed(FrontMetrics::Closing::HeadTimeout);
        abort();
        break;
    case Phase::Lingering:
        abort();
        break;
    case Phase::Answering:
    case Phase::WebSocket:
    case Phase::Closed:
        break;
    }
}

void Link::onReadyRead()
{
    auto &buffer = m_front.m_readBuffer;
    switch (m_phase) {
    case Phase::Http:
        for (qint64 size;
             m_phase == Phase::Http && (size = m_socket->read(buffer.data(), qint64(buffer.size()))) > 0;) {
            m_pipeline->append(QByteArrayView(buffer.data(), size));
            advance();
        }
        break;
    case Phase::WebSocket:
        m_connection->peerActive(Clock::now());
        for (qint64 size; m_virtual && m_phase == Phase::WebSocket
             && (size = m_socket->read(buffer.data(), qint64(buffer.size()))) > 0;)
            m_virtual->feed(buffer.data(), size);
        break;
    case Phase::Lingering:
        while (m_socket->read(buffer.data(), qint64(buffer.size())) > 0) { }
        break;
    case Phase::Secure:
    case Phase::Answering: // the next request waits in the kernel
    case Phase::Upgrading:
    case Phase::Closed:
        break;
    }
}

void Link::advance()
{
    const TransportLimits &limits = m_front.m_settings.limits;
    while (m_phase == Phase::Http) {
        HttpPipeline::Step step = m_pipeline->next();
        if (const auto *more = std::get_if<HttpPipeline::NeedMore>(&step)) {
            if (more->wait != m_wait || more->wait == HttpPipeline::Wait::NextRequest) {
                m_wait = more->wait;
                wait(Phase::Http,
                     m_wait == HttpPipeline::Wait::NextRequest ? limits.idleTimeout
                         : m_wait == HttpPipeline::Wait::Head  ? limits.headTimeout
                                                               : limits.bodyTimeout);
            }
            return;
        }
        if (std::holds_alternative<HttpPipeline::SendContinue>(step))
            m_socket->write("HTTP/1.1 100 Continue\r\n\r\n");
        else if (auto *request = std::get_if<HttpPipeline::Request>(&step))
            dispatch(std::move(*request));
        else if (auto *upgrade = std::get_if<HttpPipeline::Upgrade>(&step))
            startUpgrade(std::move(*upgrade));
        else if (const auto *failure = std::get_if<HttpPipeline::Failure>(&step)) {
            m_front.m_metrics.closed(FrontMetrics::Closing::BadRequest);
            reject(problemOf(failure->status, failure->detail));
        }
    }
}

void Link::describe(const HttpHead &head)
{
    const ClientView client = seeThroughProxies(
        m_peer, m_secure, head.host, ForwardedFields::of(head.headers), m_front.m_settings.trustedProxies);
    HttpRequest &request = m_request.emplace();
    request.method = QByteArray::fromStdString(head.method);
    request.path = QByteArray::fromStdString(head.path);
    for (const auto &[name, value] : head.headers)
        request.headers.emplace_back(QByteArray::fromStdString(name), QByteArray::fromStdString(value));
    request.peer = client.address;
    request.secure = client.secure;
    request.host = client.host.empty() ? QByteArray("localhost") : QByteArray::fromStdString(client.host);
}

void Link::makeVirtual()
{
    m_virtual = new VirtualSocket(this, m_socket->peerAddress(), m_socket->peerPort(),
                                  m_socket->localAddress(), m_socket->localPort());
}

void Link::feed(const QByteArray &bytes)
{
    m_virtual->feed(bytes.constData(), bytes.size());
}

void Link::dispatch(HttpPipeline::Request request)
{
    describe(request.head);
    m_closeAfterAnswer = !request.head.keepAlive || m_front.m_draining;
    if (!isKnownMethod(request.head.method)) {
        HttpResponse response = problemResponse(
            {.cause = ProblemCause::MethodNotAllowed, .detail = "This method is not known here."},
            m_request->path);
        response.headers.emplace_back("Allow", m_front.m_http->allowed(m_request->path));
        m_front.m_metrics.answered(response.status);
        m_socket->write(closingResponse(response, "Method Not Allowed"));
        linger();
        return;
    }
    wait(Phase::Answering, Duration::zero());
    if (!m_virtual) {
        makeVirtual();
        m_front.offerHttp(m_virtual);
    }
    m_front.m_http->expect(this);
    m_feeding = true;
    feed(canonicalRequest(request.head, request.body));
    m_feeding = false;
    if (!m_front.m_http->taken()) {
        // A target that passed our grammar but not QUrl's.
        m_front.m_http->expect(nullptr);
        reject(problemOf(400, "The request's target cannot be read."));
    }
}

void Link::answered()
{
    m_request.reset();
    if (m_socketGone) {
        finish();
        return;
    }
    if (m_closeAfterAnswer || m_front.m_draining) {
        linger();
        return;
    }
    m_wait = HttpPipeline::Wait::NextRequest;
    wait(Phase::Http, m_front.m_settings.limits.idleTimeout);
    if (m_feeding)
        return; // advance() goes on
    advance();
    if (m_phase == Phase::Http && m_socket->bytesAvailable() > 0)
        onReadyRead();
}

void Link::startUpgrade(HttpPipeline::Upgrade upgrade)
{
    describe(upgrade.head);
    const FrontSettings &settings = m_front.m_settings;
    if (settings.webSocketPath.empty()) {
        reject({.cause = ProblemCause::NotFound, .detail = "There is no WebSocket here."});
        return;
    }
    const auto checked = checkUpgrade(upgrade.head, settings.webSocketPath);
    if (!checked) {
        reject(checked.error());
        return;
    }
    const std::string *origin = upgrade.head.find("origin");
    if (upgrade.head.count("origin") > 1
        || !settings.origins.allows(origin ? std::optional<std::string_view>(*origin) : std::nullopt,
                                    {m_request->host.constData(), std::size_t(m_request->host.size())})) {
        reject({.cause = ProblemCause::OriginRefused, .detail = "Pages of this origin may not connect."});
        return;
    }
    m_early = std::move(upgrade.rest);
    m_subprotocol = QByteArray::fromStdString(checked->subprotocol);
    wait(Phase::Upgrading, settings.limits.headTimeout);
    if (m_virtual) // the connection carried plain requests before
        std::exchange(m_virtual, nullptr)->hangUp();
    makeVirtual();
    m_front.startUpgrade(m_virtual);
    feed(QByteArray::fromStdString(canonicalUpgradeRequest(*checked, settings.webSocketPath)));
}

void Link::upgraded(QWebSocket *webSocket)
{
    wait(Phase::WebSocket, Duration::zero());
    m_pipeline.reset();
    m_front.m_metrics.httpConnections.fetch_sub(1, std::memory_order_relaxed);
    m_front.m_metrics.webSocketConnections.fetch_add(1, std::memory_order_relaxed);

    const ConnectionId id = m_front.m_thread->nextConnectionId();
    m_connection = std::make_unique<WebSocketConnection>(
        id, *this, webSocket, m_request->peer, m_request->secure, m_subprotocol, m_front.m_settings.limits);
    m_request.reset();
    m_connection->setHandler(m_front.m_handlerFactory(*m_connection));
    m_front.m_thread->registerConnection(id, &m_connection->handler());
    if (!m_early.isEmpty()) {
        m_connection->peerActive(Clock::now());
        feed(std::exchange(m_early, {}));
    }
    if (m_phase == Phase::WebSocket && m_socket->bytesAvailable() > 0)
        onReadyRead();
}

void Link::reject(const Problem &problem)
{
    const HttpResponse response = problemResponse(problem, m_request ? m_request->path : QByteArray());
    m_front.m_metrics.answered(response.status);
    m_socket->write(closingResponse(response, problem.title()));
    linger();
}

void Link::writeToPeer(const char *bytes, qint64 size)
{
    if (m_phase == Phase::Upgrading)
        m_front.m_upgrading = this;
    if (m_socketGone || m_phase == Phase::Closed)
        return;
    if (bytesQueued() == 0)
        m_progress = Clock::now();
    m_socket->write(bytes, size);
    const qint64 limit = m_front.m_settings.limits.sendQueue;
    if (limit > 0 && m_phase == Phase::WebSocket && bytesQueued() > limit && !m_overflowed) {
        // Not from inside QWebSocket's write.
        m_overflowed = true;
        m_front.m_metrics.closed(FrontMetrics::Closing::SlowConsumer);
        QMetaObject::invokeMethod(this, &Link::abort, Qt::QueuedConnection);
    }
}

void Link::onBytesWritten()
{
    m_progress = Clock::now();
    if (m_connection)
        m_connection->bytesTaken();
    if (m_phase == Phase::Lingering && bytesQueued() == 0)
        shutDownWriting();
}

void Link::virtualSocketClosed()
{
    m_virtual = nullptr;
    switch (m_phase) {
    case Phase::WebSocket: // the close frames were exchanged, or ours is the last word
        linger();
        m_connection->ended(true);
        break;
    case Phase::Upgrading:
        m_front.m_metrics.closed(FrontMetrics::Closing::BadRequest);
        linger();
        break;
    default: // QHttpServer gave up on a request: see dispatch()
        break;
    }
}

void Link::linger()
{
    // The peer may still be sending. Closing now would reset the connection and lose our last words, so the
    // sending side is shut first and what comes is thrown away until the peer closes too.
    m_wait = HttpPipeline::Wait::Head;
    wait(Phase::Lingering, m_front.m_settings.limits.closeTimeout);
    if (bytesQueued() == 0)
        shutDownWriting();
    onReadyRead();
}

void Link::shutDownWriting()
{
    if (m_secure)
        m_socket->disconnectFromHost(); // sends close_notify
    else
        ::shutdown(int(m_socket->socketDescriptor()), SHUT_WR);
}

void Link::abort()
{
    m_socket->abort();
    onSocketGone();
}

void Link::onSocketGone()
{
    if (std::exchange(m_socketGone, true))
        return;
    if (m_connection)
        m_connection->ended(false);
    if (m_phase == Phase::Answering)
        return; // QHttpServer's responder holds the virtual socket: see answered()
    finish();
}

void Link::finish()
{
    m_phase = Phase::Closed;
    deleteLater();
}

} // namespace msgsrv
