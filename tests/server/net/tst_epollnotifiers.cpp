// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/server/net/epolltest.h"

#include <QEventLoop>
#include <QFile>
#include <QRegularExpression>
#include <QSocketNotifier>
#include <QTimer>

#include <algorithm>
#include <array>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace msgsrv;
using namespace msgsrv::epolltest;

namespace {

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

} // namespace

class EpollNotifiersTest : public QObject
{
    Q_OBJECT

private slots:
    void init() { settle(); }
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
};

void EpollNotifiersTest::aReaderThatLeavesSomethingIsCalledAgain()
{
    const auto pair = Pair::pipe();
    pair.put(QByteArray(500, 'x'));
    int bytes = 0;
    QSocketNotifier notifier(pair.ends[0], QSocketNotifier::Read);
    connect(&notifier, &QSocketNotifier::activated, this, [&] { bytes += int(pair.take(1).size()); });
    QTRY_COMPARE(bytes, 500);
    QVERIFY(!QCoreApplication::eventDispatcher()->processEvents(QEventLoop::AllEvents));
}

void EpollNotifiersTest::moreReadyDescriptorsThanOneTurnTakesAllRun()
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

void EpollNotifiersTest::aNotifierMayBeDeletedInItsOwnSlot()
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

void EpollNotifiersTest::aReadyNotifierDeletedByAnotherDoesNotFire()
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

void EpollNotifiersTest::aReusedDescriptorGetsNothingOfItsPredecessor()
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

void EpollNotifiersTest::readyNotifiersRunInTheNestedLoopOfAnother()
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

void EpollNotifiersTest::aNotifierThatIsReadyTwiceRunsInItsOwnNestedLoop()
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

void EpollNotifiersTest::excludedNotifiersWaitTheirTime()
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

    // (made here: how Qt hands an event over from thread to thread is nothing that a sanitizer sees)
    std::thread thread(
        [this, event = new QEvent(QEvent::User)] { QCoreApplication::postEvent(this, event); });
    waitOnce(QEventLoop::ExcludeSocketNotifiers); // and for other threads
    thread.join();
    QCOMPARE(ran, 0);
    settle();
    QCOMPARE(ran, 1);
}

void EpollNotifiersTest::excludedTimersWaitTheirTime()
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

void EpollNotifiersTest::aRegularFileIsAlwaysReady()
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

void EpollNotifiersTest::aWriteNotifierOfABlockingDescriptorIsNotTried()
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

void EpollNotifiersTest::aFullPipeIsNotWrittenTo()
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

void EpollNotifiersTest::aClosedDescriptorDisablesItsNotifier()
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

int main(int argc, char **argv)
{
    return run<EpollNotifiersTest>(argc, argv);
}

#include "tst_epollnotifiers.moc"
