// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/managementserver.h"
#include "tests/server/management/fakes.h"
#include "tests/server/metrics/documentedmetrics.h"

#include <QTest>

#include <unistd.h>

using namespace msgsrv;
using namespace msgsrv::management;
using namespace msgsrv::management::test;

namespace {

constexpr uid_t stranger = 54'321; // neither root nor a member of any group

MessagePtr message(const char *from, const char *to, const char *content)
{
    auto made = std::make_shared<msgsrv::Message>();
    made->id = "m-1";
    made->from = *UserId::parse(from);
    made->to = *UserId::parse(to);
    made->body = QByteArray(R"({"from":")") + from + R"(","content":)" + content + '}';
    made->via = "stomp";
    made->acceptedAt = Clock::now();
    return made;
}

} // namespace

class ManagementServerTest final : public QObject
{
    Q_OBJECT

private slots:
    void every_metric_is_documented()
    {
        Fixture f;
        MetricFamilies rendered;
        for (const QString &family : renderedMetrics(f.metrics.render())) {
            if (family.startsWith(QStringLiteral("messaging_management_")))
                rendered.insert(family);
        }
        QCOMPARE(rendered, documentedMetrics(QStringLiteral("management")));
    }

    void the_user_decides_the_role()
    {
        Fixture f({.boot = QStringLiteral("b"), .logins = {.group = QStringLiteral("nogroup")}});
        QCOMPARE(f.result(f.connect(0), "login", R"({"scheme":"peer"})").value(u"role").toString(),
                 QStringLiteral("admin"));
        QCOMPARE(f.result(f.connect(::geteuid()), "login", R"({"scheme":"peer"})").value(u"role").toString(),
                 QStringLiteral("admin"));
        // The fixture's peers have the group nogroup (65534).
        const QJsonObject member = f.result(f.connect(stranger), "login", R"({"scheme":"peer"})");
        QCOMPARE(member.value(u"role").toString(), QStringLiteral("operator"));
        QVERIFY(!member.value(u"may").toArray().contains(QStringLiteral("log.level")));
        QVERIFY(member.value(u"may").toArray().contains(QStringLiteral("session.close")));
    }

    void a_refused_login_waits_and_is_counted()
    {
        Fixture f;
        MemoryWire *wire = f.connect(stranger);
        QVERIFY(f.call(wire, "login", R"({"scheme":"peer"})").isEmpty()); // not yet
        QVERIFY(!wire->isReading);
        QVERIFY(f.call(wire, "ping").isEmpty()); // and nothing else either
        QTRY_VERIFY(wire->isReading);
        const QList<QJsonObject> answers = wire->messages();
        QCOMPARE(answers.size(), 2);
        QCOMPARE(answers.at(0).value(u"error").toObject().value(u"code").toInt(), -32002);
        QVERIFY(answers.at(1).contains(u"result"));
        QVERIFY(f.metrics.render().find("messaging_management_logins_refused_total 1") != std::string::npos);
        // One of whom nothing is known.
        MemoryWire *unknown = f.connect(0, false);
        QVERIFY(f.call(unknown, "login", R"({"scheme":"peer"})").isEmpty());
    }

    void a_login_must_come_in_time()
    {
        ManagementPeer::Limits limits;
        Methods methods;
        auto wire = std::make_unique<MemoryWire>();
        MemoryWire &raw = *wire;
        const TimePoint start = Clock::now();
        ManagementPeer peer(std::move(wire), methods, limits, start);
        peer.tick(start + limits.login - milliseconds(1));
        QVERIFY(!raw.aborted);
        peer.tick(start + limits.login);
        QVERIFY(raw.aborted);
    }

    void roles_are_enforced()
    {
        Fixture f({.boot = QStringLiteral("b"), .logins = {.group = QStringLiteral("nogroup")}});
        f.node.sessions = {sessionRow(1, "alice", "acked", 0)};
        MemoryWire *member = f.login(stranger);
        QCOMPARE(f.error(member, "log.level", R"({"category":"a","level":"debug","seconds":1})"), -32003);
        QCOMPARE(f.error(member, "flow.open", R"({"payload":true,"credit":1})"), -32003);
        const auto addressFor = [&](MemoryWire *wire) {
            return f.result(wire, "view.open", R"({"table":"sessions","columns":["address"],"range":[0,1]})")
                .value(u"rows")
                .toArray()
                .at(0)
                .toArray()
                .at(1)
                .toString();
        };
        QCOMPARE(addressFor(member), QStringLiteral("masked"));
        QCOMPARE(addressFor(f.login(0)), QStringLiteral("192.0.2.7"));
        f.node.queues[1] = {message("alice", "bob", R"({"type":"offer"})")};
        const auto peeked = [&](MemoryWire *wire) {
            return f.result(wire, "queue.peek", R"({"id":"1"})")
                .value(u"messages")
                .toArray()
                .at(0)
                .toObject();
        };
        QCOMPARE(peeked(member).value(u"kind").toString(), QStringLiteral("offer"));
        QVERIFY(!peeked(member).contains(u"content"));
        QVERIFY(peeked(f.login(0)).contains(u"content"));
    }

    void whole_addresses_for_all_when_so_configured()
    {
        Fixture f(
            {.boot = QStringLiteral("b"), .logins = {.group = QStringLiteral("nogroup")}, .addresses = true});
        f.node.sessions = {sessionRow(1, "alice", "acked", 0)};
        const QJsonArray rows = f.result(f.login(stranger), "view.open",
                                         R"({"table":"sessions","columns":["address"],"range":[0,1]})")
                                    .value(u"rows")
                                    .toArray();
        QCOMPARE(rows.at(0).toArray().at(1).toString(), QStringLiteral("192.0.2.7"));
    }

    void nobody_watching_nobody_working()
    {
        Fixture f;
        MemoryWire *wire = f.login();
        QVERIFY(!f.tap.isOpen());
        QCOMPARE(f.node.collections, 0);
        const int view
            = f.result(wire, "view.open", R"({"table":"sessions","range":[0,1]})").value(u"view").toInt();
        QVERIFY(f.tap.isOpen()); // for the negotiations
        QVERIFY(f.call(wire, "view.close", "{\"view\":" + QByteArray::number(view) + '}').size() == 1);
        QVERIFY(!f.tap.isOpen());
        (void)f.result(wire, "flow.open", R"({"credit":1})");
        (void)f.result(wire, "view.open", R"({"table":"sessions","range":[0,1]})");
        QVERIFY(f.tap.isOpen());
        wire->hangUp();
        QTRY_VERIFY(!f.tap.isOpen());
        const int before = f.node.collections;
        QTest::qWait(0);
        QCOMPARE(f.node.collections, before);
    }

    void an_answer_that_comes_after_the_console_has_gone_is_nothing()
    {
        Fixture f;
        MemoryWire *wire = f.login();
        f.node.answersLate = true;
        (void)f.call(wire, "view.open", R"({"table":"sessions","range":[0,1]})");
        (void)f.call(wire, "session.close", R"({"id":"1","reason":"r"})");
        const QPointer<MemoryWire> gone(wire);
        wire->hangUp();
        QTRY_VERIFY(!gone);
        for (const auto &answer : f.node.late)
            answer();
        f.node.answersLate = false;
        QVERIFY(!f.result(f.login(), "server.status").isEmpty());
    }

    void a_view_that_is_closed_before_it_was_shown_is_answered()
    {
        Fixture f;
        MemoryWire *wire = f.login();
        f.node.answersLate = true;
        QVERIFY(f.call(wire, "view.open", R"({"table":"sessions","range":[0,1]})").isEmpty());
        QCOMPARE(f.call(wire, "view.close", R"({"view":1})").size(), 1);
        for (const auto &answer : f.node.late)
            answer();
        const QList<QJsonObject> answers = wire->messages();
        QCOMPARE(answers.size(), 1);
        QCOMPARE(answers.first().value(u"error").toObject().value(u"code").toInt(), -32004);
    }

    void consoles_that_are_cut_while_they_are_sent_to_leave_the_others_alone()
    {
        ManagementServer::Settings settings{.boot = QStringLiteral("b")};
        settings.peer.most = 20'000;
        Fixture f(settings);
        std::vector<MemoryWire *> wires;
        for (int i = 0; i < 6; ++i) {
            wires.push_back(f.login());
            (void)f.result(wires.back(), "flow.open", R"({"credit":100000})");
            wires.back()->takesAll = i % 2 == 0;
        }
        for (int i = 0; i < 500; ++i)
            f.tap.tell(FlowEvent::Kind::Accepted, message("alice", "bob", "\"x\""));
        f.server.feeds().poll();
        for (int i = 0; i < 6; ++i) {
            QCOMPARE(wires[std::size_t(i)]->aborted, i % 2 == 1);
            if (i % 2 == 0)
                QCOMPARE(wires[std::size_t(i)]->messages().size(), 500);
        }
        QTRY_COMPARE(f.managementMetrics.consoles->load(), std::int64_t(3));
    }

    void a_repeated_operation_waits_for_the_first()
    {
        Fixture f;
        MemoryWire *wire = f.login();
        f.node.answersLate = true;
        const QByteArray close = R"({"id":"1","reason":"r","op":"x"})";
        QVERIFY(f.call(wire, "session.close", close).isEmpty());
        QVERIFY(f.call(wire, "session.close", close).isEmpty());
        QCOMPARE(f.node.closed.size(), std::size_t(1));
        for (const auto &answer : f.node.late)
            answer();
        QCOMPARE(wire->messages().size(), 2);
        f.node.answersLate = false;
        // A failure is remembered as well, and another name is another operation.
        const QByteArray none = R"({"id":"500","reason":"r","op":"y"})";
        QCOMPARE(f.error(wire, "session.close", none), -32004);
        QCOMPARE(f.error(wire, "session.close", none), -32004);
        QCOMPARE(f.node.closed.size(), std::size_t(2));
        QCOMPARE(f.result(wire, "audit.list").value(u"entries").toArray().size(), 2);
    }

    void a_console_that_does_not_read_gets_merged_state_and_gaps()
    {
        Fixture f;
        f.node.sessions = {sessionRow(1, "alice", "acked", 0)};
        MemoryWire *wire = f.login();
        (void)f.result(wire, "view.open", R"({"table":"sessions","range":[0,1],"rate":10})");
        const int sub = f.result(wire, "flow.open", R"({"credit":100000})").value(u"sub").toInt();
        QVERIFY(sub > 0);
        wire->takesAll = false;
        // The system takes nothing: events are made until 256 KiB wait.
        for (int i = 0; i < 5000; ++i)
            f.tap.tell(FlowEvent::Kind::Accepted, message("alice", "bob", "\"x\""));
        f.server.feeds().poll();
        QVERIFY(wire->bytesQueued() > 256 * 1024);
        QVERIFY(wire->bytesQueued() < 257 * 1024);
        QVERIFY(!wire->isReading); // its requests stay with the system
        const qint64 queued = wire->bytesQueued();
        // For it alone nothing is collected; somebody else looks.
        MemoryWire *other = f.login();
        (void)f.result(other, "view.open", R"({"table":"sessions","range":[0,1],"rate":10})");
        f.node.sessions = {sessionRow(1, "alice", "acked", 1)};
        for (int i = 0; i < 5000; ++i)
            f.tap.tell(FlowEvent::Kind::Accepted, message("alice", "bob", "\"x\""));
        f.server.feeds().poll();
        const int collections = f.node.collections;
        QTRY_VERIFY(f.node.collections > collections + 2);
        QCOMPARE(wire->bytesQueued(), queued); // nothing new was made

        // It reads again: what it missed is told, and the latest state.
        wire->takesAll = true;
        wire->takeMore(queued);
        f.server.feeds().poll();
        QJsonObject gap;
        qint64 events = 0;
        QJsonObject delta;
        QTRY_VERIFY([&] {
            for (const QJsonObject &read : wire->messages()) {
                const QString method = read.value(u"method").toString();
                events += method == u"flow.event" ? 1 : 0;
                if (method == u"flow.gap")
                    gap = read.value(u"params").toObject();
                if (method == u"view.delta")
                    delta = read.value(u"params").toObject();
            }
            return !gap.isEmpty() && !delta.isEmpty();
        }());
        QCOMPARE(gap.value(u"why").toString(), QStringLiteral("slow"));
        QCOMPARE(events + gap.value(u"dropped").toInteger(), 10'000);
        QCOMPARE(gap.value(u"to").toInteger(), 10'000);
        QVERIFY(delta.value(u"merged").toInt() > 1);
        QVERIFY(wire->isReading);
    }

    void a_console_that_makes_no_progress_is_closed()
    {
        ManagementPeer::Limits limits;
        Methods methods;
        auto wire = std::make_unique<MemoryWire>();
        MemoryWire &raw = *wire;
        raw.takesAll = false;
        ManagementPeer peer(std::move(wire), methods, limits, Clock::now());
        peer.setLogin(Role::Observer, QStringLiteral("x"));
        peer.send(QByteArray(1000, 'x') + '\n');
        const TimePoint sent = Clock::now();
        peer.tick(sent + limits.stall - seconds(1));
        QVERIFY(!raw.aborted);
        raw.takeMore(1);
        peer.tick(sent + limits.stall - seconds(1));
        QVERIFY(!raw.aborted);
        peer.tick(Clock::now() + limits.stall);
        QVERIFY(raw.aborted);
    }

    void a_console_with_too_much_to_read_is_closed()
    {
        ManagementPeer::Limits limits;
        Methods methods;
        auto wire = std::make_unique<MemoryWire>();
        MemoryWire &raw = *wire;
        raw.takesAll = false;
        ManagementPeer peer(std::move(wire), methods, limits, Clock::now());
        peer.send(QByteArray(int(limits.most), 'x'));
        QVERIFY(!raw.aborted);
        peer.send("x");
        QVERIFY(raw.aborted);
        const qint64 queued = raw.bytesQueued();
        peer.send("more");
        QCOMPARE(raw.bytesQueued(), queued);
    }

    void limits_are_told_and_counted()
    {
        ManagementServer::Settings settings{.boot = QStringLiteral("b")};
        settings.peer.line = 20'000;
        settings.views = {.rows = 200, .rate = 4, .views = 2};
        settings.feeds = {.subscriptions = 1, .credit = 3};
        settings.audit = 2;
        Fixture f(settings);
        auto greeted = std::make_unique<MemoryWire>();
        MemoryWire &raw = *greeted;
        f.server.accept(std::move(greeted), {});
        const QJsonObject limits
            = raw.messages().first().value(u"params").toObject().value(u"limits").toObject();
        QCOMPARE(limits,
                 (QJsonObject{{QStringLiteral("line"), 20'000},
                              {QStringLiteral("rows"), 200},
                              {QStringLiteral("rate"), 4},
                              {QStringLiteral("views"), 2},
                              {QStringLiteral("subscriptions"), 1},
                              {QStringLiteral("credit"), 3}}));
        const auto counted = [&f](const char *limit) {
            const std::string line
                = std::string("messaging_management_limits_total{limit=\"") + limit + "\"} ";
            const std::string all = f.metrics.render();
            const std::size_t at = all.find(line);
            return at == std::string::npos ? -1 : std::atoi(all.c_str() + at + line.size());
        };
        MemoryWire *wire = f.login();
        QCOMPARE(f.error(wire, "view.open", R"({"table":"sessions","range":[0,201]})"), -32602);
        QCOMPARE(counted("rows"), 1);
        QCOMPARE(f.error(wire, "view.open", R"({"table":"sessions","range":[0,1],"rate":4.5})"), -32602);
        QCOMPARE(counted("rate"), 1);
        for (int i = 0; i < 2; ++i)
            QVERIFY(f.result(wire, "view.open", R"({"table":"sessions","range":[0,200],"rate":4})")
                        .contains(u"view"));
        QCOMPARE(f.error(wire, "view.open", R"({"table":"sessions","range":[0,1]})"), -32005);
        QCOMPARE(counted("views"), 1);
        QCOMPARE(f.error(wire, "view.change", R"({"view":1,"range":[0,500]})"), -32602);
        QCOMPARE(counted("rows"), 2);
        const int sub = f.result(wire, "flow.open", R"({"credit":50})").value(u"sub").toInt();
        QVERIFY(sub > 0);
        QCOMPARE(counted("credit"), 1);
        QCOMPARE(f.error(wire, "flow.open", R"({"credit":1})"), -32005);
        QCOMPARE(counted("subscriptions"), 1);
        for (int i = 0; i < 5; ++i)
            f.tap.tell(FlowEvent::Kind::Accepted, message("alice", "bob", "\"x\""));
        f.server.feeds().poll();
        int events = 0;
        for (const QJsonObject &read : wire->messages())
            events += read.value(u"method") == QStringLiteral("flow.event") ? 1 : 0;
        QCOMPARE(events, 3);
        for (int i = 0; i < 4; ++i)
            (void)f.result(wire, "session.close", R"({"id":"1","reason":"r"})");
        QCOMPARE(f.result(wire, "audit.list").value(u"entries").toArray().size(), 2);
        wire->say(QByteArray(20'001, ' '));
        QVERIFY(wire->aborted);
    }

    void what_the_tap_could_not_keep_is_counted()
    {
        Fixture f;
        MemoryWire *wire = f.login();
        (void)f.result(wire, "flow.open", R"({"credit":100000})");
        for (int i = 0; i < 20'000; ++i)
            f.tap.tell(FlowEvent::Kind::Accepted, message("alice", "bob", "\"x\""));
        f.server.feeds().poll();
        QVERIFY(f.metrics.render().find("messaging_management_events_missed_total 3616")
                != std::string::npos);
    }

    void series_are_sampled()
    {
        Fixture f;
        MemoryWire *wire = f.login();
        const QJsonArray series = f.result(wire, "series.list").value(u"series").toArray();
        QCOMPARE(series.at(0).toObject().value(u"name").toString(), QStringLiteral("load"));
        QTRY_COMPARE(
            f.result(wire, "series.get", R"({"name":"load","seconds":1})").value(u"values").toArray(),
            QJsonArray{1.0});
        QCOMPARE(f.error(wire, "series.get", R"({"name":"nothing","seconds":1})"), -32602);
        QCOMPARE(f.error(wire, "series.get", R"({"name":"load","seconds":0})"), -32602);
    }
};

QTEST_GUILESS_MAIN(ManagementServerTest)
#include "tst_managementserver.moc"
