// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QSocketNotifier>
#include <QTcpServer>

#include <memory>

namespace msgsrv {

class Front;

/// Accepts from one listening socket, a bounded number of connections per turn of the event loop, and pauses
/// while the process is out of descriptors. It is a QTcpServer only because QHttpServer takes its sockets
/// from one: it never accepts by itself.
class Listener final : public QTcpServer
{
    Q_OBJECT

public:
    /// Owns @p descriptor.
    Listener(Front &front, int descriptor, int acceptsPerTurn);
    ~Listener() override;

    /// Lets QHttpServer find @p socket.
    void offer(QTcpSocket *socket) { addPendingConnection(socket); }
    [[nodiscard]] QTcpSocket *nextPendingConnection() override;
    /// Tries again after a pause.
    void resumeAfterPause();
    /// Closes the listening socket.
    void stop();

private:
    void acceptSome();

    Front &m_front;
    const int m_descriptor; // owned; QTcpServer has a duplicate
    const int m_acceptsPerTurn;
    QSocketNotifier m_notifier;
};

} // namespace msgsrv
