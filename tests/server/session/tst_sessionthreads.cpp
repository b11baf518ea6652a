// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/broker/embeddedbroker.h"
#include "server/session/exchange.h"
#include "server/session/sessionservice.h"
#include "server/storage/memorysessionstore.h"
#include "tests/server/broker/recordingport.h"
#include "tests/server/session/manualexecutor.h"

#include <QLoggingCategory>
#include <QTest>

#include <atomic>
#include <future>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace msgsrv;

namespace {

class NoConnections final : public ConnectionPort
{
public:
    void requestClose(ConnectionId, quint16, const QByteArray &) override { }
    void probe(ConnectionId, std::function<void(bool)> done) override { done(false); }
};

constexpr unsigned threadCount = 3;
constexpr int sessionsPerThread = 150;

} // namespace

/// I/O threads and the main thread at work at the same time, for ThreadSanitizer above all.
class TestSessionThreads : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase() { QLoggingCategory::setFilterRules(QStringLiteral("msgsrv.*=false")); }

    void sessionsOfManyThreadsComeAndGoAndNothingIsLeft()
    {
        ManualExecutor mainThread;
        RecordingPort deliveries;
        EmbeddedBroker broker({}, deliveries);
        MemorySessionStore store;
        SessionDirectory directory;
        NoConnections connections;
        Metrics metrics;
        SessionService service({}, {mainThread, broker, store, directory, connections, metrics});
        Exchange exchange(directory, broker, 0);

        std::atomic<unsigned> running{threadCount};
        std::atomic<int> relayed{0};
        std::atomic<int> failed{0};
        const auto work = [&](unsigned thread) {
            for (int i = 0; i < sessionsPerThread; ++i) {
                const std::string name = std::to_string(thread) + '/' + std::to_string(i);
                const UserId userId = UserId::parse(name).value();
                const ConnectionId connection = makeConnectionId(thread, std::uint64_t(i) + 1);

                const auto opened = std::make_shared<std::promise<std::optional<ListeningKey>>>();
                service.open({userId, "ws://host/ws"}, [opened](auto result) {
                    opened->set_value(result ? std::optional(result->key) : std::nullopt);
                });
                const std::optional<ListeningKey> key = opened->get_future().get();
                if (!key) {
                    ++failed;
                    continue;
                }
                const auto attached = std::make_shared<std::promise<bool>>();
                service.attach({connection, userId.bytes(), *key},
                               [attached](auto result) { attached->set_value(result.has_value()); });
                if (!attached->get_future().get())
                    ++failed;
                broker.subscribe(*key, connection, [&](bool subscribed) { failed += subscribed ? 0 : 1; });
                exchange.relay({userId, userId, "1", {}}, Broker::Tell::Acceptance,
                               [&](const auto &result) { (result ? relayed : failed) += 1; });
                const auto messages = broker.take(*key, connection, 10, 1000);
                broker.settle(*key, connection, int(messages.size()), 0, DropReason::SessionEnded);

                if (i % 3 == 0)
                    service.end(*key, [](const auto &) {});
                if (i % 2 == 0)
                    broker.unsubscribe(*key, connection);
                service.connectionClosed(*key, connection, ConnectionEnd::Finished);
            }
            --running;
        };
        std::vector<std::thread> threads;
        for (unsigned thread = 0; thread < threadCount; ++thread)
            threads.emplace_back(work, thread);

        TimePoint nextTick = Clock::now();
        const auto turn = [&] {
            const bool busy = mainThread.runOne();
            QCoreApplication::processEvents();
            if (const TimePoint now = Clock::now(); now >= nextTick) {
                mainThread.inside([&] { service.tick(now); });
                (void)service.liveCount();
                nextTick = now + milliseconds(10);
            }
            return busy;
        };
        while (running > 0)
            turn();
        for (std::thread &thread : threads)
            thread.join();
        QTRY_VERIFY((turn(), service.liveCount() == 0 && service.count(SessionState::Ending) == 0));
        QCOMPARE(failed.load(), 0);
        QCOMPARE(relayed.load(), int(threadCount) * sessionsPerThread);
        QCOMPARE(broker.counts().queues, std::uint64_t(0));
        QCOMPARE(broker.counts().inFlight, std::uint64_t(0));
        QVERIFY(!directory.findUser(UserId::parse("0/1").value()));
    }
};

QTEST_GUILESS_MAIN(TestSessionThreads)
#include "tst_sessionthreads.moc"
