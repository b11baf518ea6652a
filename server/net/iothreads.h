// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/iothread.h"
#include "shared/signaling/deliveryport.h"

#include <memory>
#include <vector>

namespace msgsrv {

/// All I/O threads. Whoever has a connection's id reaches its handler through here from any thread: the id
/// names the thread, and the thread's table names the handler.
class IoThreads final : public DeliveryPort, public ConnectionPort
{
public:
    /// Makes @p count threads, which are started one by one. At least 1.
    explicit IoThreads(int count, uint stackBytes = IoThread::defaultStackBytes);
    /// Stops those that still run.
    ~IoThreads() override;

    [[nodiscard]] int count() const { return int(m_threads.size()); }
    [[nodiscard]] IoThread &at(int index) { return *m_threads[std::size_t(index)]; }

    // Any thread
    void messagesReady(ConnectionId consumer, const ListeningKey &queue) override;
    void requestClose(ConnectionId connection, quint16 code, const QByteArray &reason) override;
    void probe(ConnectionId connection, std::function<void(bool)> done) override;
    /// ConnectionHandler::onDraining() of @p connection.
    void tellDraining(ConnectionId connection, milliseconds reconnectAfter);

private:
    /// Null when @p id is no connection's.
    [[nodiscard]] IoThread *ownerOf(ConnectionId id) const;

    std::vector<std::unique_ptr<IoThread>> m_threads; // never changes
};

} // namespace msgsrv
