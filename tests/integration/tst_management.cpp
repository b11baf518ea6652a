// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/daemon.h"
#include "tests/support/managementclient.h"
#include "tests/support/metricsreader.h"
#include "tests/support/sanitized.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QFile>
#include <QFileInfo>
#include <QJsonDocument>
#include <QRegularExpression>

#include <csignal>
#include <memory>
#include <sys/stat.h>
#include <vector>

using namespace msgsrv::test;

namespace {

QString s(const char *text)
{
    return QString::fromLatin1(text);
}

/// The rows of a view, kept up to date from its deltas.
class WatchedView
{
public:
    WatchedView(ManagementClient &client, const QString &table, const QString &filter)
        : m_client(client)
    {
        const QJsonObject opened = client.result(s("view.open"),
                                                 {{s("table"), table},
                                                  {s("filter"), filter},
                                                  {s("sort"), s("id")},
                                                  {s("range"), QJsonArray{0, 50}},
                                                  {s("rate"), 10}});
        m_view = opened.value(u"view").toInt();
        m_revision = opened.value(u"rev").toInt();
        m_columns = opened.value(u"columns").toArray();
        m_rows = opened.value(u"rows").toArray();
    }

    [[nodiscard]] bool isOpen() const { return m_view > 0; }
    /// Applies deltas until @p holds; false when it never does, or a delta builds on another revision.
    template <typename Condition>
    [[nodiscard]] bool waitFor(Condition holds)
    {
        while (!holds(*this)) {
            const QJsonObject delta = m_client.notification(s("view.delta"));
            if (delta.isEmpty())
                return false;
            if (delta.value(u"view").toInt() != m_view)
                continue;
            if (delta.value(u"base").toInt() != m_revision)
                return false;
            m_revision = delta.value(u"rev").toInt();
            if (delta.contains(u"rows"))
                m_rows = delta.value(u"rows").toArray();
            for (const QJsonValue &change : delta.value(u"set").toArray())
                m_rows[change[0].toInt()] = change[1];
        }
        return true;
    }
    [[nodiscard]] int size() const { return int(m_rows.size()); }
    [[nodiscard]] QJsonValue cell(int row, const char *column) const
    {
        for (qsizetype i = 0; i < m_columns.size(); ++i) {
            if (m_columns.at(i).toString() == s(column))
                return m_rows.at(row).toArray().at(i);
        }
        return QJsonValue::Undefined;
    }

private:
    ManagementClient &m_client;
    int m_view = 0;
    int m_revision = 0;
    QJsonArray m_columns;
    QJsonArray m_rows;
};

} // namespace

/// The management protocol, spoken with the real daemon.
class TestManagement : public QObject
{
    Q_OBJECT

private slots:
    void the_socket_is_for_its_owner_and_goes_with_the_daemon();
    void a_socket_in_use_is_refused_and_one_left_over_is_replaced();
    void greeting_and_login();
    void nothing_is_answered_before_a_login();
    void views_follow_a_user_who_comes_and_goes();
    void a_filter_that_is_wrong_is_told_where();
    void views_are_limited_and_end();
    void the_flow_of_an_offer_is_seen();
    void credit_and_gaps();
    void a_session_is_closed_and_its_client_notices();
    void an_operation_is_done_once();
    void a_queue_is_peeked_into_and_purged();
    void log_lines_come_live();
    void bad_input_is_answered_and_harms_nobody();
    void a_line_that_is_too_long_ends_the_connection();
    void half_a_line_is_waited_for();
    void a_hundred_killed_consoles_leave_nothing();
    void a_console_that_does_not_read_is_cut_and_costs_little();
    void consoles_are_limited();
    void the_document_s_examples_are_answered();
};

void TestManagement::the_socket_is_for_its_owner_and_goes_with_the_daemon()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    const QString path = daemon.ready().value(u"management").toString();
    struct stat facts = {};
    QCOMPARE(::stat(path.toLocal8Bit().constData(), &facts), 0);
    QVERIFY(S_ISSOCK(facts.st_mode));
    QCOMPARE(facts.st_mode & 0777, mode_t(0600));
    QCOMPARE(daemon.stop().exitCode, 0);
    QVERIFY(!QFileInfo::exists(path));

    Daemon grouped({s("management.group=root")});
    QVERIFY(grouped.start());
    QCOMPARE(::stat(grouped.ready().value(u"management").toString().toLocal8Bit().constData(), &facts), 0);
    QCOMPARE(facts.st_mode & 0777, mode_t(0660));
    QCOMPARE(facts.st_gid, gid_t(0));
}

void TestManagement::a_socket_in_use_is_refused_and_one_left_over_is_replaced()
{
    auto first = std::make_unique<Daemon>();
    QVERIFY(first->start());
    const QString path = first->ready().value(u"management").toString();
    const QStringList ports{
        s("--set"), s("http.listen=127.0.0.1:0"),     s("--set"), s("stomp.listen=127.0.0.1:0"),
        s("--set"), s("internal.listen=127.0.0.1:0"), s("--set"), s("management.socket=") + path};
    const Daemon::Ended second = Daemon::run(ports);
    QCOMPARE(second.exitCode, 3);
    QCOMPARE(second.err.count('\n'), 1);
    QVERIFY2(second.err.contains("belongs to a server that is running"), second.err.constData());

    const QString other = first->folder() + s("/left.sock");
    {
        QTemporaryDir folder;
        Daemon killed({s("management.socket=") + other});
        QVERIFY(killed.start());
        QCOMPARE(::kill(pid_t(killed.pid()), SIGKILL), 0);
        (void)killed.waitForEnd();
        QVERIFY(QFileInfo(other).exists() || QFile::exists(other));
    }
    Daemon next({s("management.socket=") + other});
    QVERIFY(next.start());
    ManagementClient client(next);
    QVERIFY(!client.login().isEmpty());
}

void TestManagement::greeting_and_login()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    ManagementClient client(daemon);
    const QJsonObject hello = client.notification(s("hello"));
    QCOMPARE(hello.value(u"server").toString(), s("messaging-server"));
    QCOMPARE(hello.value(u"protocol").toObject().value(u"major").toInt(), 1);
    QVERIFY(!hello.value(u"boot").toString().isEmpty());
    QCOMPARE(hello.value(u"auth").toArray(), QJsonArray{s("peer")});

    QCOMPARE(client.errorCode(s("login"), {{s("scheme"), s("token")}, {s("token"), s("x")}}), -32007);
    QCOMPARE(client.errorCode(s("login"), {{s("scheme"), s("magic")}}), -32602);
    QCOMPARE(client.errorCode(s("login")), -32602);
    const QJsonObject login = client.result(s("login"), {{s("scheme"), s("peer")}, {s("unknown"), 1}});
    QCOMPARE(login.value(u"role").toString(), s("admin"));
    QVERIFY(login.value(u"may").toArray().contains(s("session.close")));

    // What rpc.describe lists is what one may call.
    QJsonArray described;
    for (const QJsonValue &method : client.result(s("rpc.describe")).value(u"methods").toArray())
        described.append(method[s("name")]);
    QCOMPARE(described, login.value(u"may").toArray());
    const QJsonObject status = client.result(s("server.status"));
    QCOMPARE(status.value(u"boot"), hello.value(u"boot"));
    QCOMPARE(status.value(u"state").toString(), s("ready"));
}

void TestManagement::nothing_is_answered_before_a_login()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    ManagementClient client(daemon);
    for (const char *method : {"server.status", "rpc.describe", "view.open", "session.close", "no.such"})
        QCOMPARE(client.errorCode(s(method)), -32001);
    QCOMPARE(client.call(s("ping")).value(u"result").toObject(), QJsonObject());
    QVERIFY(client.call(s("ping")).contains(u"result"));
}

void TestManagement::views_follow_a_user_who_comes_and_goes()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    ManagementClient client(daemon);
    QVERIFY(!client.login().isEmpty());
    WatchedView sessions(client, s("sessions"), s("user:ali*"));
    QVERIFY(sessions.isOpen());
    QCOMPARE(sessions.size(), 0);

    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(bob.enter()); // whom the filter keeps out
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(sessions.waitFor([](const WatchedView &view) { return view.size() == 1; }));
    QCOMPARE(sessions.cell(0, "user").toString(), s("alice"));
    QCOMPARE(sessions.cell(0, "state").toString(), s("new"));
    QCOMPARE(sessions.cell(0, "transport").toString(), s("none"));
    QVERIFY(alice.listen());
    QVERIFY(sessions.waitFor([](const WatchedView &view) {
        return view.cell(0, "state").toString() == s("acked")
            && view.cell(0, "transport").toString() == s("websocket");
    }));
    QCOMPARE(sessions.cell(0, "address").toString(), s("127.0.0.1"));

    QCOMPARE(alice.exchange("bob", "hello").status, 200);
    bob.send("alice", "hi");
    QVERIFY(alice.receive());
    QVERIFY(sessions.waitFor([](const WatchedView &view) {
        return view.cell(0, "in").toInt() == 1 && view.cell(0, "out").toInt() == 1;
    }));
    WatchedView queues(client, s("queues"), s("user:alice"));
    QCOMPARE(queues.size(), 1);
    QCOMPARE(queues.cell(0, "id"), sessions.cell(0, "id"));
    QCOMPARE(queues.cell(0, "consumers").toInt(), 1);
    WatchedView connections(client, s("connections"), s("user:alice version:1.2"));
    QCOMPARE(connections.size(), 1);
    QCOMPARE(connections.cell(0, "id"), sessions.cell(0, "connection"));
    WatchedView nodes(client, s("nodes"), s("state:ready"));
    QCOMPARE(nodes.size(), 1);

    QCOMPARE(alice.leave().status, 200);
    QVERIFY(sessions.waitFor([](const WatchedView &view) {
        return view.size() == 0 || view.cell(0, "state").toString() == s("ending");
    }));
    QVERIFY(!daemon.log().contains(alice.key()));
}

void TestManagement::a_filter_that_is_wrong_is_told_where()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    ManagementClient client(daemon);
    QVERIFY(!client.login().isEmpty());
    const QJsonObject error = client
                                  .call(s("view.open"),
                                        {{s("table"), s("sessions")},
                                         {s("range"), QJsonArray{0, 10}},
                                         {s("filter"), s("state:acked colour:red")}})
                                  .value(u"error")
                                  .toObject();
    QCOMPARE(error.value(u"code").toInt(), -32006);
    QCOMPARE(error.value(u"data").toObject().value(u"at").toInt(), 12);
}

void TestManagement::views_are_limited_and_end()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    ManagementClient client(daemon);
    QVERIFY(!client.login().isEmpty());
    const QJsonObject open{{s("table"), s("nodes")}, {s("range"), QJsonArray{0, 10}}};
    int first = 0;
    for (int i = 0; i < 16; ++i) {
        const int view = client.result(s("view.open"), open).value(u"view").toInt();
        QVERIFY(view > 0);
        first = first ? first : view;
    }
    QCOMPARE(client.errorCode(s("view.open"), open), -32005);
    ManagementClient other(daemon);
    QVERIFY(!other.login().isEmpty());
    QCOMPARE(other.errorCode(s("view.close"), {{s("view"), first}}), -32004); // not its own
    QVERIFY(client.call(s("view.close"), {{s("view"), first}}).contains(u"result"));
    QCOMPARE(client.errorCode(s("view.change"), {{s("view"), first}}), -32004);
    QVERIFY(client.result(s("view.open"), open).value(u"view").toInt() > first);
    const QJsonObject changed
        = client.result(s("view.change"), {{s("view"), first + 1}, {s("range"), QJsonArray{0, 0}}});
    QCOMPARE(changed.value(u"gen").toInt(), 2);
    QCOMPARE(changed.value(u"rows").toArray().size(), 0);
    QCOMPARE(changed.value(u"total").toInt(), 1);

    for (const QJsonObject &bad :
         {QJsonObject{{s("table"), s("flow")}, {s("range"), QJsonArray{0, 1}}},
          QJsonObject{{s("table"), s("nodes")}, {s("range"), QJsonArray{0, 1001}}},
          QJsonObject{{s("table"), s("nodes")}, {s("range"), QJsonArray{-1, 5}}},
          QJsonObject{{s("table"), s("nodes")}, {s("range"), s("0,5")}},
          QJsonObject{{s("table"), s("nodes")}},
          QJsonObject{{s("table"), s("nodes")}, {s("range"), QJsonArray{0, 1}}, {s("rate"), 11}},
          QJsonObject{{s("table"), s("nodes")}, {s("range"), QJsonArray{0, 1}}, {s("sort"), s("-colour")}},
          QJsonObject{{s("table"), s("nodes")},
                      {s("range"), QJsonArray{0, 1}},
                      {s("columns"), QJsonArray{s("colour")}}}})
        QCOMPARE(other.errorCode(s("view.open"), bad), -32602);
}

void TestManagement::the_flow_of_an_offer_is_seen()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter() && bob.enter());
    ManagementClient client(daemon);
    QVERIFY(!client.login().isEmpty());
    const QJsonObject opened = client.result(
        s("flow.open"),
        {{s("filter"), s("kind:offer from:alice")}, {s("payload"), true}, {s("credit"), 100}});
    QVERIFY(opened.value(u"sub").toInt() > 0);

    bob.send("alice", R"({"type":"answer","sdp":"v=0"})", "application/json"); // filtered out
    QVERIFY(alice.receive());
    QCOMPARE(alice.exchangeJson("bob", R"({"type":"offer","sdp":"v=0\r\na=ice-pwd:verysecret\r\n"})").status,
             200);
    QVERIFY(bob.receive());
    const QJsonObject accepted = client.notification(s("flow.event"));
    const QJsonObject written = client.notification(s("flow.event"));
    QCOMPARE(accepted.value(u"event").toString(), s("accepted"));
    QCOMPARE(written.value(u"event").toString(), s("written"));
    QVERIFY(written.value(u"seq").toInt() > accepted.value(u"seq").toInt());
    QCOMPARE(written.value(u"message"), accepted.value(u"message"));
    for (const QJsonObject &event : {accepted, written}) {
        QCOMPARE(event.value(u"from").toString(), s("alice"));
        QCOMPARE(event.value(u"to").toString(), s("bob"));
        QCOMPARE(event.value(u"kind").toString(), s("offer"));
        QCOMPARE(event.value(u"via").toString(), s("http"));
        const QJsonObject payload = event.value(u"payload").toObject();
        QCOMPARE(payload.value(u"type").toString(), s("offer"));
        QCOMPARE(payload.value(u"sdp").toString(), s("v=0\r\na=ice-pwd:***\r\n"));
    }

    // A refusal has a reason.
    QVERIFY(client.result(s("flow.open"), {{s("filter"), s("event:refused")}, {s("credit"), 9}})
                .contains(u"sub"));
    QCOMPARE(alice.exchange("nobody", "x").status, 404);
    const QJsonObject refused = client.notification(s("flow.event"));
    QCOMPARE(refused.value(u"reason").toString(), s("recipient_unknown"));
    QCOMPARE(refused.value(u"to").toString(), s("nobody"));
}

void TestManagement::credit_and_gaps()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter() && bob.enter());
    ManagementClient client(daemon);
    QVERIFY(!client.login().isEmpty());
    const int sub = client.result(s("flow.open"), {{s("filter"), s("event:written")}, {s("credit"), 2}})
                        .value(u"sub")
                        .toInt();
    for (int i = 0; i < 5; ++i) {
        alice.send("bob", "x");
        QVERIFY(bob.receive());
    }
    QVERIFY(!client.notification(s("flow.event")).isEmpty());
    QVERIFY(!client.notification(s("flow.event")).isEmpty());
    // Nothing more comes, and what was left out is told when there is credit again.
    QVERIFY(client.call(s("sub.credit"), {{s("sub"), sub}, {s("credit"), 10}}).contains(u"result"));
    int dropped = 0;
    while (dropped < 3) {
        const QJsonObject gap = client.notification(s("flow.gap"));
        QVERIFY(!gap.isEmpty());
        QCOMPARE(gap.value(u"why").toString(), s("credit"));
        dropped += gap.value(u"dropped").toInt();
    }
    QCOMPARE(dropped, 3);
    alice.send("bob", "y");
    QVERIFY(!client.notification(s("flow.event")).isEmpty());
    QVERIFY(client.call(s("sub.close"), {{s("sub"), sub}}).contains(u"result"));
    QCOMPARE(client.errorCode(s("sub.credit"), {{s("sub"), sub}, {s("credit"), 10}}), -32004);
}

void TestManagement::a_session_is_closed_and_its_client_notices()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    ManagementClient client(daemon);
    QVERIFY(!client.login().isEmpty());
    WatchedView sessions(client, s("sessions"), s("user:alice"));
    const QString id = sessions.cell(0, "id").toString();

    QCOMPARE(client.errorCode(s("session.close"), {{s("id"), id}}), -32602); // without a reason
    QCOMPARE(client.errorCode(s("session.close"), {{s("id"), s("999")}, {s("reason"), s("x")}}), -32004);
    QCOMPARE(client.errorCode(s("session.close"),
                              {{s("id"), QString::fromUtf8(alice.key())}, {s("reason"), s("x")}}),
             -32602);
    const QJsonObject closed
        = client.result(s("session.close"), {{s("id"), id}, {s("reason"), s("house rules")}});
    QCOMPARE(closed.value(u"closed").toBool(), true);
    const StompFrame error = alice.stomp().next("ERROR");
    QVERIFY(error);
    QVERIFY2(error.header("message").contains("house rules"), error.header("message").constData());
    QVERIFY(waitUntil([&] { return alice.stomp().webSocket().closeCode() == 4002; }));
    QVERIFY(sessions.waitFor([](const WatchedView &view) { return view.size() == 0; }));
    QCOMPARE(alice.exchange("bob", "x").status, 401);

    const QJsonObject entry = client.result(s("audit.list")).value(u"entries").toArray().at(0).toObject();
    QCOMPARE(entry.value(u"method").toString(), s("session.close"));
    QCOMPARE(entry.value(u"target").toString(), id);
    QCOMPARE(entry.value(u"reason").toString(), s("house rules"));
    QCOMPARE(entry.value(u"outcome").toString(), s("closed"));
    QVERIFY(daemon.log().contains("management.action"));
}

void TestManagement::an_operation_is_done_once()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    ManagementClient client(daemon);
    QVERIFY(!client.login().isEmpty());
    WatchedView sessions(client, s("sessions"), s("user:alice"));
    const QJsonObject close{{s("id"), sessions.cell(0, "id")}, {s("reason"), s("r")}, {s("op"), s("job-1")}};
    QCOMPARE(client.result(s("session.close"), close).value(u"closed").toBool(), true);
    QCOMPARE(client.result(s("session.close"), close).value(u"closed").toBool(),
             true); // what it answered first
    ManagementClient again(daemon); // also after a reconnect
    QVERIFY(!again.login().isEmpty());
    QCOMPARE(again.result(s("session.close"), close).value(u"closed").toBool(), true);
    QCOMPARE(again.result(s("audit.list")).value(u"entries").toArray().size(), 1);
}

void TestManagement::a_queue_is_peeked_into_and_purged()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter());
    QCOMPARE(bob.connect().status, 200); // not subscribed: messages wait
    for (int i = 0; i < 3; ++i)
        QCOMPARE(alice
                     .exchangeJson(
                         "bob", R"({"type":"offer","password":"geheim","n":)" + QByteArray::number(i) + "}")
                     .status,
                 202);
    ManagementClient client(daemon);
    QVERIFY(!client.login().isEmpty());
    WatchedView queues(client, s("queues"), s("user:bob"));
    QCOMPARE(queues.cell(0, "ready").toInt(), 3);
    const QJsonValue id = queues.cell(0, "id");

    const QJsonArray messages
        = client.result(s("queue.peek"), {{s("id"), id}, {s("count"), 2}}).value(u"messages").toArray();
    QCOMPARE(messages.size(), 2);
    QCOMPARE(messages.at(0).toObject().value(u"kind").toString(), s("offer"));
    QCOMPARE(messages.at(0).toObject().value(u"content").toObject().value(u"n").toInt(), 0);
    QCOMPARE(messages.at(0).toObject().value(u"content").toObject().value(u"password").toString(), s("***"));
    QCOMPARE(client.result(s("queue.peek"), {{s("id"), id}}).value(u"messages").toArray().size(),
             3); // they stay

    QCOMPARE(client.result(s("queue.purge"), {{s("id"), id}, {s("reason"), s("r")}}).value(u"purged").toInt(),
             3);
    QVERIFY(queues.waitFor([](const WatchedView &view) {
        return view.cell(0, "ready").toInt() == 0 && view.cell(0, "drops").toInt() == 3;
    }));
    QCOMPARE(client.errorCode(s("queue.purge"), {{s("id"), s("77")}, {s("reason"), s("r")}}), -32004);
    const QJsonObject status = client.result(s("server.status"));
    QCOMPARE(status.value(u"accepted").toInt(), 3);
    QCOMPARE(status.value(u"dropped").toInt(), 3);
    QCOMPARE(status.value(u"inFlight").toInt(), 0);
    QVERIFY(bob.listen()); // and the session goes on
}

void TestManagement::log_lines_come_live()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    ManagementClient client(daemon);
    QVERIFY(!client.login().isEmpty());
    QVERIFY(client
                .result(s("log.open"),
                        {{s("level"), s("info")}, {s("pattern"), s("user=(bob|bert)")}, {s("credit"), 10}})
                .contains(u"sub"));
    QCOMPARE(client.errorCode(s("log.open"), {{s("pattern"), s("(")}, {s("credit"), 1}}), -32602);
    QCOMPARE(User(daemon, "alice").connect().status, 200);
    QCOMPARE(User(daemon, "bob").connect().status, 200);
    const QJsonObject line = client.notification(s("log.line"));
    QCOMPARE(line.value(u"event").toString(), s("session.opened"));
    QCOMPARE(line.value(u"category").toString(), s("msgsrv.session"));
    QCOMPARE(line.value(u"text").toString(), s("user=bob generation=2"));

    // A level of one category, for a while.
    QVERIFY(client
                .call(s("log.level"),
                      {{s("category"), s("msgsrv.stomp")}, {s("level"), s("debug")}, {s("seconds"), 1}})
                .contains(u"result"));
    QCOMPARE(client.errorCode(
                 s("log.level"),
                 {{s("category"), s("x.debug=true\ny")}, {s("level"), s("debug")}, {s("seconds"), 1}}),
             -32602);
    User carol(daemon, "carol");
    QVERIFY(carol.enter());
    QVERIFY(daemon.log().contains("stomp.connected"));
}

void TestManagement::bad_input_is_answered_and_harms_nobody()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    ManagementClient client(daemon);
    QVERIFY(!client.login().isEmpty());
    const auto code = [&client](const QByteArray &line) {
        client.sendRaw(line + '\n');
        return client.next().value(u"error").toObject().value(u"code").toInt();
    };
    QCOMPARE(code("garbage"), -32700);
    QCOMPARE(code(QByteArray("\xff\xfe\0\x01", 4)), -32700);
    QCOMPARE(code("[]"), -32700);
    QCOMPARE(code(QByteArray(100'000, '[')), -32700);
    QCOMPARE(code(R"({"jsonrpc":"2.0","id":1})"), -32600);
    QCOMPARE(code(R"({"jsonrpc":"2.0","id":{},"method":"ping"})"), -32600);
    QCOMPARE(code(R"({"jsonrpc":"2.0","id":1,"method":"no.such"})"), -32601);
    QCOMPARE(code(R"({"jsonrpc":"2.0","id":1,"method":"view.open","params":[1]})"), -32602);
    QCOMPARE(code(R"({"jsonrpc":"2.0","id":1,"method":"view.open","params":{"table":1,"range":[0,1]}})"),
             -32602);
    QCOMPARE(code(R"({"jsonrpc":"2.0","id":1,"method":"view.close","params":{"view":-1}})"), -32602);
    QCOMPARE(code(R"({"jsonrpc":"2.0","id":1,"method":"view.close","params":{"view":1e99}})"), -32602);
    QCOMPARE(code(R"({"jsonrpc":"2.0","id":1,"method":"sub.credit","params":{"sub":1,"credit":0.5}})"),
             -32602);
    client.sendRaw("{\"jsonrpc\":\"2.0\",\"method\":\"unknown\"}\n\r\n\n"); // a notification: no answer
    QVERIFY(client.call(s("ping")).contains(u"result"));
}

void TestManagement::a_line_that_is_too_long_ends_the_connection()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    ManagementClient client(daemon);
    QVERIFY(!client.login().isEmpty());
    client.sendRaw(QByteArray(10 * 1024 * 1024, 'x'));
    QVERIFY(client.waitForEnd());
    ManagementClient next(daemon);
    QVERIFY(!next.login().isEmpty());
    QVERIFY(waitUntil([&] {
        return MetricsReader::scrape(daemon.internal())
                   .value("messaging_management_consoles_closed_total", {{"reason", "line_too_long"}})
            == 1;
    }));
}

void TestManagement::half_a_line_is_waited_for()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    ManagementClient client(daemon);
    QVERIFY(!client.notification(s("hello")).isEmpty());
    for (const char c : QByteArray(R"({"jsonrpc":"2.0","id":"half","method":"ping"})")) {
        client.sendRaw(QByteArray(1, c));
        QTest::qWait(0);
    }
    client.sendRaw("\n");
    QCOMPARE(client.next().value(u"id").toString(), s("half"));
}

void TestManagement::a_hundred_killed_consoles_leave_nothing()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    const auto killMany = [&daemon](int count) {
        for (int i = 0; i < count; ++i) {
            ManagementClient client(daemon);
            if (client.login().isEmpty())
                return false;
            client.sendRaw(
                R"({"jsonrpc":"2.0","id":1,"method":"view.open","params":{"table":"sessions","range":[0,10]}})"
                "\n"
                R"({"jsonrpc":"2.0","id":2,"method":"flow.open","params":{"credit":10}})"
                "\n"
                R"({"jsonrpc":"2.0","id":3,"method":"log.open","params":{"credit":10}})"
                "\n");
            client.abort();
        }
        return waitUntil([&] {
            return MetricsReader::scrape(daemon.internal()).value("messaging_management_consoles") == 0;
        });
    };
    QVERIFY(killMany(30)); // from here on the allocator has what it needs
    const auto before = MetricsReader::scrape(daemon.internal());
    QVERIFY(killMany(100));
    const auto after = MetricsReader::scrape(daemon.internal());
    QCOMPARE(after.value("process_open_fds"), before.value("process_open_fds"));
    const double grown
        = after.value("process_resident_memory_bytes") - before.value("process_resident_memory_bytes");
    QVERIFY2(grown < 1024 * 1024 * sanitizedFactor, qPrintable(QString::number(grown)));
    ManagementClient client(daemon);
    QVERIFY(!client.login().isEmpty());
}

void TestManagement::a_console_that_does_not_read_is_cut_and_costs_little()
{
    Daemon daemon({s("limits.exchanges_per_user=0"), s("management.send_stall=3s")});
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QVERIFY(alice.enter() && bob.enter());
    // More answers than the system and the console's allowance take: 2,000 of about 2.5 KiB, and events
    // beside them.
    const QByteArray greed = R"({"jsonrpc":"2.0","id":1,"method":"flow.open","params":{"credit":100000}})"
                             "\n"
        + QByteArray(R"({"jsonrpc":"2.0","id":2,"method":"rpc.describe"})"
                     "\n")
              .repeated(2000);
    const auto scrape = [&daemon] { return MetricsReader::scrape(daemon.internal()); };
    const auto closedAsSlow = [&] {
        return scrape().value("messaging_management_consoles_closed_total", {{"reason", "slow"}});
    };
    const auto chat = [&](int messages) {
        for (int i = 0; i < messages; ++i) {
            alice.send("bob", "x");
            if (!bob.receive())
                return false;
        }
        return true;
    };
    const auto stall = [&](ManagementClient &client) {
        const bool in = !client.login().isEmpty();
        client.stopReading();
        client.sendRaw(greed);
        return in;
    };
    {
        ManagementClient first(daemon); // for the allocator
        QVERIFY(stall(first));
        QVERIFY(chat(200));
        QVERIFY(waitUntil([&] { return closedAsSlow() == 1; }));
    }
    constexpr int many = 4;
    const double before = scrape().value("process_resident_memory_bytes");
    std::vector<std::unique_ptr<ManagementClient>> stalled;
    for (int i = 0; i < many; ++i) {
        stalled.push_back(std::make_unique<ManagementClient>(daemon));
        QVERIFY(stall(*stalled.back()));
    }
    double most = before;
    QVERIFY(waitUntil([&] {
        const bool goesOn = chat(100); // the data path does not care
        most = std::max(most, scrape().value("process_resident_memory_bytes"));
        return !goesOn || closedAsSlow() == 1 + many;
    }));
    QVERIFY(chat(1));
    QVERIFY2(most - before < many * 1024.0 * 1024 * sanitizedFactor,
             qPrintable(QString::number(most - before)));
    QCOMPARE(scrape().value("messaging_management_consoles"), 0);
    ManagementClient other(daemon);
    QVERIFY(!other.login().isEmpty());
}

void TestManagement::consoles_are_limited()
{
    Daemon daemon({s("management.consoles=2")});
    QVERIFY(daemon.start());
    ManagementClient first(daemon);
    ManagementClient second(daemon);
    QVERIFY(!first.login().isEmpty() && !second.login().isEmpty());
    ManagementClient third(daemon);
    QVERIFY(third.waitForEnd());
    QVERIFY(waitUntil([&] {
        return MetricsReader::scrape(daemon.internal()).value("messaging_management_consoles_rejected_total")
            == 1;
    }));
    second.abort();
    QVERIFY(waitUntil([&] {
        return MetricsReader::scrape(daemon.internal()).value("messaging_management_consoles") == 1;
    }));
    ManagementClient fourth(daemon);
    QVERIFY(!fourth.login().isEmpty());
}

/// Each request in the document (`-> {...}`, or a line of its own) gets an answer with the members of the one
/// that stands behind it.
void TestManagement::the_document_s_examples_are_answered()
{
    QFile file(QFINDTESTDATA("../../docs/management-protocol.md"));
    QVERIFY(file.open(QIODevice::ReadOnly));
    QString text = QString::fromUtf8(file.readAll());
    text.replace(QRegularExpression(s("\\n        +")), QString()); // continued lines
    Daemon daemon;
    QVERIFY(daemon.start());
    ManagementClient client(daemon);
    QVERIFY(!client.login().isEmpty());
    int requests = 0;
    QJsonObject answer;
    for (const QString &raw : text.split(u'\n')) {
        if (!raw.startsWith(s("    ")))
            continue;
        QString line = raw.trimmed();
        const bool expected = line.startsWith(s("<- "));
        if (expected || line.startsWith(s("-> ")))
            line.remove(0, 3);
        const QJsonObject object = QJsonDocument::fromJson(line.toUtf8()).object();
        if (object.isEmpty())
            continue;
        QVERIFY2(object.value(u"jsonrpc").toString() == s("2.0"), qPrintable(line));
        if (!expected && object.contains(u"id")) {
            answer = client.call(object.value(u"method").toString(), object.value(u"params").toObject());
            QVERIFY2(answer.contains(u"result"), qPrintable(line));
            ++requests;
        } else if (expected && object.contains(u"id")) {
            const QJsonObject promised = object.value(u"result").toObject();
            const QJsonObject got = answer.value(u"result").toObject();
            QCOMPARE(got.keys(), promised.keys());
        }
    }
    QVERIFY(requests >= 4);
}

QTEST_GUILESS_MAIN(TestManagement)
#include "tst_management.moc"
