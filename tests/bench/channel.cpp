// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/bench/channel.h"

#include "tests/bench/fail.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace msgsrv::bench {

namespace {

constexpr int usersPerAddress = 400;

const sockaddr *generic(const sockaddr_in &address)
{
    return reinterpret_cast<const sockaddr *>(&address);
}

void setOption(int fd, int level, int option)
{
    const int on = 1;
    if (::setsockopt(fd, level, option, &on, sizeof on) < 0)
        failErrno("setsockopt");
}

} // namespace

sockaddr_in parseAddress(const std::string &text)
{
    const std::size_t colon = text.rfind(':');
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    if (colon == std::string::npos
        || ::inet_pton(AF_INET, text.substr(0, colon).c_str(), &address.sin_addr) != 1)
        fail("not an IPv4 address and port: " + text);
    address.sin_port = htons(std::uint16_t(std::atoi(text.c_str() + colon + 1)));
    return address;
}

int listenOn(const sockaddr_in &address)
{
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        failErrno("socket");
    setOption(fd, SOL_SOCKET, SO_REUSEADDR);
    if (::bind(fd, generic(address), sizeof address) < 0)
        failErrno("bind");
    if (::listen(fd, 4096) < 0)
        failErrno("listen");
    return fd;
}

int connectTo(const sockaddr_in &server, int user)
{
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        failErrno("socket");
    setOption(fd, IPPROTO_TCP, TCP_NODELAY);
    setOption(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT);
    sockaddr_in source = {};
    source.sin_family = AF_INET;
    source.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + std::uint32_t(user / usersPerAddress));
    if (::bind(fd, generic(source), sizeof source) < 0)
        failErrno("bind");
    if (::connect(fd, generic(server), sizeof server) < 0 && errno != EINPROGRESS)
        failErrno("connect");
    return fd;
}

Channel::Channel(Loop &loop, int fd, bool connecting)
    : m_loop(loop)
    , m_fd(fd)
    , m_connecting(connecting)
    , m_writable(connecting)
{
    m_loop.add(*this, m_fd, m_writable);
}

Channel::~Channel()
{
    close();
}

void Channel::write(std::string_view bytes)
{
    if (!isOpen())
        return;
    if (m_out.empty() && !m_connecting) {
        const ssize_t written = ::send(m_fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (written > 0)
            bytes.remove_prefix(std::size_t(written));
        if (bytes.empty())
            return;
    }
    m_out += bytes;
    wantWritable(true);
}

void Channel::close()
{
    if (isOpen())
        ::close(m_fd);
    m_fd = -1;
}

void Channel::handle(std::uint32_t events)
{
    if (isOpen() && (events & EPOLLOUT) != 0) {
        if (m_connecting) {
            int error = 0;
            socklen_t size = sizeof error;
            ::getsockopt(m_fd, SOL_SOCKET, SO_ERROR, &error, &size);
            if (error != 0) {
                close();
                onClosed();
                return;
            }
            m_connecting = false;
            onConnected();
        }
        flush();
    }
    if (isOpen() && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !onReady())
        read();
}

void Channel::read()
{
    static thread_local std::array<char, 256 * 1024> buffer;
    const ssize_t count = ::recv(m_fd, buffer.data(), buffer.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (count <= 0) {
        close();
        onClosed();
        return;
    }
    std::string_view bytes(buffer.data(), std::size_t(count));
    if (!m_in.empty()) {
        m_in += bytes;
        bytes = m_in;
    }
    const std::size_t consumed = onData(bytes);
    if (consumed == bytes.size())
        std::string().swap(m_in);
    else if (m_in.empty())
        m_in.assign(bytes.substr(consumed));
    else
        m_in.erase(0, consumed);
}

void Channel::flush()
{
    if (!m_out.empty()) {
        const ssize_t written = ::send(m_fd, m_out.data(), m_out.size(), MSG_NOSIGNAL);
        if (written > 0)
            m_out.erase(0, std::size_t(written));
    }
    if (m_out.empty()) {
        std::string().swap(m_out);
        wantWritable(false);
    }
}

void Channel::wantWritable(bool wanted)
{
    if (m_writable == wanted)
        return;
    m_writable = wanted;
    m_loop.change(*this, m_fd, wanted);
}

} // namespace msgsrv::bench
