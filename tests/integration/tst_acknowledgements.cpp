// SPDX-License-Identifier: GPL-3.0-or-later
//
// Acknowledgements and transactions with the real daemon. The numbers are items of
// docs/stomp-conformance.md.
#include "tests/support/metricsreader.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

using namespace msgsrv::test;

namespace {

/// Message contents in order, with "!" when redelivered.
QByteArray contents(const QList<StompFrame> &messages)
{
    QByteArrayList list;
    for (const StompFrame &message : messages)
        list += message.json().value(QLatin1String("content")).toString().toUtf8()
            + (message.hasHeader("redelivered") ? "!" : "");
    return list.join(' ');
}

} // namespace

class TestAcknowledgements : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase() { QVERIFY(m_daemon.start()); }

    void whatIsNotAcknowledgedGoesToTheNewerConnection() // items 73, 92
    {
        User alice(m_daemon, "alice");
        alice.setAckMode("client-individual");
        QVERIFY(alice.enter());
        for (const char *content : {"1", "2", "3"})
            alice.send("alice", content);
        QList<StompFrame> first;
        for (int i = 0; i < 3; ++i)
            first += alice.receive();
        QCOMPARE(contents(first), QByteArray("1 2 3"));
        QCOMPARE(alice.stomp().sendForReceipt("ACK", {{"id", first[1].header("ack")}}).command,
                 QByteArray("RECEIPT"));

        StompClient newer(m_daemon.stomp());
        QCOMPARE(newer.connectAs("alice", alice.key()).command, QByteArray("CONNECTED"));
        newer.send("SUBSCRIBE", {{"id", "s"}, {"destination", alice.queue()}, {"ack", "client"}});
        QCOMPARE(contents({newer.next("MESSAGE"), newer.next("MESSAGE")}), QByteArray("1! 3!"));
        QCOMPARE(newer.violations(), QList<QByteArray>());
        const MetricsReader metrics = MetricsReader::scrape(m_daemon.internal());
        QCOMPARE(metrics.value("messaging_messages_unacknowledged"), 2.0);
        QCOMPARE(metrics.value("messaging_messages_returned_total"), 2.0);
        QVERIFY(Conservation(metrics).holds());
    }

    void aSubscriptionLeavesItsMessagesToTheOther() // item 73
    {
        User bob(m_daemon, "bob");
        bob.setAckMode("client");
        QVERIFY(bob.enter());
        bob.send("bob", "1");
        bob.send("bob", "2");
        QCOMPARE(contents({bob.receive(), bob.receive()}), QByteArray("1 2"));
        const Headers other{{"id", "other"}, {"destination", bob.queue()}, {"ack", "client-individual"}};
        QCOMPARE(bob.stomp().sendForReceipt("SUBSCRIBE", other).command, QByteArray("RECEIPT"));
        bob.stomp().send("UNSUBSCRIBE", {{"id", "sub-0"}});
        const QList<StompFrame> again{bob.receive(), bob.receive()};
        QCOMPARE(contents(again), QByteArray("1! 2!"));
        QCOMPARE(again[0].header("subscription"), QByteArray("other"));
        for (const StompFrame &message : again)
            QCOMPARE(bob.stomp().sendForReceipt("ACK", {{"id", message.header("ack")}}).command,
                     QByteArray("RECEIPT"));
        const StompFrame error = bob.stomp().sendForReceipt("ACK", {{"id", again[0].header("ack")}});
        QCOMPARE(error.header("message"), QByteArray("no such message")); // item 78
        QVERIFY(!error.header("receipt-id").isEmpty());
        QVERIFY(waitUntil([&] { return bob.stomp().webSocket().isClosed(); }));
    }

    void aTransactionIsCarriedOutByItsCommit() // items 79 to 82
    {
        User carol(m_daemon, "carol");
        QVERIFY(carol.enter());
        const QByteArray self = User::destination("carol");
        StompClient &stomp = carol.stomp();
        QCOMPARE(stomp.sendForReceipt("BEGIN", {{"transaction", "t"}}).command, QByteArray("RECEIPT"));
        stomp.send("SEND", {{"destination", self}, {"transaction", "t"}}, "in");
        QCOMPARE(stomp.sendForReceipt("SEND", {{"destination", self}}, "out").command, QByteArray("RECEIPT"));
        QCOMPARE(contents({carol.receive()}), QByteArray("out"));
        QCOMPARE(stomp.sendForReceipt("COMMIT", {{"transaction", "t"}}).command, QByteArray("RECEIPT"));
        QCOMPARE(contents({carol.receive()}), QByteArray("in"));

        stomp.send("BEGIN", {{"transaction", "t"}});
        stomp.send("SEND", {{"destination", self}, {"transaction", "t"}}, "dropped");
        QCOMPARE(stomp.sendForReceipt("ABORT", {{"transaction", "t"}}).command, QByteArray("RECEIPT"));
        QCOMPARE(stomp.sendForReceipt("SEND", {{"destination", self}}, "last").command,
                 QByteArray("RECEIPT"));
        QCOMPARE(contents({carol.receive()}), QByteArray("last"));
        QCOMPARE(stomp.sendForReceipt("COMMIT", {{"transaction", "t"}}).header("message"),
                 QByteArray("no such transaction"));
    }

    void everythingIsAccountedFor()
    {
        QVERIFY(waitUntil([&] {
            const Conservation figures(MetricsReader::scrape(m_daemon.internal()));
            return figures.inFlight == 0 && figures.holds();
        }));
    }

private:
    Daemon m_daemon;
};

QTEST_GUILESS_MAIN(TestAcknowledgements)
#include "tst_acknowledgements.moc"
