// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/log.h"

#include <QFile>
#include <QLoggingCategory>
#include <QTest>

#include <thread>
#include <vector>

using namespace msgsrv;

namespace {

Q_LOGGING_CATEGORY(lcTest, "msgsrv.test", QtInfoMsg)

} // namespace

/// Those who watch the log while the process runs.
class LogTailTest final : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase()
    {
        log::Settings settings;
        settings.perSecond = 0;
        QVERIFY(m_nowhere.open(QIODevice::WriteOnly));
        settings.descriptor = m_nowhere.handle();
        log::install(settings);
    }
    void cleanup() { log::closeTail(); }

    void nothing_is_kept_while_nobody_watches()
    {
        log::info(lcTest(), "test.before");
        QVERIFY(log::takeTail().lines.empty());
        log::openTail();
        QVERIFY(log::takeTail().lines.empty());
    }

    void lines_come_as_they_were_written()
    {
        log::openTail();
        log::warning(lcTest(), "test.event", {{"user", "bob"}, {"count", 3}});
        log::debug(lcTest(), "test.hidden");
        const log::TailBatch batch = log::takeTail();
        QCOMPARE(batch.lines.size(), std::size_t(1));
        const log::TailLine &line = batch.lines.front();
        QVERIFY(line.level == log::Level::Warning);
        QCOMPARE(line.category, std::string("msgsrv.test"));
        QCOMPARE(line.event, std::string("test.event"));
        QCOMPARE(line.text, std::string("user=bob count=3"));
        QVERIFY(line.sequence > 0);
        QVERIFY(log::takeTail().lines.empty()); // taken is taken
    }

    void a_level_of_one_category_reaches_the_tail()
    {
        log::openTail();
        log::setCategoryLevel("msgsrv.test", log::Level::Debug);
        log::debug(lcTest(), "test.detail");
        log::setCategoryLevel("msgsrv.test", std::nullopt);
        log::debug(lcTest(), "test.detail");
        QCOMPARE(log::takeTail().lines.size(), std::size_t(1));
    }

    void what_finds_no_room_is_told_by_its_numbers()
    {
        log::openTail();
        constexpr std::size_t kept = 5000;
        for (std::size_t i = 0; i < kept + 7; ++i)
            log::info(lcTest(), "test.flood", {{"number", qint64(i)}});
        const log::TailBatch batch = log::takeTail();
        QCOMPARE(batch.lines.size(), kept);
        QCOMPARE(batch.missedTo - batch.missedFrom + 1, std::uint64_t(7));
        QCOMPARE(batch.missedFrom, batch.lines.back().sequence + 1);
        log::info(lcTest(), "test.next");
        const log::TailBatch next = log::takeTail();
        QCOMPARE(next.lines.size(), std::size_t(1));
        QCOMPARE(next.missedFrom, std::uint64_t(0));
        QCOMPARE(next.lines.front().sequence, batch.missedTo + 1);
    }

    void large_lines_are_bounded_by_their_bytes()
    {
        log::openTail();
        const QString large(64 * 1024, u'x');
        for (int i = 0; i < 4000; ++i)
            log::info(lcTest(), "test.large", {{"text", large}, {"more", large}});
        const log::TailBatch batch = log::takeTail();
        std::size_t bytes = 0;
        for (const log::TailLine &line : batch.lines)
            bytes += line.text.size();
        QVERIFY(batch.lines.size() < 4000);
        QVERIFY(bytes <= 2 * 1024 * 1024);
        QVERIFY(batch.missedFrom > 0);
    }

    void many_threads_write_while_one_reads()
    {
        log::openTail();
        constexpr int writers = 4;
        constexpr int each = 500;
        std::vector<std::thread> threads;
        threads.reserve(writers);
        for (int t = 0; t < writers; ++t) {
            threads.emplace_back([] {
                for (int i = 0; i < each; ++i)
                    log::info(lcTest(), "test.thread", {{"number", i}});
            });
        }
        std::vector<std::uint64_t> seen;
        const auto take = [&seen] {
            for (const log::TailLine &line : log::takeTail().lines)
                seen.push_back(line.sequence);
        };
        while (seen.size() < writers * each / 2)
            take();
        for (std::thread &thread : threads)
            thread.join();
        take();
        QCOMPARE(seen.size(), std::size_t(writers * each));
        for (std::size_t i = 1; i < seen.size(); ++i)
            QCOMPARE(seen[i], seen[i - 1] + 1);
    }

private:
    QFile m_nowhere{QStringLiteral("/dev/null")};
};

QTEST_GUILESS_MAIN(LogTailTest)
#include "tst_logtail.moc"
