// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/iothread.h"

#include <QTimer>

#include <algorithm>
#include <future>
#include <utility>

namespace msgsrv {
namespace {

/// The time in which every connection is ticked once.
constexpr milliseconds sweepRound(250);
/// Connections that are ticked in one go, unless that made the timer faster than sweepFastest.
constexpr std::size_t ticksAtOnce = 256;
constexpr milliseconds sweepFastest(4);

milliseconds sweepInterval(std::size_t connections)
{
    const auto steps = milliseconds::rep(connections / ticksAtOnce) + 1;
    return std::max(sweepFastest, sweepRound / steps);
}

} // namespace

IoThread::IoThread(unsigned index, uint stackBytes, const QString &name)
    : m_index(index)
    , m_inbox([this](Entry &&entry) { handle(std::move(entry)); })
    , m_tickPacer(sweepRound)
{
    m_thread.setObjectName(name.isEmpty() ? QStringLiteral("io-%1").arg(index) : name);
    m_thread.setStackSize(stackBytes);
    m_inbox.moveToThread(&m_thread);
}

IoThread::~IoThread()
{
    stop();
}

void IoThread::start(std::function<void()> setUp)
{
    Q_ASSERT(!m_thread.isRunning() && !m_thread.isFinished());
    const auto ready = std::make_shared<std::promise<void>>(); // set_value() may outlast the wait
    post([this, ready, setUp = std::move(setUp)] {
        startSweeping();
        if (setUp)
            setUp();
        ready->set_value();
    });
    m_dispatcher = new EpollDispatcher;
    m_thread.setEventDispatcher(m_dispatcher);
    m_thread.start();
    ready->get_future().wait();
}

void IoThread::stop(std::function<void()> tearDown)
{
    if (!m_dispatcher)
        return;
    Q_ASSERT(!isCurrent());
    post([this, tearDown = std::move(tearDown)] {
        stopSweeping();
        if (tearDown)
            tearDown();
        m_inbox.close();
        m_thread.quit();
    });
    m_thread.join();
    m_dispatcher = nullptr;
}

void IoThread::post(Task task)
{
    m_inbox.push(std::move(task));
}

bool IoThread::isCurrent() const
{
    return QThread::currentThread() == &m_thread;
}

void IoThread::messagesReady(ConnectionId consumer, const ListeningKey &queue)
{
    m_inbox.push(MessagesReady{consumer, queue});
}

void IoThread::requestClose(ConnectionId connection, quint16 code, const QByteArray &reason)
{
    m_inbox.push(CloseRequested{connection, code, reason});
}

void IoThread::probe(ConnectionId connection, std::function<void(bool)> done)
{
    post([this, connection, done = std::move(done)] {
        if (auto *handler = m_handlers.find(connection))
            handler->onProbe(done, Clock::now());
        else
            done(false);
    });
}

void IoThread::tellDraining(ConnectionId connection, milliseconds reconnectAfter)
{
    post([this, connection, reconnectAfter] {
        if (auto *handler = m_handlers.find(connection))
            handler->onDraining(reconnectAfter, Clock::now());
    });
}

void IoThread::handle(Entry &&entry)
{
    if (const auto *ready = std::get_if<MessagesReady>(&entry)) {
        if (auto *handler = m_handlers.find(ready->consumer))
            handler->onMessagesReady(ready->queue);
    } else if (const auto *close = std::get_if<CloseRequested>(&entry)) {
        if (auto *handler = m_handlers.find(close->connection))
            handler->onCloseRequested(close->code, close->reason);
    } else {
        std::get<Task>(entry)();
    }
}

void IoThread::registerConnection(ConnectionId id, ConnectionHandler *handler)
{
    Q_ASSERT(isCurrent() && ioThreadOf(id) == m_index);
    m_handlers.add(id, handler);
}

void IoThread::unregisterConnection(ConnectionId id)
{
    Q_ASSERT(isCurrent());
    m_handlers.remove(id);
}

void IoThread::requestCloseOfAll(quint16 code, const QByteArray &reason)
{
    Q_ASSERT(isCurrent());
    m_handlers.visitAll([&](ConnectionHandler &handler) { handler.onCloseRequested(code, reason); });
}

void IoThread::addSweepable(Sweepable *sweepable)
{
    Q_ASSERT(isCurrent() && !sweepable->isSwept());
    m_sweepables.add(*sweepable);
}

void IoThread::removeSweepable(Sweepable *sweepable)
{
    Q_ASSERT(isCurrent());
    if (sweepable->isSwept())
        m_sweepables.remove(*sweepable);
}

EpollDispatcher::Statistics IoThread::statistics() const
{
    return m_dispatcher ? m_dispatcher->statistics() : EpollDispatcher::Statistics{};
}

void IoThread::startSweeping()
{
    m_standstill.emplace(Clock::now());
    m_sweepTimer = std::make_unique<QTimer>();
    QObject::connect(m_sweepTimer.get(), &QTimer::timeout, m_sweepTimer.get(), [this] { sweep(); });
    m_sweepTimer->setTimerType(Qt::PreciseTimer); // a coarse one joins what this spreads
    m_sweepTimer->start(sweepInterval(0));
}

void IoThread::stopSweeping()
{
    m_sweepTimer.reset();
    m_sweepables.clear();
}

void IoThread::sweep()
{
    const auto now = Clock::now();
    if (!m_standstill->isOver(now))
        return; // the sockets first
    m_handlers.visitSome(m_tickPacer.share(now, m_handlers.size()),
                         [now](ConnectionHandler &handler) { handler.onTick(now); });
    m_sweepables.visitAll([now](Sweepable &sweepable) { sweepable.sweep(now); });
    if (const auto interval = sweepInterval(m_handlers.size());
        interval != m_sweepTimer->intervalAsDuration())
        m_sweepTimer->setInterval(interval);
}

} // namespace msgsrv
