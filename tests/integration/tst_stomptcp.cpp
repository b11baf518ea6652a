// SPDX-License-Identifier: GPL-3.0-or-later
//
// STOMP over plain TCP and TLS with the real daemon.
#include "tests/support/certificate.h"
#include "tests/support/metricsreader.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <QTemporaryDir>

using namespace msgsrv::test;

namespace {

/// A client of the TCP listener that keeps what came; NUL is shown as "^@".
struct Client
{
    explicit Client(const Daemon &daemon, Tls tls = Tls::Off)
        : socket(openSocket(daemon.ready().value(QLatin1String("stomp_tcp")).toString().toUtf8(), tls))
    { }

    void send(QByteArray bytes)
    {
        (void)waitUntil([&] { return socket->state() == QAbstractSocket::ConnectedState; });
        socket->write(bytes.replace("^@", QByteArray(1, '\0')));
    }
    /// Waits until @p count frames are there.
    bool waitFor(int count)
    {
        return waitUntil([&] {
            received += socket->readAll().replace('\0', "^@");
            return received.count("^@") >= count;
        });
    }
    bool waitForEnd()
    {
        return waitUntil([&] {
            received += socket->readAll().replace('\0', "^@");
            return socket->state() == QAbstractSocket::UnconnectedState;
        });
    }

    SocketPtr socket;
    QByteArray received;
};

const QByteArray guest = "CONNECT\naccept-version:1.2\nlogin:guest\npasscode:guest\n\n^@";

} // namespace

class TestStompTcp : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase()
    {
        m_daemon.setConfiguration("[stomp]\nlogin_timeout = \"1s\"\n"
                                  "[[stomp.accounts]]\nlogin = \"guest\"\npasscode = \"guest\"\n"
                                  "send = [\"/*\"]\nsubscribe = [\"/*\"]\n");
        QVERIFY(m_daemon.start());
    }

    void aSessionsUserMayUseIt()
    {
        User alice(m_daemon, "alice");
        QCOMPARE(alice.connect().status, 200);
        Client client(m_daemon);
        client.send("CONNECT\naccept-version:1.2\nlogin:alice\npasscode:" + alice.key()
                    + "\n\n^@SUBSCRIBE\nid:s\ndestination:" + alice.queue() + "\nreceipt:1\n\n^@");
        QVERIFY(client.waitFor(2));
        QCOMPARE(alice.exchange("alice", "hello").status, 200);
        QVERIFY(client.waitFor(3));
        QVERIFY(client.received.endsWith("{\"from\":\"alice\",\"content\":\"hello\"}^@"));
        QCOMPARE(
            MetricsReader::scrape(m_daemon.internal()).value("messaging_connections", {{"transport", "tcp"}}),
            1.0);
    }

    void framesMayBeCutAnywhere() // item 6
    {
        Client client(m_daemon);
        QByteArray bytes = guest;
        bytes.replace("^@", QByteArray(1, '\0'));
        for (const char octet : bytes) {
            client.send(QByteArray(1, octet));
            client.socket->flush();
        }
        QVERIFY(client.waitFor(1));
        QVERIFY(client.received.startsWith("CONNECTED\n"));
    }

    void theLastFrameComesBeforeTheEnd() // items 14 and 85
    {
        Client client(m_daemon);
        client.send(guest + "SUBSCRIBE\nid:q\ndestination:/queue/t\n\n^@SEND\ndestination:/queue/t\n\n"
                    + QByteArray(100'000, 'x') + "^@");
        QVERIFY(client.waitFor(2));
        client.send("DISCONNECT\nreceipt:end\n\n^@");
        QVERIFY(client.waitForEnd());
        QVERIFY(client.received.endsWith("RECEIPT\nreceipt-id:end\n\n^@"));
    }

    void anErrorComesBeforeTheEnd() // item 88
    {
        Client client(m_daemon);
        client.send("CONNECT\nlogin:guest\npasscode:wrong\n\n^@");
        QVERIFY(client.waitForEnd());
        QVERIFY(client.received.startsWith("ERROR\nmessage:credentials refused\n"));
    }

    void whoDoesNotLogInIsCut() // item 16
    {
        Client client(m_daemon);
        client.send("\n");
        QVERIFY(client.waitForEnd());
        QVERIFY(client.received.startsWith("ERROR\nmessage:login timeout\n"));
    }

    void aClientThatStopsSendingIsOver() // item 15
    {
        Client client(m_daemon);
        client.send(guest);
        QVERIFY(client.waitFor(1));
        client.socket->disconnectFromHost();
        QVERIFY(waitUntil([&] {
            return MetricsReader::scrape(m_daemon.internal())
                       .value("messaging_connections", {{"transport", "tcp"}})
                == 0;
        }));
    }

    void tlsIsSpokenWhereItIsOn()
    {
        QTemporaryDir folder;
        const Certificate certificate = Certificate::make(folder.path());
        QVERIFY(!certificate.certificateFile.isEmpty());
        Daemon daemon({QStringLiteral("stomp.tcp_listen=127.0.0.1:0"),
                       QStringLiteral("tls.certificate=") + certificate.certificateFile,
                       QStringLiteral("tls.key=") + certificate.keyFile});
        daemon.setConfiguration("[[stomp.accounts]]\nlogin = \"guest\"\npasscode = \"guest\"\n"
                                "send = [\"/*\"]\nsubscribe = [\"/*\"]\n");
        QVERIFY(daemon.start());
        Client client(daemon, Tls::On);
        // More than one TLS record, and the last frame behind it.
        const QByteArray body(100'000, 'x');
        client.send(guest + "SUBSCRIBE\nid:q\ndestination:/queue/t\n\n^@SEND\ndestination:/queue/t\n\n" + body
                    + "^@");
        QVERIFY(client.waitFor(2));
        QVERIFY(client.received.endsWith("\n\n" + body + "^@"));
        client.send("DISCONNECT\nreceipt:end\n\n^@");
        QVERIFY(client.waitForEnd());
        QVERIFY(client.received.endsWith("RECEIPT\nreceipt-id:end\n\n^@"));

        Client plain(daemon); // is no TLS handshake: gets no STOMP
        plain.send(guest);
        QVERIFY(plain.waitForEnd());
        QVERIFY(!plain.received.contains("CONNECTED"));
    }

    void connectionsAreLimited()
    {
        Daemon daemon({QStringLiteral("limits.connections_per_address=1"),
                       QStringLiteral("stomp.tcp_listen=127.0.0.1:0")});
        QVERIFY(daemon.start());
        Client first(daemon);
        QVERIFY(waitUntil([&] { return first.socket->state() == QAbstractSocket::ConnectedState; }));
        QVERIFY(waitUntil([&] {
            Client second(daemon);
            return second.waitForEnd();
        }));
    }

private:
    Daemon m_daemon{{QStringLiteral("stomp.tcp_listen=127.0.0.1:0")}};
};

QTEST_GUILESS_MAIN(TestStompTcp)
#include "tst_stomptcp.moc"
