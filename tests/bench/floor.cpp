// SPDX-License-Identifier: GPL-3.0-or-later
//
// bench-floor: what a relay costs when it does nothing but relay. One thread, epoll, WebSocket framing; no
// sessions, no queues, no STOMP, no JSON. Whatever a messaging server spends above this is its own.
//
//   POST /connect            answers a fixed body
//   GET  /idle (Upgrade)     a WebSocket that only sits there
//   GET  /b/<n> (Upgrade)    the receiver of pair n
//   GET  /a/<n> (Upgrade)    whatever it sends goes to /b/<n>
//   POST /a/<n>              its body goes to /b/<n>
#include "tests/bench/channel.h"
#include "tests/bench/fail.h"
#include "tests/bench/loop.h"
#include "tests/bench/wire.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

using namespace msgsrv::bench;

namespace {

class Peer;
std::unordered_map<int, Peer *> receivers; // by number of the pair

class Peer final : public Channel
{
public:
    Peer(Loop &loop, int fd)
        : Channel(loop, fd, false)
    { }
    ~Peer() override
    {
        if (m_isReceiver)
            receivers.erase(m_pair);
    }

protected:
    std::size_t onData(std::string_view bytes) override
    {
        std::size_t consumed = 0;
        while (consumed < bytes.size() && isOpen()) {
            const std::size_t size
                = m_isWebSocket ? onFrame(bytes.substr(consumed)) : onHttp(bytes.substr(consumed));
            if (size == 0)
                break;
            consumed += size;
        }
        passOn();
        return consumed;
    }

    void onClosed() override { m_loop.retire(std::unique_ptr<Channel>(this)); }

private:
    std::size_t onHttp(std::string_view bytes)
    {
        const HttpMessage request = readHttp(bytes);
        if (request.size == 0)
            return 0;
        const std::size_t pathAt = request.startLine.find(' ') + 1;
        const std::string_view path
            = request.startLine.substr(pathAt, request.startLine.find(' ', pathAt) - pathAt);
        if (path.size() > 3)
            std::from_chars(path.data() + 3, path.data() + path.size(), m_pair);
        if (const std::string_view key = request.header("Sec-WebSocket-Key"); !key.empty()) {
            m_isWebSocket = true;
            m_isReceiver = path.substr(0, 3) == "/b/";
            if (m_isReceiver)
                receivers[m_pair] = this;
            write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                  "Sec-WebSocket-Protocol: v12.stomp\r\nSec-WebSocket-Accept: "
                  + acceptValue(key) + "\r\n\r\n");
        } else {
            if (path != "/connect")
                relay(request.body);
            write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 32\r\n\r\n"
                  "{\"listeningKey\":\"queue.none\"}   ");
        }
        return request.size;
    }

    std::size_t onFrame(std::string_view bytes)
    {
        const WebSocketFrame frame = readFrame(bytes);
        if (frame.size > 0 && frame.opcode <= WebSocketFrame::Binary) {
            std::string payload(frame.payload);
            applyMask(payload.data(), payload.size(), frame.mask);
            relay(payload);
        }
        return frame.size;
    }

    void relay(std::string_view payload) { appendFrame(m_relayed, WebSocketFrame::Text, payload); }

    /// What one read brought leaves in one write.
    void passOn()
    {
        if (m_relayed.empty())
            return;
        if (const auto receiver = receivers.find(m_pair); receiver != receivers.end())
            receiver->second->write(m_relayed);
        std::string().swap(m_relayed);
    }

    std::string m_relayed;
    bool m_isWebSocket = false;
    bool m_isReceiver = false;
    int m_pair = -1;
};

class Listener final : public Channel
{
public:
    Listener(Loop &loop, int fd)
        : Channel(loop, fd, false)
        , m_listening(fd)
    { }

protected:
    std::size_t onData(std::string_view) override { return 0; }
    bool onReady() override
    {
        for (int i = 0; i < 64; ++i) {
            const int fd = ::accept4(m_listening, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0)
                break;
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            new Peer(m_loop, fd); // owns itself, until onClosed()
        }
        return true;
    }

private:
    const int m_listening;
};

} // namespace

int main(int argc, char **argv)
{
    const sockaddr_in address = parseAddress(argc > 1 ? argv[1] : "127.0.0.1:0");
    const int fd = listenOn(address);
    sockaddr_in bound = {};
    socklen_t size = sizeof bound;
    ::getsockname(fd, reinterpret_cast<sockaddr *>(&bound), &size);
    Loop loop;
    const Listener listener(loop, fd);
    std::printf("ready {\"http\":\"127.0.0.1:%d\",\"stomp\":\"127.0.0.1:%d\"}\n", ntohs(bound.sin_port),
                ntohs(bound.sin_port));
    std::fflush(stdout);
    for (;;)
        loop.turn(std::chrono::nanoseconds(-1));
}
