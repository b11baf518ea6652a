// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/websocketconnection.h"

#include "server/net/frontsettings.h"
#include "server/net/link.h"
#include "shared/base/utf8.h"

#include <QDateTime>

#include <utility>

namespace msgsrv {

namespace {
/// Above this many waiting bytes a sender is asked to stop, below half of it to go on.
constexpr qint64 usualHighWater = 256 * 1024;

FrontMetrics::Closing closingOf(websocket::Breach breach)
{
    switch (breach) {
    case websocket::Breach::TooBig:
        return FrontMetrics::Closing::MessageTooBig;
    case websocket::Breach::TooManyFragments:
        return FrontMetrics::Closing::TooManyFragments;
    case websocket::Breach::TooManyControlFrames:
        return FrontMetrics::Closing::TooManyControlFrames;
    case websocket::Breach::Protocol:
    case websocket::Breach::NotUtf8:
        break;
    }
    return FrontMetrics::Closing::BadFrame;
}

} // namespace

WebSocketConnection::WebSocketConnection(Facts facts, Link &link, const TransportLimits &limits)
    : m_facts(std::move(facts))
    , m_link(link)
    , m_limits(limits)
    , m_reader({limits.body, limits.fragments})
    , m_now(Clock::now())
    , m_openedAtMs(QDateTime::currentMSecsSinceEpoch())
{ }

void WebSocketConnection::setHandler(std::unique_ptr<ConnectionHandler> handler)
{
    m_handler = std::move(handler);
}

qint64 WebSocketConnection::bytesQueued() const
{
    return m_link.bytesQueued();
}

SendResult WebSocketConnection::send(std::string_view bytes)
{
    return m_closing || m_ended ? SendResult::Dropped : send(bytes, isUtf8(bytes));
}

SendResult WebSocketConnection::send(std::string_view bytes, bool isText)
{
    if (m_closing || m_ended)
        return SendResult::Dropped;
    ++m_messagesOut;
    m_bytesOut += bytes.size();
    writeMessage(bytes, isText);
    if (bytesQueued() <= m_limits.highWater(usualHighWater))
        return SendResult::Sent;
    m_backedUp = true; // until bytesTaken(), whatever is sent meanwhile
    return SendResult::Queued;
}

bool WebSocketConnection::ping()
{
    if (!m_closing && !m_ended)
        writePing();
    return true;
}

void WebSocketConnection::close(quint16 code, const QByteArray &reason)
{
    if (m_closing || m_ended)
        return;
    m_closing = true;
    if (m_limits.closeTimeout > Duration::zero())
        m_closeDeadline = Clock::now() + m_limits.closeTimeout;
    writeClose(code, reason);
}

void WebSocketConnection::abort()
{
    m_link.abort();
}

void WebSocketConnection::setMessageLimit(qint64 bytes)
{
    m_reader.setLimits({bytes, m_limits.fragments});
}

void WebSocketConnection::receive(std::span<char> bytes, TimePoint now)
{
    if (m_ended)
        return;
    m_now = now;
    m_bytesIn += bytes.size();
    m_handler->onActivity(now);
    while (!m_ended && handle(m_reader.next(bytes))) { }
}

bool WebSocketConnection::handle(const websocket::FrameEvent &event)
{
    if (const auto *message = std::get_if<websocket::MessageReceived>(&event)) {
        messageReceived(*message);
        return true;
    }
    if (std::holds_alternative<websocket::NeedMore>(event))
        return false;
    if (const auto *error = std::get_if<websocket::FrameError>(&event)) {
        refuse(*error);
        return false;
    }
    if (const auto *close = std::get_if<websocket::CloseReceived>(&event)) {
        closeReceived(*close);
        return false;
    }
    if (!admitControlFrame()) {
        refuse({websocket::Breach::TooManyControlFrames, "too many control frames"});
        return false;
    }
    if (const auto *ping = std::get_if<websocket::PingReceived>(&event))
        pingReceived(*ping);
    else
        pongReceived(std::get<websocket::PongReceived>(event));
    return true;
}

bool WebSocketConnection::admitControlFrame()
{
    if (m_limits.controlFrames <= 0)
        return true;
    if (m_now - m_controlSecond >= seconds(1)) {
        m_controlSecond = m_now;
        m_controlFrames = 0;
    }
    return ++m_controlFrames <= m_limits.controlFrames;
}

void WebSocketConnection::refuse(const websocket::FrameError &error)
{
    m_link.metrics().closed(closingOf(error.breach));
    giveUp();
    const bool first = !std::exchange(m_closing, true);
    m_link.closeWebSocket(first ? websocket::closePayload(websocket::statusOf(error.breach), error.detail)
                                : std::string(),
                          false);
}

void WebSocketConnection::bytesTaken()
{
    if (m_backedUp && !m_closing && !m_ended && bytesQueued() <= m_limits.highWater(usualHighWater) / 2) {
        m_backedUp = false;
        m_handler->onWritable();
    }
}

void WebSocketConnection::ended(bool clean)
{
    if (std::exchange(m_ended, true))
        return;
    m_handler->onClosed(clean);
}

void WebSocketConnection::deliver(std::string_view bytes, bool isText)
{
    ++m_messagesIn;
    if (!m_closing && !m_ended)
        m_handler->onMessage(bytes, isText, m_now);
}

void WebSocketConnection::describe(ConnectionFacts &facts) const
{
    facts.id = m_facts.id;
    facts.peer = m_facts.peer;
    facts.secure = m_facts.secure;
    facts.openedAtMs = m_openedAtMs;
    facts.seen = m_now;
    facts.messagesIn = m_messagesIn;
    facts.messagesOut = m_messagesOut;
    facts.bytesIn = m_bytesIn;
    facts.bytesOut = m_bytesOut;
    facts.bytesQueued = bytesQueued();
}

} // namespace msgsrv
