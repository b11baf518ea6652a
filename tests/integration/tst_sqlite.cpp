// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/daemon.h"
#include "tests/support/httpclient.h"
#include "tests/support/managementclient.h"
#include "tests/support/metricsreader.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QFileInfo>
#include <QSqlDatabase>
#include <QSqlError>
#include <QSqlQuery>

#include <memory>
#include <sys/resource.h>
#include <vector>

using namespace msgsrv::test;

namespace {

const QString fileName = QStringLiteral("sessions.sqlite");

QByteArray contentOf(const QString &path)
{
    QFile file(path);
    return file.open(QFile::ReadOnly) ? file.readAll() : QByteArray();
}

/// Runs statements on a SQLite file that no daemon has open; the first value of the last one.
QVariant sql(const QString &path, const QStringList &statements)
{
    QVariant value;
    {
        QSqlDatabase database = QSqlDatabase::addDatabase(QStringLiteral("QSQLITE"), QStringLiteral("test"));
        database.setDatabaseName(path);
        if (!database.open())
            qFatal("%s", qPrintable(database.lastError().text()));
        for (const QString &statement : statements) {
            QSqlQuery query(database);
            if (!query.exec(statement))
                qFatal("%s: %s", qPrintable(statement), qPrintable(query.lastError().text()));
            value = query.next() ? query.value(0) : QVariant();
        }
    }
    QSqlDatabase::removeDatabase(QStringLiteral("test"));
    return value;
}

MetricsReader metricsOf(const Daemon &daemon)
{
    return MetricsReader::scrape(daemon.internal());
}

double metric(const Daemon &daemon, const QByteArray &name, const MetricsReader::Labels &labels = {})
{
    return metricsOf(daemon).value(name, labels);
}

/// What a console shows of the store.
QString shownStore(const Daemon &daemon)
{
    ManagementClient client(daemon);
    client.login();
    return client.result(QStringLiteral("server.status")).value(QLatin1String("store")).toString();
}

HttpAnswer connectAs(const Daemon &daemon, const QByteArray &name)
{
    return postForm(daemon.http(), "/connect", {{"userId", name}});
}

} // namespace

/// The session store of the daemon: what outlives it, what happens when its disk fails, how it starts and
/// ends.
class TestSqlite : public QObject
{
    Q_OBJECT

private slots:
    void sessionsOutliveAKill();
    void anEndedSessionStaysEnded();
    void aSessionWhoseClientStaysAwayEnds();
    void theWallClockEndsNoSession_data();
    void theWallClockEndsNoSession();
    void aDiskThatFailsGivesNo200_data();
    void aDiskThatFailsGivesNo200();
    void aFileAtItsLimitGivesNo200();
    void tooManyThatWaitAreAnswered503();
    void aCleanEndLeavesTheSessionsThatNobodyHeld();
    void aBrokenStartIsToldInOneSentence_data();
    void aBrokenStartIsToldInOneSentence();
    void memoryLeavesNoFile();

private:
    static void verifyUnavailable(const HttpAnswer &answer);
    static void verifyDown(Daemon &daemon, User &alice, User &bob);
    static void verifyUpAgain(Daemon &daemon, User &alice);
};

void TestSqlite::verifyUnavailable(const HttpAnswer &answer)
{
    QCOMPARE(answer.status, 503);
    QVERIFY(answer.header("Retry-After").toInt() > 0);
    QCOMPARE(answer.header("Content-Type"), QByteArray("application/problem+json"));
    QCOMPARE(answer.json().value(QLatin1String("type")).toString(),
             QStringLiteral("urn:messaging-server:problem:unavailable"));
}

void TestSqlite::sessionsOutliveAKill()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob / \xc3\xa9");
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(bob.enter());
    QTRY_COMPARE(metric(daemon, "messaging_sessions", {{"state", "acked"}}), 1.0);
    daemon.kill();
    QVERIFY(contentOf(daemon.stateFile(fileName)).startsWith("SQLite format 3"));

    QVERIFY(daemon.start());
    QCOMPARE(metric(daemon, "messaging_sessions_restored_total"), 2.0);
    QCOMPARE(metric(daemon, "messaging_sessions", {{"state", "new"}}), 1.0);
    QCOMPARE(metric(daemon, "messaging_sessions", {{"state", "detached"}}), 1.0);
    QCOMPARE(connectAs(daemon, alice.name()).status, 409);
    // What is sent to one who is not back yet waits.
    const HttpAnswer early = alice.exchange(bob.name(), "are you back?");
    QCOMPARE(early.status, 202);
    StompClient thief(daemon.stomp());
    QCOMPARE(thief.connectAs(bob.name(), alice.key()).command, QByteArray("ERROR"));
    QVERIFY(bob.listen(daemon.stomp()));
    QCOMPARE(bob.receive().json().value(QLatin1String("content")).toString(),
             QStringLiteral("are you back?"));
    QVERIFY(alice.listen(daemon.stomp()));
    QCOMPARE(bob.exchange(alice.name(), "yes").status, 200);
    QTRY_COMPARE(metric(daemon, "messaging_sessions", {{"state", "acked"}}), 2.0);
    // A new session is a younger one.
    QCOMPARE(connectAs(daemon, "carol").status, 200);
    QCOMPARE(alice.leave().status, 200);
}

void TestSqlite::anEndedSessionStaysEnded()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QCOMPARE(alice.connect().status, 200);
    QCOMPARE(bob.connect().status, 200);
    QCOMPARE(alice.leave().status, 200);
    daemon.kill();
    QVERIFY(daemon.start());
    QCOMPARE(metric(daemon, "messaging_sessions_restored_total"), 1.0);
    QCOMPARE(alice.leave().status, 401);
    QCOMPARE(bob.leave().status, 200); // also one that was restored
    daemon.kill();
    QVERIFY(daemon.start());
    QCOMPARE(metric(daemon, "messaging_sessions_restored_total"), 0.0);
    QCOMPARE(connectAs(daemon, "alice").status, 200);
}

void TestSqlite::aSessionWhoseClientStaysAwayEnds()
{
    Daemon daemon(
        {QStringLiteral("sessions.resume_window=300ms"), QStringLiteral("sessions.unacked_ttl=1h")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter());
    QCOMPARE(bob.connect().status, 200);
    QTRY_COMPARE(metric(daemon, "messaging_sessions", {{"state", "acked"}}), 1.0);
    // The record says that alice had subscribed once it is written.
    QTRY_VERIFY(metric(daemon, "messaging_store_operations_total") >= 3.0);
    daemon.kill();
    QVERIFY(daemon.start());
    QTRY_COMPARE(metric(daemon, "messaging_sessions_ended_total", {{"reason", "resume_expired"}}), 1.0);
    QCOMPARE(connectAs(daemon, "alice").status, 200);
    QCOMPARE(connectAs(daemon, "bob").status, 409); // nobody had subscribed: unacked_ttl counts
}

void TestSqlite::theWallClockEndsNoSession_data()
{
    QTest::addColumn<QString>("shift"); // of what is stored, in days: as if the clock was set the other way
    QTest::newRow("three days forward") << QStringLiteral("- 3");
    QTest::newRow("three days back") << QStringLiteral("+ 3");
}

void TestSqlite::theWallClockEndsNoSession()
{
    QFETCH(const QString, shift);
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    daemon.kill();
    sql(daemon.stateFile(fileName),
        {QStringLiteral("UPDATE sessions SET created_at_ms = created_at_ms %1 * 86400000").arg(shift)});
    QVERIFY(daemon.start());
    QVERIFY(alice.listen(daemon.stomp()));
    QCOMPARE(alice.exchange("alice", "to myself").status, 200);
}

void TestSqlite::verifyDown(Daemon &daemon, User &alice, User &bob)
{
    verifyUnavailable(connectAs(daemon, "carol"));
    QCOMPARE(metric(daemon, "messaging_store_up"), 0.0);
    QVERIFY(metric(daemon, "messaging_store_errors_total") >= 1.0);
    const HttpAnswer ready = get(daemon.internal(), "/readyz");
    QCOMPARE(ready.status, 503);
    QVERIFY2(ready.body.contains("session store"), ready.body.constData());
    QCOMPARE(get(daemon.internal(), "/livez").status, 200);
    QCOMPARE(shownStore(daemon), QStringLiteral("sqlite (down)"));
    // Who is here goes on.
    QCOMPARE(alice.exchange(bob.name(), "still here").status, 200);
    QCOMPARE(bob.receive().json().value(QLatin1String("content")).toString(), QStringLiteral("still here"));
    // An end that the disk does not know of is no 200.
    verifyUnavailable(alice.leave());
    QCOMPARE(bob.exchange(alice.name(), "gone?").status, 404);
}

void TestSqlite::verifyUpAgain(Daemon &daemon, User &alice)
{
    QTRY_COMPARE(metric(daemon, "messaging_store_up"), 1.0);
    QCOMPARE(get(daemon.internal(), "/readyz").status, 200);
    QCOMPARE(shownStore(daemon), QStringLiteral("sqlite"));
    QCOMPARE(connectAs(daemon, "carol").status, 200);
    QCOMPARE(alice.leave().status, 401); // it had ended
    QVERIFY(waitUntil( // the disk knows it, too
        [&] {
            return metric(daemon, "messaging_sessions", {{"state", "ending"}}) == 0.0;
        }));
    const QByteArray log = daemon.log();
    QCOMPARE(log.count("store.down"), 1);
    QCOMPARE(log.count("store.up"), 1);

    daemon.kill();
    QVERIFY(daemon.start());
    QCOMPARE(connectAs(daemon, "carol").status, 409);
    QCOMPARE(metric(daemon, "messaging_sessions_restored_total"), 2.0); // bob and carol
    QCOMPARE(daemon.stop().exitCode, 0);
    QCOMPARE(sql(daemon.stateFile(fileName), {QStringLiteral("PRAGMA integrity_check")}).toString(),
             QStringLiteral("ok"));
}

void TestSqlite::aDiskThatFailsGivesNo200_data()
{
    QTest::addColumn<QByteArray>("fault");
    QTest::newRow("sync fails") << QByteArray("sync EIO\n");
    QTest::newRow("write fails") << QByteArray("write EIO\n");
    QTest::newRow("disk full") << QByteArray("write ENOSPC\n");
}

void TestSqlite::aDiskThatFailsGivesNo200()
{
    QFETCH(const QByteArray, fault);
    Daemon daemon;
    daemon.useFaultyDisk();
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter());
    QVERIFY(bob.enter());
    daemon.setDiskFaults(fault);
    verifyDown(daemon, alice, bob);
    if (QTest::currentTestFailed())
        return;
    daemon.setDiskFaults({});
    verifyUpAgain(daemon, alice);
}

void TestSqlite::aFileAtItsLimitGivesNo200()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter());
    QVERIFY(bob.enter());
    // The kernel refuses every write that would make a file longer than this, and sends SIGXFSZ.
    const rlimit none{0, RLIM_INFINITY};
    QCOMPARE(::prlimit(pid_t(daemon.pid()), RLIMIT_FSIZE, &none, nullptr), 0);
    verifyDown(daemon, alice, bob);
    const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
    QCOMPARE(::prlimit(pid_t(daemon.pid()), RLIMIT_FSIZE, &all, nullptr), 0);
    if (QTest::currentTestFailed())
        return;
    verifyUpAgain(daemon, alice);
}

void TestSqlite::tooManyThatWaitAreAnswered503()
{
    constexpr int limit = 4;
    constexpr int clients = 12;
    Daemon daemon({QStringLiteral("sessions.store_queue=%1").arg(limit)});
    daemon.useFaultyDisk();
    QVERIFY(daemon.start());
    daemon.setDiskFaults("sync stall\n");
    std::vector<std::unique_ptr<HttpClient>> connections;
    std::vector<HttpAnswer> answers;
    for (int i = 0; i < clients; ++i) {
        auto &client = connections.emplace_back(std::make_unique<HttpClient>(daemon.http()));
        client->request(httpRequest("POST", "/connect", daemon.http(),
                                    {{"Content-Type", "application/x-www-form-urlencoded"}},
                                    "userId=user" + QByteArray::number(i)),
                        [&](HttpAnswer answer) { answers.push_back(std::move(answer)); });
    }
    QVERIFY(waitUntil([&] { return answers.size() == clients - limit; }));
    QCOMPARE(metric(daemon, "messaging_store_pending"), double(limit));
    QCOMPARE(metric(daemon, "messaging_store_refused_total"), double(clients - limit));
    for (const HttpAnswer &answer : answers)
        verifyUnavailable(answer);
    daemon.setDiskFaults({});
    QVERIFY(waitUntil([&] { return answers.size() == clients; }));
    for (std::size_t i = clients - limit; i < clients; ++i)
        QCOMPARE(answers[i].status, 200);
    QCOMPARE(metric(daemon, "messaging_store_pending"), 0.0);
}

void TestSqlite::aCleanEndLeavesTheSessionsThatNobodyHeld()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(QFileInfo::exists(daemon.stateFile(fileName + QStringLiteral("-wal"))));
    QCOMPARE(daemon.stop().exitCode, 0);
    QVERIFY(!QFileInfo::exists(daemon.stateFile(fileName + QStringLiteral("-wal"))));
    const QFileInfo file(daemon.stateFile(fileName));
    QCOMPARE(file.permissions() & ~(QFile::ReadUser | QFile::WriteUser),
             QFile::Permissions(QFile::ReadOwner | QFile::WriteOwner));
    QVERIFY(!contentOf(file.filePath()).contains(alice.key().mid(6)));
    QCOMPARE(sql(file.filePath(), {QStringLiteral("SELECT count(*) FROM sessions")}).toInt(), 1);
    QVERIFY(daemon.start());
    QVERIFY(alice.listen(daemon.stomp()));
}

void TestSqlite::aBrokenStartIsToldInOneSentence_data()
{
    QTest::addColumn<QStringList>("statements"); // on the file of a daemon that ran before
    QTest::addColumn<int>("kept"); // bytes of the file; -1: all
    QTest::addColumn<QString>("elsewhere"); // sessions.file, or empty
    QTest::addColumn<QByteArray>("word");
    QTest::newRow("a newer schema") << QStringList{QStringLiteral("PRAGMA user_version = 99")} << -1
                                    << QString() << QByteArray("schema version 99");
    QTest::newRow("another program's") << QStringList{QStringLiteral("PRAGMA application_id = 1")} << -1
                                       << QString() << QByteArray("another program");
    QTest::newRow("tables are missing")
        << QStringList{QStringLiteral("DROP TABLE sessions")} << -1 << QString() << QByteArray("tables");
    QTest::newRow("cut in the middle") << QStringList() << 5000 << QString() << QByteArray("damaged");
    QTest::newRow("cut in its head") << QStringList() << 50 << QString() << QByteArray("damaged");
    QTest::newRow("no such folder") << QStringList() << -1 << QStringLiteral("/nonexistent/s.sqlite")
                                    << QByteArray("/nonexistent/s.sqlite");
    QTest::newRow("a folder") << QStringList() << -1 << QStringLiteral("/tmp") << QByteArray("/tmp");
}

void TestSqlite::aBrokenStartIsToldInOneSentence()
{
    QFETCH(const QStringList, statements);
    QFETCH(const int, kept);
    QFETCH(const QString, elsewhere);
    QFETCH(const QByteArray, word);
    Daemon before;
    QVERIFY(before.start());
    QCOMPARE(connectAs(before, "alice").status, 200);
    QCOMPARE(before.stop().exitCode, 0);
    const QString path = before.stateFile(fileName);
    sql(path, statements);
    if (kept >= 0)
        QVERIFY(QFile::resize(path, kept));
    const QByteArray content = contentOf(path);

    const QString set = QStringLiteral("--set");
    QStringList arguments;
    for (const char *key : {"http.listen", "stomp.listen", "internal.listen"})
        arguments << set << QLatin1String(key) + QStringLiteral("=127.0.0.1:0");
    arguments << set << QStringLiteral("sessions.file=") + (elsewhere.isEmpty() ? path : elsewhere);
    const Daemon::Ended ended = Daemon::run(arguments);
    QCOMPARE(ended.exitCode, 4);
    QVERIFY(ended.out.isEmpty());
    QVERIFY2(ended.err.startsWith("messaging-server: The session store ") && ended.err.contains(word)
                 && ended.err.endsWith(".\n"),
             ended.err.constData());
    QCOMPARE(ended.err.count('\n'), 1);
    QCOMPARE(contentOf(path), content);
}

void TestSqlite::memoryLeavesNoFile()
{
    Daemon daemon({QStringLiteral("sessions.store=memory")});
    QVERIFY(daemon.start());
    QCOMPARE(connectAs(daemon, "alice").status, 200);
    QVERIFY(!QFileInfo::exists(daemon.stateFile(fileName)));
    QCOMPARE(metric(daemon, "messaging_store_up"), 1.0);
    daemon.kill();
    QVERIFY(daemon.start());
    QCOMPARE(connectAs(daemon, "alice").status, 200);
}

QTEST_GUILESS_MAIN(TestSqlite)
#include "tst_sqlite.moc"
