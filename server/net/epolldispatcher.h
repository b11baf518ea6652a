// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/notifiertable.h"
#include "server/net/timerqueue.h"

#include <QAbstractEventDispatcher>

#include <atomic>

namespace msgsrv {

/// An event dispatcher over epoll: what a wake-up costs does not depend on how many connections are idle.
/// Install it with QCoreApplication::setEventDispatcher() before the application object exists, or with
/// QThread::setEventDispatcher() before the thread starts. It speaks Qt's public interface only and behaves
/// as Qt's own Unix dispatcher does, but for the points named here.
///
/// One turn: posted events; the write notifiers that were just enabled (see NotifierTable); waiting, when
/// nothing is left to do; the notifiers of at most 256 ready descriptors; the timers that are due.
///
/// Coarse timers may be up to 5 % late, but are never early. Inside QEventLoop::exec() a turn that only sent
/// posted events goes on to wait, since such a loop ends by interrupt() and by nothing else.
///
/// wakeUp(), interrupt() and statistics() may be called from any thread, the rest in the dispatcher's own.
class EpollDispatcher final : public QAbstractEventDispatcher
{
    Q_OBJECT

public:
    explicit EpollDispatcher(QObject *parent = nullptr);
    ~EpollDispatcher() override;

    /// Counts since the construction; each is read on its own.
    struct Statistics
    {
        std::uint64_t waits = 0; ///< calls of epoll_wait
        std::uint64_t controls = 0; ///< calls of epoll_ctl
        std::uint64_t events = 0; ///< ready descriptors
        std::uint64_t optimisticWrites = 0; ///< write notifiers that ran without epoll
        std::uint64_t wakeUps = 0; ///< wake-ups by other threads that cost a system call
    };
    [[nodiscard]] Statistics statistics() const;

    bool processEvents(QEventLoop::ProcessEventsFlags flags) override;

    void registerSocketNotifier(QSocketNotifier *notifier) override;
    void unregisterSocketNotifier(QSocketNotifier *notifier) override;

    void registerTimer(int timerId, qint64 interval, Qt::TimerType timerType, QObject *object) override;
    bool unregisterTimer(int timerId) override;
    bool unregisterTimers(QObject *object) override;
    QList<TimerInfo> registeredTimers(QObject *object) const override;
    int remainingTime(int timerId) override;

    void wakeUp() override;
    void interrupt() override;

private:
    class Turn;

    [[nodiscard]] bool hasWork(bool withNotifiers) const;
    bool wait(const WaitUntil &until, bool withNotifiers);
    void acknowledgeWakeUp();
    int runTimers();

    const int m_wakeUpDescriptor; // eventfd
    NotifierTable m_notifiers;
    TimerQueue m_timers;
    EventCount m_wakeUps;
    bool m_wokenHere = false; // wakeUp() by the own thread, which is not waiting then
    std::atomic<bool> m_wakeUpPending{false}; // the eventfd was written and not read yet
    std::atomic<bool> m_interrupted{false};
};

} // namespace msgsrv
