// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/daemon.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QProcess>
#include <QRegularExpression>

using namespace msgsrv::test;

namespace {

QString s(const char *text)
{
    return QString::fromLatin1(text);
}

struct Outcome
{
    int exitCode = -1;
    QByteArray out;
    QByteArray err;
};

QString program()
{
    return QFileInfo(Daemon::program()).absolutePath() + s("/messagingctl");
}

Outcome run(const QStringList &arguments)
{
    QProcess process;
    process.start(program(), arguments);
    if (!process.waitForFinished(patienceMs))
        return {};
    return {process.exitCode(), process.readAllStandardOutput(), process.readAllStandardError()};
}

} // namespace

/// messagingctl as a process, with the real daemon.
class TestMessagingctl : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase() { QVERIFY(m_daemon.start()); }
    void tables_are_for_people_and_lines_for_scripts();
    void sessions_are_closed_by_their_id();
    void queues_are_peeked_into_and_purged();
    void the_flow_is_followed();
    void a_watched_table_comes_again();
    void what_clients_sent_cannot_move_the_cursor();
    void exit_codes();
    void raw_calls_any_method();
    void options_are_documented_and_completed();

private:
    Outcome ctl(const QStringList &arguments)
    {
        return run(QStringList{s("--socket"), m_daemon.ready().value(u"management").toString()} + arguments);
    }
    QJsonObject row(const QString &table, const QString &filter)
    {
        return QJsonDocument::fromJson(ctl({table, s("--json"), s("--filter"), filter}).out).object();
    }

    Daemon m_daemon;
};

void TestMessagingctl::tables_are_for_people_and_lines_for_scripts()
{
    User alice(m_daemon, "alice");
    QVERIFY(alice.enter());
    const Outcome table
        = ctl({s("sessions"), s("--columns"), s("user,state"), s("--filter"), s("user:alice")});
    QCOMPARE(table.exitCode, 0);
    const QList<QByteArray> lines = table.out.split('\n');
    QCOMPARE(lines.at(0).simplified(), QByteArray("ID USER STATE"));
    QVERIFY2(lines.at(1).simplified().endsWith("alice acked"), table.out.constData());
    QCOMPARE(row(s("sessions"), s("user:alice")).value(u"state").toString(), s("acked"));
    const Outcome status = ctl({s("status")});
    QVERIFY(
        QRegularExpression(s("(^|\\n)sessions.acked +1\\n")).match(QString::fromUtf8(status.out)).hasMatch());
    QCOMPARE(ctl({s("nodes"), s("--json")}).out.count('\n'), 1);
}

void TestMessagingctl::sessions_are_closed_by_their_id()
{
    User bob(m_daemon, "bob");
    QVERIFY(bob.enter());
    const QString id = row(s("sessions"), s("user:bob")).value(u"id").toString();
    QCOMPARE(ctl({s("close"), id}).exitCode, 2); // no reason
    QCOMPARE(ctl({s("close"), id, s("--reason"), s("test"), s("--op"), s("one")}).exitCode, 0);
    QVERIFY(waitUntil([&] { return bob.stomp().webSocket().closeCode() == 4002; }));
    const Outcome again = ctl({s("close"), id, s("--reason"), s("test")});
    QCOMPARE(again.exitCode, 1);
    QCOMPARE(again.err, QByteArray("messagingctl: There is no such session.\n"));
    QVERIFY(ctl({s("audit"), s("--limit"), s("5")}).out.contains("session.close"));
}

void TestMessagingctl::queues_are_peeked_into_and_purged()
{
    User carol(m_daemon, "carol");
    User dave(m_daemon, "dave");
    QVERIFY(carol.enter());
    QCOMPARE(dave.connect().status, 200);
    QCOMPARE(carol.exchangeJson("dave", R"({"type":"bye"})").status, 202);
    const QString id = row(s("queues"), s("user:dave")).value(u"id").toString();
    const Outcome peeked = ctl({s("peek"), id});
    QVERIFY2(peeked.out.contains("bye"), peeked.out.constData());
    const Outcome purged = ctl({s("purge"), id, s("--reason"), s("test")});
    QCOMPARE(purged.out.simplified(), QByteArray("purged 1"));
}

void TestMessagingctl::the_flow_is_followed()
{
    User erin(m_daemon, "erin");
    User frank(m_daemon, "frank");
    QVERIFY(erin.enter() && frank.enter());
    QProcess process;
    process.start(program(),
                  {s("--socket"), m_daemon.ready().value(u"management").toString(), s("flow"), s("--filter"),
                   s("from:erin event:written")});
    QByteArray out;
    // Messages go until the first is seen: the subscription begins some time.
    QVERIFY(waitUntil([&] {
        erin.send("frank", "x");
        out += process.readAllStandardOutput();
        return out.contains('\n');
    }));
    QVERIFY2(out.contains("written  erin -> frank text"), out.constData());
    process.kill(); // this child alone
    QVERIFY(process.waitForFinished());
}

void TestMessagingctl::a_watched_table_comes_again()
{
    QProcess process;
    process.start(program(),
                  {s("--socket"), m_daemon.ready().value(u"management").toString(), s("sessions"),
                   s("--filter"), s("user:grace"), s("--columns"), s("user"), s("--watch")});
    QByteArray out;
    const auto sees = [&](const char *what) {
        out += process.readAllStandardOutput();
        return out.contains(what);
    };
    QVERIFY(waitUntil([&] { return sees("USER"); }));
    QVERIFY(!out.contains("grace"));
    QCOMPARE(User(m_daemon, "grace").connect().status, 200);
    QVERIFY(waitUntil([&] { return sees("grace"); }));
    process.kill();
    QVERIFY(process.waitForFinished());
}

void TestMessagingctl::what_clients_sent_cannot_move_the_cursor()
{
    User evil(m_daemon, "e\xe2\x80\xaev\xe2\x80\xa8il"); // right-to-left override, line separator
    QCOMPARE(evil.connect().status, 200);
    const Outcome shown = ctl({s("sessions"), s("--columns"), s("user")});
    QVERIFY2(shown.out.contains("e\\u202ev\\u2028il"), shown.out.constData());
    QVERIFY(!shown.out.contains("\xe2\x80\xae"));
}

void TestMessagingctl::exit_codes()
{
    QCOMPARE(run({}).exitCode, 2);
    QCOMPARE(run({s("--help")}).exitCode, 0);
    QCOMPARE(run({s("--version")}).out, QByteArray("messagingctl " MSGSRV_VERSION "\n"));
    QCOMPARE(run({s("dance")}).exitCode, 2);
    QCOMPARE(run({s("sessions"), s("more")}).exitCode, 2);
    QCOMPARE(run({s("sessions"), s("--limit"), s("x")}).exitCode, 2);
    QCOMPARE(run({s("--no-such")}).exitCode, 2);
    const Outcome away = run({s("--socket"), s("/nonexistent.sock"), s("status")});
    QCOMPARE(away.exitCode, 3);
    QCOMPARE(away.err.count('\n'), 1);
    const Outcome filter = ctl({s("sessions"), s("--filter"), s("colour:red")});
    QCOMPARE(filter.exitCode, 1);
    QCOMPARE(filter.err, QByteArray("messagingctl: There is no column \"colour\". (at 0)\n"));
}

void TestMessagingctl::raw_calls_any_method()
{
    const QJsonObject series = QJsonDocument::fromJson(ctl({s("raw"), s("series.list")}).out).object();
    QVERIFY(series.value(u"series").toArray().size() > 5);
    QCOMPARE(ctl({s("raw"), s("no.such")}).exitCode, 1);
    QCOMPARE(ctl({s("raw"), s("ping"), s("[]")}).exitCode, 2);
}

void TestMessagingctl::options_are_documented_and_completed()
{
    const auto read = [](const QString &path) {
        QFile file(path);
        return file.open(QIODevice::ReadOnly) ? QString::fromUtf8(file.readAll()) : QString();
    };
    const QString document = read(QFINDTESTDATA("../../docs/messagingctl.md"));
    const QString completion = read(QFINDTESTDATA("../../resources/completions/messagingctl.bash"));
    const QString help = QString::fromUtf8(run({s("--help")}).out);
    auto options = QRegularExpression(s("--[a-z]+")).globalMatch(help);
    int count = 0;
    while (options.hasNext()) {
        const QString name = options.next().captured();
        if (name == u"--help" || name == u"--version")
            continue;
        QVERIFY2(document.contains(u'`' + name), qPrintable(name));
        QVERIFY2(completion.contains(name), qPrintable(name));
        ++count;
    }
    QVERIFY(count >= 12);
    for (const char *command : {"status", "sessions", "queues", "connections", "nodes", "destinations",
                                "flow", "log", "close", "purge", "peek", "audit", "describe", "raw"}) {
        QVERIFY2(document.contains(u'`' + s(command)), command);
        QVERIFY2(completion.contains(s(command)), command);
        QVERIFY2(help.contains(s(command)), command);
    }
}

QTEST_GUILESS_MAIN(TestMessagingctl)
#include "tst_messagingctl.moc"
