// SPDX-License-Identifier: GPL-3.0-or-later
//
// Accounts whose passcode is a hash that is slow to check, with the real daemon. The hash is one of Debian's
// command argon2: `printf %s guest | argon2 0123456789abcdef -id -m 16 -t 3 -p 1 -e`.
#include "tests/support/metricsreader.h"
#include "tests/support/sanitized.h"
#include "tests/support/user.h"
#include "tests/support/wait.h"

#include <algorithm>
#include <memory>
#include <vector>

using namespace msgsrv::test;

namespace {

/// Of "guest"; 64 MiB and a tenth of a second or more.
const QByteArray hash
    = "$argon2id$v=19$m=65536,t=3,p=1$MDEyMzQ1Njc4OWFiY2RlZg$6L/LOyTIveyhbr1pVD9kC2asZYp4FcVwcFOMmz/9xn0";

} // namespace

class TestPasscodeHashes : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase()
    {
        m_daemon.setConfiguration("[stomp]\npasscode_checks = 1\npasscode_waiting = 8\n"
                                  "[limits]\nfailed_keys = 0\n"
                                  "[[stomp.accounts]]\nlogin = \"guest\"\npasscode_hash = \""
                                  + hash
                                  + "\"\nsend = [\"/queue/*\"]\nsubscribe = [\"/queue/*\"]\n"
                                    "[[stomp.accounts]]\nlogin = \"plain\"\npasscode = \"plain\"\n");
        QVERIFY(m_daemon.start());
    }

    void theRightPasscodeConnects()
    {
        StompClient guest(m_daemon.stomp());
        QCOMPARE(guest.connectAs("guest", "guest").command, QByteArray("CONNECTED"));
        const Headers queue{{"id", "q"}, {"destination", "/queue/test01"}};
        QCOMPARE(guest.sendForReceipt("SUBSCRIBE", queue).command, QByteArray("RECEIPT"));
        guest.send("SEND", queue, "hello");
        QCOMPARE(guest.next("MESSAGE").body, QByteArray("hello"));
        QCOMPARE(checks("right"), 1.0);
    }

    void theWrongPasscodeIsRefused() // item 54
    {
        StompClient guest(m_daemon.stomp());
        QCOMPARE(guest.connectAs("guest", "wrong").header("message"), QByteArray("credentials refused"));
        QVERIFY(guest.webSocket().waitForClosed());
        QCOMPARE(guest.webSocket().closeCode(), 4006);
        QCOMPARE(guest.violations(), QList<QByteArray>());
    }

    /// Each wrong login wants 64 MiB: they wait, few of them, and hold nobody else up.
    void aFloodOfWrongPasscodesStarvesNobody()
    {
        const double before = resident();
        std::vector<std::unique_ptr<StompClient>> flood;
        for (int i = 0; i < 100; ++i) {
            flood.push_back(std::make_unique<StompClient>(m_daemon.stomp()));
            flood.back()->send("CONNECT",
                               {{"accept-version", "1.2"}, {"login", "guest"}, {"passcode", "no"}});
        }
        // While some of them wait, others come in: users, accounts without a hash, and the one that is known.
        QVERIFY(waitUntil([&] { return checks("busy") > 0; }));
        User alice(m_daemon, "alice");
        QVERIFY(alice.enter());
        QCOMPARE(alice.exchange("alice", "hello").status, 200);
        StompClient plain(m_daemon.stomp());
        QCOMPARE(plain.connectAs("plain", "plain").command, QByteArray("CONNECTED"));
        StompClient guest(m_daemon.stomp());
        QCOMPARE(guest.connectAs("guest", "guest").command, QByteArray("CONNECTED"));
        QCOMPARE(checks("remembered"), 1.0);
        // The eighth in line would be checked only after all that: nobody waited for the whole line.
        QVERIFY(std::any_of(flood.begin(), flood.end(),
                            [](const auto &client) { return client->frames().isEmpty(); }));

        double most = 0;
        int busy = 0;
        for (const auto &client : flood) {
            QVERIFY(client->webSocket().waitForClosed());
            most = std::max(most, resident());
            busy += client->webSocket().closeCode() == 1013 ? 1 : 0;
            QVERIFY(client->webSocket().closeCode() == 1013 || client->webSocket().closeCode() == 4006);
            QCOMPARE(client->violations(), QList<QByteArray>());
        }
        QVERIFY(busy > 0);
        QCOMPARE(checks("busy"), double(busy));
        // One check at a time, so never twice 64 MiB above what there was.
        QVERIFY2(most - before < 128e6 * sanitizedFactor, qPrintable(QString::number(most - before)));
    }

    void clientsThatGoAreNotWaitedFor()
    {
        for (int i = 0; i < 8; ++i) {
            StompClient client(m_daemon.stomp());
            QVERIFY(client.waitForOpen());
            client.send("CONNECT", {{"accept-version", "1.2"}, {"login", "guest"}, {"passcode", "no"}});
            client.webSocket().socket().flush();
            client.webSocket().abort();
        }
        QVERIFY(waitUntil([&] {
            return MetricsReader::scrape(m_daemon.internal())
                       .value("messaging_connections", {{"transport", "websocket"}})
                == 0;
        }));
        StompClient guest(m_daemon.stomp());
        QCOMPARE(guest.connectAs("guest", "guest").command, QByteArray("CONNECTED"));
    }

    void noSecretIsLogged() // item 57
    {
        const QByteArray log = m_daemon.log();
        QVERIFY(!log.contains("argon2") && !log.contains("passcode:"));
    }

    /// Checks that are under way or wait do not hold up the end by more than one of them.
    void theDaemonEndsBesideChecks()
    {
        std::vector<std::unique_ptr<StompClient>> flood;
        for (int i = 0; i < 8; ++i) {
            flood.push_back(std::make_unique<StompClient>(m_daemon.stomp()));
            flood.back()->send("CONNECT",
                               {{"accept-version", "1.2"}, {"login", "guest"}, {"passcode", "no"}});
        }
        const double before = checks("wrong");
        QVERIFY(waitUntil([&] { return checks("wrong") > before; }));
        QCOMPARE(m_daemon.stop().exitCode, 0);
    }

private:
    [[nodiscard]] double checks(const char *result) const
    {
        return MetricsReader::scrape(m_daemon.internal())
            .value("messaging_passcode_checks_total", {{"result", result}});
    }
    [[nodiscard]] double resident() const
    {
        return MetricsReader::scrape(m_daemon.internal()).value("process_resident_memory_bytes");
    }

    Daemon m_daemon;
};

QTEST_GUILESS_MAIN(TestPasscodeHashes)
#include "tst_hashedpasscodes.moc"
