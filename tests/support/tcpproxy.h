// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/socket.h"

#include <QObject>
#include <QTcpServer>

#include <memory>
#include <vector>

namespace msgsrv::test {

/// A TCP proxy on 127.0.0.1 that can do to its connections what networks do.
class TcpProxy : public QObject
{
    Q_OBJECT

public:
    /// Forwards to @p target (`host:port`).
    explicit TcpProxy(const QByteArray &target);

    /// Where clients connect to.
    [[nodiscard]] QByteArray address() const;

    /// From now on nothing passes in either direction and neither side learns that the other has gone: a
    /// pulled cable. Bytes that were on the way are kept for resume().
    void stall();
    void resume();
    /// Both sides of every connection get a RST.
    void reset();
    /// The server reads the end of the client's stream, while its own direction stays open.
    void halfCloseTowardsServer();

    [[nodiscard]] int connectionCount() const { return int(m_pairs.size()); }

private:
    struct Pair
    {
        SocketPtr client;
        SocketPtr server;
    };

    void onNewConnection();
    void pump(QTcpSocket &from, QTcpSocket &to) const;
    void pumpAll();
    void onEnd(QTcpSocket &ended);

    QByteArray m_target;
    QTcpServer m_listener;
    std::vector<std::unique_ptr<Pair>> m_pairs;
    bool m_stalled = false;
};

} // namespace msgsrv::test
