// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/epolldispatcher.h"

#include "server/net/tsan.h"

#include <QCoreApplication>
#include <QThread>
#include <QTimerEvent>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace msgsrv {
namespace {

int makeEventDescriptor()
{
    const int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (descriptor < 0)
        qFatal("cannot create an eventfd: %s", std::strerror(errno));
    return descriptor;
}

TimerQueue::Precision toPrecision(Qt::TimerType type)
{
    switch (type) {
    case Qt::PreciseTimer:
        return TimerQueue::Precision::Exact;
    case Qt::CoarseTimer:
        return TimerQueue::Precision::Coarse;
    case Qt::VeryCoarseTimer:
        break;
    }
    return TimerQueue::Precision::Seconds;
}

Qt::TimerType toTimerType(TimerQueue::Precision precision)
{
    switch (precision) {
    case TimerQueue::Precision::Exact:
        return Qt::PreciseTimer;
    case TimerQueue::Precision::Coarse:
        return Qt::CoarseTimer;
    case TimerQueue::Precision::Seconds:
        break;
    }
    return Qt::VeryCoarseTimer;
}

/// The dispatcher whose turn this thread is in.
thread_local const EpollDispatcher *dispatcherOfThisThread = nullptr;

} // namespace

/// Marks the running turn. A turn that a slot runs inside another one must not swallow an interrupt() that
/// was meant for the outer one.
class EpollDispatcher::Turn
{
public:
    explicit Turn(EpollDispatcher &dispatcher)
        : m_dispatcher(dispatcher)
        , m_outer(std::exchange(dispatcherOfThisThread, &dispatcher))
        , m_interruptOuter(dispatcher.m_interrupted.exchange(false) && m_outer)
    { }

    ~Turn()
    {
        dispatcherOfThisThread = m_outer;
        if (m_interruptOuter)
            m_dispatcher.m_interrupted = true;
    }

    Turn(const Turn &) = delete;
    Turn &operator=(const Turn &) = delete;

private:
    EpollDispatcher &m_dispatcher;
    const EpollDispatcher *const m_outer;
    const bool m_interruptOuter;
};

EpollDispatcher::EpollDispatcher(QObject *parent)
    : QAbstractEventDispatcher(parent)
    , m_wakeUpDescriptor(makeEventDescriptor())
    , m_notifiers(m_wakeUpDescriptor)
{ }

EpollDispatcher::~EpollDispatcher()
{
    tsanAcquire(this);
    ::close(m_wakeUpDescriptor);
}

EpollDispatcher::Statistics EpollDispatcher::statistics() const
{
    return {m_notifiers.waits.get(), m_notifiers.controls.get(), m_notifiers.events.get(),
            m_notifiers.optimisticWrites.get(), m_wakeUps.get()};
}

bool EpollDispatcher::processEvents(QEventLoop::ProcessEventsFlags flags)
{
    const bool withNotifiers = !(flags & QEventLoop::ExcludeSocketNotifiers);
    const bool withTimers = !(flags & QEventLoop::X11ExcludeTimers);
    const Turn turn(*this);
    emit awake();

    const bool wasWoken = std::exchange(m_wokenHere, false);
    tsanAcquire(this); // what was posted before it was announced by wakeUp()
    QCoreApplication::sendPostedEvents();
    int handled = wasWoken ? 1 : 0;
    if (withNotifiers)
        handled += m_notifiers.runFreshWrites();

    // Who calls processEvents() wants it back once something happened; exec() only looks whether it is over.
    bool waits = flags.testFlag(QEventLoop::WaitForMoreEvents)
        && (handled == 0 || flags.testFlag(QEventLoop::EventLoopExec)) && !hasWork(withNotifiers);
    if (waits) {
        emit aboutToBlock();
        waits = !hasWork(withNotifiers);
    }
    if (m_interrupted)
        return handled > 0;

    WaitUntil until = doNotWait;
    if (waits)
        until = withTimers ? m_timers.nextDue() : std::nullopt;
    if (wait(until, withNotifiers)) {
        acknowledgeWakeUp();
        ++handled;
    }
    if (withNotifiers)
        handled += m_notifiers.activate();
    if (withTimers)
        handled += runTimers();
    return handled > 0;
}

/// True when there is something to do before the thread may wait.
bool EpollDispatcher::hasWork(bool withNotifiers) const
{
    return m_wokenHere || m_interrupted || (withNotifiers && m_notifiers.hasFreshWrites());
}

/// True when another thread woke this one up.
bool EpollDispatcher::wait(const WaitUntil &until, bool withNotifiers)
{
    if (withNotifiers) {
        m_notifiers.arm();
        return m_notifiers.wait(until);
    }
    pollfd wakeUpOnly{m_wakeUpDescriptor, POLLIN, 0};
    int count = 0;
    do {
        count = poll(&wakeUpOnly, 1, waitTimeout(until));
    } while (count < 0 && errno == EINTR);
    return count > 0;
}

void EpollDispatcher::registerSocketNotifier(QSocketNotifier *notifier)
{
    Q_ASSERT(notifier->thread() == thread() && thread() == QThread::currentThread());
    m_notifiers.add(notifier);
}

void EpollDispatcher::unregisterSocketNotifier(QSocketNotifier *notifier)
{
    Q_ASSERT(notifier->thread() == thread() && thread() == QThread::currentThread());
    m_notifiers.remove(notifier);
}

void EpollDispatcher::registerTimer(int timerId, qint64 interval, Qt::TimerType timerType, QObject *object)
{
    Q_ASSERT(timerId > 0 && interval >= 0 && object);
    Q_ASSERT(object->thread() == thread() && thread() == QThread::currentThread());
    constexpr qint64 century = qint64(36525) * 24 * 3600 * 1000; // keeps nanoseconds in range
    m_timers.add(timerId, milliseconds(std::min(interval, century)), toPrecision(timerType), object,
                 Clock::now());
}

bool EpollDispatcher::unregisterTimer(int timerId)
{
    Q_ASSERT(thread() == QThread::currentThread());
    return m_timers.remove(timerId);
}

bool EpollDispatcher::unregisterTimers(QObject *object)
{
    Q_ASSERT(thread() == QThread::currentThread());
    return m_timers.removeAll(object);
}

QList<QAbstractEventDispatcher::TimerInfo> EpollDispatcher::registeredTimers(QObject *object) const
{
    QList<TimerInfo> result;
    for (const auto &timer : m_timers.timersOf(object))
        result.append(TimerInfo(timer.id, int(timer.interval.count()), toTimerType(timer.precision)));
    return result;
}

int EpollDispatcher::remainingTime(int timerId)
{
    const auto due = m_timers.dueOf(timerId);
    return due ? millisecondsUntil(*due) : -1;
}

int EpollDispatcher::runTimers()
{
    int count = 0;
    if (m_timers.isEmpty())
        return count;
    const auto pass = m_timers.beginPass(Clock::now());
    while (const auto expired = m_timers.take(pass)) {
        ++count;
        QTimerEvent event(expired->id);
        QCoreApplication::sendEvent(expired->owner, &event);
        m_timers.finish(*expired);
    }
    return count;
}

void EpollDispatcher::wakeUp()
{
    if (dispatcherOfThisThread == this) {
        m_wokenHere = true;
        return;
    }
    tsanRelease(this);
    if (!m_wakeUpPending.exchange(true)) {
        const eventfd_t one = 1;
        while (eventfd_write(m_wakeUpDescriptor, one) != 0 && errno == EINTR) { }
    }
    tsanRelease(this); // for the destructor: Qt holds the thread's lock while it wakes a thread up to end it
}

/// Read first: a wake-up that comes between the two steps writes nothing, but what it announces is fetched
/// by the next turn anyhow, and the one after that writes again. That turn has work, as if this thread had
/// posted it.
void EpollDispatcher::acknowledgeWakeUp()
{
    eventfd_t value = 0;
    eventfd_read(m_wakeUpDescriptor, &value);
    m_wakeUpPending.exchange(false);
    m_wokenHere = true;
    ++m_wakeUps;
}

void EpollDispatcher::interrupt()
{
    m_interrupted = true;
    wakeUp();
}

} // namespace msgsrv
