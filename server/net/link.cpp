// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/link.h"

#include "server/net/forwarded.h"
#include "server/net/framedconnection.h"
#include "server/net/front.h"
#include "server/net/httpadapter.h"
#include "server/net/httptext.h"
#include "server/net/plainstream.h"
#include "server/net/problemresponse.h"
#include "server/net/qtframedconnection.h"
#include "server/net/tlsstream.h"
#include "server/net/websocketupgrade.h"

#include <QWebSocket>

#include <algorithm>
#include <utility>

namespace msgsrv {

namespace {

/// What may come behind a request that is not answered yet; the kernel holds the rest.
constexpr qsizetype readAheadLimit = 16 * 1024;

/// What is read at once where requests may come one behind the other; of a body it is the whole buffer.
constexpr qint64 requestsAtOnce = 16 * 1024;

/// Bytes of answers that may wait to be sent when the next request is looked at: a peer that asks and does
/// not read is not asked what else it wants.
constexpr qint64 answersAhead = 16 * 1024;

/// Body bytes that every connection may hold without a look at limits.body_memory.
constexpr std::int64_t freeBody = 16 * 1024;

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

Link::Link(Front &front, int descriptor, const QHostAddress &peer)
    : QObject(&front)
    , m_front(front)
    , m_pipeline(std::make_unique<HttpPipeline>(front.m_settings.limits.head, front.m_settings.limits.body))
    , m_peer(peer)
    , m_progress(Clock::now())
    , m_secure(front.m_settings.tls.has_value())
{
    if (m_secure)
        m_stream = std::make_unique<TlsStream>(descriptor, *front.m_settings.tls, *this);
    else
        m_stream = std::make_unique<PlainStream>(descriptor, *this, front.m_turnEnd);
    wait(Phase::Http, m_front.m_settings.limits.headTimeout);
}

Link::~Link()
{
    *m_self = nullptr;
    m_stream->abort();
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
    giveBackBodyMemory();
    m_front.remove(this);
}

FrontMetrics &Link::metrics() const
{
    return m_front.m_metrics;
}

void Link::wait(Phase phase, Duration timeout)
{
    m_phase = phase;
    m_deadline = timeout > Duration::zero() ? Clock::now() + timeout : TimePoint::max();
}

// Time

void Link::leaveWhenIdle()
{
    if (m_phase == Phase::Http && m_wait == HttpPipeline::Wait::NextRequest)
        linger(false);
}

void Link::sweep(TimePoint now)
{
    using Closing = FrontMetrics::Closing;
    const TransportLimits &limits = m_front.m_settings.limits;
    if (m_gone)
        return; // deleted soon, or kept for an answer
    if (limits.sendStall > Duration::zero() && bytesQueued() > 0 && now - m_progress > limits.sendStall) {
        metrics().closed(Closing::SlowConsumer);
        abort();
        return;
    }
    if (m_phase == Phase::WebSocket && now >= m_connection->closeDeadline()) {
        metrics().closed(Closing::CloseTimeout);
        abort();
        return;
    }
    if (now < m_deadline)
        return;
    switch (m_phase) {
    case Phase::Http:
        if (!m_stream->isEstablished()) {
            metrics().closed(Closing::HeadTimeout);
            abort();
        } else if (m_wait == HttpPipeline::Wait::NextRequest) {
            metrics().closed(Closing::Idle);
            linger(false);
        } else {
            const bool inHead = m_wait == HttpPipeline::Wait::Head;
            metrics().closed(inHead ? Closing::HeadTimeout : Closing::BodyTimeout);
            reject(problemOf(408,
                             inHead ? "The request's head did not arrive in time."
                                    : "The request's body did not arrive in time."));
        }
        break;
    case Phase::Upgrading:
        metrics().closed(Closing::HeadTimeout);
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

// Bytes in

void Link::onReadable()
{
    auto &buffer = m_front.m_readBuffer;
    switch (m_phase) {
    case Phase::Http:
        readRequests();
        break;
    case Phase::Answering:
        readAhead();
        break;
    case Phase::WebSocket: {
        const TimePoint now = Clock::now();
        for (qint64 size = 0; m_phase == Phase::WebSocket
             && (size = m_stream->read(buffer.data(), qint64(buffer.size()))) > 0;)
            m_connection->receive({buffer.data(), std::size_t(size)}, now);
        break;
    }
    case Phase::Lingering:
        while (m_stream->read(buffer.data(), qint64(buffer.size())) > 0) { }
        break;
    case Phase::Upgrading:
    case Phase::Closed:
        break;
    }
}

void Link::readRequests()
{
    auto &buffer = m_front.m_readBuffer;
    while (m_phase == Phase::Http && !m_held) {
        const qint64 room = m_wait == HttpPipeline::Wait::Body ? qint64(buffer.size()) : requestsAtOnce;
        const qint64 size = m_stream->read(buffer.data(), room);
        if (size <= 0)
            return;
        m_pipeline->append(QByteArrayView(buffer.data(), size));
        advance();
    }
}

void Link::readAhead()
{
    auto &buffer = m_front.m_readBuffer;
    while (m_phase == Phase::Answering) {
        const qsizetype room = readAheadLimit - m_pipeline->buffered();
        if (room <= 0) {
            m_stream->setReading(false);
            return;
        }
        const qint64 size = m_stream->read(buffer.data(), std::min(qint64(room), qint64(buffer.size())));
        if (size <= 0)
            return;
        m_pipeline->append(QByteArrayView(buffer.data(), size));
    }
}

void Link::advance()
{
    while (m_phase == Phase::Http) {
        if (bytesQueued() > answersAhead) {
            m_held = true; // until the kernel takes bytes
            m_stream->setReading(false);
            return;
        }
        HttpPipeline::Step step = m_pipeline->next();
        if (const auto *more = std::get_if<HttpPipeline::NeedMore>(&step)) {
            awaitMore(more->wait);
            return;
        }
        if (std::holds_alternative<HttpPipeline::SendContinue>(step)) {
            write("HTTP/1.1 100 Continue\r\n\r\n");
        } else if (auto *request = std::get_if<HttpPipeline::Request>(&step)) {
            dispatch(std::move(*request));
        } else if (auto *upgrade = std::get_if<HttpPipeline::Upgrade>(&step)) {
            startUpgrade(std::move(*upgrade));
        } else if (const auto *failure = std::get_if<HttpPipeline::Failure>(&step)) {
            metrics().closed(FrontMetrics::Closing::BadRequest);
            reject(problemOf(failure->status, failure->detail));
        }
    }
}

void Link::awaitMore(HttpPipeline::Wait what)
{
    const TransportLimits &limits = m_front.m_settings.limits;
    if (m_peerFinished) { // and said all that it had to say
        linger(false);
        return;
    }
    if (what == HttpPipeline::Wait::Body && !affordBody()) {
        metrics().closed(FrontMetrics::Closing::BodyMemory);
        reject({.cause = ProblemCause::Overloaded,
                .detail = "Too many large bodies are under way; try again.",
                .retryAfterSeconds = 1});
        return;
    }
    if (what == m_wait && what != HttpPipeline::Wait::NextRequest)
        return; // the deadline runs
    m_wait = what;
    wait(Phase::Http,
         what == HttpPipeline::Wait::NextRequest ? limits.idleTimeout
             : what == HttpPipeline::Wait::Head  ? limits.headTimeout
                                                 : limits.bodyTimeout);
}

/// Takes from limits.body_memory what is held of a body, when it is more than everybody may hold.
bool Link::affordBody()
{
    const auto &budget = m_front.m_settings.bodyMemory;
    const std::int64_t more = m_pipeline->held() - freeBody - m_bodyMemory;
    if (!budget || more <= 0)
        return true;
    if (!budget->take(more))
        return false;
    m_bodyMemory += more;
    return true;
}

void Link::giveBackBodyMemory()
{
    if (m_bodyMemory > 0)
        m_front.m_settings.bodyMemory->giveBack(std::exchange(m_bodyMemory, 0));
}

// Requests

void Link::describe(HttpHead &head)
{
    const ClientView client = seeThroughProxies(
        m_peer, m_secure, head.host, ForwardedFields::of(head.headers), m_front.m_settings.trustedProxies);
    HttpRequest &request = m_request.emplace();
    request.method = QByteArray::fromStdString(head.method);
    request.path = QByteArray::fromStdString(head.path);
    request.headers = std::move(head.headers);
    request.peer = client.address;
    request.secure = client.secure;
    request.host = client.host.empty() ? QByteArray("localhost") : QByteArray::fromStdString(client.host);
}

/// Counts the connection for the client that asks now, when a trusted proxy carries it. False: that client
/// has too many, and was told so.
bool Link::admitClient()
{
    if (m_slot.attribute(m_request->peer))
        return true;
    metrics().rejected(FrontMetrics::Rejection::Address);
    reject({.cause = ProblemCause::RateLimited, .detail = "Too many connections from this address."});
    return false;
}

void Link::makeVirtual()
{
    m_virtual = new VirtualSocket(this, m_peer, 0, {}, 0);
}

void Link::dispatch(HttpPipeline::Request request)
{
    giveBackBodyMemory();
    describe(request.head);
    m_closeAfterAnswer = !request.head.keepAlive || m_front.m_draining;
    if (!admitClient())
        return;
    const HttpRoute *route = m_front.m_router.find(m_request->path);
    if (m_front.m_settings.engine == Engine::Direct && route && route->isHot
        && request.head.method == "POST") {
        wait(Phase::Answering, Duration::zero());
        m_request->body = std::move(request.body);
        m_feeding = true;
        m_front.m_router.serve(*m_request, [self = m_self](const HttpResponse &response) {
            if (*self)
                (*self)->answerDirectly(response);
        });
        m_feeding = false;
        return;
    }
    dispatchToQt(request);
}

void Link::dispatchToQt(const HttpPipeline::Request &request)
{
    if (!isKnownMethod(request.head.method)) {
        HttpResponse response = problemResponse(
            {.cause = ProblemCause::MethodNotAllowed, .detail = "This method is not known here."},
            m_request->path);
        response.headers.emplace_back("Allow", m_front.m_router.allowed(m_request->path));
        rejectWith(response);
        return;
    }
    wait(Phase::Answering, Duration::zero());
    if (!m_virtual) {
        makeVirtual();
        m_front.offerHttp(m_virtual);
    }
    m_front.m_http->expect(this);
    m_feeding = true;
    const QByteArray text = canonicalRequest(request.head, request.body);
    m_virtual->feed(text.constData(), text.size());
    m_feeding = false;
    if (!m_front.m_http->taken()) {
        // A target that passed our grammar but not QUrl's.
        m_front.m_http->expect(nullptr);
        reject(problemOf(400, "The request's target cannot be read."));
    }
}

void Link::answerDirectly(const HttpResponse &response)
{
    if (m_phase != Phase::Answering)
        return;
    if (!m_gone) {
        metrics().answered(response.status);
        write(responseText(response, m_closeAfterAnswer));
    }
    answered();
}

void Link::answered()
{
    m_request.reset();
    m_slot.unattribute();
    if (m_gone) {
        finish();
        return;
    }
    if (m_closeAfterAnswer || m_front.m_draining) {
        linger(false);
        return;
    }
    m_wait = HttpPipeline::Wait::NextRequest;
    wait(Phase::Http, m_front.m_settings.limits.idleTimeout);
    if (m_feeding)
        return; // advance() goes on
    advance();
    if (!m_held)
        m_stream->setReading(true);
}

void Link::reject(const Problem &problem)
{
    rejectWith(problemResponse(problem, m_request ? m_request->path : QByteArray()));
}

void Link::rejectWith(const HttpResponse &response)
{
    metrics().answered(response.status);
    write(responseText(response, true));
    linger(true);
}

// The upgrade

void Link::startUpgrade(HttpPipeline::Upgrade upgrade)
{
    const std::string *originField = upgrade.head.find("origin");
    const auto origin = originField ? std::optional<std::string>(*originField) : std::nullopt;
    const bool manyOrigins = upgrade.head.count("origin") > 1;
    const FrontSettings &settings = m_front.m_settings;
    const auto checked = checkUpgrade(upgrade.head, settings.webSocketPath);
    describe(upgrade.head);
    if (settings.webSocketPath.empty()) {
        reject({.cause = ProblemCause::NotFound, .detail = "There is no WebSocket here."});
        return;
    }
    if (!checked) {
        reject(checked.error());
        return;
    }
    if (manyOrigins
        || !settings.origins.allows(origin,
                                    {m_request->host.constData(), std::size_t(m_request->host.size())})) {
        reject({.cause = ProblemCause::OriginRefused, .detail = "Pages of this origin may not connect."});
        return;
    }
    if (!admitClient())
        return;
    m_early = std::move(upgrade.rest);
    m_subprotocol = QByteArray::fromStdString(checked->subprotocol);
    wait(Phase::Upgrading, settings.limits.headTimeout);
    if (m_virtual) // the connection carried plain requests before
        std::exchange(m_virtual, nullptr)->hangUp();
    makeVirtual();
    m_front.startUpgrade(m_virtual);
    const std::string request = canonicalUpgradeRequest(*checked, settings.webSocketPath);
    m_virtual->feed(request.data(), qint64(request.size()));
}

void Link::upgraded(QWebSocket *webSocket)
{
    wait(Phase::WebSocket, Duration::zero());
    m_pipeline.reset();
    m_front.m_metrics.httpConnections.fetch_sub(1, std::memory_order_relaxed);
    m_front.m_metrics.webSocketConnections.fetch_add(1, std::memory_order_relaxed);

    WebSocketConnection::Facts facts{m_front.m_thread->nextConnectionId(), m_request->peer, m_request->secure,
                                     m_subprotocol};
    m_request.reset();
    const ConnectionId id = facts.id;
    if (m_front.m_settings.engine == Engine::Direct) {
        // The handshake was all that Qt's server had to do.
        std::exchange(m_virtual, nullptr)->hangUp();
        webSocket->deleteLater();
        m_connection = std::make_unique<FramedConnection>(std::move(facts), *this, m_front.m_settings.limits);
    } else {
        m_connection = std::make_unique<QtFramedConnection>(std::move(facts), *this,
                                                            m_front.m_settings.limits, webSocket);
    }
    m_connection->setHandler(m_front.m_handlerFactory(*m_connection));
    m_front.m_thread->registerConnection(id, &m_connection->handler());
    if (QByteArray early = std::exchange(m_early, {}); !early.isEmpty())
        m_connection->receive({early.data(), std::size_t(early.size())}, Clock::now());
    onReadable();
}

// The WebSocket connection

void Link::writeFrame(websocket::Opcode opcode, std::string_view payload)
{
    std::string head; // fits without an allocation
    websocket::appendFrameHead(head, opcode, payload.size());
    write(head);
    write(payload);
}

void Link::feedVirtual(std::string_view bytes)
{
    if (m_virtual)
        m_virtual->feed(bytes.data(), qint64(bytes.size()));
}

void Link::closeWebSocket(std::string_view payload, bool clean)
{
    if (m_virtual)
        std::exchange(m_virtual, nullptr)->hangUp();
    if (!payload.empty())
        writeFrame(websocket::Opcode::Close, payload);
    if (m_phase == Phase::WebSocket)
        linger(!clean);
    m_connection->ended(clean);
}

// Bytes out

void Link::write(std::string_view bytes)
{
    if (m_gone || m_phase == Phase::Closed)
        return;
    if (bytesQueued() == 0)
        m_progress = Clock::now();
    m_stream->write(bytes);
    const qint64 limit = m_front.m_settings.limits.sendQueue;
    if (limit > 0 && m_phase == Phase::WebSocket && bytesQueued() > limit && !m_overflowed) {
        // Not from inside a handler's send().
        m_overflowed = true;
        metrics().closed(FrontMetrics::Closing::SlowConsumer);
        QMetaObject::invokeMethod(this, &Link::abort, Qt::QueuedConnection);
    }
}

void Link::writeToPeer(const char *bytes, qint64 size)
{
    if (m_phase == Phase::Upgrading)
        m_front.m_upgrading = this;
    write({bytes, std::size_t(size)});
}

void Link::onBytesTaken()
{
    m_progress = Clock::now();
    if (m_connection)
        m_connection->bytesTaken();
    if (m_held && bytesQueued() <= answersAhead) {
        m_held = false;
        m_stream->setReading(true);
        advance();
    }
    if (m_phase == Phase::Lingering)
        sayTheEnd();
}

// The end

void Link::virtualSocketClosed()
{
    m_virtual = nullptr;
    switch (m_phase) {
    case Phase::WebSocket: // the close frames were exchanged, or ours is the last word
        linger(false);
        m_connection->ended(true);
        break;
    case Phase::Upgrading:
        metrics().closed(FrontMetrics::Closing::BadRequest);
        linger(false);
        break;
    default: // QHttpServer gave up on a request: see dispatchToQt()
        break;
    }
}

void Link::linger(bool peerIsSending)
{
    m_peerIsSending = peerIsSending;
    // The sending side is shut first, and what comes is thrown away until the peer closes too.
    m_pipeline.reset(); // holds what will be no request any more
    giveBackBodyMemory();
    m_held = false;
    m_wait = HttpPipeline::Wait::Head;
    wait(Phase::Lingering, m_front.m_settings.limits.closeTimeout);
    m_stream->setReading(true);
    sayTheEnd();
}

void Link::sayTheEnd()
{
    if (bytesQueued() > 0)
        return;
    if (!std::exchange(m_endSaid, true))
        m_stream->finishWriting(m_peerIsSending);
    if (m_peerFinished)
        abort();
    else
        onReadable();
}

void Link::onPeerFinished()
{
    m_peerFinished = true;
    switch (m_phase) {
    case Phase::Http: // in the middle of a request, or between two
        if (m_wait == HttpPipeline::Wait::NextRequest && bytesQueued() > 0)
            linger(false); // it may still read
        else
            abort();
        break;
    case Phase::Upgrading:
    case Phase::WebSocket:
        abort();
        break;
    case Phase::Lingering:
        if (bytesQueued() == 0)
            abort();
        break;
    case Phase::Answering: // it waits for what it asked for
    case Phase::Closed:
        break;
    }
}

void Link::abort()
{
    m_stream->abort();
    onGone();
}

void Link::onGone()
{
    if (std::exchange(m_gone, true))
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
