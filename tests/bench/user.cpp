// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/user.h"

#include "tests/bench/fail.h"
#include "tests/bench/wire.h"

namespace msgsrv::bench {

namespace {

constexpr std::uint32_t mask = 0x5a3c96a5; // any value: only browsers need an unforeseeable one

bool startsWith(std::string_view text, std::string_view start)
{
    return text.substr(0, start.size()) == start;
}

} // namespace

/// A kept-alive HTTP connection with one request under way at most.
class User::Http final : public Channel
{
public:
    Http(User &user, int fd)
        : Channel(user.m_loop, fd, true)
        , m_user(user)
    { }

    void request(std::string_view path, std::string_view type, std::string_view key, std::string_view body)
    {
        std::string text = "POST ";
        text.append(path).append(" HTTP/1.1\r\nHost: bench\r\nContent-Type: ").append(type);
        if (!key.empty())
            text.append("\r\nAuthorization: Bearer ").append(key);
        text.append("\r\nContent-Length: ")
            .append(std::to_string(body.size()))
            .append("\r\n\r\n")
            .append(body);
        write(text);
    }

protected:
    std::size_t onData(std::string_view bytes) override
    {
        const HttpMessage answer = readHttp(bytes);
        if (answer.size == 0)
            return 0;
        if (!m_user.m_isReady) {
            m_user.onConnectAnswer(answer.status(), answer.body);
        } else {
            if (answer.status() != 200 && answer.status() != 202)
                m_user.failed(bytes);
            m_user.m_observer.onPosted(m_user);
        }
        return answer.size;
    }
    void onClosed() override { m_user.failed("the server closed the HTTP connection"); }

private:
    User &m_user;
};

class User::WebSocket final : public Channel
{
public:
    WebSocket(User &user, int fd)
        : Channel(user.m_loop, fd, true)
        , m_user(user)
    { }

    void upgrade(const std::string &path)
    {
        write("GET " + path
              + " HTTP/1.1\r\nHost: bench\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                "Sec-WebSocket-Protocol: v12.stomp\r\n\r\n");
    }

    void send(std::string_view payload)
    {
        static thread_local std::string frame;
        frame.clear();
        appendFrame(frame, WebSocketFrame::Text, payload, mask);
        write(frame);
    }

protected:
    std::size_t onData(std::string_view bytes) override
    {
        std::size_t consumed = 0;
        if (!m_upgraded) {
            const HttpMessage answer = readHttp(bytes);
            if (answer.size == 0)
                return 0;
            if (answer.status() != 101)
                m_user.failed(bytes);
            m_upgraded = true;
            consumed = answer.size;
            m_user.onUpgraded();
        }
        while (consumed < bytes.size()) {
            const WebSocketFrame frame = readFrame(bytes.substr(consumed));
            if (frame.size == 0)
                break;
            consumed += frame.size;
            if (frame.opcode == WebSocketFrame::Ping) {
                std::string pong;
                appendFrame(pong, WebSocketFrame::Pong, frame.payload, mask);
                write(pong);
            } else if (frame.opcode == WebSocketFrame::Close) {
                m_user.failed(
                    "the server closed the WebSocket: "
                    + std::string(frame.payload.substr(std::min<std::size_t>(2, frame.payload.size()))));
            } else {
                m_user.onFrame(frame.payload);
            }
        }
        return consumed;
    }
    void onClosed() override { m_user.failed("the server closed the WebSocket's connection"); }

private:
    User &m_user;
    bool m_upgraded = false;
};

User::User(Loop &loop, const Target &target, UserObserver &observer, int index, Role role, int pair)
    : m_loop(loop)
    , m_target(target)
    , m_observer(observer)
    , m_index(index)
    , m_role(role)
    , m_pair(pair)
{ }

User::~User() = default;

std::string User::name() const
{
    return "bench-" + m_target.run + '-' + std::to_string(m_index);
}

void User::open()
{
    m_http = std::make_unique<Http>(*this, connectTo(m_target.http, m_index));
    m_http->request("/connect", "application/x-www-form-urlencoded", {}, "userId=" + name());
}

void User::onConnectAnswer(int status, std::string_view body)
{
    constexpr std::string_view member = "\"listeningKey\":\"";
    const std::size_t at = body.find(member);
    if (status != 200 || at == std::string_view::npos)
        failed(body);
    const std::size_t start = at + member.size();
    m_key = body.substr(start, body.find('"', start) - start);
    m_http->close();
    m_loop.retire(std::move(m_http));

    m_webSocket = std::make_unique<WebSocket>(*this, connectTo(m_target.stomp, m_index));
    std::string path = "/ws";
    if (m_target.protocol == Target::Protocol::Floor)
        path = m_role == Role::Idle ? "/idle"
                                    : (m_role == Role::Sender ? "/a/" : "/b/") + std::to_string(m_pair);
    m_webSocket->upgrade(path);
}

void User::onUpgraded()
{
    if (m_target.protocol == Target::Protocol::Floor) {
        ready();
        return;
    }
    sendFrame("CONNECT\naccept-version:1.2\nhost:bench\nheart-beat:0,0\nlogin:" + name()
              + "\npasscode:" + m_key + "\n\n");
}

void User::sendFrame(std::string frame)
{
    frame += '\0';
    m_webSocket->send(frame);
}

void User::onFrame(std::string_view payload)
{
    if (m_target.protocol == Target::Protocol::Floor) {
        m_observer.onMessage(*this, payload);
    } else if (startsWith(payload, "MESSAGE\n")) {
        onMessageFrame(payload);
    } else if (startsWith(payload, "CONNECTED\n")) {
        sendFrame("SUBSCRIBE\nid:0\nack:" + m_target.ack + "\nreceipt:subscribed\ndestination:/queue/" + m_key
                  + "\n\n");
    } else if (startsWith(payload, "RECEIPT\n")) {
        ready();
    } else if (payload != "\n") { // a heart-beat
        failed(payload);
    }
}

void User::onMessageFrame(std::string_view payload)
{
    const std::size_t headEnd = std::min(payload.find("\n\n"), payload.size());
    const std::string_view head = payload.substr(0, headEnd);
    if (head.find("\nevent:") != std::string_view::npos)
        failed(payload);
    if (head.find("\nsubscription:topic") != std::string_view::npos) {
        m_observer.onTopicMessage(*this);
        return;
    }
    if (m_target.ack != "auto") {
        constexpr std::string_view header = "\nack:";
        const std::size_t at = head.find(header);
        if (at == std::string_view::npos)
            failed(payload);
        const std::string_view id = head.substr(at + header.size());
        sendFrame("ACK\nid:" + std::string(id.substr(0, id.find('\n'))) + "\n\n");
    }
    m_observer.onMessage(*this, payload.substr(headEnd));
}

void User::subscribeToTopic()
{
    sendFrame("SUBSCRIBE\nid:topic\nreceipt:subscribed\ndestination:/topic/bench\n\n");
}

void User::sendToTopic(std::string_view content)
{
    sendTo("/topic/bench", content);
}

void User::ready()
{
    m_isReady = true;
    m_observer.onReady(*this);
}

void User::send(const User &receiver, std::string_view content)
{
    if (m_target.protocol == Target::Protocol::Floor) {
        m_webSocket->send(content);
        return;
    }
    sendTo("/user/" + receiver.name(), content);
}

void User::sendTo(std::string_view destination, std::string_view content)
{
    static thread_local std::string frame;
    frame = "SEND\ndestination:";
    frame.append(destination).append("\ncontent-type:text/plain\ncontent-length:");
    frame.append(std::to_string(content.size())).append("\n\n").append(content);
    frame += '\0';
    m_webSocket->send(frame);
}

void User::post(const User &receiver, std::string_view content)
{
    if (!m_http)
        m_http = std::make_unique<Http>(*this, connectTo(m_target.http, m_index));
    if (m_target.protocol == Target::Protocol::Floor) {
        m_http->request("/a/" + std::to_string(m_pair), "application/octet-stream", {}, content);
        return;
    }
    static thread_local std::string body;
    body = R"({"toUserId":")";
    body.append(receiver.name()).append(R"(","content":")").append(content).append("\"}");
    m_http->request("/exchange", "application/json", m_key, body);
}

void User::failed(std::string_view what) const
{
    fail(name() + ": " + std::string(what));
}

} // namespace msgsrv::bench
