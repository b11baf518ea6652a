// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/joinedthread.h"
#include "server/net/tsan.h"
#include "tests/server/net/epolltest.h"

#include <QEventLoop>
#include <QTimer>

#include <algorithm>
#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <csignal>
#include <sys/time.h>

using namespace msgsrv;
using namespace msgsrv::epolltest;

namespace {

/// Counts events of up to four threads, and those that did not come in the order in which they were posted.
class CountingReceiver : public QObject
{
public:
    void postFrom(std::size_t thread, int number)
    {
        auto *event = new Numbered(thread, number);
        tsanRelease(this); // it may be delivered before wakeUp() could tell
        QCoreApplication::postEvent(this, event);
    }

    std::function<void()> done;
    int expected = 0;
    int arrived = 0;
    int disordered = 0;

protected:
    bool event(QEvent *event) override
    {
        tsanAcquire(this);
        if (event->type() != QEvent::User)
            return QObject::event(event);
        const auto *numbered = static_cast<Numbered *>(event);
        auto &previous = m_last[numbered->thread];
        disordered += numbered->number == previous + 1 ? 0 : 1;
        previous = numbered->number;
        if (++arrived == expected && done)
            done();
        return true;
    }

private:
    struct Numbered : QEvent
    {
        Numbered(std::size_t from, int which)
            : QEvent(QEvent::User)
            , thread(from)
            , number(which)
        { }
        const std::size_t thread;
        const int number;
    };
    std::array<int, 4> m_last{};
};

} // namespace

class EpollDispatcherTest : public QObject
{
    Q_OBJECT

private slots:
    void init() { settle(); }

    // timers
    void timersRepeat();
    void noTimerIsEarly_data();
    void noTimerIsEarly();
    void zeroTimersRunOnceInATurn();
    void zeroTimersDoNotStarveSockets();
    void aTimerMayBeDeletedInItsOwnSlot();
    void aTimerMayBeRestartedInItsOwnSlot();
    void aTimerStoppedByAnotherOneDoesNotFire();
    void aTimerDoesNotFireInTheNestedLoopOfItsOwnSlot();
    void timersEndWithTheirObject();
    void registeredTimersAreKnown();

    // loops and events
    void loopsNest();
    void eventsPostedByManyThreadsAllArrive();
    void manyPostsOfAnotherThreadAreOneWakeUp();
    void postsOfTheOwnThreadCostNoWakeUp();
    void waitingEndsWithAPostedEvent();
    void waitingEndsWithAnEventOfAnotherThread();
    void interruptEndsAWait();
    void quittingTheOuterLoopSurvivesATurnInside();
    void quittingBeforeTheLoopStarts();
    void aThreadMayBeQuitBeforeItsLoopRuns();
    void signalsTellWhenTheThreadSleeps();
    void whatIsPostedBeforeSleepingIsNotSleptOver();
    void deferredDeletionHappensInTheLoop();
    void unixSignalsDoNotEndAWait();
};

void EpollDispatcherTest::timersRepeat()
{
    QElapsedTimer elapsed;
    int count = 0;
    QTimer timer;
    timer.setTimerType(Qt::PreciseTimer);
    connect(&timer, &QTimer::timeout, this, [&] { ++count; });
    elapsed.start();
    timer.start(5);
    QTRY_VERIFY(count >= 20);
    QVERIFY(elapsed.elapsed() >= 99);
}

void EpollDispatcherTest::noTimerIsEarly_data()
{
    QTest::addColumn<Qt::TimerType>("type");
    QTest::addColumn<int>("interval");
    for (const int interval : {1, 19, 20, 33, 100, 210}) {
        QTest::addRow("precise %d", interval) << Qt::PreciseTimer << interval;
        QTest::addRow("coarse %d", interval) << Qt::CoarseTimer << interval;
    }
}

void EpollDispatcherTest::noTimerIsEarly()
{
    SKIP_ON_STOCK();
    QFETCH(const Qt::TimerType, type);
    QFETCH(const int, interval);
    QElapsedTimer elapsed;
    QEventLoop loop;
    qint64 nanoseconds = 0;
    QTimer timer;
    timer.setTimerType(type);
    timer.setSingleShot(true);
    connect(&timer, &QTimer::timeout, &loop, [&] {
        nanoseconds = elapsed.nsecsElapsed();
        loop.quit();
    });
    elapsed.start();
    timer.start(interval);
    QVERIFY(timer.remainingTime() >= 0);
    loop.exec();
    QVERIFY2(nanoseconds >= qint64(interval) * 1000000, qPrintable(QString::number(nanoseconds)));
}

void EpollDispatcherTest::zeroTimersRunOnceInATurn()
{
    SKIP_ON_STOCK(); // which runs them in every second turn at times
    int count = 0;
    QTimer timer;
    connect(&timer, &QTimer::timeout, this, [&] { ++count; });
    timer.start(0);
    for (int turn = 1; turn <= 10; ++turn) {
        QVERIFY(QCoreApplication::eventDispatcher()->processEvents(QEventLoop::AllEvents));
        QCOMPARE(count, turn);
    }
    QVERIFY(waitOnce() < 1000);
    QCOMPARE(count, 11);
}

void EpollDispatcherTest::zeroTimersDoNotStarveSockets()
{
    QTimer timer;
    timer.start(0);
    EchoServer server;
    QTcpSocket client;
    client.connectToHost(QHostAddress::LocalHost, server.serverPort());
    client.write("still there?");
    QTRY_COMPARE(client.bytesAvailable(), 12);
}

void EpollDispatcherTest::aTimerMayBeDeletedInItsOwnSlot()
{
    auto *timer = new QTimer;
    int count = 0;
    connect(timer, &QTimer::timeout, this, [&] {
        ++count;
        delete std::exchange(timer, nullptr);
    });
    timer->start(1);
    QTRY_COMPARE(count, 1);
    QTest::qWait(10);
    QCOMPARE(count, 1);
}

void EpollDispatcherTest::aTimerMayBeRestartedInItsOwnSlot()
{
    QTimer timer;
    int count = 0;
    connect(&timer, &QTimer::timeout, this, [&] {
        if (++count < 5)
            timer.start(count % 2);
        else
            timer.stop();
    });
    timer.start(1);
    QTRY_COMPARE(count, 5);
    QTest::qWait(10);
    QCOMPARE(count, 5);
}

void EpollDispatcherTest::aTimerStoppedByAnotherOneDoesNotFire()
{
    QTimer first;
    QTimer second;
    int count = 0;
    for (auto *timer : {&first, &second}) {
        connect(timer, &QTimer::timeout, this, [&] {
            ++count;
            first.stop();
            second.stop();
        });
        timer->setTimerType(Qt::PreciseTimer);
        timer->start(1);
    }
    QTest::qSleep(5); // both are due in the same turn
    QTRY_COMPARE(count, 1);
    settle();
    QCOMPARE(count, 1);
}

void EpollDispatcherTest::aTimerDoesNotFireInTheNestedLoopOfItsOwnSlot()
{
    QTimer timer;
    int depth = 0;
    int deepest = 0;
    int others = 0;
    connect(&timer, &QTimer::timeout, this, [&] {
        deepest = std::max(deepest, ++depth);
        QEventLoop loop;
        QTimer other; // of the same instant, and fires in here
        connect(&other, &QTimer::timeout, &loop, [&] {
            if (++others % 10 == 0)
                loop.quit();
        });
        other.start(1);
        loop.exec();
        --depth;
    });
    timer.start(1);
    QTRY_VERIFY(others >= 30);
    QCOMPARE(deepest, 1);
}

void EpollDispatcherTest::timersEndWithTheirObject()
{
    auto object = std::make_unique<QObject>();
    object->startTimer(1);
    object->startTimer(2);
    QCOMPARE(QCoreApplication::eventDispatcher()->registeredTimers(object.get()).size(), 2);
    auto *gone = object.get();
    object.reset();
    QVERIFY(QCoreApplication::eventDispatcher()->registeredTimers(gone).isEmpty());
    QTest::qWait(5);
}

void EpollDispatcherTest::registeredTimersAreKnown()
{
    QObject object;
    const int id = object.startTimer(12345, Qt::CoarseTimer);
    auto *dispatching = QCoreApplication::eventDispatcher();
    const auto timers = dispatching->registeredTimers(&object);
    QCOMPARE(timers.size(), 1);
    QCOMPARE(timers.first().timerId, id);
    QCOMPARE(timers.first().interval, 12345);
    QCOMPARE(timers.first().timerType, Qt::CoarseTimer);
    const int remaining = dispatching->remainingTime(id);
    QVERIFY(remaining > 11000 && remaining <= 12345 * 105 / 100);
    object.killTimer(id);
    QVERIFY(dispatching->registeredTimers(&object).isEmpty());
    QCOMPARE(dispatching->remainingTime(id), -1);
}

void EpollDispatcherTest::loopsNest()
{
    int depth = 0;
    const std::function<void(int)> descend = [&](int levels) {
        if (levels == 0)
            return;
        QEventLoop loop;
        QTimer::singleShot(1, &loop, [&] {
            ++depth;
            descend(levels - 1);
            loop.quit();
        });
        loop.exec();
    };
    descend(20);
    QCOMPARE(depth, 20);
}

void EpollDispatcherTest::eventsPostedByManyThreadsAllArrive()
{
#ifdef MSGSRV_UNDER_TSAN
    QSKIP("ThreadSanitizer does not see the lock of Qt's list of posted events; see tst_inbox");
#endif
    constexpr int threadCount = 4;
    constexpr int postsEach = 20000;
    CountingReceiver receiver;
    QEventLoop loop;
    receiver.done = [&] { loop.quit(); };
    receiver.expected = threadCount * postsEach;
    std::vector<std::thread> threads;
    for (std::size_t t = 0; t < threadCount; ++t) {
        threads.emplace_back([&receiver, t] {
            for (int i = 1; i <= postsEach; ++i)
                receiver.postFrom(t, i);
        });
    }
    loop.exec();
    for (auto &thread : threads)
        thread.join();
    QCOMPARE(receiver.arrived, threadCount * postsEach);
    QCOMPARE(receiver.disordered, 0);
}

void EpollDispatcherTest::manyPostsOfAnotherThreadAreOneWakeUp()
{
    SKIP_ON_STOCK();
    CountingReceiver receiver;
    const auto before = dispatcher()->statistics().wakeUps;
    std::thread([&] {
        for (int i = 1; i <= 1000; ++i)
            receiver.postFrom(0, i);
    }).join();
    settle();
    QCOMPARE(receiver.arrived, 1000);
    QCOMPARE(dispatcher()->statistics().wakeUps - before, std::uint64_t(1));
}

void EpollDispatcherTest::postsOfTheOwnThreadCostNoWakeUp()
{
    SKIP_ON_STOCK();
    int left = 1000;
    QEventLoop loop;
    const auto before = dispatcher()->statistics().wakeUps;
    std::function<void()> again = [&] {
        if (--left == 0)
            loop.quit();
        else
            QMetaObject::invokeMethod(&loop, again, Qt::QueuedConnection);
    };
    QTimer::singleShot(1, &loop, again);
    loop.exec();
    QCOMPARE(left, 0);
    QCOMPARE(dispatcher()->statistics().wakeUps - before, std::uint64_t(0));
}

void EpollDispatcherTest::waitingEndsWithAPostedEvent()
{
    SKIP_ON_STOCK(); // which sleeps after it sent the event
    bool arrived = false;
    QTimer::singleShot(0, this, [&] {
        QMetaObject::invokeMethod(
            this, [&] { arrived = true; }, Qt::QueuedConnection);
    });
    int turns = 0;
    while (!arrived && ++turns < 10)
        waitOnce();
    QVERIFY(arrived);
}

void EpollDispatcherTest::waitingEndsWithAnEventOfAnotherThread()
{
    SKIP_ON_STOCK(); // which sleeps after it sent the event
    CountingReceiver receiver;
    QTimer safety;
    safety.start(20000); // instead of hanging for ever
    std::thread thread([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        receiver.postFrom(0, 1);
    });
    qint64 longest = 0;
    for (int turns = 0; receiver.arrived == 0 && turns < 10; ++turns)
        longest = std::max(longest, waitOnce());
    thread.join();
    QCOMPARE(receiver.arrived, 1);
    QVERIFY(longest < 10000);
}

void EpollDispatcherTest::interruptEndsAWait()
{
    QTimer safety;
    safety.start(20000);
    auto *dispatching = QCoreApplication::eventDispatcher();
    std::thread thread([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        dispatching->interrupt();
    });
    const auto elapsed = waitOnce();
    thread.join();
    QVERIFY(elapsed < 10000);
}

void EpollDispatcherTest::quittingTheOuterLoopSurvivesATurnInside()
{
    SKIP_ON_STOCK(); // which sleeps until something else happens
    QEventLoop loop;
    QTimer safety;
    bool late = false;
    connect(&safety, &QTimer::timeout, this, [&] { late = true; });
    safety.start(10000);
    QMetaObject::invokeMethod(
        &loop,
        [&] {
            loop.quit();
            QCoreApplication::processEvents();
        },
        Qt::QueuedConnection);
    loop.exec();
    QVERIFY(!late);
}

void EpollDispatcherTest::quittingBeforeTheLoopStarts()
{
    QEventLoop loop;
    QTimer::singleShot(0, &loop, &QEventLoop::quit);
    QCOMPARE(loop.exec(), 0);
    QMetaObject::invokeMethod(&loop, &QEventLoop::quit, Qt::QueuedConnection);
    QCOMPARE(loop.exec(), 0);
    QCoreApplication::eventDispatcher()->interrupt(); // without a loop: costs one turn at most
    bool fired = false;
    QTimer::singleShot(1, this, [&] { fired = true; });
    QTRY_VERIFY(fired);
}

void EpollDispatcherTest::aThreadMayBeQuitBeforeItsLoopRuns()
{
    for (int i = 0; i < 200; ++i) {
        JoinedThread thread;
        if (dispatcher())
            thread.setEventDispatcher(new EpollDispatcher);
        thread.start();
        if (i % 2)
            QThread::usleep(uint(i));
        thread.quit();
        thread.join();
    }
}

void EpollDispatcherTest::signalsTellWhenTheThreadSleeps()
{
    auto *dispatching = QCoreApplication::eventDispatcher();
    QByteArray log;
    QObject context;
    connect(dispatching, &QAbstractEventDispatcher::awake, &context, [&] { log += 'a'; });
    connect(dispatching, &QAbstractEventDispatcher::aboutToBlock, &context, [&] { log += 'b'; });
    QVERIFY(!dispatching->processEvents(QEventLoop::AllEvents));
    QCOMPARE(log, QByteArray("a"));
    log.clear();
    QTimer::singleShot(5, &context, [&] { log += 't'; });
    while (!log.endsWith('t'))
        waitOnce();
    QCOMPARE(log.first(2), QByteArray("ab"));
    log.clear();
    QTimer::singleShot(0, &context, [&] { log += 't'; });
    waitOnce();
    QVERIFY(log.startsWith("at"));
}

void EpollDispatcherTest::whatIsPostedBeforeSleepingIsNotSleptOver()
{
    auto *dispatching = QCoreApplication::eventDispatcher();
    QObject context;
    QTimer safety;
    safety.start(20000);
    bool arrived = false;
    const auto once = connect(dispatching, &QAbstractEventDispatcher::aboutToBlock, &context, [&] {
        QMetaObject::invokeMethod(
            &context, [&] { arrived = true; }, Qt::QueuedConnection);
    });
    QVERIFY(waitOnce() < 10000);
    disconnect(once);
    settle();
    QVERIFY(arrived);
}

void EpollDispatcherTest::deferredDeletionHappensInTheLoop()
{
    QEventLoop loop;
    bool gone = false;
    QTimer::singleShot(0, &loop, [&] {
        auto *object = new QObject;
        connect(object, &QObject::destroyed, &loop, [&] {
            gone = true;
            loop.quit();
        });
        object->deleteLater();
    });
    loop.exec();
    QVERIFY(gone);
}

void EpollDispatcherTest::unixSignalsDoNotEndAWait()
{
    static std::atomic<int> signalCount;
    signalCount = 0;
    struct sigaction action = {};
    struct sigaction before = {};
    action.sa_handler = [](int) { ++signalCount; };
    QCOMPARE(sigaction(SIGALRM, &action, &before), 0);
    const itimerval often{{0, 1000}, {0, 1000}};
    const itimerval never{};
    bool fired = false;
    QTimer::singleShot(50, Qt::PreciseTimer, this, [&] { fired = true; });
    QCOMPARE(setitimer(ITIMER_REAL, &often, nullptr), 0);
    waitOnce();
    setitimer(ITIMER_REAL, &never, nullptr);
    sigaction(SIGALRM, &before, nullptr);
    QVERIFY(signalCount > 0);
    QVERIFY(fired);
}

int main(int argc, char **argv)
{
    return run<EpollDispatcherTest>(argc, argv);
}

#include "tst_epolldispatcher.moc"
