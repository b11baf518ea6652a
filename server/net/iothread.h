// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/connection.h"
#include "server/net/epolldispatcher.h"
#include "server/net/handlertable.h"
#include "server/net/inbox.h"
#include "server/net/joinedthread.h"
#include "server/net/pacer.h"
#include "server/net/standstill.h"
#include "server/net/sweepable.h"
#include "shared/base/executor.h"

#include <functional>
#include <memory>
#include <optional>
#include <variant>

class QTimer;

namespace msgsrv {

/// One I/O thread: an event loop over epoll, an inbox, the table of its connections, and one sweep timer. The
/// sweep goes over the connections four times a second, a few hundred at a time, so that a message never
/// waits for all of them. The object itself belongs to the thread that constructs it, which also starts and
/// stops it.
class IoThread final : private Executor
{
public:
    static constexpr uint defaultStackBytes = 8 * 1024 * 1024;

    /// @p index is part of the ids of its connections. Its name is io-<index> unless @p name is set.
    explicit IoThread(unsigned index, uint stackBytes = defaultStackBytes, const QString &name = {});
    /// Stops the thread when it still runs.
    ~IoThread() override;

    /// Starts the thread, runs @p setUp in it, and returns when that is done. Once only.
    void start(std::function<void()> setUp);
    /// Ends the sweeps, runs @p tearDown in the thread after everything that came before, and joins it. What
    /// waits in the inbox then, or comes later, is destroyed unhandled. Not running: nothing.
    void stop(std::function<void()> tearDown = {});

    // Any thread
    [[nodiscard]] unsigned index() const { return m_index; }
    /// Tasks are run in the order in which they, and the calls below, came.
    [[nodiscard]] Executor &executor() { return *this; }
    /// ConnectionHandler::onMessagesReady() of @p consumer.
    void messagesReady(ConnectionId consumer, const ListeningKey &queue);
    /// ConnectionHandler::onCloseRequested() of @p connection.
    void requestClose(ConnectionId connection, quint16 code, const QByteArray &reason);
    /// ConnectionHandler::onProbe() of @p connection; @p done(false) when there is no such connection.
    void probe(ConnectionId connection, std::function<void(bool)> done);
    /// ConnectionHandler::onDraining() of @p connection.
    void tellDraining(ConnectionId connection, milliseconds reconnectAfter);

    // The I/O thread itself
    [[nodiscard]] ConnectionId nextConnectionId() { return makeConnectionId(m_index, ++m_lastSerial); }
    /// From now on @p handler gets what is meant for @p id, and the ticks. It is borrowed.
    void registerConnection(ConnectionId id, ConnectionHandler *handler);
    /// Unknown id: nothing.
    void unregisterConnection(ConnectionId id);
    [[nodiscard]] std::size_t connectionCount() const { return m_handlers.size(); }
    [[nodiscard]] std::vector<ConnectionId> connectionIds() const { return m_handlers.ids(); }
    /// Null when there is no such connection.
    [[nodiscard]] ConnectionHandler *findConnection(ConnectionId id) const { return m_handlers.find(id); }
    /// onCloseRequested() of every connection, at once.
    void requestCloseOfAll(quint16 code, const QByteArray &reason);
    /// @p sweepable is borrowed until it is removed, or until stop() runs the tear-down.
    void addSweepable(Sweepable *sweepable);
    /// Not added: nothing.
    void removeSweepable(Sweepable *sweepable);

    /// What the event loop did; zeros when it does not run. Called by the thread that owns this object.
    [[nodiscard]] EpollDispatcher::Statistics statistics() const;

private:
    using Task = std::function<void()>;
    struct MessagesReady
    {
        ConnectionId consumer{};
        ListeningKey queue;
    };
    struct CloseRequested
    {
        ConnectionId connection{};
        quint16 code = 0;
        QByteArray reason;
    };
    using Entry = std::variant<MessagesReady, CloseRequested, Task>;

    // Executor
    void post(Task task) override;
    [[nodiscard]] bool isCurrent() const override;

    void handle(Entry &&entry);
    void startSweeping();
    void stopSweeping();
    void sweep();

    const unsigned m_index;
    JoinedThread m_thread;
    EpollDispatcher *m_dispatcher = nullptr; // while the thread runs, which owns it
    Inbox<Entry> m_inbox; // the thread's

    // The I/O thread's own
    HandlerTable m_handlers;
    std::optional<Standstill> m_standstill; ///< while sweeping
    Pacer m_tickPacer;
    VisitList<Sweepable> m_sweepables;
    std::unique_ptr<QTimer> m_sweepTimer;
    std::uint64_t m_lastSerial = 0;
};

} // namespace msgsrv
