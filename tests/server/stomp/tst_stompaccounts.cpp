// SPDX-License-Identifier: GPL-3.0-or-later
//
// Accounts, and the queues and topics that they share. The numbers are items of docs/stomp-conformance.md.
#include "stompfixture.h"

#include "server/stomp/replies.h"
#include "server/stomp/subscriberequest.h"

#include <QTest>

using namespace msgsrv;

namespace {

QByteArray receipt(const QByteArray &id)
{
    return "RECEIPT\nreceipt-id:" + id + "\n\n^@";
}

/// Connected as the account guest.
struct GuestFixture : StompFixture
{
    explicit GuestFixture(const QByteArray &version = "1.2")
        : StompFixture([](StompSettings &s) {
            s.accounts = {
                {user("guest"), "secret", {{"/queue/*", "/topic/*", "/user/b*"}, {"/queue/*", "/topic/*"}}},
                {user("reader"), "other", {{}, {"/topic/news.*"}}}};
        })
    {
        login(version, "guest", "secret");
    }
    void login(const QByteArray &version, const QByteArray &name, const QByteArray &passcode)
    {
        receive("CONNECT\nlogin:" + name + "\npasscode:" + passcode + "\naccept-version:" + version
                + "\n\n^@");
    }
    /// As the port would.
    void notify() { stomp->onMessagesReady(ListeningKey()); }
};

} // namespace

class TestStompAccounts : public QObject
{
    Q_OBJECT

private slots:
    void patternsMatchWholeDestinations_data()
    {
        QTest::addColumn<QByteArray>("pattern");
        QTest::addColumn<QByteArray>("text");
        QTest::addColumn<bool>("matches");
        const auto row = [](const char *pattern, const char *text, bool matches) {
            QTest::addRow("%s %s", pattern, text) << QByteArray(pattern) << QByteArray(text) << matches;
        };
        row("/queue/*", "/queue/a", true);
        row("/queue/*", "/queue/", true);
        row("/queue/*", "/queue", false);
        row("/queue/a", "/queue/a", true);
        row("/queue/a", "/queue/ab", false);
        row("/topic/*.b", "/topic/a.b", true);
        row("/topic/*.b", "/topic/a.b.b", true);
        row("/topic/*.b", "/topic/a.bc", false);
        row("/topic/a*c*e", "/topic/abcde", true);
        row("/topic/a*c*e", "/topic/abde", false);
        row("*", "", true);
        row("**", "x", true);
        row("", "x", false);
    }
    void patternsMatchWholeDestinations()
    {
        QFETCH(const QByteArray, pattern);
        QFETCH(const QByteArray, text);
        QTEST(matchesPattern(pattern.toStdString(), text.toStdString()), "matches");
    }

    void anAccountNeedsNoSession()
    {
        GuestFixture f;
        QCOMPARE(f.sent().value(0).left(10), QByteArray("CONNECTED\n"));
        QVERIFY(f.sessions.requests.empty());
    }

    void aWrongPasscodeIsRefused_data()
    {
        QTest::addColumn<QByteArray>("passcode");
        for (const char *passcode : {"wrong!", "secre", "secrets", "SECRET", "other"})
            QTest::newRow(passcode) << QByteArray(passcode);
    }
    void aWrongPasscodeIsRefused() // item 54
    {
        QFETCH(const QByteArray, passcode);
        StompFixture f([](StompSettings &s) {
            s.accounts
                = {{StompFixture::user("guest"), "secret", {}}, {StompFixture::user("reader"), "other", {}}};
        });
        f.receive("CONNECT\nlogin:guest\npasscode:" + passcode + "\n\n^@");
        QVERIFY(f.sent().value(0).startsWith("ERROR\nmessage:credentials refused\n"));
        QCOMPARE(f.connection.closeCode, 4006);
        QCOMPARE(f.strange("bad_credentials"), 1);
        QVERIFY(f.sessions.requests.empty());
    }

    void aMessageToAQueueComesAsItWasSent() // items 43, 67, 90
    {
        GuestFixture f;
        f.sent();
        f.receive("SUBSCRIBE\nid:q\ndestination:/queue/test01\nreceipt:1\n\n^@");
        QCOMPARE(f.sent(), QByteArrayList{receipt("1")});
        f.receive(
            "SEND\ndestination:/queue/test01\nreceipt:2\ncontent-type:text/x\npersistent:true\nack:forged\n"
            "content-length:3\n\na^@b^@");
        QCOMPARE(f.sent(), QByteArrayList{receipt("2")});
        f.notify();
        QByteArrayList sent = f.sent();
        QCOMPARE(sent.size(), 1);
        const auto id = sent[0].indexOf("message-id:");
        sent[0].remove(id, sent[0].indexOf('\n', id) + 1 - id);
        QCOMPARE(
            sent[0],
            QByteArray("MESSAGE\ndestination:/queue/test01\nsubscription:q\nfrom:guest\ncontent-type:text/x\n"
                       "persistent:true\ncontent-length:3\n\na^@b^@"));
    }

    void messagesAreAcknowledged() // items 73, 74, 76
    {
        GuestFixture f;
        f.receive("SUBSCRIBE\nid:q\ndestination:/queue/w\nack:client\nprefetch-count:2\n\n^@");
        for (int i = 0; i < 3; ++i)
            f.receive("SEND\ndestination:/queue/w\n\nx^@");
        f.sent();
        f.notify();
        const QByteArrayList sent = f.sent();
        QCOMPARE(sent.size(), 2);
        QVERIFY(sent[1].contains("\nack:2\n"));
        f.receive("ACK\nid:2\nreceipt:r\n\n^@");
        f.notify();
        const QByteArrayList more = f.sent();
        QCOMPARE(more.value(0), receipt("r"));
        QVERIFY(more.value(1).contains("\nack:3\n"));
        QCOMPARE(f.destinations.counts().delivered, std::uint64_t(2));
        f.receive("UNSUBSCRIBE\nid:q\n\n^@SUBSCRIBE\nid:r\ndestination:/queue/w\n\n^@");
        f.notify();
        QVERIFY(f.sent().value(0).contains("\nredelivered:true\n"));
        QCOMPARE(f.destinations.counts().delivered, std::uint64_t(3));
    }

    void theEndOfTheConnectionReturnsMessages() // item 92
    {
        GuestFixture f;
        f.receive("SUBSCRIBE\nid:q\ndestination:/queue/w\nack:client\n\n^@SEND\ndestination:/queue/w\n\nx^@");
        f.notify();
        QCOMPARE(f.destinations.counts().unacknowledged, std::uint64_t(1));
        f.stomp->onClosed(false);
        const BrokerCounts counts = f.destinations.counts();
        QCOMPARE(counts.unacknowledged, std::uint64_t(0));
        QCOMPARE(counts.inFlight, std::uint64_t(1));
        QCOMPARE(counts.queues, std::uint64_t(0));
    }

    void aSlowConsumerIsNotWrittenTo() // item 94
    {
        GuestFixture f;
        f.receive("SUBSCRIBE\nid:q\ndestination:/topic/t\n\n^@");
        f.sent();
        f.connection.results = {SendResult::Queued};
        for (int i = 0; i < 2; ++i) {
            f.receive("SEND\ndestination:/topic/t\n\nx^@");
            f.notify();
        }
        QCOMPARE(f.sent().size(), 1);
        f.stomp->onWritable();
        QCOMPARE(f.sent().size(), 1);
    }

    void aTopicIsWrittenOnceForEachVersion()
    {
        GuestFixture f;
        f.receive("SUBSCRIBE\nid:a\ndestination:/topic/t\n\n^@SUBSCRIBE\nid:b\ndestination:/topic/t\n\n^@"
                  "SEND\ndestination:/topic/t\nx:\\c\n\nhello^@");
        f.sent();
        f.notify();
        const QByteArrayList sent = f.sent();
        QCOMPARE(sent.size(), 2); // item 91: one copy for each subscription
        QVERIFY(sent[0].contains("\nsubscription:a\n"));
        QVERIFY(sent[1].contains("\nsubscription:b\n"));
        for (const QByteArray &frame : sent)
            QVERIFY(frame.endsWith("\nfrom:guest\nx:\\c\ncontent-length:5\n\nhello^@"));

        Message message;
        message.id = "1";
        message.body = "b";
        message.headers = {{"x", ":"}};
        message.tail = std::make_shared<Message::Tail>();
        Subscription subscription{"s", "/topic/t"};
        for (const auto version : {stomp::Version::V12, stomp::Version::V10}) {
            const std::string first = reply::message(version, subscription, message);
            QCOMPARE(reply::message(version, subscription, message), first);
            QVERIFY(first.ends_with(message.tail->text[int(version)]));
        }
        QVERIFY(message.tail->text[0] != message.tail->text[2]);
        QVERIFY(message.tail->text[1].empty()); // nobody speaks 1.1
    }

    void aTransactionMaySendToSharedDestinations() // item 81
    {
        GuestFixture f;
        f.receive("BEGIN\ntransaction:t\n\n^@SEND\ndestination:/queue/w\ntransaction:t\n\nx^@");
        QCOMPARE(f.destinations.counts().accepted, std::uint64_t(0));
        f.receive("COMMIT\ntransaction:t\n\n^@");
        QCOMPARE(f.destinations.counts().accepted, std::uint64_t(1));
    }

    void anAccountWritesToUsers()
    {
        GuestFixture f;
        f.sent();
        f.receive("SEND\ndestination:/user/bob\nreceipt:1\n\nx^@");
        QCOMPARE(f.sent(), QByteArrayList{receipt("1")});
        QCOMPARE(f.broker.published.at(0)->from.bytes(), QByteArray("guest"));
        QCOMPARE(f.broker.published.at(0)->body, QByteArray(R"({"from":"guest","content":"x"})"));
    }

    void whatIsNotGrantedIsRefused_data()
    {
        QTest::addColumn<QByteArray>("frame");
        QTest::addColumn<bool>("strange");
        const auto row = [](const char *name, const char *frame, bool strange = false) {
            QTest::newRow(name) << QByteArray(frame) << strange;
        };
        row("a user beyond the patterns", "SEND\ndestination:/user/carol\n");
        row("SUBSCRIBE to a user's queue", "SUBSCRIBE\nid:1\ndestination:/queue/queue.alice\n", true);
        row("SEND to a user's queue", "SEND\ndestination:/queue/queue.alice\n", true);
    }
    void whatIsNotGrantedIsRefused()
    {
        QFETCH(const QByteArray, frame);
        QFETCH(const bool, strange);
        GuestFixture f;
        f.sent();
        f.receive(frame + "receipt:7\n\n^@");
        const QByteArrayList sent = f.sent();
        QCOMPARE(sent.size(), 1);
        QVERIFY(sent[0].startsWith("ERROR\nmessage:access refused\nreceipt-id:7\n"));
        QCOMPARE(f.connection.closeCode, 1008);
        QCOMPARE(f.strange("foreign_queue"), strange ? 1 : 0);
    }

    void usersMayHaveTopics_data()
    {
        QTest::addColumn<QByteArray>("destination");
        QTest::addColumn<bool>("granted");
        QTest::newRow("a room") << QByteArray("/topic/room.1") << true;
        QTest::newRow("another topic") << QByteArray("/topic/hall") << false;
        QTest::newRow("a queue") << QByteArray("/queue/room.1") << false;
    }
    void usersMayHaveTopics()
    {
        QFETCH(const QByteArray, destination);
        QFETCH(const bool, granted);
        for (const char *frame : {"SUBSCRIBE\nid:t\n", "SEND\n"}) {
            StompFixture f([](StompSettings &s) {
                s.users = {{"/topic/room.*", "/queue/*"}, {"/topic/room.*", "/queue/*"}};
            });
            f.connect();
            f.receive(frame + ("destination:" + destination) + "\nreceipt:1\n\n^@");
            QCOMPARE(f.sent().value(0).startsWith(granted ? "RECEIPT\n" : "ERROR\n"), true);
        }
    }

    void aSharedSubscriptionKeepsNoSessionAlive()
    {
        StompFixture f([](StompSettings &s) { s.users = {{"/topic/*"}, {"/topic/*"}}; });
        f.connect();
        f.subscribe();
        f.receive("SUBSCRIBE\nid:t\ndestination:/topic/x\n\n^@UNSUBSCRIBE\nid:s\n\n^@");
        QVERIFY(f.broker.calls.contains("unsubscribe queue.alice"));
        QCOMPARE(f.destinations.counts().queues, std::uint64_t(1));
        f.receive("UNSUBSCRIBE\nid:t\n\n^@");
        QCOMPARE(f.destinations.counts().queues, std::uint64_t(0));
        QCOMPARE(f.broker.calls.count("unsubscribe queue.alice"), 1);
        QCOMPARE(f.connection.closeCode, 0);
    }

    void queueHeadersAreHonoured_data()
    {
        QTest::addColumn<QByteArray>("headers");
        QTest::addColumn<bool>("good");
        QTest::newRow("all") << QByteArray(
            "x-message-ttl:1\nx-expires:2\nx-max-length:3\nx-max-length-bytes:4\n"
            "durable:true\nx-queue-type:classic\n")
                             << true;
        QTest::newRow("no number") << QByteArray("x-message-ttl:soon\n") << false;
        QTest::newRow("negative") << QByteArray("x-max-length:-1\n") << false;
        QTest::newRow("empty") << QByteArray("x-expires:\n") << false;
    }
    void queueHeadersAreHonoured()
    {
        QFETCH(const QByteArray, headers);
        QFETCH(const bool, good);
        GuestFixture f;
        f.sent();
        f.receive("SUBSCRIBE\nid:q\ndestination:/queue/w\nreceipt:1\n" + headers + "\n^@");
        QVERIFY(f.sent().value(0).startsWith(good ? "RECEIPT\n" : "ERROR\nmessage:malformed queue header\n"));
    }

    void queueHeadersAreRead()
    {
        const auto arguments = parseQueueArguments({"SUBSCRIBE",
                                                    {{"durable", "true"},
                                                     {"auto-delete", "false"},
                                                     {"exclusive", "true"},
                                                     {"x-message-ttl", "1"},
                                                     {"x-expires", "2"},
                                                     {"x-max-length", "3"},
                                                     {"x-max-length-bytes", "4"}},
                                                    ""});
        QVERIFY(arguments.has_value());
        QVERIFY(arguments->durable && arguments->exclusive && !arguments->autoDelete);
        QCOMPARE(arguments->messageTtl, std::optional(milliseconds(1)));
        QCOMPARE(arguments->expires, std::optional(milliseconds(2)));
        QCOMPARE(arguments->maximum.messages, qsizetype(3));
        QCOMPARE(arguments->maximum.bytes, qsizetype(4));
        QVERIFY(!parseQueueArguments({"SUBSCRIBE", {{"durable", "false"}}, ""})->durable);
    }

    void aMessageMayExpire()
    {
        QCOMPARE(expirationOf({"SEND", {{"expiration", "250"}}, ""}), std::optional(milliseconds(250)));
        QCOMPARE(expirationOf({"SEND", {{"expiration", "soon"}}, ""}), std::optional<milliseconds>());
        QCOMPARE(expirationOf({"SEND", {}, ""}), std::optional<milliseconds>());
    }
};

QTEST_APPLESS_MAIN(TestStompAccounts)
#include "tst_stompaccounts.moc"
