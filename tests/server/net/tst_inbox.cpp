// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/epolldispatcher.h"
#include "server/net/inbox.h"
#include "server/net/threadexecutor.h"

#include <QCoreApplication>
#include <QEventLoop>
#include <QTest>
#include <QThread>

#include <array>
#include <atomic>
#include <memory>
#include <thread>

using namespace msgsrv;

namespace {

EpollDispatcher *dispatcher()
{
    return static_cast<EpollDispatcher *>(QCoreApplication::eventDispatcher());
}

void settle()
{
    while (dispatcher()->processEvents(QEventLoop::AllEvents)) { }
}

} // namespace

class InboxTest : public QObject
{
    Q_OBJECT

private slots:
    void init() { settle(); }
    void entriesAreHandledInOrderInTheOwnersThread();
    void nothingIsHandledBeforeTheLoopRuns();
    void manyEntriesAreOneWakeUp();
    void entriesPushedWhileHandlingComeInALaterTurn();
    void theOrderIsKeptInNestedLoops();
    void entriesOfManyThreadsAllArriveEachInOrder();
    void aClosedInboxDestroysWhatItGets();
    void anInboxMayBeClosedByWhatItHandles();
    void anExecutorRunsTasksInItsThread();
    void runExecutesAtOnceInTheOwnThread();
    void tasksAreDestroyedWithTheirExecutor();
};

void InboxTest::entriesAreHandledInOrderInTheOwnersThread()
{
    std::vector<int> handled;
    QThread *where = nullptr;
    Inbox<int> inbox([&](int &&entry) {
        handled.push_back(entry);
        where = QThread::currentThread();
    });
    std::thread([&] {
        for (int i = 0; i < 5; ++i)
            QVERIFY(inbox.push(i));
    }).join();
    settle();
    QCOMPARE(handled, (std::vector<int>{0, 1, 2, 3, 4}));
    QCOMPARE(where, thread());
}

void InboxTest::nothingIsHandledBeforeTheLoopRuns()
{
    int handled = 0;
    Inbox<int> inbox([&](int &&) { ++handled; });
    inbox.push(1);
    QCOMPARE(handled, 0);
    settle();
    QCOMPARE(handled, 1);
}

void InboxTest::manyEntriesAreOneWakeUp()
{
    int handled = 0;
    Inbox<int> inbox([&](int &&) { ++handled; });
    for (int round = 1; round <= 3; ++round) {
        const auto before = dispatcher()->statistics().wakeUps;
        std::thread([&] {
            for (int i = 0; i < 1000; ++i)
                inbox.push(i);
        }).join();
        settle();
        QCOMPARE(handled, round * 1000);
        QCOMPARE(dispatcher()->statistics().wakeUps - before, std::uint64_t(1));
    }
}

void InboxTest::entriesPushedWhileHandlingComeInALaterTurn()
{
    int handled = 0;
    Inbox<int> *self = nullptr;
    Inbox<int> inbox([&](int &&) {
        ++handled;
        self->push(1);
    });
    self = &inbox;
    inbox.push(1);
    for (int turn = 1; turn <= 5; ++turn) { // a chain without an end leaves room for everything else
        QVERIFY(dispatcher()->processEvents(QEventLoop::AllEvents));
        QCOMPARE(handled, turn);
    }
}

void InboxTest::theOrderIsKeptInNestedLoops()
{
    std::vector<int> handled;
    Inbox<int> *self = nullptr;
    Inbox<int> inbox([&](int &&entry) {
        handled.push_back(entry);
        if (entry == 1) {
            self->push(4);
            QCoreApplication::processEvents();
            handled.push_back(-1); // the end of 1
        }
    });
    self = &inbox;
    for (const int entry : {1, 2, 3})
        inbox.push(entry);
    settle();
    QCOMPARE(handled, (std::vector<int>{1, 2, 3, 4, -1}));
}

void InboxTest::entriesOfManyThreadsAllArriveEachInOrder()
{
    constexpr int threadCount = 4;
    constexpr int entriesEach = 20000;
    std::array<int, threadCount> last{};
    int disordered = 0;
    int handled = 0;
    QEventLoop loop;
    Inbox<std::pair<int, int>> inbox([&](std::pair<int, int> &&entry) {
        auto &previous = last[std::size_t(entry.first)];
        disordered += entry.second == previous + 1 ? 0 : 1;
        previous = entry.second;
        if (++handled == threadCount * entriesEach)
            loop.quit();
    });
    std::vector<std::thread> threads;
    for (int t = 0; t < threadCount; ++t) {
        threads.emplace_back([&inbox, t] {
            for (int i = 1; i <= entriesEach; ++i)
                inbox.push({t, i});
        });
    }
    loop.exec();
    for (auto &thread : threads)
        thread.join();
    QCOMPARE(handled, threadCount * entriesEach);
    QCOMPARE(disordered, 0);
}

void InboxTest::aClosedInboxDestroysWhatItGets()
{
    int handled = 0;
    Inbox<std::shared_ptr<int>> inbox([&](std::shared_ptr<int> &&) { ++handled; });
    const auto entry = std::make_shared<int>(1);
    QVERIFY(inbox.push(entry));
    QCOMPARE(entry.use_count(), 2);
    inbox.close();
    QCOMPARE(entry.use_count(), 1);
    QVERIFY(!inbox.push(entry));
    QCOMPARE(entry.use_count(), 1);
    settle();
    QCOMPARE(handled, 0);
}

void InboxTest::anInboxMayBeClosedByWhatItHandles()
{
    Inbox<std::shared_ptr<int>> *self = nullptr;
    int handled = 0;
    Inbox<std::shared_ptr<int>> inbox([&](std::shared_ptr<int> &&) {
        ++handled;
        self->close();
    });
    self = &inbox;
    const auto entry = std::make_shared<int>(1);
    for (int i = 0; i < 3; ++i)
        inbox.push(entry);
    settle();
    QCOMPARE(handled, 1);
    QCOMPARE(entry.use_count(), 1);
}

void InboxTest::anExecutorRunsTasksInItsThread()
{
    ThreadExecutor executor;
    QThread *where = nullptr;
    bool currentThere = true;
    std::thread([&] {
        currentThere = executor.isCurrent();
        executor.run([&] { where = QThread::currentThread(); });
    }).join();
    QVERIFY(!currentThere);
    QVERIFY(!where);
    settle();
    QCOMPARE(where, thread());
}

void InboxTest::runExecutesAtOnceInTheOwnThread()
{
    ThreadExecutor executor;
    std::vector<int> order;
    executor.post([&] { order.push_back(2); });
    QVERIFY(executor.isCurrent());
    executor.run([&] { order.push_back(1); });
    QCOMPARE(order, std::vector<int>{1});
    settle();
    QCOMPARE(order, (std::vector<int>{1, 2}));
}

void InboxTest::tasksAreDestroyedWithTheirExecutor()
{
    const auto token = std::make_shared<int>(1);
    {
        ThreadExecutor executor;
        executor.post([token] {});
        QCOMPARE(token.use_count(), 2);
    }
    QCOMPARE(token.use_count(), 1);
    settle();
}

int main(int argc, char **argv)
{
    QCoreApplication::setEventDispatcher(new EpollDispatcher);
    QCoreApplication application(argc, argv);
    InboxTest test;
    return QTest::qExec(&test, argc, argv);
}

#include "tst_inbox.moc"
