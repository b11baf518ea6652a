// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QSocketNotifier>
#include <QTcpServer>

#include <memory>

namespace msgsrv {

class Front;

/// Accepts from one listening socket, a bounded number of connections per turn of the event loop, and pauses
/// while the process is out of descriptors: what comes meanwhile waits in the kernel's backlog. It is a
/// QTcpServer only because QHttpServer takes its sockets from one: it never accepts by itself.
class Listener final : public QTcpServer
{
    Q_OBJECT

public:
    /// Owns @p descriptor. @p descriptorCeiling: see FrontSettings.
    Listener(Front &front, int descriptor, int acceptsPerTurn, int descriptorCeiling = 0);
    ~Listener() override;

    /// Lets QHttpServer find @p socket.
    void offer(QTcpSocket *socket) { addPendingConnection(socket); }
    [[nodiscard]] QTcpSocket *nextPendingConnection() override;
    [[nodiscard]] bool isPaused() const { return m_paused; }
    /// Goes on after a pause when there are descriptors again. Called by the front's sweep: nothing tells
    /// when another part of the process closes one.
    void resumeAfterPause();
    /// Closes the listening socket.
    void stop();

private:
    void acceptSome();
    void pause();
    [[nodiscard]] bool isBelowCeiling(int descriptor) const;
    [[nodiscard]] bool hasDescriptors() const;

    Front &m_front;
    const int m_descriptor; // owned; QTcpServer has a duplicate
    const int m_acceptsPerTurn;
    const int m_descriptorCeiling;
    QSocketNotifier m_notifier;
    bool m_paused = false;
};

} // namespace msgsrv
