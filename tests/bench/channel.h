// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/bench/loop.h"

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace msgsrv::bench {

/// `127.0.0.1:8080` as a socket address; ends the program when it is none.
[[nodiscard]] sockaddr_in parseAddress(const std::string &text);

/// A non-blocking socket that listens on @p address, with a deep backlog.
[[nodiscard]] int listenOn(const sockaddr_in &address);

/// Starts to connect to @p server from 127.0.0.x, where x depends on @p user: so many connections do not
/// fit into the ports, and into a server's limit, of one address.
[[nodiscard]] int connectTo(const sockaddr_in &server, int user);

/// A TCP connection. Keeps what could not be written and what could not be understood yet, and no memory
/// beyond that.
class Channel
{
public:
    /// Owns @p fd. @p connecting: connect() is under way.
    Channel(Loop &loop, int fd, bool connecting);
    virtual ~Channel();
    Channel(const Channel &) = delete;
    Channel &operator=(const Channel &) = delete;

    void write(std::string_view bytes);
    void close();
    [[nodiscard]] bool isOpen() const { return m_fd >= 0; }

    /// What epoll reported. For the loop.
    void handle(std::uint32_t events);

protected:
    /// Called before reading; true: the socket is no stream, and all is done.
    virtual bool onReady() { return false; }
    /// Everything that came and was not consumed yet; returns how much of it is consumed now.
    virtual std::size_t onData(std::string_view bytes) = 0;
    virtual void onConnected() { }
    /// The peer closed, or the connection broke.
    virtual void onClosed() { }

    Loop &m_loop;

private:
    void read();
    void flush();
    void wantWritable(bool wanted);

    int m_fd;
    bool m_connecting;
    bool m_writable; ///< EPOLLOUT is asked for
    std::string m_in;
    std::string m_out;
};

} // namespace msgsrv::bench
