// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/iothreads.h"
#include "server/net/threadexecutor.h"

#include <QCoreApplication>
#include <QProcess>
#include <QTest>
#include <QThread>
#include <QTimer>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <vector>

using namespace msgsrv;

namespace {

/// Runs @p function in @p thread and waits for it.
void in(IoThread &thread, const std::function<void()> &function)
{
    std::promise<void> done;
    auto finished = done.get_future();
    thread.executor().post([&function, done = std::make_shared<std::promise<void>>(std::move(done))] {
        function();
        done->set_value();
    });
    finished.wait();
}

/// Writes down what it is told. Used in one thread; the counters may be read from others.
class RecordingHandler : public ConnectionHandler
{
public:
    void onMessage(std::string_view, bool, TimePoint) override { }
    void onActivity(TimePoint) override { }
    void onWritable() override { }
    void onClosed(bool) override { }
    void onTick(TimePoint now) override
    {
        ++ticks;
        if (tick)
            tick(now);
    }
    void onMessagesReady(const ListeningKey &queue) override
    {
        log.push_back(queue.secret());
        where = QThread::currentThread();
        ++told;
    }
    void onCloseRequested(quint16 code, const QByteArray &reason) override
    {
        log.push_back(QByteArray::number(code) + reason);
        ++told;
        if (closeRequested)
            closeRequested();
    }

    std::vector<QByteArray> log;
    QThread *where = nullptr;
    std::function<void(TimePoint)> tick;
    std::function<void()> closeRequested;
    std::atomic<int> told{0};
    std::atomic<int> ticks{0};
};

ListeningKey key(const char *text)
{
    return ListeningKey::fromPresented(text);
}

class CountingSweepable : public Sweepable
{
public:
    void sweep(TimePoint now) override
    {
        ++sweeps;
        if (also)
            also(now);
    }
    std::atomic<int> sweeps{0};
    std::function<void(TimePoint)> also;
};

} // namespace

class IoThreadTest : public QObject
{
    Q_OBJECT

private slots:
    void setUpAndTearDownRunInTheThread();
    void theThreadRunsOnEpoll();
    void stoppingWithoutStartingDoesNothing();
    void whatCameBeforeTheEndIsDoneAndWhatComesLaterIsDestroyed();
    void objectsDeletedLaterInTheTearDownAreGoneAfterIt();
    void connectionIdsNameTheirThread();
    void aHandlerIsReachedByItsIdFromAnyThread();
    void messagesClosesAndTasksKeepTheirOrder();
    void idsOfNobodyAreIgnored();
    void allConnectionsCanBeAskedToClose();
    void handlersAndSweepablesAreSwept();
    void handlersMayComeAndGoDuringTheSweep();
    void everyHandlerIsTickedOnceWhileOthersLeave();
    void deliveriesFromManyThreadsAllArrive();
    void aSeededRaceIsFound();
};

void IoThreadTest::setUpAndTearDownRunInTheThread()
{
    IoThread thread(3);
    QThread *setUpIn = nullptr;
    QThread *tornDownIn = nullptr;
    bool current = false;
    thread.start([&] {
        setUpIn = QThread::currentThread();
        current = thread.executor().isCurrent();
    });
    QVERIFY(setUpIn && setUpIn != QThread::currentThread()); // done when start() returns
    QVERIFY(current);
    QVERIFY(!thread.executor().isCurrent());
    QCOMPARE(thread.index(), 3U);
    thread.stop([&] { tornDownIn = QThread::currentThread(); });
    QCOMPARE(tornDownIn, setUpIn);
    thread.stop([] { QFAIL("torn down twice"); });
}

void IoThreadTest::theThreadRunsOnEpoll()
{
    IoThread thread(0);
    QCOMPARE(thread.statistics().waits, std::uint64_t(0));
    bool epoll = false;
    thread.start(
        [&] { epoll = qobject_cast<EpollDispatcher *>(QThread::currentThread()->eventDispatcher()); });
    QVERIFY(epoll);
    QTRY_VERIFY(thread.statistics().waits > 0);
}

void IoThreadTest::stoppingWithoutStartingDoesNothing()
{
    IoThread thread(0);
    thread.stop([] { QFAIL("torn down without a thread"); });
}

void IoThreadTest::whatCameBeforeTheEndIsDoneAndWhatComesLaterIsDestroyed()
{
    IoThread thread(0);
    const auto token = std::make_shared<int>(0);
    int done = 0;
    thread.executor().post([&] { ++done; }); // even before the start
    thread.start([&] { done = done == 1 ? 10 : -1; });
    for (int i = 0; i < 100; ++i)
        thread.executor().post([&] { ++done; });
    thread.stop([&, token] {
        done += 1000;
        thread.executor().post([&done, token] { done = -1; });
    });
    QCOMPARE(done, 1110);
    QCOMPARE(token.use_count(), 1);
    thread.executor().post([&done, token] { done = -1; });
    QCOMPARE(token.use_count(), 1);
    QCOMPARE(done, 1110);
}

void IoThreadTest::objectsDeletedLaterInTheTearDownAreGoneAfterIt()
{
    IoThread thread(0);
    QObject *object = nullptr;
    std::atomic<bool> gone{false};
    thread.start([&] {
        object = new QObject;
        connect(object, &QObject::destroyed, object, [&] { gone = true; });
    });
    thread.stop([&] { object->deleteLater(); });
    QVERIFY(gone);
}

void IoThreadTest::connectionIdsNameTheirThread()
{
    IoThreads threads(3);
    QCOMPARE(threads.count(), 3);
    for (int i = 0; i < threads.count(); ++i) {
        auto &thread = threads.at(i);
        thread.start({});
        in(thread, [&] {
            const auto first = thread.nextConnectionId();
            const auto second = thread.nextConnectionId();
            QVERIFY(first != ConnectionId::None && first != second);
            QCOMPARE(ioThreadOf(first), unsigned(i));
            QCOMPARE(ioThreadOf(second), unsigned(i));
        });
    }
}

void IoThreadTest::aHandlerIsReachedByItsIdFromAnyThread()
{
    IoThreads threads(2);
    std::array<RecordingHandler, 2> handlers;
    std::array<ConnectionId, 2> ids{};
    std::array<QThread *, 2> owners{};
    for (std::size_t i = 0; i < 2; ++i) {
        auto &thread = threads.at(int(i));
        thread.start([&, i] {
            ids[i] = thread.nextConnectionId();
            owners[i] = QThread::currentThread();
            thread.registerConnection(ids[i], &handlers[i]);
        });
    }
    threads.messagesReady(ids[0], key("to 0"));
    in(threads.at(0), [&] { threads.messagesReady(ids[1], key("to 1")); }); // from another I/O thread
    in(threads.at(1), [&] { threads.messagesReady(ids[1], key("to 1, from 1")); }); // from its own
    QTRY_COMPARE(handlers[0].told.load(), 1);
    QTRY_COMPARE(handlers[1].told.load(), 2);
    for (int i = 0; i < 2; ++i)
        threads.at(i).stop();
    QCOMPARE(handlers[0].log, std::vector<QByteArray>{"to 0"});
    QCOMPARE(handlers[1].log, (std::vector<QByteArray>{"to 1", "to 1, from 1"}));
    QCOMPARE(handlers[0].where, owners[0]);
    QCOMPARE(handlers[1].where, owners[1]);
}

void IoThreadTest::messagesClosesAndTasksKeepTheirOrder()
{
    IoThreads threads(1);
    RecordingHandler handler;
    ConnectionId id{};
    auto &thread = threads.at(0);
    thread.start([&] {
        id = thread.nextConnectionId();
        thread.registerConnection(id, &handler);
    });
    threads.messagesReady(id, key("a"));
    thread.executor().post([&] { handler.log.push_back("task"); });
    threads.requestClose(id, 4001, "because");
    threads.messagesReady(id, key("b"));
    thread.stop();
    QCOMPARE(handler.log, (std::vector<QByteArray>{"a", "task", "4001because", "b"}));
}

void IoThreadTest::idsOfNobodyAreIgnored()
{
    IoThreads threads(1);
    RecordingHandler handler;
    ConnectionId id{};
    auto &thread = threads.at(0);
    thread.start([&] {
        id = thread.nextConnectionId();
        thread.registerConnection(id, &handler);
        QCOMPARE(thread.connectionCount(), std::size_t(1));
        thread.unregisterConnection(id);
        thread.unregisterConnection(id);
        QCOMPARE(thread.connectionCount(), std::size_t(0));
    });
    for (const auto nobody : {id, ConnectionId::None, makeConnectionId(0, 99), makeConnectionId(7, 1)}) {
        threads.messagesReady(nobody, key("x"));
        threads.requestClose(nobody, 1000, "x");
    }
    thread.stop();
    QVERIFY(handler.log.empty());
}

void IoThreadTest::allConnectionsCanBeAskedToClose()
{
    IoThread thread(0);
    std::array<RecordingHandler, 10> handlers;
    thread.start([&] {
        for (auto &handler : handlers) {
            const auto id = thread.nextConnectionId();
            thread.registerConnection(id, &handler);
            handler.closeRequested = [&thread, id] { thread.unregisterConnection(id); };
        }
        thread.requestCloseOfAll(1001, "end");
        QCOMPARE(thread.connectionCount(), std::size_t(0));
    });
    for (const auto &handler : handlers)
        QCOMPARE(handler.log, std::vector<QByteArray>{"1001end"});
}

void IoThreadTest::handlersAndSweepablesAreSwept()
{
    IoThread thread(0);
    RecordingHandler handler;
    CountingSweepable stays;
    CountingSweepable leaves;
    thread.start([&] {
        thread.registerConnection(thread.nextConnectionId(), &handler);
        thread.addSweepable(&stays);
        thread.addSweepable(&leaves);
        leaves.also = [&](TimePoint) { thread.removeSweepable(&leaves); };
    });
    QTRY_VERIFY(handler.ticks >= 3 && stays.sweeps >= 3);
    QCOMPARE(leaves.sweeps.load(), 1);
    thread.stop([&] {
        QVERIFY(!stays.isSwept()); // so it may be destroyed in the tear-down
        thread.removeSweepable(&stays);
    });
}

void IoThreadTest::handlersMayComeAndGoDuringTheSweep()
{
    IoThread thread(0);
    std::vector<std::unique_ptr<RecordingHandler>> handlers;
    std::vector<ConnectionId> ids;
    RecordingHandler newcomer;
    thread.start([&] {
        for (int i = 0; i < 100; ++i) {
            ids.push_back(thread.nextConnectionId());
            handlers.push_back(std::make_unique<RecordingHandler>());
            thread.registerConnection(ids.back(), handlers.back().get());
        }
        // who comes first, and each that comes later, ends itself and a neighbour on either side
        for (std::size_t i = 0; i < 100; ++i) {
            handlers[i]->tick = [&, i](TimePoint) {
                for (const auto j : {i, (i + 1) % 100, (i + 99) % 100}) {
                    thread.unregisterConnection(ids[j]);
                    if (j != i)
                        handlers[j].reset(); // ASan sees a call after this
                }
                if (i % 10 == 0 && newcomer.ticks == 0) {
                    const auto id = thread.nextConnectionId();
                    thread.registerConnection(id, &newcomer);
                }
            };
        }
    });
    QTRY_VERIFY(newcomer.ticks >= 1 || [&] {
        std::size_t left = 1;
        in(thread, [&] { left = thread.connectionCount(); });
        return left == 0;
    }());
    thread.stop();
}

void IoThreadTest::everyHandlerIsTickedOnceWhileOthersLeave()
{
    HandlerTable table;
    std::array<RecordingHandler, 50> handlers;
    for (std::size_t i = 0; i < handlers.size(); ++i)
        table.add(makeConnectionId(0, i), &handlers[i]);
    std::size_t visited = 0;
    table.visitAll([&](ConnectionHandler &handler) {
        handler.onTick({});
        // the first half is removed from the front, under the feet of the visit
        if (visited < 25)
            table.remove(makeConnectionId(0, visited));
        ++visited;
    });
    QCOMPARE(table.size(), std::size_t(25));
    for (std::size_t i = 0; i < handlers.size(); ++i) {
        QVERIFY(handlers[i].ticks <= 1);
        if (i >= 25)
            QCOMPARE(handlers[i].ticks.load(), 1);
    }
}

void IoThreadTest::deliveriesFromManyThreadsAllArrive()
{
    constexpr int threadCount = 3;
    constexpr int senders = 4;
    constexpr int each = 5000;
    IoThreads threads(threadCount);
    std::array<RecordingHandler, threadCount> handlers;
    std::array<ConnectionId, threadCount> ids{};
    for (std::size_t i = 0; i < threadCount; ++i) {
        auto &thread = threads.at(int(i));
        thread.start([&, i] {
            ids[i] = thread.nextConnectionId();
            thread.registerConnection(ids[i], &handlers[i]);
        });
    }
    std::vector<std::thread> sending;
    for (int s = 0; s < senders; ++s) {
        sending.emplace_back([&] {
            for (int i = 0; i < each; ++i)
                threads.messagesReady(ids[std::size_t(i % threadCount)], key("queue.x"));
        });
    }
    for (auto &thread : sending)
        thread.join();
    for (int i = 0; i < threadCount; ++i)
        threads.at(i).stop();
    int told = 0;
    for (const auto &handler : handlers)
        told += handler.told;
    QCOMPARE(told, senders * each);
}

/// What the inbox and the dispatcher tell ThreadSanitizer must not hide a real race.
void IoThreadTest::aSeededRaceIsFound()
{
#ifdef __SANITIZE_THREAD__
    QProcess seeded;
    auto environment = QProcessEnvironment::systemEnvironment();
    environment.insert(QStringLiteral("MSGSRV_SEED_RACE"), QStringLiteral("1"));
    seeded.setProcessEnvironment(environment);
    seeded.start(QCoreApplication::applicationFilePath(), {});
    QVERIFY(seeded.waitForFinished(60000));
    QVERIFY(seeded.readAllStandardError().contains("WARNING: ThreadSanitizer: data race"));
    QVERIFY(seeded.exitCode() != 0);
#else
    QSKIP("needs ThreadSanitizer: ./dev tsan");
#endif
}

/// Two threads count without agreeing on it, after they met in an inbox and in Qt's event queue.
static int raceOnPurpose()
{
    IoThread thread(0);
    ThreadExecutor here;
    int counter = 0;
    thread.start([&] { ++counter; });
    thread.executor().post([&] {
        for (int i = 0; i < 1000; ++i)
            ++counter;
        here.post([] { QCoreApplication::quit(); });
    });
    for (int i = 0; i < 1000; ++i)
        ++counter;
    const int result = QCoreApplication::exec();
    thread.stop();
    return counter > 0 ? result : 1;
}

int main(int argc, char **argv)
{
    QCoreApplication::setEventDispatcher(new EpollDispatcher);
    QCoreApplication application(argc, argv);
    if (qEnvironmentVariableIsSet("MSGSRV_SEED_RACE"))
        return raceOnPurpose();
    IoThreadTest test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_iothread.moc"
