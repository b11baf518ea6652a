// SPDX-License-Identifier: GPL-3.0-or-later
//
// Accounts of the configuration, and what they share with the real daemon.
#include "tests/support/managementclient.h"
#include "tests/support/metricsreader.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

using namespace msgsrv::test;

class TestDestinations : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase()
    {
        m_daemon.setConfiguration("[stomp]\nuser_topics = [\"/topic/room.*\"]\n"
                                  "[[stomp.accounts]]\nlogin = \"guest\"\npasscode = \"guest\"\n"
                                  "send = [\"/queue/*\", \"/topic/*\", \"/user/*\"]\n"
                                  "subscribe = [\"/queue/*\", \"/topic/*\"]\n");
        QVERIFY(m_daemon.start());
    }

    void aQueueWaitsForItsReaders()
    {
        StompClient writer(m_daemon.stomp());
        QCOMPARE(writer.connectAs("guest", "guest").command, QByteArray("CONNECTED"));
        const Headers queue{{"destination", "/queue/test01"}};
        for (const char *body : {"1", "2", "3", "4"})
            QCOMPARE(writer.sendForReceipt("SEND", queue, body).command, QByteArray("RECEIPT"));

        StompClient first(m_daemon.stomp());
        StompClient second(m_daemon.stomp());
        QCOMPARE(first.connectAs("guest", "guest").command, QByteArray("CONNECTED"));
        QCOMPARE(second.connectAs("guest", "guest").command, QByteArray("CONNECTED"));
        const Headers subscription = queue + Headers{{"id", "q"}, {"ack", "client"}, {"prefetch-count", "1"}};
        first.send("SUBSCRIBE", subscription);
        const StompFrame one = first.next("MESSAGE");
        QCOMPARE(one.body, QByteArray("1"));
        second.send("SUBSCRIBE", subscription);
        QCOMPARE(second.next("MESSAGE").body, QByteArray("2"));
        first.send("ACK", {{"id", one.header("ack")}});
        QCOMPARE(first.next("MESSAGE").body, QByteArray("3"));
        second.webSocket().abort(); // 2 comes again
        first.send("UNSUBSCRIBE", {{"id", "q"}});
        QVERIFY(waitUntil([&] {
            return MetricsReader::scrape(m_daemon.internal()).value("messaging_messages_unacknowledged") == 0;
        }));
        first.send("SUBSCRIBE", queue + Headers{{"id", "r"}});
        for (const char *body : {"2", "3"}) {
            const StompFrame again = first.next("MESSAGE");
            QCOMPARE(again.body, QByteArray(body));
            QCOMPARE(again.header("redelivered"), QByteArray("true"));
        }
        QCOMPARE(first.next("MESSAGE").body, QByteArray("4"));
        QCOMPARE(first.violations(), QList<QByteArray>());
    }

    void aTopicReachesAccountsAndUsers()
    {
        User alice(m_daemon, "alice");
        QVERIFY(alice.enter());
        StompClient guest(m_daemon.stomp());
        QCOMPARE(guest.connectAs("guest", "guest").command, QByteArray("CONNECTED"));
        const Headers room{{"destination", "/topic/room.1"}};
        QCOMPARE(alice.stomp().sendForReceipt("SUBSCRIBE", room + Headers{{"id", "t"}}).command,
                 QByteArray("RECEIPT"));
        QCOMPARE(guest.sendForReceipt("SUBSCRIBE", room + Headers{{"id", "t"}}).command,
                 QByteArray("RECEIPT"));
        guest.send("SEND", room, "hello");
        for (StompClient *client : {&guest, &alice.stomp()}) {
            const StompFrame message = client->next("MESSAGE");
            QCOMPARE(message.body, QByteArray("hello"));
            QCOMPARE(message.header("from"), QByteArray("guest"));
            QCOMPARE(message.header("destination"), QByteArray("/topic/room.1"));
        }
        guest.send("SEND", {{"destination", "/user/alice"}}, "you");
        QCOMPARE(alice.receive().body, QByteArray("{\"from\":\"guest\",\"content\":\"you\"}"));
        QCOMPARE(alice.stomp()
                     .sendForReceipt("SUBSCRIBE", {{"id", "h"}, {"destination", "/topic/hall"}})
                     .header("message"),
                 QByteArray("access refused"));
    }

    void aWrongPasscodeIsRefused() // item 54
    {
        StompClient guest(m_daemon.stomp());
        QCOMPARE(guest.connectAs("guest", "wrong").header("message"), QByteArray("credentials refused"));
        QVERIFY(waitUntil([&] { return guest.webSocket().isClosed(); }));
    }

    void aUsersQueueIsOutOfReach()
    {
        User bob(m_daemon, "bob");
        QVERIFY(bob.enter());
        for (const char *command : {"SUBSCRIBE", "SEND"}) {
            StompClient guest(m_daemon.stomp());
            QCOMPARE(guest.connectAs("guest", "guest").command, QByteArray("CONNECTED"));
            QCOMPARE(
                guest.sendForReceipt(command, {{"id", "x"}, {"destination", bob.queue()}}).header("message"),
                QByteArray("access refused"));
        }
    }

    void queuesAndTheirMessagesAreLimited()
    {
        Daemon daemon({QStringLiteral("broker.queues=2"), QStringLiteral("broker.message_ttl=200ms")});
        daemon.setConfiguration("[[stomp.accounts]]\nlogin = \"guest\"\npasscode = \"guest\"\n"
                                "send = [\"/queue/*\"]\nsubscribe = [\"/queue/*\", \"/topic/*\"]\n");
        QVERIFY(daemon.start());
        const auto metric = [&](const char *name, const MetricsReader::Labels &labels = {}) {
            return MetricsReader::scrape(daemon.internal()).value(name, labels);
        };
        StompClient guest(daemon.stomp());
        QCOMPARE(guest.connectAs("guest", "guest").command, QByteArray("CONNECTED"));
        const auto subscribe = [&](const char *id, const char *destination) {
            return guest.sendForReceipt("SUBSCRIBE", {{"id", id}, {"destination", destination}}).command;
        };
        QCOMPARE(subscribe("t", "/topic/a"), QByteArray("RECEIPT"));
        QCOMPARE(guest.sendForReceipt("SEND", {{"destination", "/queue/a"}}, "waits").command,
                 QByteArray("RECEIPT"));
        QCOMPARE(metric("messaging_destinations"), 2.0);

        // One queue too many: the message comes back, and nothing else happens.
        guest.send("SEND", {{"destination", "/queue/b"}, {"receipt", "r"}}, "too many");
        const StompFrame event = guest.next("MESSAGE");
        QCOMPARE(event.header("event"), QByteArray("undeliverable"));
        QCOMPARE(event.json()[QLatin1String("status")].toInt(), 429);
        QCOMPARE(metric("messaging_destinations_refused_total"), 1.0);

        // The message goes when its time is over, and its queue with it: there is room for another.
        QVERIFY(waitUntil([&] {
            return metric("messaging_messages_dropped_total", {{"reason", "expired"}}) == 1;
        }));
        QVERIFY(waitUntil([&] { return metric("messaging_destinations") == 1; }));
        QCOMPARE(subscribe("b", "/queue/b"), QByteArray("RECEIPT"));
        QCOMPARE(subscribe("c", "/topic/c"), QByteArray("ERROR"));
        QCOMPARE(metric("messaging_destinations_refused_total"), 2.0);
        QVERIFY(guest.webSocket().waitForClosed());
        QCOMPARE(guest.webSocket().closeCode(), 1008);
        QVERIFY(waitUntil([&] { return metric("messaging_destinations") == 0; }));
    }

    void aConsoleSeesThem()
    {
        StompClient guest(m_daemon.stomp());
        QCOMPARE(guest.connectAs("guest", "guest").command, QByteArray("CONNECTED"));
        const Headers queue{{"destination", "/queue/seen"}};
        QCOMPARE(guest
                     .sendForReceipt("SUBSCRIBE",
                                     queue
                                         + Headers{{"id", "q"},
                                                   {"durable", "true"},
                                                   {"auto-delete", "true"},
                                                   {"ack", "client"}})
                     .command,
                 QByteArray("RECEIPT"));
        guest.send("SEND", queue, "one");
        QCOMPARE(guest.next("MESSAGE").body, QByteArray("one"));

        ManagementClient console(m_daemon);
        QVERIFY(!console.login().isEmpty());
        const auto rows = [&] {
            return console
                .result(QStringLiteral("view.open"),
                        {{QStringLiteral("table"), QStringLiteral("destinations")},
                         {QStringLiteral("columns"),
                          QJsonArray{QStringLiteral("kind"), QStringLiteral("consumers"),
                                     QStringLiteral("unacked"), QStringLiteral("durable")}},
                         {QStringLiteral("filter"), QStringLiteral("id:/queue/seen")},
                         {QStringLiteral("range"), QJsonArray{0, 10}}})
                .value(u"rows")
                .toArray();
        };
        QCOMPARE(
            rows(),
            QJsonArray({QJsonArray{QStringLiteral("/queue/seen"), QStringLiteral("queue"), 1, 1, true}}));
    }

    void theLoginIsNoUserId() { QCOMPARE(User(m_daemon, "guest").connect().status, 409); }

    void everythingIsAccountedFor()
    {
        QVERIFY(waitUntil(
            [&] { return Conservation(MetricsReader::scrape(m_daemon.internal())).inFlight == 0; }));
        QVERIFY(Conservation(MetricsReader::scrape(m_daemon.internal())).holds());
        QVERIFY(!m_daemon.log().contains("passcode"));
    }

private:
    Daemon m_daemon;
};

QTEST_GUILESS_MAIN(TestDestinations)
#include "tst_destinations.moc"
