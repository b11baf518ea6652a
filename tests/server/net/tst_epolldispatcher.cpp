// SPDX-License-Identifier: GPL-3.0-or-later
//
// With MSGSRV_STOCK_DISPATCHER=1 in the environment the same tests run on Qt's own dispatcher: what they
// expect is what Qt does, apart from the tests of what only EpollDispatcher does, which are skipped then.
#include "server/net/epolldispatcher.h"
#include "server/net/joinedthread.h"
#include "server/net/tsan.h"

#include <QCoreApplication>
#include <QElapsedTimer>
#include <QEventLoop>
#include <QFile>
#include <QLocalServer>
#include <QLocalSocket>
#include <QNetworkDatagram>
#include <QProcess>
#include <QRegularExpression>
#include <QSignalSpy>
#include <QSslConfiguration>
#include <QSslKey>
#include <QSslServer>
#include <QSslSocket>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTemporaryDir>
#include <QTest>
#include <QThread>
#include <QTimer>
#include <QUdpSocket>

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <csignal>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

using namespace msgsrv;

namespace {

EpollDispatcher *dispatcher()
{
    return qobject_cast<EpollDispatcher *>(QCoreApplication::eventDispatcher());
}

#define SKIP_ON_STOCK()                                                                                      \
    if (!dispatcher())                                                                                       \
    QSKIP("only EpollDispatcher does this")

/// A pipe or socket pair that closes what is left of it.
struct Pair
{
    static Pair pipe()
    {
        Pair pair;
        if (::pipe2(pair.ends.data(), O_CLOEXEC | O_NONBLOCK) != 0)
            qFatal("no pipe");
        return pair;
    }
    static Pair sockets(int flags)
    {
        Pair pair;
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0, pair.ends.data()) != 0)
            qFatal("no socket pair");
        return pair;
    }
    Pair(Pair &&other) noexcept
        : ends(std::exchange(other.ends, {-1, -1}))
    { }
    ~Pair()
    {
        closeEnd(0);
        closeEnd(1);
    }
    void closeEnd(int end)
    {
        if (ends[std::size_t(end)] >= 0)
            ::close(std::exchange(ends[std::size_t(end)], -1));
    }
    void put(const QByteArray &bytes) const
    {
        if (::write(ends[1], bytes.constData(), std::size_t(bytes.size())) != bytes.size())
            qFatal("the pair takes no more");
    }
    [[nodiscard]] QByteArray take(int most = 1000) const
    {
        QByteArray bytes(most, Qt::Uninitialized);
        bytes.resize(std::max<qsizetype>(0, ::read(ends[0], bytes.data(), std::size_t(most))));
        return bytes;
    }
    std::array<int, 2> ends{-1, -1}; // a pipe is read from end 0

private:
    Pair() = default;
};

/// A server whose connections send back what they get.
class EchoServer : public QTcpServer
{
public:
    EchoServer()
    {
        if (!listen(QHostAddress::LocalHost))
            qFatal("cannot listen");
        connect(this, &QTcpServer::newConnection, this, [this] {
            while (auto *socket = nextPendingConnection()) {
                connect(socket, &QTcpSocket::readyRead, socket,
                        [socket] { socket->write(socket->readAll()); });
                connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
            }
        });
    }
};

/// Both ends of a TCP connection in this thread.
struct Connection
{
    Connection()
    {
        if (!server.listen(QHostAddress::LocalHost))
            qFatal("cannot listen");
        client.connectToHost(QHostAddress::LocalHost, server.serverPort());
        if (!client.waitForConnected() || !server.waitForNewConnection(5000))
            qFatal("cannot connect");
        peer.reset(server.nextPendingConnection());
    }
    QTcpServer server;
    QTcpSocket client;
    std::unique_ptr<QTcpSocket> peer;
};

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
        if (++arrived == expected)
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

/// Runs one turn that waits, and tells how long it took in ms.
qint64 waitOnce(QEventLoop::ProcessEventsFlags flags = {})
{
    QElapsedTimer timer;
    timer.start();
    QCoreApplication::eventDispatcher()->processEvents(flags | QEventLoop::WaitForMoreEvents);
    return timer.elapsed();
}

/// Runs turns until nothing is left to do.
void settle()
{
    while (QCoreApplication::eventDispatcher()->processEvents(QEventLoop::AllEvents)) { }
}

} // namespace

class EpollDispatcherTest : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void init();

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

    // socket notifiers
    void aReaderThatLeavesSomethingIsCalledAgain();
    void moreReadyDescriptorsThanOneTurnTakesAllRun();
    void aNotifierMayBeDeletedInItsOwnSlot();
    void aReadyNotifierDeletedByAnotherDoesNotFire();
    void aReusedDescriptorGetsNothingOfItsPredecessor();
    void readyNotifiersRunInTheNestedLoopOfAnother();
    void aNotifierThatIsReadyTwiceRunsInItsOwnNestedLoop();
    void excludedNotifiersWaitTheirTime();
    void excludedTimersWaitTheirTime();
    void aRegularFileIsAlwaysReady();
    void aWriteNotifierOfABlockingDescriptorIsNotTried();
    void aFullPipeIsNotWrittenTo();
    void aClosedDescriptorDisablesItsNotifier();

    // sockets
    void echoes();
    void writesOfOneTurnGoOutWithoutEpoll();
    void aRefusedConnectionIsTold();
    void blockingCallsAndTheLoopMix();
    void aSlowReaderCausesNoBusyLoop();
    void aFullReadBufferCausesNoBusyLoop();
    void aPeerThatLeavesIsNoticedBehindAFullBuffer();
    void manyShortConnectionsReuseDescriptors();
    void localSockets();
    void processes();
    void datagrams();
    void tls();
    void aWorkerThreadServes();
};

void EpollDispatcherTest::initTestCase()
{
    QVERIFY(dispatcher() || qEnvironmentVariableIsSet("MSGSRV_STOCK_DISPATCHER"));
}

void EpollDispatcherTest::init()
{
    settle();
}

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
    QObject receiver;
    int arrived = 0;
    const auto before = dispatcher()->statistics().wakeUps;
    std::thread thread([&] {
        for (int i = 0; i < 1000; ++i)
            QMetaObject::invokeMethod(
                &receiver, [&] { ++arrived; }, Qt::QueuedConnection);
    });
    thread.join();
    settle();
    QCOMPARE(arrived, 1000);
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
    bool arrived = false;
    QTimer safety;
    safety.start(20000); // instead of hanging for ever
    std::thread thread([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
        QMetaObject::invokeMethod(
            this, [&] { arrived = true; }, Qt::QueuedConnection);
    });
    qint64 longest = 0;
    for (int turns = 0; !arrived && turns < 10; ++turns)
        longest = std::max(longest, waitOnce());
    thread.join();
    QVERIFY(arrived);
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

void EpollDispatcherTest::aReaderThatLeavesSomethingIsCalledAgain()
{
    const auto pair = Pair::pipe();
    pair.put(QByteArray(500, 'x'));
    int bytes = 0;
    QSocketNotifier notifier(pair.ends[0], QSocketNotifier::Read);
    connect(&notifier, &QSocketNotifier::activated, this, [&] { bytes += int(pair.take(1).size()); });
    QTRY_COMPARE(bytes, 500);
    QVERIFY(!QCoreApplication::eventDispatcher()->processEvents(QEventLoop::AllEvents));
}

void EpollDispatcherTest::moreReadyDescriptorsThanOneTurnTakesAllRun()
{
    std::vector<Pair> pairs;
    std::vector<std::unique_ptr<QSocketNotifier>> notifiers;
    int ran = 0;
    for (int i = 0; i < 400; ++i) {
        pairs.push_back(Pair::pipe());
        pairs.back().put("x");
        notifiers.push_back(std::make_unique<QSocketNotifier>(pairs.back().ends[0], QSocketNotifier::Read));
        auto *notifier = notifiers.back().get();
        connect(notifier, &QSocketNotifier::activated, notifier, [&ran, notifier] {
            ++ran;
            notifier->setEnabled(false);
        });
    }
    settle();
    QCOMPARE(ran, 400);
}

void EpollDispatcherTest::aNotifierMayBeDeletedInItsOwnSlot()
{
    const auto pair = Pair::sockets(SOCK_NONBLOCK);
    pair.put("x");
    int ran = 0;
    auto *reader = new QSocketNotifier(pair.ends[0], QSocketNotifier::Read);
    auto *writer = new QSocketNotifier(pair.ends[0], QSocketNotifier::Write);
    for (auto *notifier : {reader, writer}) { // both are ready: who comes first deletes both
        connect(notifier, &QSocketNotifier::activated, this, [&] {
            ++ran;
            delete std::exchange(reader, nullptr);
            delete std::exchange(writer, nullptr);
        });
    }
    settle();
    QCOMPARE(ran, 1);
}

void EpollDispatcherTest::aReadyNotifierDeletedByAnotherDoesNotFire()
{
    const std::array pairs{Pair::pipe(), Pair::pipe()};
    std::array<QSocketNotifier *, 2> notifiers{};
    int ran = 0;
    for (std::size_t i = 0; i < 2; ++i) {
        pairs[i].put("x");
        notifiers[i] = new QSocketNotifier(pairs[i].ends[0], QSocketNotifier::Read);
        connect(notifiers[i], &QSocketNotifier::activated, this, [&] {
            ++ran;
            for (auto *&notifier : notifiers)
                delete std::exchange(notifier, nullptr);
        });
    }
    settle();
    QCOMPARE(ran, 1);
}

void EpollDispatcherTest::aReusedDescriptorGetsNothingOfItsPredecessor()
{
    std::array pairs{Pair::pipe(), Pair::pipe()};
    std::array<std::unique_ptr<QSocketNotifier>, 2> notifiers;
    std::unique_ptr<Pair> successor;
    std::unique_ptr<QSocketNotifier> newNotifier;
    int ran = 0;
    bool newRan = false;
    for (std::size_t i = 0; i < 2; ++i) {
        pairs[i].put("x");
        notifiers[i] = std::make_unique<QSocketNotifier>(pairs[i].ends[0], QSocketNotifier::Read);
        connect(notifiers[i].get(), &QSocketNotifier::activated, this, [&, i] {
            ++ran;
            notifiers[i]->setEnabled(false);
            const auto other = 1 - i;
            const int number = pairs[other].ends[0];
            notifiers[other].reset();
            pairs[other].closeEnd(0);
            successor = std::make_unique<Pair>(Pair::pipe());
            if (successor->ends[0] != number) { // the number is taken by hand when the kernel chose another
                QCOMPARE(::dup2(successor->ends[0], number), number);
                successor->closeEnd(0);
                successor->ends[0] = number;
            }
            newNotifier = std::make_unique<QSocketNotifier>(number, QSocketNotifier::Read);
            connect(newNotifier.get(), &QSocketNotifier::activated, this, [&] {
                newRan = true;
                newNotifier->setEnabled(false);
            });
        });
    }
    settle();
    QCOMPARE(ran, 1);
    QVERIFY(!newRan);
    successor->put("y");
    settle();
    QVERIFY(newRan);
}

void EpollDispatcherTest::readyNotifiersRunInTheNestedLoopOfAnother()
{
    const std::array pairs{Pair::pipe(), Pair::pipe()};
    std::vector<std::unique_ptr<QSocketNotifier>> notifiers;
    QEventLoop inner;
    int ran = 0;
    int ranInside = 0;
    for (const auto &pair : pairs) {
        pair.put("x");
        notifiers.push_back(std::make_unique<QSocketNotifier>(pair.ends[0], QSocketNotifier::Read));
        connect(notifiers.back().get(), &QSocketNotifier::activated, this, [&] {
            static_cast<void>(pair.take());
            if (++ran == 1) {
                inner.exec(); // only the other notifier ends it
            } else {
                ++ranInside;
                inner.quit();
            }
        });
    }
    settle();
    QCOMPARE(ran, 2);
    QCOMPARE(ranInside, 1);
}

void EpollDispatcherTest::aNotifierThatIsReadyTwiceRunsInItsOwnNestedLoop()
{
    const auto pair = Pair::sockets(SOCK_NONBLOCK);
    pair.put("x");
    QSocketNotifier reader(pair.ends[0], QSocketNotifier::Read);
    QSocketNotifier writer(pair.ends[0], QSocketNotifier::Write);
    QEventLoop inner;
    int writes = 0;
    bool nested = false;
    connect(&writer, &QSocketNotifier::activated, this, [&] {
        ++writes;
        writer.setEnabled(false);
        inner.quit();
    });
    connect(&reader, &QSocketNotifier::activated, this, [&] {
        static_cast<void>(pair.take());
        nested = true;
        writer.setEnabled(true);
        inner.exec(); // the write notifier of the same descriptor ends it
    });
    settle();
    QVERIFY(nested);
    QVERIFY(writes >= 1);
}

void EpollDispatcherTest::excludedNotifiersWaitTheirTime()
{
    const auto pair = Pair::pipe();
    int ran = 0;
    QSocketNotifier notifier(pair.ends[0], QSocketNotifier::Read);
    connect(&notifier, &QSocketNotifier::activated, this, [&] {
        ++ran;
        static_cast<void>(pair.take());
    });
    pair.put("x");
    auto *dispatching = QCoreApplication::eventDispatcher();
    dispatching->processEvents(QEventLoop::ExcludeSocketNotifiers);
    QCOMPARE(ran, 0);

    // it waits for a timer, instead of being woken up by the descriptor again and again
    bool fired = false;
    QTimer::singleShot(20, Qt::PreciseTimer, this, [&] { fired = true; });
    waitOnce(QEventLoop::ExcludeSocketNotifiers);
    QVERIFY(fired);
    QCOMPARE(ran, 0);

    std::thread thread([this] {
        QMetaObject::invokeMethod(
            this, [] {}, Qt::QueuedConnection);
    });
    waitOnce(QEventLoop::ExcludeSocketNotifiers); // and for other threads
    thread.join();
    QCOMPARE(ran, 0);
    settle();
    QCOMPARE(ran, 1);
}

void EpollDispatcherTest::excludedTimersWaitTheirTime()
{
    int fired = 0;
    QTimer timer;
    connect(&timer, &QTimer::timeout, this, [&] { ++fired; });
    timer.start(0);
    QCoreApplication::eventDispatcher()->processEvents(QEventLoop::X11ExcludeTimers);
    QCOMPARE(fired, 0);
    QCoreApplication::eventDispatcher()->processEvents(QEventLoop::AllEvents);
    QCOMPARE(fired, 1);
}

void EpollDispatcherTest::aRegularFileIsAlwaysReady()
{
    QFile file(QCoreApplication::applicationFilePath());
    QVERIFY(file.open(QIODevice::ReadOnly));
    int ran = 0;
    QSocketNotifier notifier(file.handle(), QSocketNotifier::Read);
    connect(&notifier, &QSocketNotifier::activated, this, [&] {
        if (++ran == 3)
            notifier.setEnabled(false);
    });
    QTRY_COMPARE(ran, 3);
    QVERIFY(!QCoreApplication::eventDispatcher()->processEvents(QEventLoop::AllEvents));
}

void EpollDispatcherTest::aWriteNotifierOfABlockingDescriptorIsNotTried()
{
    const auto pair = Pair::sockets(0);
    QSocketNotifier reader(pair.ends[0], QSocketNotifier::Read);
    settle();
    const QByteArray filling(4096, 'x'); // until the kernel takes no more
    while (::send(pair.ends[0], filling.constData(), std::size_t(filling.size()), MSG_DONTWAIT) > 0) { }
    int ran = 0;
    QSocketNotifier writer(pair.ends[0], QSocketNotifier::Write);
    connect(&writer, &QSocketNotifier::activated, this, [&] {
        ++ran;
        writer.setEnabled(false);
    });
    settle();
    QCOMPARE(ran, 0); // a write would have blocked
    std::array<char, 4096> drain{};
    while (::recv(pair.ends[1], drain.data(), drain.size(), MSG_DONTWAIT) > 0) { }
    QTRY_COMPARE(ran, 1);
}

void EpollDispatcherTest::aFullPipeIsNotWrittenTo()
{
    const auto pair = Pair::pipe();
    const QByteArray filling(4096, 'x');
    while (::write(pair.ends[1], filling.constData(), std::size_t(filling.size())) > 0) { }
    int ran = 0;
    QSocketNotifier writer(pair.ends[1], QSocketNotifier::Write);
    connect(&writer, &QSocketNotifier::activated, this, [&] {
        ++ran;
        writer.setEnabled(false);
    });
    settle();
    QCOMPARE(ran, 0);
    while (!pair.take(65536).isEmpty()) { }
    QTRY_COMPARE(ran, 1);
}

void EpollDispatcherTest::aClosedDescriptorDisablesItsNotifier()
{
    auto pair = Pair::pipe();
    QSocketNotifier notifier(pair.ends[0], QSocketNotifier::Read);
    pair.closeEnd(0);
    if (dispatcher())
        QTest::ignoreMessage(QtWarningMsg,
                             QRegularExpression(QStringLiteral("cannot be watched: Bad file descriptor")));
    else
        QTest::ignoreMessage(QtWarningMsg, QRegularExpression(QStringLiteral("Invalid socket .* disabling")));
    settle();
    QVERIFY(!notifier.isEnabled());
}

void EpollDispatcherTest::echoes()
{
    EchoServer server;
    for (int i = 0; i < 50; ++i) {
        QTcpSocket client;
        QByteArray got;
        connect(&client, &QTcpSocket::connected, &client, [&] { client.write(QByteArray(300000, 'x')); });
        connect(&client, &QTcpSocket::readyRead, &client, [&] { got += client.readAll(); });
        client.connectToHost(QHostAddress::LocalHost, server.serverPort());
        QTRY_COMPARE(got.size(), 300000);
    }
}

void EpollDispatcherTest::writesOfOneTurnGoOutWithoutEpoll()
{
    SKIP_ON_STOCK();
    Connection connection;
    settle();
    const auto before = dispatcher()->statistics();
    for (int round = 1; round <= 10; ++round) {
        for (int i = 0; i < 100; ++i)
            connection.client.write("0123456789");
        QTRY_COMPARE(connection.peer->bytesAvailable(), round * 1000);
    }
    const auto after = dispatcher()->statistics();
    QCOMPARE(after.controls, before.controls);
    QCOMPARE(after.optimisticWrites - before.optimisticWrites, std::uint64_t(10));
}

void EpollDispatcherTest::aRefusedConnectionIsTold()
{
    quint16 port = 0;
    {
        QTcpServer server;
        QVERIFY(server.listen(QHostAddress::LocalHost));
        port = server.serverPort();
    }
    for (int i = 0; i < 20; ++i) {
        QTcpSocket client;
        QSignalSpy failed(&client, &QTcpSocket::errorOccurred);
        client.connectToHost(QHostAddress::LocalHost, port);
        QTRY_COMPARE(failed.count(), 1);
        QCOMPARE(client.error(), QAbstractSocket::ConnectionRefusedError);
        QCOMPARE(client.state(), QAbstractSocket::UnconnectedState);
    }
}

void EpollDispatcherTest::blockingCallsAndTheLoopMix()
{
    Connection connection;
    connection.peer->write("one");
    QVERIFY(connection.peer->waitForBytesWritten());
    QVERIFY(connection.client.waitForReadyRead());
    QCOMPARE(connection.client.readAll(), QByteArray("one"));
    QSignalSpy ready(&connection.client, &QTcpSocket::readyRead);
    connection.peer->write("two");
    QTRY_COMPARE(ready.count(), 1);
    QCOMPARE(connection.client.readAll(), QByteArray("two"));
}

void EpollDispatcherTest::aSlowReaderCausesNoBusyLoop()
{
    constexpr qint64 size = 20000000;
    Connection connection;
    connection.client.setReadBufferSize(1000);
    connection.peer->write(QByteArray(size, 'z'));
    QTRY_VERIFY(connection.client.bytesAvailable() >= 1000);
    QTest::qWait(50);
    QVERIFY(connection.peer->bytesToWrite() > 0);
    if (dispatcher()) {
        // nobody reads, so nothing happens: whoever spins makes thousands of turns in this time
        const auto before = dispatcher()->statistics().waits;
        QEventLoop loop;
        QTimer::singleShot(100, &loop, &QEventLoop::quit);
        loop.exec();
        QVERIFY(dispatcher()->statistics().waits - before < 20);
    }
    qint64 got = 0;
    connection.client.setReadBufferSize(0);
    connect(&connection.client, &QTcpSocket::readyRead, this,
            [&] { got += connection.client.readAll().size(); });
    got += connection.client.readAll().size();
    QTRY_COMPARE_WITH_TIMEOUT(got, size, 30000);
    QCOMPARE(connection.peer->bytesToWrite(), 0);
}

void EpollDispatcherTest::aFullReadBufferCausesNoBusyLoop()
{
    Connection connection;
    connection.client.setReadBufferSize(100);
    connection.peer->write(QByteArray(10000, 'z'));
    QTRY_COMPARE(connection.client.bytesAvailable(), 100);
    connection.peer->disconnectFromHost();
    if (dispatcher()) {
        const auto before = dispatcher()->statistics().waits;
        QEventLoop loop;
        QTimer::singleShot(100, &loop, &QEventLoop::quit);
        loop.exec();
        QVERIFY(dispatcher()->statistics().waits - before < 20);
    }
    qint64 got = connection.client.readAll().size();
    connect(&connection.client, &QTcpSocket::readyRead, this,
            [&] { got += connection.client.readAll().size(); });
    QTRY_COMPARE(got, 10000);
    QTRY_COMPARE(connection.client.state(), QAbstractSocket::UnconnectedState);
}

void EpollDispatcherTest::aPeerThatLeavesIsNoticedBehindAFullBuffer()
{
    Connection connection;
    connection.client.setReadBufferSize(100);
    connection.peer->write(QByteArray(10000, 'z'));
    QTRY_COMPARE(connection.client.bytesAvailable(), 100);
    connection.client.write(QByteArray(20000000, 'y')); // more than the kernel takes: waits to be written
    QTest::qWait(20);
    QSignalSpy gone(&connection.client, &QTcpSocket::disconnected);
    connection.peer->abort(); // resets
    QTRY_COMPARE(gone.count(), 1);
}

void EpollDispatcherTest::manyShortConnectionsReuseDescriptors()
{
    QTcpServer server;
    QVERIFY(server.listen(QHostAddress::LocalHost));
    int gone = 0;
    connect(&server, &QTcpServer::newConnection, this, [&] {
        while (auto *socket = server.nextPendingConnection()) {
            connect(socket, &QTcpSocket::readyRead, socket, [socket] {
                socket->write("answer");
                socket->disconnectFromHost();
            });
            connect(socket, &QTcpSocket::disconnected, socket, [&gone, socket] {
                ++gone;
                socket->deleteLater();
            });
        }
    });
    int answered = 0;
    for (int round = 0; round < 20; ++round) {
        std::vector<std::unique_ptr<QTcpSocket>> clients;
        int finished = 0;
        for (int i = 0; i < 40; ++i) {
            clients.push_back(std::make_unique<QTcpSocket>());
            auto *client = clients.back().get();
            connect(client, &QTcpSocket::connected, client, [client] { client->write("question"); });
            connect(client, &QTcpSocket::disconnected, client, [&, client] {
                ++finished;
                answered += client->readAll() == "answer" ? 1 : 0;
            });
            client->connectToHost(QHostAddress::LocalHost, server.serverPort());
        }
        QTRY_COMPARE(finished, 40);
    }
    QCOMPARE(answered, 800);
    QTRY_COMPARE(gone, 800);
}

void EpollDispatcherTest::localSockets()
{
    const QTemporaryDir directory;
    const auto path = directory.filePath(QStringLiteral("socket"));
    QLocalServer server;
    QVERIFY(server.listen(path));
    connect(&server, &QLocalServer::newConnection, this, [&] {
        auto *socket = server.nextPendingConnection();
        connect(socket, &QLocalSocket::readyRead, socket, [socket] { socket->write(socket->readAll()); });
    });
    QLocalSocket client;
    QByteArray got;
    connect(&client, &QLocalSocket::readyRead, this, [&] { got += client.readAll(); });
    client.connectToServer(path);
    client.write(QByteArray(100000, 'l'));
    QTRY_COMPARE(got.size(), 100000);
}

void EpollDispatcherTest::processes()
{
    QProcess process;
    QSignalSpy finished(&process, &QProcess::finished);
    process.start(QStringLiteral("/bin/cat"), {});
    process.write(QByteArray(1000000, 'p'));
    process.closeWriteChannel();
    QTRY_COMPARE(finished.count(), 1);
    QCOMPARE(process.exitCode(), 0);
    QCOMPARE(process.readAllStandardOutput().size(), 1000000);
}

void EpollDispatcherTest::datagrams()
{
    QUdpSocket receiver;
    QUdpSocket sender;
    QVERIFY(receiver.bind(QHostAddress::LocalHost));
    int count = 0;
    connect(&receiver, &QUdpSocket::readyRead, this, [&] {
        while (receiver.hasPendingDatagrams()) {
            QCOMPARE(receiver.receiveDatagram().data(), QByteArray("datagram"));
            ++count;
        }
    });
    for (int i = 0; i < 50; ++i)
        QCOMPARE(sender.writeDatagram("datagram", QHostAddress::LocalHost, receiver.localPort()), 8);
    QTRY_COMPARE(count, 50);
}

void EpollDispatcherTest::tls()
{
    const QTemporaryDir directory;
    const auto keyPath = directory.filePath(QStringLiteral("key.pem"));
    const auto certificatePath = directory.filePath(QStringLiteral("certificate.pem"));
    QProcess openssl;
    openssl.start(QStringLiteral("openssl"),
                  QStringLiteral("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
                                 "-subj /CN=localhost -keyout %1 -out %2")
                      .arg(keyPath, certificatePath)
                      .split(u' '));
    QVERIFY2(openssl.waitForFinished() && openssl.exitCode() == 0,
             openssl.readAllStandardError().constData());
    QFile key(keyPath);
    QFile certificate(certificatePath);
    QVERIFY(key.open(QIODevice::ReadOnly) && certificate.open(QIODevice::ReadOnly));

    auto configuration = QSslConfiguration::defaultConfiguration();
    configuration.setPrivateKey(QSslKey(key.readAll(), QSsl::Ec));
    configuration.setLocalCertificate(QSslCertificate(certificate.readAll()));
    QSslServer server;
    server.setSslConfiguration(configuration);
    QVERIFY(server.listen(QHostAddress::LocalHost));
    connect(&server, &QSslServer::pendingConnectionAvailable, this, [&] {
        auto *socket = server.nextPendingConnection();
        connect(socket, &QTcpSocket::readyRead, socket, [socket] { socket->write(socket->readAll()); });
        socket->write(socket->readAll());
    });
    QSslSocket client;
    client.setPeerVerifyMode(QSslSocket::VerifyNone);
    QByteArray got;
    connect(&client, &QSslSocket::encrypted, this, [&] { client.write(QByteArray(500000, 't')); });
    connect(&client, &QSslSocket::readyRead, this, [&] { got += client.readAll(); });
    client.connectToHostEncrypted(QStringLiteral("127.0.0.1"), server.serverPort());
    QTRY_COMPARE_WITH_TIMEOUT(got.size(), 500000, 30000);
}

void EpollDispatcherTest::aWorkerThreadServes()
{
    JoinedThread thread;
    if (dispatcher())
        thread.setEventDispatcher(new EpollDispatcher);
    QObject worker;
    worker.moveToThread(&thread);
    thread.start();
    std::unique_ptr<EchoServer> server;
    quint16 port = 0;
    QMetaObject::invokeMethod(
        &worker,
        [&] {
            server = std::make_unique<EchoServer>();
            port = server->serverPort();
        },
        Qt::BlockingQueuedConnection);
    {
        QTcpSocket client;
        client.connectToHost(QHostAddress::LocalHost, port);
        client.write("across");
        QTRY_COMPARE(client.bytesAvailable(), 6);
    }
    QMetaObject::invokeMethod(
        &worker, [&] { server.reset(); }, Qt::BlockingQueuedConnection);
    thread.quit();
    thread.join();
}

int main(int argc, char **argv)
{
    if (!qEnvironmentVariableIsSet("MSGSRV_STOCK_DISPATCHER"))
        QCoreApplication::setEventDispatcher(new EpollDispatcher);
    else
        qputenv("QT_NO_GLIB", "1");
    QCoreApplication application(argc, argv);
    EpollDispatcherTest test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_epolldispatcher.moc"
