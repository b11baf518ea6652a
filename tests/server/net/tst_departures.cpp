// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/drain.h"
#include "server/net/threadexecutor.h"

#include <QSignalSpy>
#include <QTest>

#include <algorithm>
#include <future>
#include <map>
#include <mutex>

using namespace msgsrv;

namespace {

constexpr int patienceMs = 20'000;
const TimePoint begin{seconds(1000)};

/// What all handlers were told, in the order in which it came.
struct Journal
{
    struct Line
    {
        ConnectionId connection = ConnectionId::None;
        QByteArray what;
        TimePoint when;
    };
    void add(ConnectionId connection, const QByteArray &what)
    {
        const std::scoped_lock lock(mutex);
        lines.push_back({connection, what, Clock::now()});
    }
    [[nodiscard]] std::vector<Line> of(const QByteArray &what)
    {
        const std::scoped_lock lock(mutex);
        std::vector<Line> found;
        std::copy_if(lines.begin(), lines.end(), std::back_inserter(found),
                     [&](const Line &line) { return line.what.startsWith(what); });
        return found;
    }
    std::mutex mutex;
    std::vector<Line> lines;
};

class Handler final : public ConnectionHandler
{
public:
    Handler(ConnectionId id, Journal &journal)
        : m_id(id)
        , m_journal(journal)
    { }
    void onMessage(std::string_view, bool, TimePoint) override { }
    void onActivity(TimePoint) override { }
    void onWritable() override { }
    void onClosed(bool) override { }
    void onTick(TimePoint) override { }
    void onMessagesReady(const ListeningKey &) override { }
    void onDraining(milliseconds reconnectAfter, TimePoint) override
    {
        m_journal.add(m_id, "told " + QByteArray::number(qint64(reconnectAfter.count())));
    }
    void onCloseRequested(quint16 code, const QByteArray &reason) override
    {
        m_journal.add(m_id, "close " + QByteArray::number(code) + ' ' + reason);
    }

private:
    const ConnectionId m_id;
    Journal &m_journal;
};

/// Two I/O threads with connections.
struct Threads
{
    explicit Threads(std::vector<int> counts)
        : threads(int(counts.size()))
    {
        for (int i = 0; i < threads.count(); ++i) {
            IoThread &thread = threads.at(i);
            auto &mine = handlers[std::size_t(i)];
            thread.start([&thread, &mine, this, count = counts[std::size_t(i)]] {
                for (int n = 0; n < count; ++n) {
                    const ConnectionId id = thread.nextConnectionId();
                    mine.push_back(std::make_unique<Handler>(id, journal));
                    thread.registerConnection(id, mine.back().get());
                }
            });
        }
    }
    ~Threads()
    {
        for (int i = 0; i < threads.count(); ++i)
            threads.at(i).stop();
    }

    Journal journal;
    std::array<std::vector<std::unique_ptr<Handler>>, 2> handlers;
    ThreadExecutor home;
    IoThreads threads;
};

} // namespace

/// When connections are closed while the server stops, and that they are.
class TestDepartures : public QObject
{
    Q_OBJECT

private slots:
    void theyAreEvenlySpread_data()
    {
        QTest::addColumn<int>("count");
        QTest::addColumn<int>("spreadMs");
        QTest::addColumn<int>("lengthMs");
        QTest::newRow("nobody") << 0 << 10'000 << 0;
        QTest::newRow("one") << 1 << 10'000 << 1000;
        QTest::newRow("a few, as fast as may be") << 4 << 10'000 << 4000;
        QTest::newRow("as many as seconds") << 10 << 10'000 << 10'000;
        QTest::newRow("many") << 10'000 << 10'000 << 10'000;
        QTest::newRow("all at once") << 500 << 0 << 0;
        QTest::newRow("less than the slowest") << 1 << 200 << 200;
    }
    void theyAreEvenlySpread()
    {
        QFETCH(const int, count);
        QFETCH(const int, spreadMs);
        QFETCH(const int, lengthMs);
        const Departures departures(std::size_t(count), begin, milliseconds(spreadMs), seconds(1));
        QCOMPARE(departures.length(), Duration(milliseconds(lengthMs)));
        QCOMPARE(departures.end(), begin + milliseconds(lengthMs));
        QCOMPARE(departures.due(begin - milliseconds(1)), std::size_t(0));
        QCOMPARE(departures.due(begin), std::size_t(lengthMs == 0 ? count : std::min(count, 1)));
        QCOMPARE(departures.due(begin + milliseconds(lengthMs)), std::size_t(count));
        // In the middle one more than half of them.
        if (lengthMs > 0)
            QCOMPARE(departures.due(begin + milliseconds(lengthMs / 2)), std::size_t(count / 2 + 1));
    }

    void whatDoesNotDivideIsSpreadAsWell()
    {
        const Departures departures(7, begin, seconds(1), seconds(1));
        QVERIFY(departures.length() <= seconds(1) && departures.length() > milliseconds(999));
        QCOMPARE(departures.due(departures.end()), std::size_t(7));
        QCOMPARE(departures.due(departures.end() - milliseconds(100)), std::size_t(7));
        QCOMPARE(departures.due(departures.end() - milliseconds(200)), std::size_t(6));
    }

    void everybodyIsToldAndThenClosed_data()
    {
        QTest::addColumn<int>("spreadMs");
        QTest::newRow("all at once") << 0;
        QTest::newRow("spread") << 300;
    }
    void everybodyIsToldAndThenClosed()
    {
        QFETCH(const int, spreadMs);
        Threads all({400, 700});
        Drain drain(all.threads, all.home, {.spread = milliseconds(spreadMs), .reason = "bye"});
        const QSignalSpy counted(&drain, &Drain::counted);
        const QSignalSpy finished(&drain, &Drain::finished);
        const TimePoint start = Clock::now();
        drain.begin();
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 1, patienceMs);
        QVERIFY(Clock::now() - start >= milliseconds(spreadMs));
        QCOMPARE(counted.size(), 1);
        QCOMPARE(drain.connections(), std::size_t(1100));
        QTRY_COMPARE_WITH_TIMEOUT(all.journal.of("close").size(), std::size_t(1100), patienceMs);

        std::map<ConnectionId, QByteArrayList> heard;
        {
            const std::scoped_lock lock(all.journal.mutex);
            for (const Journal::Line &line : all.journal.lines)
                heard[line.connection].append(line.what);
        }
        QCOMPARE(heard.size(), std::size_t(1100));
        for (const auto &[connection, lines] : heard)
            QCOMPARE(lines, (QByteArrayList{"told 1000", "close 1001 bye"}));
        // None before its time, whoever is how slow here.
        const auto closes = all.journal.of("close");
        for (std::size_t i = 0; i < closes.size(); ++i)
            QVERIFY(closes[i].when - start >= milliseconds(spreadMs) * int(i) / int(closes.size()));
    }

    void aLongDrainTellsItsLength()
    {
        Threads all({1, 2});
        Drain drain(
            all.threads, all.home,
            {.spread = seconds(3600), .slowest = milliseconds(100), .leastReconnectAfter = milliseconds(50)});
        drain.begin();
        QTRY_COMPARE_WITH_TIMEOUT(all.journal.of("told 300").size(), std::size_t(3), patienceMs);
    }

    void nobodyIsThere()
    {
        Threads all({0, 0});
        Drain drain(all.threads, all.home, {});
        const QSignalSpy finished(&drain, &Drain::finished);
        drain.begin();
        QTRY_COMPARE_WITH_TIMEOUT(finished.size(), 1, patienceMs);
        QCOMPARE(drain.length(), Duration::zero());
    }

    void aDrainThatGoesTellsNobodyAnyMore()
    {
        Threads all({3, 3});
        {
            Drain drain(all.threads, all.home, {});
            drain.begin();
        }
        bool passed = false;
        all.threads.at(0).executor().post([&] { all.home.post([&] { passed = true; }); });
        QTRY_VERIFY_WITH_TIMEOUT(passed, patienceMs);
        QVERIFY(all.journal.of("").empty());
    }
};

QTEST_GUILESS_MAIN(TestDepartures)
#include "tst_departures.moc"
