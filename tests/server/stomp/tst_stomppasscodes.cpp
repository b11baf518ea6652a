// SPDX-License-Identifier: GPL-3.0-or-later
//
// Accounts whose passcode is known by its hash. The numbers are items of docs/stomp-conformance.md.
#include "stompfixture.h"

#include "server/net/addressblock.h"

#include <QTest>

#include <latch>

using namespace msgsrv;

namespace {

/// The account guest has the hash of "secret" only, which next to no time is needed for.
struct HashFixture : StompFixture
{
    HashFixture()
        : StompFixture([](StompSettings &s) {
            s.accounts = {{user("guest"),
                           {},
                           {{"/queue/*"}, {}},
                           std::make_shared<const PasscodeHash>(
                               *PasscodeHash::parse("$argon2id$v=19$m=32,t=1,p=1$c2FsdHNhbHQ$"
                                                    "nRGObt5vdfL6gQZ3tpDJokcah98wCJ2YcDe1fNJumRk"))}};
        })
    { }
    void login(const QByteArray &version, const QByteArray &name, const QByteArray &passcode)
    {
        receive("CONNECT\nlogin:" + name + "\npasscode:" + passcode + "\naccept-version:" + version
                + "\n\n^@");
    }
    void reconnect()
    {
        stomp = std::make_unique<StompConnection>(connection,
                                                  StompConnection::Collaborators{sessions, exchange, broker,
                                                                                 destinations, ioThread,
                                                                                 metrics, limits, passcodes},
                                                  settings);
    }
    [[nodiscard]] bool counted(const char *result) const
    {
        return metrics.render().find(std::string("messaging_passcode_checks_total{result=\"") + result
                                     + "\"} 1")
            != std::string::npos;
    }
    const std::shared_ptr<int> alive = std::make_shared<int>();
};

} // namespace

class TestStompPasscodes : public QObject
{
    Q_OBJECT

private slots:
    void aHashedPasscodeIsCheckedElsewhere_data()
    {
        QTest::addColumn<QByteArray>("passcode");
        QTest::addColumn<QByteArray>("answer");
        QTest::addColumn<int>("closeCode");
        QTest::newRow("right") << QByteArray("secret") << QByteArray("CONNECTED\n") << 0;
        QTest::newRow("wrong") << QByteArray("wrong") << QByteArray("ERROR\nmessage:credentials refused\n")
                               << 4006;
    }
    void aHashedPasscodeIsCheckedElsewhere() // item 54
    {
        QFETCH(const QByteArray, passcode);
        QFETCH(const QByteArray, answer);
        HashFixture f;
        f.login("1.2", "guest", passcode);
        f.receive("SEND\ndestination:/queue/a\nreceipt:behind\n\n^@"); // waits
        QVERIFY(f.sent().isEmpty());
        QTRY_VERIFY(!f.ioThread.isIdle());
        f.ioThread.runAll();
        const QByteArrayList sent = f.sent();
        QVERIFY2(sent.value(0).startsWith(answer), sent.value(0).constData());
        QTEST(int(f.connection.closeCode), "closeCode");
        QCOMPARE(sent.value(1),
                 f.connection.closeCode == 0 ? QByteArray("RECEIPT\nreceipt-id:behind\n\n^@") : QByteArray());
        QCOMPARE(f.strange("bad_credentials"), f.connection.closeCode == 0 ? 0 : 1);
    }

    void aPasscodeThatWasRightIsAnsweredAtOnce()
    {
        HashFixture f;
        f.login("1.2", "guest", "secret");
        QTRY_VERIFY(!f.ioThread.isIdle());
        f.ioThread.runAll();
        f.reconnect();
        f.login("1.2", "guest", "secret");
        QVERIFY(f.sent().value(1).startsWith("CONNECTED\n"));
    }

    void aClientMayGoBeforeItsPasscodeIsChecked()
    {
        HashFixture f;
        f.login("1.2", "guest", "secret");
        QTRY_VERIFY(!f.ioThread.isIdle());
        f.stomp->onClosed(false);
        f.ioThread.runAll();
        QVERIFY(f.sent().isEmpty());

        f.reconnect();
        f.login("1.2", "guest", "wrong");
        f.stomp.reset();
        QTRY_VERIFY(!f.ioThread.isIdle() || f.counted("unwanted"));
        f.ioThread.runAll();
        QVERIFY(f.sent().isEmpty());
    }

    void aCheckThatTakesTooLongEndsWithTheLoginTimeout() // item 16
    {
        HashFixture f;
        f.login("1.2", "guest", "secret");
        f.tick(seconds(0));
        f.tick(f.settings.loginTimeout);
        QVERIFY(f.sent().value(0).startsWith("ERROR\nmessage:login timeout\n"));
        QTRY_VERIFY(!f.ioThread.isIdle());
        f.ioThread.runAll();
        QVERIFY(f.sent().isEmpty());
    }

    void tooManyChecksAreRefused()
    {
        std::latch entered(1);
        std::latch open(1);
        HashFixture f;
        const Account &guest = f.settings.accounts.front();
        f.passcodes.check(guest, "x", {}, f.alive, [&](PasscodeChecks::Result) {
            entered.count_down();
            open.wait();
        });
        entered.wait();
        for (int i = 0; i < 2; ++i)
            f.passcodes.check(guest, "x", addressBlock(f.connection.peer()), f.alive,
                              [](PasscodeChecks::Result) {});
        f.login("1.2", "guest", "secret");
        const QByteArrayList sent = f.sent();
        open.count_down();
        QVERIFY2(sent.value(0).startsWith("ERROR\nmessage:too many logins\n"), sent.value(0).constData());
        QCOMPARE(f.connection.closeCode, 1013);
        QCOMPARE(f.strange("bad_credentials"), 0);
    }
};

QTEST_APPLESS_MAIN(TestStompPasscodes)
#include "tst_stomppasscodes.moc"
