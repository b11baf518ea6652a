// SPDX-License-Identifier: GPL-3.0-or-later
//
// What waits in the daemon when it is killed, and when it is stopped: exchange.durable, notices, what is
// held.
#include "tests/support/managementclient.h"
#include "tests/support/metricsreader.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QJsonDocument>
#include <QJsonObject>

#include <memory>
#include <optional>
#include <vector>

using namespace msgsrv::test;

namespace {

const Headers asks{{"resume", "60000"}};
const QStringList durable{QStringLiteral("exchange.durable=true")};

QString s(const char *text)
{
    return QString::fromLatin1(text);
}

/// POST /exchange with further members.
HttpAnswer post(const Daemon &daemon, const User &from, const char *to, const char *content,
                QJsonObject members = {})
{
    members.insert(s("toUserId"), s(to));
    members.insert(s("content"), s(content));
    return postJson(daemon.http(), "/exchange", QJsonDocument(members).toJson(QJsonDocument::Compact),
                    from.bearer());
}

QString idOf(const HttpAnswer &answer)
{
    return answer.json().value(u"messageId").toString();
}

/// GET /exchange/<id>, its state and reason.
QString stateOf(const Daemon &daemon, const User &who, const QString &id)
{
    const HttpAnswer answer = get(daemon.http(), "/exchange/" + id.toLatin1(), who.bearer());
    if (answer.status != 200)
        return s("unknown");
    return (answer.json().value(u"state").toString() + u' ' + answer.json().value(u"reason").toString())
        .trimmed();
}

QString contentOf(const StompFrame &frame)
{
    return frame.json().value(QLatin1String("content")).toString();
}

MetricsReader metricsOf(const Daemon &daemon)
{
    return MetricsReader::scrape(daemon.internal());
}

bool isSettled(const Daemon &daemon)
{
    return waitUntil([&] { return metricsOf(daemon).value("messaging_journal_pending") == 0; });
}

enum class End { Drain, Kill };

void end(Daemon &daemon, End how)
{
    if (how == End::Kill)
        daemon.kill();
    else
        QCOMPARE(daemon.stop().exitCode, 0);
}

void addEnds()
{
    QTest::addColumn<bool>("isKilled");
    QTest::newRow("drained") << false;
    QTest::newRow("killed") << true;
}

} // namespace

class TestDurable : public QObject
{
    Q_OBJECT

private slots:
    void whatWasAcceptedOutlivesAKill();
    void whatWasWrittenAndNotAcknowledgedIsRedelivered();
    void withoutItOnlyTheSenderIsTold();
    void wishesAndNamesOutliveTheDaemon_data();
    void wishesAndNamesOutliveTheDaemon();
    void whatIsHeldOutlivesTheDaemon_data();
    void whatIsHeldOutlivesTheDaemon();
    void aNoticeOutlivesAKill();
    void anEndedSessionLeavesNothingToTheNext();
    void timeGoesOnWhileNoDaemonRuns();
    void aDiskThatFailsGivesNo2xx_data();
    void aDiskThatFailsGivesNo2xx();
    void nobodyIsToldBeforeTheSync();
    void memoryIsRefused();
};

void TestDurable::whatWasAcceptedOutlivesAKill()
{
    Daemon daemon(durable);
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QCOMPARE(alice.connect().status, 200); // and does not subscribe
    QVERIFY(bob.enter());
    QCOMPARE(post(daemon, bob, "alice", "1").status, 202);
    bob.stomp().send("SEND", {{"destination", "/user/alice"}, {"priority", "a:b\nc"}, {"receipt", "r"}}, "2");
    QCOMPARE(bob.stomp().next("RECEIPT").header("receipt-id"), QByteArray("r"));
    QCOMPARE(post(daemon, bob, "bob", "to a reader").status, 200);
    QCOMPARE(contentOf(bob.receive()), s("to a reader"));
    QCOMPARE(post(daemon, bob, "alice", "3").status, 202);
    daemon.kill();

    QVERIFY(daemon.start());
    const MetricsReader fresh = metricsOf(daemon);
    QCOMPARE(fresh.value("messaging_messages_restored_total"), 3.0);
    QCOMPARE(fresh.value("messaging_messages_accepted_total"), 3.0);
    QVERIFY(Conservation(fresh).holds());
    QCOMPARE(post(daemon, alice, "alice", "4").status, 202); // behind what is there
    // A second crash, before anybody came.
    daemon.kill();
    QVERIFY(daemon.start());
    QVERIFY(alice.listen(daemon.stomp(), asks));
    QByteArrayList ids;
    for (const char *content : {"1", "2", "3", "4"}) {
        const StompFrame message = alice.receive();
        QCOMPARE(contentOf(message), QLatin1String(content));
        QVERIFY(!message.hasHeader("redelivered"));
        QCOMPARE(message.header("from"), QByteArray(*content == '4' ? "alice" : "bob"));
        if (*content == '2')
            QCOMPARE(message.header("priority"), QByteArray("a:b\nc"));
        ids.append(message.header("message-id"));
    }
    QCOMPARE(QSet<QByteArray>(ids.cbegin(), ids.cend()).size(), 4);
    QVERIFY(isSettled(daemon));
    daemon.kill();
    QVERIFY(daemon.start());
    QCOMPARE(metricsOf(daemon).value("messaging_messages_restored_total"), 0.0);
}

void TestDurable::whatWasWrittenAndNotAcknowledgedIsRedelivered()
{
    Daemon daemon(durable);
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    alice.setAckMode("client-individual");
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(alice.listen({}, asks));
    QCOMPARE(bob.connect().status, 200);
    for (const char *content : {"1", "2", "3"})
        QCOMPARE(post(daemon, bob, "alice", content).status, 200);
    (void)alice.receive();
    const StompFrame two = alice.receive();
    (void)alice.receive();
    QCOMPARE(alice.stomp().sendForReceipt("ACK", {{"id", two.header("ack")}}).command, QByteArray("RECEIPT"));
    QVERIFY(isSettled(daemon));
    daemon.kill();
    QVERIFY(daemon.start());
    QCOMPARE(post(daemon, bob, "alice", "4").status, 202);
    QVERIFY(alice.listen(daemon.stomp(), asks));
    for (const char *content : {"1", "3", "4"}) {
        const StompFrame message = alice.receive();
        QCOMPARE(contentOf(message), QLatin1String(content));
        QCOMPARE(message.header("redelivered"), QByteArray(*content == '4' ? "" : "true"));
    }
}

void TestDurable::withoutItOnlyTheSenderIsTold()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QCOMPARE(alice.connect().status, 200);
    QCOMPARE(bob.connect().status, 200);
    const HttpAnswer asked
        = post(daemon, bob, "alice", "x", {{s("notify"), s("failed")}, {s("exchangeId"), s("e")}});
    QCOMPARE(asked.status, 202);
    QCOMPARE(post(daemon, bob, "alice", "not asked for").status, 202);
    const HttpAnswer held
        = post(daemon, bob, "nobody", "x", {{s("notify"), s("written,failed")}, {s("ttl"), 20'000}});
    QCOMPARE(held.status, 202);
    daemon.kill();

    QVERIFY(daemon.start());
    const MetricsReader fresh = metricsOf(daemon);
    QCOMPARE(fresh.value("messaging_messages_restored_total"), 0.0);
    QCOMPARE(fresh.value("messaging_held_users"), 0.0);
    QCOMPARE(stateOf(daemon, bob, idOf(asked)), s("dropped server_crashed"));
    // Also when it crashes again before he comes.
    QVERIFY(isSettled(daemon));
    daemon.kill();
    QVERIFY(daemon.start());
    QVERIFY(bob.listen(daemon.stomp(), asks));
    const StompFrame first = bob.receive();
    QCOMPARE(first.header("event"), QByteArray("failed"));
    QCOMPARE(first.json(),
             (QJsonObject{{s("messageId"), idOf(asked)},
                          {s("exchangeId"), s("e")},
                          {s("toUserId"), s("alice")},
                          {s("state"), s("dropped")},
                          {s("reason"), s("server_crashed")}}));
    const StompFrame second = bob.receive();
    QCOMPARE(second.json().value(u"messageId").toString(), idOf(held));
    QCOMPARE(second.json().value(u"toUserId").toString(), s("nobody"));
    // Once is enough, and alice got nothing.
    QCOMPARE(post(daemon, bob, "bob", "last").status, 200);
    QCOMPARE(contentOf(bob.receive()), s("last"));
    QVERIFY(alice.listen(daemon.stomp()));
    QCOMPARE(post(daemon, bob, "alice", "new").status, 200);
    QCOMPARE(contentOf(alice.receive()), s("new"));
    QVERIFY(Conservation(metricsOf(daemon)).holds());
}

void TestDurable::wishesAndNamesOutliveTheDaemon_data()
{
    addEnds();
}

void TestDurable::wishesAndNamesOutliveTheDaemon()
{
    QFETCH(const bool, isKilled);
    Daemon daemon(isKilled ? durable : QStringList());
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QCOMPARE(alice.connect().status, 200);
    QCOMPARE(bob.connect().status, 200);
    const QJsonObject wishes{{s("notify"), s("written,failed")}, {s("exchangeId"), s("e")}};
    const HttpAnswer first = post(daemon, bob, "alice", "x", wishes);
    QCOMPARE(first.status, 202);
    const HttpAnswer plain = post(daemon, bob, "alice", "y");
    QCOMPARE(plain.status, 202);
    end(daemon, isKilled ? End::Kill : End::Drain);

    QVERIFY(daemon.start());
    QCOMPARE(stateOf(daemon, bob, idOf(first)), s("queued"));
    QCOMPARE(stateOf(daemon, bob, idOf(plain)), s("queued"));
    QCOMPARE(stateOf(daemon, alice, idOf(first)), s("unknown"));
    const HttpAnswer repeat = post(daemon, bob, "alice", "x", wishes);
    QCOMPARE(repeat.status, 202);
    QCOMPARE(idOf(repeat), idOf(first));
    QVERIFY(alice.listen(daemon.stomp()));
    const StompFrame message = alice.receive();
    QCOMPARE(contentOf(message), s("x"));
    QCOMPARE(message.header("message-id"), idOf(first).toLatin1());
    QCOMPARE(contentOf(alice.receive()), s("y"));
    QVERIFY(bob.listen(daemon.stomp()));
    const StompFrame notice = bob.receive();
    QCOMPARE(notice.header("event"), QByteArray("written"));
    QCOMPARE(notice.json().value(u"messageId").toString(), idOf(first));
    QCOMPARE(notice.json().value(u"exchangeId").toString(), s("e"));
    QCOMPARE(stateOf(daemon, bob, idOf(first)), s("written"));
    const HttpAnswer late = post(daemon, bob, "alice", "x", wishes);
    QCOMPARE(late.status, 200);
    QCOMPARE(idOf(late), idOf(first));
    QVERIFY(Conservation(metricsOf(daemon)).holds());
}

void TestDurable::whatIsHeldOutlivesTheDaemon_data()
{
    addEnds();
}

void TestDurable::whatIsHeldOutlivesTheDaemon()
{
    QFETCH(const bool, isKilled);
    Daemon daemon(isKilled ? durable : QStringList());
    QVERIFY(daemon.start());
    User bob(daemon, "bob");
    QCOMPARE(bob.connect().status, 200);
    const QJsonObject patient{{s("ttl"), 30'000}};
    QCOMPARE(post(daemon, bob, "alice", "1", patient).status, 202);
    QCOMPARE(post(daemon, bob, "carol", "for carol", patient).status, 202);
    QCOMPARE(post(daemon, bob, "alice", "2", patient).status, 202);
    end(daemon, isKilled ? End::Kill : End::Drain);
    QVERIFY(daemon.start());
    QCOMPARE(metricsOf(daemon).value("messaging_held_users"), 2.0);
    QCOMPARE(metricsOf(daemon).value("messaging_messages_restored_total"), 3.0);
    QCOMPARE(post(daemon, bob, "alice", "3", patient).status, 202);
    // Once more, the other way round.
    QCOMPARE(daemon.stop().exitCode, 0);
    QVERIFY(daemon.start());
    QCOMPARE(metricsOf(daemon).value("messaging_messages_restored_total"), 4.0);
    ManagementClient console(daemon);
    console.login();
    const QJsonArray shown = console
                                 .result(s("view.open"),
                                         {{s("table"), s("queues")},
                                          {s("columns"), QJsonArray{s("user"), s("ready"), s("held")}},
                                          {s("filter"), s("user:alice")},
                                          {s("range"), QJsonArray{0, 10}}})
                                 .value(u"rows")
                                 .toArray();
    QCOMPARE(shown.size(), 1);
    QCOMPARE(shown[0].toArray()[1].toString(), s("alice"));
    QCOMPARE(shown[0].toArray()[2].toInt(), 3);
    QVERIFY(shown[0].toArray()[3].toBool());

    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    for (const char *content : {"1", "2", "3"})
        QCOMPARE(contentOf(alice.receive()), QLatin1String(content));
    QCOMPARE(metricsOf(daemon).value("messaging_held_users"), 1.0);
    QVERIFY(Conservation(metricsOf(daemon)).holds());
    User carol(daemon, "carol");
    QVERIFY(carol.enter());
    QCOMPARE(contentOf(carol.receive()), s("for carol"));
}

void TestDurable::aNoticeOutlivesAKill()
{
    Daemon daemon;
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QCOMPARE(bob.connect().status, 200); // and does not subscribe
    QVERIFY(alice.enter());
    QCOMPARE(post(daemon, bob, "alice", "x", {{s("notify"), s("written")}}).status, 200);
    QVERIFY(isSettled(daemon));
    daemon.kill();
    QVERIFY(daemon.start());
    QVERIFY(bob.listen(daemon.stomp()));
    QCOMPARE(bob.receive().header("event"), QByteArray("written"));
}

void TestDurable::anEndedSessionLeavesNothingToTheNext()
{
    Daemon daemon(durable);
    QVERIFY(daemon.start());
    User bob(daemon, "bob");
    QCOMPARE(bob.connect().status, 200);
    {
        User alice(daemon, "alice");
        QCOMPARE(post(daemon, bob, "alice", "held", {{s("ttl"), 30'000}}).status, 202);
        QCOMPARE(alice.connect().status, 200);
        QCOMPARE(post(daemon, bob, "alice", "for her alone", {{s("notify"), s("failed")}}).status, 202);
        QCOMPARE(alice.leave().status, 200);
    }
    daemon.kill();
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    QVERIFY(alice.enter());
    QCOMPARE(post(daemon, bob, "alice", "for another").status, 200);
    QCOMPARE(contentOf(alice.receive()), s("for another"));
    QVERIFY(bob.listen(daemon.stomp()));
    const StompFrame told = bob.receive();
    QCOMPARE(told.header("event"), QByteArray("failed"));
}

void TestDurable::timeGoesOnWhileNoDaemonRuns()
{
    Daemon daemon(durable);
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(bob.enter());
    QCOMPARE(post(daemon, bob, "alice", "short", {{s("ttl"), 1500}, {s("notify"), s("failed")}}).status, 202);
    QCOMPARE(post(daemon, bob, "alice", "long").status, 202);
    QCOMPARE(post(daemon, bob, "nobody", "short", {{s("ttl"), 1500}}).status, 202);
    daemon.kill();
    QVERIFY(daemon.start());
    QVERIFY(waitUntil([&] {
        return metricsOf(daemon).value("messaging_messages_dropped_total", {{"reason", "expired"}}) == 2;
    }));
    QVERIFY(alice.listen(daemon.stomp()));
    QCOMPARE(contentOf(alice.receive()), s("long"));
    QCOMPARE(metricsOf(daemon).value("messaging_held_users"), 0.0);
    QVERIFY(Conservation(metricsOf(daemon)).holds());
}

void TestDurable::aDiskThatFailsGivesNo2xx_data()
{
    QTest::addColumn<QByteArray>("fault");
    QTest::newRow("sync fails") << QByteArray("sync EIO\n");
    QTest::newRow("write fails") << QByteArray("write EIO\n");
    QTest::newRow("disk full") << QByteArray("write ENOSPC\n");
}

void TestDurable::aDiskThatFailsGivesNo2xx()
{
    QFETCH(const QByteArray, fault);
    Daemon daemon(durable);
    daemon.useFaultyDisk();
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QCOMPARE(alice.connect().status, 200); // and does not subscribe
    QVERIFY(bob.enter());
    QCOMPARE(post(daemon, bob, "alice", "before").status, 202);
    daemon.setDiskFaults(fault);
    const QJsonObject named{{s("exchangeId"), s("e")}, {s("notify"), s("failed")}};
    const HttpAnswer refused = post(daemon, bob, "alice", "named", named);
    QCOMPARE(refused.status, 503);
    QVERIFY(refused.header("Retry-After").toInt() > 0);
    QCOMPARE(refused.json().value(u"type").toString(), s("urn:messaging-server:problem:unavailable"));
    QCOMPARE(post(daemon, bob, "nobody", "held", {{s("ttl"), 30'000}}).status, 503);
    bob.stomp().send("SEND", {{"destination", "/user/alice"}, {"receipt", "r"}}, "by STOMP");
    const StompFrame event = bob.receive();
    QCOMPARE(event.header("event"), QByteArray("undeliverable"));
    QCOMPARE(event.header("receipt-id"), QByteArray("r"));
    QCOMPARE(event.json().value(u"status").toInt(), 503);
    // Relaying goes on.
    QCOMPARE(post(daemon, bob, "bob", "to a reader").status, 200);
    QCOMPARE(contentOf(bob.receive()), s("to a reader"));
    const MetricsReader down = metricsOf(daemon);
    QCOMPARE(down.value("messaging_store_up"), 0.0);
    QCOMPARE(down.value("messaging_messages_dropped_total", {{"reason", "not_saved"}}), 3.0);
    QVERIFY(down.value("messaging_journal_failures_total") >= 1.0);
    QCOMPARE(down.value("messaging_held_users"), 0.0);
    QVERIFY(Conservation(down).holds());

    daemon.setDiskFaults({});
    QVERIFY(waitUntil([&] { return metricsOf(daemon).value("messaging_store_up") == 1; }));
    QCOMPARE(post(daemon, bob, "alice", "named", named).status, 202); // the same name, and it is relayed
    QVERIFY(isSettled(daemon));
    daemon.kill();
    QVERIFY(daemon.start());
    QVERIFY(alice.listen(daemon.stomp(), asks));
    QCOMPARE(contentOf(alice.receive()), s("before"));
    QCOMPARE(contentOf(alice.receive()), s("named"));
    QCOMPARE(metricsOf(daemon).value("messaging_messages_restored_total"), 2.0);
}

void TestDurable::nobodyIsToldBeforeTheSync()
{
    Daemon daemon(durable);
    daemon.useFaultyDisk();
    QVERIFY(daemon.start());
    User alice(daemon, "alice");
    User bob(daemon, "bob");
    QCOMPARE(alice.connect().status, 200);
    QVERIFY(bob.enter());
    // What bob's subscription writes to the store is not to be in the way.
    QVERIFY(waitUntil([&] { return metricsOf(daemon).value("messaging_store_pending") == 0; }));
    daemon.setDiskFaults("sync stall\n");
    std::vector<std::unique_ptr<HttpClient>> clients;
    std::vector<HttpAnswer> answers;
    // The second is a repeat, and must not be told that the first is there.
    for (int i = 0; i < 2; ++i) {
        auto &client = clients.emplace_back(std::make_unique<HttpClient>(daemon.http()));
        client->request(httpRequest("POST", "/exchange", daemon.http(),
                                    bob.bearer() + Headers{{"Content-Type", "application/json"}},
                                    R"({"toUserId":"alice","content":"x","exchangeId":"e"})"),
                        [&](HttpAnswer answer) { answers.push_back(std::move(answer)); });
    }
    QVERIFY(waitUntil([&] { return metricsOf(daemon).value("messaging_journal_pending") >= 1; }));
    // Who reads is served meanwhile, and so is who asked for the others.
    QCOMPARE(post(daemon, bob, "bob", "to a reader").status, 200);
    QCOMPARE(contentOf(bob.receive()), s("to a reader"));
    QVERIFY(answers.empty());
    daemon.setDiskFaults({});
    QVERIFY(waitUntil([&] { return answers.size() == 2; }));
    QCOMPARE(answers[0].status, 202);
    QCOMPARE(answers[1].status, 202);
    QCOMPARE(idOf(answers[0]), idOf(answers[1]));
    QCOMPARE(metricsOf(daemon).value("messaging_messages_in_flight"), 1.0);
}

void TestDurable::memoryIsRefused()
{
    const Daemon::Ended ended = Daemon::run({s("--check-config"), s("--set"), s("exchange.durable=true"),
                                             s("--set"), s("sessions.store=memory")});
    QCOMPARE(ended.exitCode, 2);
    QVERIFY2(ended.err.contains("exchange.durable needs a store that outlives the daemon"),
             ended.err.constData());
}

QTEST_GUILESS_MAIN(TestDurable)
#include "tst_durable.moc"
