// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/storage/sqlitedatabase.h"
#include "server/storage/storemetrics.h"
#include "tests/server/metrics/documentedmetrics.h"
#include "tests/server/storage/sqlitefixture.h"

#include <QFileInfo>

#include <algorithm>
#include <sys/stat.h>

using namespace msgsrv;

namespace {

/// What the program of schema version 1 left behind.
const QStringList version1{
    QStringLiteral("CREATE TABLE sessions (generation INTEGER PRIMARY KEY AUTOINCREMENT, "
                   "user_id BLOB NOT NULL UNIQUE, "
                   "key_digest BLOB NOT NULL UNIQUE CHECK (length(key_digest) = 32), address BLOB NOT NULL, "
                   "acked INTEGER NOT NULL CHECK (acked IN (0, 1)), created_at_ms INTEGER NOT NULL)"),
    QStringLiteral("INSERT INTO sessions VALUES (7, x'616e6e61', "
                   "x'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', x'7773', 1, 123)"),
    QStringLiteral("INSERT INTO sessions VALUES (9, x'62657274', zeroblob(32), x'7773', 0, 124)"),
    QStringLiteral("DELETE FROM sessions WHERE generation = 9"),
    QStringLiteral("PRAGMA application_id = %1").arg(SqliteDatabase::applicationId),
    QStringLiteral("PRAGMA user_version = 1")};

/// What the program of schema version 2 left behind.
const QStringList version2 = version1.first(4)
    + QStringList{QStringLiteral("CREATE TABLE probe (id INTEGER PRIMARY KEY CHECK (id = 1), "
                                 "written INTEGER NOT NULL)"),
                  QStringLiteral("INSERT INTO probe (id, written) VALUES (1, 5)"),
                  QStringLiteral("PRAGMA application_id = %1").arg(SqliteDatabase::applicationId),
                  QStringLiteral("PRAGMA user_version = 2")};

/// What the program of schema version 3 left behind: a message for anna, and one for nobody any more.
const QStringList version3 = version2.first(6)
    + QStringList{
        QStringLiteral(
            "CREATE TABLE messages (position INTEGER PRIMARY KEY, session INTEGER NOT NULL REFERENCES "
            "sessions (generation), message_id BLOB NOT NULL, sender BLOB NOT NULL, body BLOB NOT NULL, "
            "via TEXT NOT NULL, accepted_at_ms INTEGER NOT NULL, redelivered INTEGER NOT NULL CHECK "
            "(redelivered IN (0, 1)), expires_at_ms INTEGER, event TEXT)"),
        QStringLiteral(
            "CREATE TABLE message_headers (message INTEGER NOT NULL REFERENCES messages (position), "
            "position INTEGER NOT NULL, name BLOB NOT NULL, value BLOB NOT NULL, "
            "PRIMARY KEY (message, position)) WITHOUT ROWID"),
        QStringLiteral(
            "INSERT INTO messages VALUES (1, 7, x'6d', x'62657274', x'7b7d', 'stomp', 1, 1, NULL, NULL)"),
        QStringLiteral(
            "INSERT INTO messages VALUES (2, 9, x'6e', x'62657274', x'7b7d', 'http', 1, 0, NULL, NULL)"),
        QStringLiteral(
            "INSERT INTO messages VALUES (3, 7, x'6f', x'', x'7b7d', 'server', 1, 0, 5, 'failed')"),
        QStringLiteral("INSERT INTO message_headers VALUES (1, 1, x'61', x'62')"),
        QStringLiteral("INSERT INTO message_headers VALUES (2, 1, x'61', x'62')"),
        QStringLiteral("PRAGMA application_id = %1").arg(SqliteDatabase::applicationId),
        QStringLiteral("PRAGMA user_version = 3")};

const QString schemaOf = QStringLiteral("SELECT group_concat(name || coalesce(sql, ''), ';') FROM "
                                        "(SELECT name, sql FROM sqlite_schema ORDER BY name)");

mode_t modeOf(const QString &path)
{
    struct stat facts = {};
    return ::stat(QFile::encodeName(path).constData(), &facts) == 0 ? facts.st_mode & 07777 : 0;
}

/// Runs of blanks are one: a statement may be laid out in another way.
QString simplified(const QString &sql)
{
    return sql.simplified()
        .replace(QStringLiteral("( "), QStringLiteral("("))
        .replace(QStringLiteral(" )"), QStringLiteral(")"));
}

} // namespace

/// The file: its schema and upgrades, what is refused at a start, who can read it, how it is left.
class TestSqliteFile : public QObject
{
    Q_OBJECT

private slots:
    void aStatementEndsWithASemicolonAtTheEndOfALine()
    {
        QCOMPARE(sqlStatements(QStringLiteral(
                     "-- a; b\nCREATE TABLE t (\n    a -- no; end\n);\n\n\nSELECT ';' || 1;\nx")),
                 (QStringList{QStringLiteral("CREATE TABLE t (\na -- no; end\n)"),
                              QStringLiteral("SELECT ';' || 1"), QStringLiteral("x")}));
        QVERIFY(sqlStatements(QStringLiteral("-- nothing\n")).isEmpty());
    }

    void theScriptsMakeTheVersionThatTheyAre()
    {
        const SqliteFixture f;
        f.open().reset();
        QCOMPARE(f.run({QStringLiteral("PRAGMA user_version")}).toUInt(), uint(sqliteScripts().size()));
        QCOMPARE(f.run({QStringLiteral("PRAGMA application_id")}).toInt(), SqliteDatabase::applicationId);
    }

    void anOlderVersionIsUpgradedWithItsSessions_data()
    {
        QTest::addColumn<QStringList>("statements");
        QTest::addColumn<QString>("probe");
        QTest::newRow("version 1") << version1 << QStringLiteral("1|0");
        QTest::newRow("version 2") << version2 << QStringLiteral("1|5");
        QTest::newRow("version 3") << version3 << QStringLiteral("1|5");
    }
    void anOlderVersionIsUpgradedWithItsSessions()
    {
        QFETCH(const QStringList, statements);
        const SqliteFixture old;
        old.run(statements);
        const auto stored = old.tryOpen();
        QVERIFY2(stored.has_value(), qPrintable(stored ? QString() : stored.error()));
        QCOMPARE(stored->records.size(), std::size_t(1));
        const SessionRecord &record = stored->records.front();
        QCOMPARE(record.userId.bytes(), QByteArray("anna"));
        QVERIFY(record.key == ListeningKey::fromPresented("abc"));
        QCOMPARE(record.generation, Generation(7));
        QCOMPARE(record.address, QByteArray("ws"));
        QVERIFY(record.acked);
        QCOMPARE(record.createdAtMs, qint64(123));
        QCOMPARE(stored->youngest, Generation(9)); // though it is gone
        const SqliteFixture fresh;
        fresh.open().reset();
        QCOMPARE(simplified(old.run({schemaOf})), simplified(fresh.run({schemaOf})));
        QTEST(old.run({QStringLiteral("SELECT * FROM probe")}), "probe");
        QCOMPARE(stored->messages.size(), std::size_t(statements == version3 ? 2 : 0));
        QCOMPARE(old.run({QStringLiteral("PRAGMA integrity_check")}), QStringLiteral("ok"));
    }

    void messagesOfVersion3AreTheirSessionsStill()
    {
        const SqliteFixture f;
        f.run(version3);
        const auto stored = f.tryOpen();
        QVERIFY2(stored.has_value(), qPrintable(stored ? QString() : stored.error()));
        QCOMPARE(stored->messages.size(), std::size_t(2));
        const StoredMessage &first = stored->messages[0];
        QCOMPARE(first.position, std::uint64_t(1));
        QVERIFY(first.queue == stored->records.front().key);
        QVERIFY(first.redelivered && first.hasContent && !first.isHeld);
        QCOMPARE(first.message->from.bytes(), QByteArray("bert"));
        QCOMPARE(first.message->to.bytes(), QByteArray("anna"));
        QCOMPARE(first.message->body, QByteArray("{}"));
        QCOMPARE(first.message->headers.size(), std::size_t(1));
        QVERIFY(first.message->expiresAt == TimePoint::max());
        QVERIFY(first.origin.sender.isNull() && !first.origin.wishes.any());
        const StoredMessage &notice = stored->messages[1];
        QCOMPARE(QByteArray(notice.message->event), QByteArray("failed"));
        QVERIFY(notice.message->from.isNull() && notice.message->expiresAt < Clock::now());
        QCOMPARE(f.run({QStringLiteral("SELECT count(*) FROM message_headers")}), QStringLiteral("1"));
    }

    void anUpgradeThatFailsLeavesTheFileAsItWas()
    {
        const SqliteFixture f;
        f.run(version1);
        const QString before = f.run({schemaOf});
        auto scripts = sqliteScripts();
        scripts.push_back({QStringLiteral("005_wrong.sql"),
                           {QStringLiteral("DROP TABLE probe"), QStringLiteral("DELETE FROM sessions"),
                            QStringLiteral("INSERT INTO nowhere VALUES (1)")}});
        {
            SqliteDatabase database;
            const auto opened = database.open(f.path(), scripts);
            QVERIFY(!opened.has_value());
            QVERIFY2(opened.error().contains(QLatin1String("005_wrong.sql")), qPrintable(opened.error()));
        }
        QCOMPARE(f.run({schemaOf}), before);
        QCOMPARE(f.run({QStringLiteral("PRAGMA user_version")}), QStringLiteral("1"));
        QCOMPARE(f.tryOpen()->records.size(), std::size_t(1));
    }

    void whatIsNotOursIsRefusedAndLeftAsItIs_data()
    {
        QTest::addColumn<QStringList>("statements");
        QTest::addColumn<QByteArray>("content"); // instead of the file that the statements make, if any
        QTest::addColumn<QString>("word");
        const auto ours = QStringLiteral("PRAGMA application_id = %1").arg(SqliteDatabase::applicationId);
        QTest::newRow("a newer schema") << QStringList{ours, QStringLiteral("PRAGMA user_version = 99")}
                                        << QByteArray() << QStringLiteral("schema version 99");
        QTest::newRow("the next schema")
            << QStringList{ours, QStringLiteral("PRAGMA user_version = %1").arg(sqliteScripts().size() + 1)}
            << QByteArray() << QStringLiteral("schema version %1").arg(sqliteScripts().size() + 1);
        QTest::newRow("another program's") << QStringList{QStringLiteral("CREATE TABLE mail (a)")}
                                           << QByteArray() << QStringLiteral("another program");
        QTest::newRow("another program's that is empty")
            << QStringList{QStringLiteral("PRAGMA user_version = 1")} << QByteArray()
            << QStringLiteral("another program");
        QTest::newRow("no database") << QStringList()
                                     << QByteArray("This is a letter to my aunt.\n").repeated(40)
                                     << QStringLiteral("damaged");
        QTest::newRow("our version without our tables")
            << QStringList{QStringLiteral("CREATE TABLE sessions (a)"), ours,
                           QStringLiteral("PRAGMA user_version = %1").arg(sqliteScripts().size())}
            << QByteArray() << QStringLiteral("tables");
    }
    void whatIsNotOursIsRefusedAndLeftAsItIs()
    {
        QFETCH(const QStringList, statements);
        QFETCH(const QByteArray, content);
        QFETCH(const QString, word);
        const SqliteFixture f;
        if (content.isEmpty())
            f.run(statements);
        else
            SqliteFixture::write(f.path(), content);
        const QByteArray before = SqliteFixture::read(f.path());
        const auto opened = f.tryOpen();
        QVERIFY(!opened.has_value());
        QVERIFY2(opened.error().contains(word), qPrintable(opened.error()));
        QVERIFY(opened.error().endsWith(u'.') && !opened.error().contains(u'\n'));
        if (word != QLatin1String("tables")) // that one was ours to look into
            QCOMPARE(SqliteFixture::read(f.path()), before);
    }

    void aDamagedFileIsRefused()
    {
        const SqliteFixture f;
        {
            const auto store = f.open();
            for (unsigned i = 1; i <= 200; ++i)
                QCOMPARE(answerOf(insert(*store, makeRecord("user" + QByteArray::number(i), i))),
                         StoreStatus::Ok);
        }
        QByteArray content = SqliteFixture::read(f.path());
        QVERIFY(content.size() > 16384);
        SqliteFixture::write(f.path(), content.first(content.size() - 8192)); // truncated
        QVERIFY(f.tryOpen().error().contains(QLatin1String("damaged")));
        std::fill(content.begin() + 4096, content.begin() + 12288, '\x5a');
        SqliteFixture::write(f.path(), content);
        QVERIFY(f.tryOpen().error().contains(QLatin1String("damaged")));
    }

    void aPlaceThatCannotBeWrittenIsRefused_data()
    {
        QTest::addColumn<QString>("path");
        QTest::newRow("no such folder") << QStringLiteral("/nonexistent/sessions.sqlite");
        QTest::newRow("a folder") << QStringLiteral("/tmp");
        QTest::newRow("no space") << QStringLiteral("/proc/sessions.sqlite");
    }
    void aPlaceThatCannotBeWrittenIsRefused()
    {
        QFETCH(const QString, path);
        const auto opened = SqliteSessionStore({.path = path}).open();
        QVERIFY(!opened.has_value());
        QVERIFY2(opened.error().contains(path) && opened.error().endsWith(u'.'), qPrintable(opened.error()));
    }

    void aFileHasOneUser()
    {
        const SqliteFixture f;
        auto store = f.open();
        const auto second = f.tryOpen();
        QVERIFY(!second.has_value());
        QVERIFY2(second.error().contains(QLatin1String("in use")), qPrintable(second.error()));
        store.reset();
        QVERIFY(f.tryOpen().has_value());
    }

    void onlyItsOwnerCanReadIt()
    {
        const SqliteFixture f;
        SqliteFixture::write(f.path(), {});
        QVERIFY(QFile::setPermissions(f.path(), QFile::Permissions(0x6644))); // 0644
        const auto store = f.open();
        QCOMPARE(answerOf(insert(*store, makeRecord("anna", 1))), StoreStatus::Ok);
        for (const char *suffix : {"", "-wal", "-shm", "-lock"})
            QVERIFY2(modeOf(f.path(suffix)) == 0600, suffix);
    }

    void itHoldsNoKey()
    {
        const SqliteFixture f;
        const ListeningKey key = ListeningKey::generate();
        const auto store = f.open();
        QCOMPARE(answerOf(insert(*store, makeRecord("anna", 1, key))), StoreStatus::Ok);
        for (const char *suffix : {"", "-wal"}) {
            const QByteArray content = SqliteFixture::read(f.path(suffix));
            QVERIFY(!content.isEmpty());
            QVERIFY(!content.contains(key.secret()) && !content.contains(key.secret().mid(6)));
        }
        QVERIFY(SqliteFixture::read(f.path("-wal")).contains("anna"));
    }

    void itIsBackedUpWhileItIsInUse()
    {
        const SqliteFixture f;
        const auto store = f.open();
        QCOMPARE(answerOf(insert(*store, makeRecord("anna", 1))), StoreStatus::Ok);
        f.run({QStringLiteral("VACUUM INTO '%1'").arg(f.file("copy.sqlite"))});
        const auto copy = SqliteSessionStore({.path = f.file("copy.sqlite")}).open();
        QVERIFY2(copy.has_value(), qPrintable(copy ? QString() : copy.error()));
        QCOMPARE(copy->records.size(), std::size_t(1));
        QCOMPARE(answerOf(insert(*store, makeRecord("bert", 2))), StoreStatus::Ok);
    }

    void aCleanEndLeavesOneFileWithEverythingInIt()
    {
        const SqliteFixture f;
        std::vector<Told> told;
        {
            const auto store = f.open();
            for (unsigned i = 1; i <= 50; ++i)
                told.push_back(insert(*store, makeRecord("user" + QByteArray::number(i), i)));
        }
        // Nobody was told, but what was asked for was done.
        QVERIFY(std::none_of(told.begin(), told.end(), [](const Told &one) { return one->has_value(); }));
        QVERIFY(!QFileInfo::exists(f.path("-wal")) && !QFileInfo::exists(f.path("-shm")));
        QCOMPARE(f.run({QStringLiteral("PRAGMA integrity_check")}), QStringLiteral("ok"));
        QCOMPARE(f.tryOpen()->records.size(), std::size_t(50));
    }

    void aGenerationIsRememberedBeyondItsSession()
    {
        const SqliteFixture f;
        {
            const auto store = f.open();
            const SessionRecord record = makeRecord("anna", 41);
            QCOMPARE(answerOf(insert(*store, record)), StoreStatus::Ok);
            store->remove(record.key, record.generation, [](StoreStatus) {});
        }
        const auto stored = f.tryOpen();
        QVERIFY(stored->records.empty());
        QCOMPARE(stored->youngest, Generation(41));
    }

    void everyMetricIsDocumentedAndTheReverse()
    {
        const SqliteFixture f;
        const auto store = f.open();
        Metrics metrics;
        const MetricFamilies before = renderedMetrics(metrics.render());
        addStoreMetrics(metrics, *store);
        QCOMPARE(renderedMetrics(metrics.render()) - before, documentedMetrics(QStringLiteral("storage")));
    }
};

QTEST_GUILESS_MAIN(TestSqliteFile)
#include "tst_sqlitefile.moc"
