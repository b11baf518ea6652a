// SPDX-License-Identifier: GPL-3.0-or-later
//
// BEGIN, COMMIT and ABORT. The numbers are items of docs/stomp-conformance.md.
#include "stompfixture.h"

#include "tests/server/metrics/documentedmetrics.h"

#include <QTest>

using namespace msgsrv;

namespace {

const ListeningKey alice = StompFixture::key("queue.alice");

QByteArray receipt(const QByteArray &id)
{
    return "RECEIPT\nreceipt-id:" + id + "\n\n^@";
}

QByteArray sendTo(const QByteArray &user, const QByteArray &headers, const QByteArray &body)
{
    return "SEND\ndestination:/user/" + user + '\n' + headers + "\n" + body + "^@";
}

/// What was published, by body.
QByteArray published(const StompFixture &f)
{
    QByteArrayList list;
    for (const MessagePtr &message : f.broker.published)
        list += message->body.mid(message->body.indexOf("content") + 9).chopped(1);
    return list.join(' ');
}

/// With three messages that are not acknowledged; their tags and numbers are 1, 2 and 3.
void subscribeAndReceive(StompFixture &f, const QByteArray &mode, const QByteArray &headers = {})
{
    f.connect();
    f.receive("SUBSCRIBE\nid:s\ndestination:/queue/queue.alice\nack:" + mode + '\n' + headers + "\n^@");
    f.broker.waiting = {f.message("a"), f.message("b"), f.message("c")};
    f.stomp->onMessagesReady(alice);
    f.sent();
    f.broker.calls.clear();
}

QByteArray verdicts(StompFixture &f)
{
    QByteArrayList list;
    for (const QByteArray &call : std::exchange(f.broker.calls, {})) {
        if (!call.startsWith("take") && call != "blocked")
            list += call;
    }
    return list.join(", ");
}

} // namespace

class TestStompTransactions : public QObject
{
    Q_OBJECT

private slots:
    void commitExecutesInOrder() // items 81, 82
    {
        StompFixture f;
        f.connect();
        f.receive("BEGIN\ntransaction:t\nreceipt:0\n\n^@" + sendTo("bob", "transaction:t\nreceipt:1\n", "a")
                  + sendTo("bob", "transaction:t\n", "b") + sendTo("bob", "receipt:2\n", "outside"));
        QCOMPARE(f.sent(), (QByteArrayList{receipt("0"), receipt("2")}));
        QCOMPARE(published(f), QByteArray("\"outside\""));
        f.receive("COMMIT\ntransaction:t\nreceipt:3\n\n^@");
        QCOMPARE(f.sent(), (QByteArrayList{receipt("1"), receipt("3")}));
        QCOMPARE(published(f), QByteArray("\"outside\" \"a\" \"b\""));
    }

    void theHeadersOfATransactionDoNotTravel() // item 67
    {
        StompFixture f;
        f.connect();
        f.receive("BEGIN\ntransaction:t\n\n^@" + sendTo("bob", "transaction:t\nreceipt:1\nx:y\n", "a")
                  + "COMMIT\ntransaction:t\n\n^@");
        const std::vector<std::pair<QByteArray, QByteArray>> expected{{"x", "y"}};
        QVERIFY(f.broker.published.at(0)->headers == expected);
    }

    void theReceiptOfACommitComesWhenAllOfItIsDone() // item 82
    {
        StompFixture f;
        f.connect();
        f.broker.publishesAtOnce = false;
        f.receive("BEGIN\ntransaction:t\n\n^@" + sendTo("bob", "transaction:t\n", "a")
                  + sendTo("bob", "transaction:t\nreceipt:1\n", "b")
                  + "COMMIT\ntransaction:t\nreceipt:2\n\n^@");
        QVERIFY(f.sent().isEmpty());
        f.broker.answerPublish();
        QVERIFY(f.sent().isEmpty());
        f.broker.answerPublish();
        QCOMPARE(f.sent(), (QByteArrayList{receipt("1"), receipt("2")}));
    }

    void abortDropsAll() // item 81
    {
        StompFixture f;
        f.connect();
        f.receive("BEGIN\ntransaction:t\n\n^@" + sendTo("bob", "transaction:t\nreceipt:1\n", "a")
                  + "ABORT\ntransaction:t\nreceipt:2\n\n^@");
        QCOMPARE(f.sent(), QByteArrayList{receipt("2")});
        QVERIFY(f.broker.published.empty());
        f.receive("BEGIN\ntransaction:t\nreceipt:3\n\n^@"); // the name is free again
        QCOMPARE(f.sent(), QByteArrayList{receipt("3")});
    }

    void theEndOfTheConnectionAborts_data()
    {
        QTest::addColumn<bool>("disconnect");
        QTest::newRow("item 81: DISCONNECT") << true;
        QTest::newRow("item 81: a broken connection") << false;
    }
    void theEndOfTheConnectionAborts()
    {
        QFETCH(const bool, disconnect);
        StompFixture f;
        f.connect();
        f.receive("BEGIN\ntransaction:t\n\n^@" + sendTo("bob", "transaction:t\n", "a"));
        if (disconnect)
            f.receive("DISCONNECT\nreceipt:1\n\n^@");
        f.stomp->onClosed(disconnect);
        QVERIFY(f.broker.published.empty());
    }

    void transactionsDoNotMix()
    {
        StompFixture f;
        f.connect();
        f.receive("BEGIN\ntransaction:t\n\n^@BEGIN\ntransaction:u\n\n^@"
                  + sendTo("bob", "transaction:u\n", "u") + sendTo("bob", "transaction:t\n", "t")
                  + "COMMIT\ntransaction:t\n\n^@");
        QCOMPARE(published(f), QByteArray("\"t\""));
        f.receive("COMMIT\ntransaction:u\n\n^@");
        QCOMPARE(published(f), QByteArray("\"t\" \"u\""));
    }

    void acknowledgementsTakeEffectWithTheCommit()
    {
        StompFixture f;
        subscribeAndReceive(f, "client-individual");
        f.receive("BEGIN\ntransaction:t\n\n^@ACK\nid:2\ntransaction:t\nreceipt:1\n\n^@"
                  "NACK\nid:1\ntransaction:t\n\n^@");
        QCOMPARE(verdicts(f), QByteArray());
        QVERIFY(f.sent().isEmpty());
        f.receive("COMMIT\ntransaction:t\nreceipt:2\n\n^@");
        QCOMPARE(verdicts(f), QByteArray("accept 2, return 1"));
        QCOMPARE(f.sent(), (QByteArrayList{receipt("1"), receipt("2")}));
    }

    void anAcknowledgementInATransactionIsGoodOnce() // item 78
    {
        for (const char *transaction : {"", "transaction:t\n"}) {
            StompFixture f;
            subscribeAndReceive(f, "client");
            f.receive(QByteArray("BEGIN\ntransaction:t\n\n^@ACK\nid:2\ntransaction:t\n\n^@ACK\nid:1\n")
                      + transaction + "\n^@");
            QVERIFY(f.sent().value(0).startsWith("ERROR\nmessage:no such message\n"));
        }
    }

    void anAbortedAcknowledgementMayBeRepeated()
    {
        StompFixture f;
        subscribeAndReceive(f, "client");
        f.receive("BEGIN\ntransaction:t\n\n^@ACK\nid:2\ntransaction:t\n\n^@ABORT\ntransaction:t\n\n^@");
        QCOMPARE(verdicts(f), QByteArray());
        f.receive("ACK\nid:3\n\n^@");
        QCOMPARE(verdicts(f), QByteArray("accept 1 2 3"));
    }

    void whatATransactionHoldsIsNotPrefetchedAgain()
    {
        StompFixture f;
        subscribeAndReceive(f, "client-individual", "prefetch-count:3\n");
        f.broker.waiting = {f.message("d")};
        f.receive("BEGIN\ntransaction:t\n\n^@ACK\nid:2\ntransaction:t\n\n^@");
        f.stomp->onMessagesReady(alice);
        QVERIFY(f.sent().isEmpty());
        f.receive("COMMIT\ntransaction:t\n\n^@");
        QCOMPARE(f.sent().size(), 1);
    }

    void aSubscriptionThatEndedGetsNothingBack()
    {
        StompFixture f;
        subscribeAndReceive(f, "client-individual");
        f.receive("SUBSCRIBE\nid:u\ndestination:/queue/queue.alice\n\n^@BEGIN\ntransaction:t\n\n^@"
                  "ACK\nid:2\ntransaction:t\n\n^@UNSUBSCRIBE\nid:s\n\n^@");
        QCOMPARE(verdicts(f), QByteArray("return 1 3"));
        f.receive("ABORT\ntransaction:t\n\n^@");
        QCOMPARE(verdicts(f), QByteArray("return 2"));
    }

    void anUndeliverableMessageDoesNotStopTheRest()
    {
        StompFixture f;
        f.connect();
        f.subscribe();
        f.receive("BEGIN\ntransaction:t\n\n^@" + sendTo("nobody", "transaction:t\nreceipt:1\n", "a")
                  + sendTo("bob", "transaction:t\n", "b") + "COMMIT\ntransaction:t\nreceipt:2\n\n^@");
        const QByteArrayList sent = f.sent();
        QCOMPARE(sent.size(), 2);
        QVERIFY(sent[0].contains("\nevent:undeliverable\nreceipt-id:1\n"));
        QCOMPARE(sent[1], receipt("2"));
        QCOMPARE(published(f), QByteArray("\"b\""));
    }

    void anUndeliverableMessageWithoutSubscriptionEndsAll() // item 84
    {
        StompFixture f;
        f.connect();
        f.receive("BEGIN\ntransaction:t\n\n^@" + sendTo("nobody", "transaction:t\nreceipt:1\n", "a")
                  + sendTo("bob", "transaction:t\n", "b") + "COMMIT\ntransaction:t\nreceipt:2\n\n^@");
        const QByteArrayList sent = f.sent();
        QCOMPARE(sent.size(), 1);
        QVERIFY(sent[0].startsWith("ERROR\nmessage:message undeliverable\nreceipt-id:1\n"));
        QVERIFY(f.broker.published.empty());
    }

    void aRefusedFrameEndsTheConnection_data()
    {
        QTest::addColumn<QByteArray>("frame");
        QTest::addColumn<QByteArray>("message");
        const auto row = [](const char *name, const char *frame, const char *message) {
            QTest::newRow(name) << QByteArray(frame) << QByteArray(message);
        };
        const char *const unknown = "no such transaction";
        row("item 79: BEGIN without a name", "BEGIN\n", "header missing");
        row("item 79: a name twice", "BEGIN\ntransaction:t\n", "transaction exists");
        row("item 80: SEND", "SEND\ndestination:/user/bob\ntransaction:u\n", unknown);
        row("item 80: ACK", "ACK\nid:1\ntransaction:u\n", unknown);
        row("item 80: NACK", "NACK\nid:1\ntransaction:u\n", unknown);
        row("item 80: COMMIT", "COMMIT\ntransaction:u\n", unknown);
        row("item 80: ABORT", "ABORT\ntransaction:u\n", unknown);
        row("COMMIT without a name", "COMMIT\n", "header missing");
        row("ABORT without a name", "ABORT\n", "header missing");
        row("a bad destination", "SEND\ndestination:/user/\ntransaction:t\n", "malformed destination");
    }
    void aRefusedFrameEndsTheConnection()
    {
        QFETCH(const QByteArray, frame);
        QFETCH(const QByteArray, message);
        StompFixture f;
        subscribeAndReceive(f, "client");
        f.receive("BEGIN\ntransaction:t\n\n^@" + frame + "receipt:77\n\n^@");
        const QByteArrayList sent = f.sent();
        QCOMPARE(sent.size(), 1);
        QVERIFY(sent[0].startsWith("ERROR\nmessage:" + message + "\nreceipt-id:77\n"));
        QCOMPARE(f.connection.closeCode, 1002);
    }

    void transactionsAreLimitedInNumber()
    {
        StompFixture f([](StompSettings &s) { s.transactions.count = 2; });
        f.connect();
        f.receive("BEGIN\ntransaction:1\n\n^@BEGIN\ntransaction:2\n\n^@COMMIT\ntransaction:1\n\n^@"
                  "BEGIN\ntransaction:3\n\n^@");
        QVERIFY(f.sent().isEmpty());
        f.receive("BEGIN\ntransaction:4\n\n^@");
        QVERIFY(f.sent().value(0).startsWith("ERROR\nmessage:too many transactions\n"));
        QCOMPARE(f.connection.closeCode, 1008);
        QVERIFY(f.metrics.render().find("messaging_stomp_limits_total{limit=\"transactions\"} 1")
                != std::string::npos);
    }

    void transactionsAreLimitedInBytes()
    {
        StompFixture f([](StompSettings &s) { s.transactions.bytes = 2000; });
        f.connect();
        const QByteArray half = sendTo("bob", "transaction:t\n", QByteArray(700, 'x'));
        f.receive("BEGIN\ntransaction:t\n\n^@" + half + "ABORT\ntransaction:t\n\n^@BEGIN\ntransaction:t\n\n^@"
                  + half + "BEGIN\ntransaction:u\n\n^@");
        QVERIFY(f.sent().isEmpty());
        f.receive(sendTo("bob", "transaction:u\n", QByteArray(700, 'x')) + half);
        QVERIFY(f.sent().value(0).startsWith("ERROR\nmessage:transaction too large\n"));
        QCOMPARE(f.connection.closeCode, 1008);
        QVERIFY(f.metrics.render().find("messaging_stomp_limits_total{limit=\"transaction_bytes\"} 1")
                != std::string::npos);
    }

    void theLimitsMetricIsDocumented()
    {
        StompFixture f([](StompSettings &s) { s.transactions.count = 1; });
        f.connect();
        f.receive("BEGIN\ntransaction:1\n\n^@BEGIN\ntransaction:2\n\n^@");
        QVERIFY(renderedMetrics(f.metrics.render()).contains(documentedMetrics(QStringLiteral("stomp"))));
    }
};

QTEST_APPLESS_MAIN(TestStompTransactions)
#include "tst_stomptransactions.moc"
