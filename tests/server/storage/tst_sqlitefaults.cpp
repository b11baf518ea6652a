// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/storage/storemetrics.h"
#include "shared/base/log.h"
#include "tests/server/storage/sqlitefixture.h"

#include <QFileInfo>

#include <algorithm>

using namespace msgsrv;

/// Disks that fail (tests/support/faultydisk, linked into this program), many operations at once, and limits.
class TestSqliteFaults : public QObject
{
    Q_OBJECT

private:
    static constexpr milliseconds soon{10};

    /// From now on the disk does what @p lines say; see faultydisk.cpp.
    static void fail(const SqliteFixture &f, const QByteArray &lines)
    {
        qputenv("FAULTY_DISK", f.file("faults").toUtf8());
        SqliteFixture::write(f.file("faults.new"), lines);
        QVERIFY(::rename(f.file("faults.new").toUtf8().constData(), f.file("faults").toUtf8().constData())
                == 0);
    }
    static void mend(const SqliteFixture &f) { QVERIFY(QFile::remove(f.file("faults"))); }
    static bool isStalled(const SqliteFixture &f)
    {
        return QTest::qWaitFor([&] { return QFileInfo::exists(f.file("faults.stalled")); }, 20'000);
    }

    static void addFaults()
    {
        QTest::addColumn<QByteArray>("fault");
        QTest::newRow("sync fails") << QByteArray("sync EIO\n");
        QTest::newRow("write fails") << QByteArray("write EIO\n");
        QTest::newRow("disk full") << QByteArray("write ENOSPC\n");
    }

private slots:
    void cleanup() { qunsetenv("FAULTY_DISK"); }

    void whatDidNotReachTheDiskIsUnavailable_data() { addFaults(); }
    void whatDidNotReachTheDiskIsUnavailable()
    {
        QFETCH(const QByteArray, fault);
        const SqliteFixture f;
        auto store = f.open({.probeInterval = soon});
        const SessionRecord before = makeRecord("before", 1);
        QCOMPARE(answerOf(insert(*store, before)), StoreStatus::Ok);
        fail(f, fault);
        QCOMPARE(answerOf(insert(*store, makeRecord("during", 2))), StoreStatus::Unavailable);
        std::optional<StoreStatus> removed;
        store->remove(before.key, before.generation, [&](StoreStatus status) { removed = status; });
        QTRY_COMPARE(removed, StoreStatus::Unavailable);
        QVERIFY(!store->health().up);
        QVERIFY(store->health().errors >= 2);
        mend(f);
        // By itself, without a call.
        QTRY_VERIFY(store->health().up);
        QCOMPARE(answerOf(insert(*store, makeRecord("during", 3))),
                 StoreStatus::Ok); // its userId was not taken
        QCOMPARE(answerOf(insert(*store, makeRecord("before", 4))), StoreStatus::Conflict); // still there
        store.reset();
        const auto stored = f.tryOpen();
        QVERIFY2(stored.has_value(), qPrintable(stored ? QString() : stored.error()));
        QCOMPARE(stored->records.size(), std::size_t(2));
        QVERIFY(stored->youngest >= Generation(3));
        QCOMPARE(f.run({QStringLiteral("PRAGMA integrity_check")}), QStringLiteral("ok"));
    }

    void messagesThatDidNotReachTheDiskAreUnavailable_data() { addFaults(); }
    void messagesThatDidNotReachTheDiskAreUnavailable()
    {
        QFETCH(const QByteArray, fault);
        const SqliteFixture f;
        auto store = f.open({.probeInterval = soon});
        QCOMPARE(answerOf(insert(*store, makeRecord("anna", 1))), StoreStatus::Ok);
        fail(f, fault);
        auto message = std::make_shared<Message>();
        message->from = message->to = UserId::parse("bert").value();
        StoredMessage stored;
        stored.queue = ListeningKey::fromPresented("anna's");
        stored.message = message;
        stored.position = 1;
        std::optional<StoreStatus> saved;
        store->saveMessages({stored}, [&](StoreStatus status) { saved = status; });
        QTRY_COMPARE(saved, StoreStatus::Unavailable);
        std::optional<StoreStatus> changed;
        store->changeMessages({.added = {stored}, .written = {}, .ended = {}},
                              [&](StoreStatus status) { changed = status; });
        QTRY_COMPARE(changed, StoreStatus::Unavailable);
        mend(f);
        store.reset();
        QVERIFY(f.tryOpen()->messages.empty());
    }

    void theFailureOfOneTransactionIsToldToAllInIt()
    {
        const SqliteFixture f;
        const auto store = f.open({.probeInterval = soon});
        fail(f, "sync stall\n");
        std::vector<Told> told{insert(*store, makeRecord("first", 1))};
        QVERIFY(isStalled(f));
        for (unsigned i = 2; i <= 20; ++i)
            told.push_back(insert(*store, makeRecord("user" + QByteArray::number(i), i)));
        fail(f, "sync EIO\n");
        for (const Told &one : told)
            QCOMPARE(answerOf(one), StoreStatus::Unavailable);
        QVERIFY(store->health().errors >= 2 && store->health().errors < 20);
        mend(f);
    }

    void nothingIsAnsweredBeforeTheSync()
    {
        const SqliteFixture f;
        const auto store = f.open();
        fail(f, "sync stall\n");
        const Told told = insert(*store, makeRecord("anna", 1));
        QVERIFY(isStalled(f));
        QTest::qWait(50); // it has written all there is to write, and waits
        QVERIFY(!told->has_value());
        QCOMPARE(store->health().pending, std::uint64_t(1));
        mend(f);
        QCOMPARE(answerOf(told), StoreStatus::Ok);
        QCOMPARE(store->health().pending, std::uint64_t(0));
    }

    void whatComesDuringASyncIsOneTransaction()
    {
        const SqliteFixture f;
        const auto store = f.open();
        fail(f, "sync stall\n");
        std::vector<Told> told{insert(*store, makeRecord("first", 1))};
        QVERIFY(isStalled(f));
        for (unsigned i = 2; i <= 500; ++i)
            told.push_back(insert(*store, makeRecord("user" + QByteArray::number(i), i)));
        mend(f);
        for (const Told &one : told)
            QCOMPARE(answerOf(one), StoreStatus::Ok);
        QCOMPARE(store->health().operations, std::uint64_t(500));
        QCOMPARE(store->health().commits, std::uint64_t(2));
        QVERIFY(store->health().commitSeconds > 0);
    }

    void tooManyThatWaitAreRefusedAtOnce_data()
    {
        QTest::addColumn<int>("limit");
        QTest::addColumn<int>("refused"); // of 20
        QTest::newRow("one") << 1 << 19;
        QTest::newRow("five") << 5 << 15;
        QTest::newRow("exactly as many") << 20 << 0;
        QTest::newRow("unlimited") << 0 << 0;
    }
    void tooManyThatWaitAreRefusedAtOnce()
    {
        QFETCH(const int, limit);
        QFETCH(const int, refused);
        const SqliteFixture f;
        const auto store = f.open({.queue = std::size_t(limit)});
        fail(f, "sync stall\n");
        std::vector<Told> told{insert(*store, makeRecord("first", 1))};
        QVERIFY(isStalled(f));
        for (unsigned i = 2; i <= 20; ++i)
            told.push_back(insert(*store, makeRecord("user" + QByteArray::number(i), i)));
        const auto count = [&](StoreStatus status) {
            return int(
                std::count_if(told.begin(), told.end(), [&](const Told &one) { return *one == status; }));
        };
        QTRY_COMPARE(count(StoreStatus::Unavailable), refused);
        QCOMPARE(store->health().refused, std::uint64_t(refused));
        QVERIFY(store->health().up); // it is busy, not broken
        Metrics metrics;
        addStoreMetrics(metrics, *store);
        const std::string text = metrics.render();
        QVERIFY(text.find("messaging_store_refused_total " + std::to_string(refused)) != text.npos);
        QVERIFY(text.find("messaging_store_pending " + std::to_string(20 - refused)) != text.npos);
        QVERIFY(text.find("messaging_store_up 1") != text.npos);
        mend(f);
        QTRY_COMPARE(count(StoreStatus::Ok), 20 - refused);
    }

    void theLogTellsOnceThatItIsDown()
    {
        const SqliteFixture f;
        const auto store = f.open({.probeInterval = milliseconds(1)});
        fail(f, "sync EIO\n");
        QFile lines(f.file("log"));
        QVERIFY(lines.open(QIODevice::ReadWrite));
        const auto before = qInstallMessageHandler(nullptr);
        log::install({.descriptor = lines.handle()});
        (void)answerOf(insert(*store, makeRecord("anna", 1)));
        const bool many = QTest::qWaitFor([&] { return store->health().errors > 20; }, 20'000);
        mend(f);
        const auto told = [&](const char *event) {
            return SqliteFixture::read(f.file("log")).count(QByteArray(event) + ' ');
        };
        const bool up = QTest::qWaitFor(
            [&] { return SqliteFixture::read(f.file("log")).contains("store.up"); }, 20'000);
        log::install({});
        qInstallMessageHandler(before);
        QVERIFY(many && up);
        QCOMPARE(told("store.down"), 1);
        QVERIFY(SqliteFixture::read(f.file("log")).contains("disk I/O error"));
    }
};

QTEST_GUILESS_MAIN(TestSqliteFaults)
#include "tst_sqlitefaults.moc"
