// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/addressblock.h"
#include "shared/signaling/closecodes.h"
#include "tests/server/stomp/stompfixture.h"

#include <QTest>

using namespace msgsrv;

/// What a client sees that asks too often, or with wrong credentials.
class StompLimitsTest : public QObject
{
    Q_OBJECT

private:
    static RequestLimits::Settings perUser(int perSecond)
    {
        RequestLimits::Settings settings;
        settings.exchangesPerUser = {perSecond, seconds(1)};
        return settings;
    }
    static RequestLimits::Settings perAddress(int perSecond)
    {
        RequestLimits::Settings settings;
        settings.exchangesPerAddress = {perSecond, seconds(1)};
        return settings;
    }
    static RequestLimits::Settings failedKeys(int perMinute)
    {
        RequestLimits::Settings settings;
        settings.failedKeys = {perMinute, seconds(5)};
        return settings;
    }
    static void login(StompFixture &f)
    {
        f.connect();
        f.subscribe();
        f.sent();
    }
    static void wrongLogin(StompFixture &f)
    {
        f.receive("CONNECT\nlogin:alice\npasscode:queue.guess\naccept-version:1.2\n\n^@");
    }

private slots:
    void aSendAboveTheRateIsUndeliverableAndTheConnectionGoesOn_data()
    {
        QTest::addColumn<bool>("byUser");
        QTest::addColumn<QByteArray>("detail");
        QTest::newRow("user") << true << QByteArray("This user sends too many messages.");
        QTest::newRow("address") << false << QByteArray("Too many messages are sent from this address.");
    }

    void aSendAboveTheRateIsUndeliverableAndTheConnectionGoesOn()
    {
        QFETCH(const bool, byUser);
        QFETCH(const QByteArray, detail);
        StompFixture f({}, "alice", byUser ? perUser(2) : perAddress(2));
        login(f);
        for (int i = 0; i < 2; ++i)
            f.receive("SEND\ndestination:/user/bob\n\nhello^@");
        QCOMPARE(f.sent(), QByteArrayList());
        f.receive("SEND\ndestination:/user/bob\nreceipt:r3\n\nhello^@");
        const QByteArrayList sent = f.sent();
        QCOMPARE(sent.size(), 1);
        QVERIFY2(sent[0].startsWith("MESSAGE\ndestination:/queue/queue.alice\nsubscription:s\n"), sent[0]);
        QVERIFY2(sent[0].contains("\nevent:undeliverable\nreceipt-id:r3\n"), sent[0]);
        QVERIFY2(sent[0].contains("\"type\":\"urn:messaging-server:problem:rate-limited\""), sent[0]);
        QVERIFY2(sent[0].contains("\"status\":429,\"detail\":\"" + detail + '"'), sent[0]);
        QCOMPARE(f.broker.published.size(), std::size_t(2));

        f.tick(milliseconds(500));
        f.receive("SEND\ndestination:/user/bob\nreceipt:r4\n\nhello^@");
        QCOMPARE(f.sent(), QByteArrayList{"RECEIPT\nreceipt-id:r4\n\n^@"});
        QCOMPARE(f.broker.published.size(), std::size_t(3));
        QCOMPARE(f.connection.closeCode, quint16(0));
    }

    void aUserThatRunsWildLeavesTheAddressToOthers()
    {
        RequestLimits::Settings settings = perUser(1);
        settings.exchangesPerAddress = {5, seconds(1)};
        StompFixture f({}, "alice", settings);
        login(f);
        for (int i = 0; i < 100; ++i)
            f.receive("SEND\ndestination:/user/bob\n\nhello^@");
        const BucketKey address = addressBlock(f.connection.peer());
        for (int i = 0; i < 4; ++i)
            QVERIFY(!f.limits.exchangeFrom(address, f.now));
        QVERIFY(f.limits.exchangeFrom(address, f.now));
    }

    void wrongCredentialsAreRefusedAtOnceAsLongAsThereAreFew()
    {
        StompFixture f({}, "alice", failedKeys(1));
        wrongLogin(f);
        QCOMPARE(f.connection.closeCode, quint16(CloseCode::CredentialsRefused));
    }

    void moreOfThemAreRefusedLater()
    {
        StompFixture f({}, "alice", failedKeys(1));
        QVERIFY(f.limits.failedKey(addressBlock(f.connection.peer()), f.now) == Duration::zero());
        wrongLogin(f);
        QCOMPARE(f.strange("bad_credentials"), 1); // counted at once
        f.receive("SEND\ndestination:/user/bob\n\nhello^@"); // not looked at
        QCOMPARE(f.sent(), QByteArrayList());
        f.tick(milliseconds(249));
        QCOMPARE(f.connection.closeCode, quint16(0));
        f.tick(milliseconds(1));
        const QByteArrayList sent = f.sent();
        QCOMPARE(sent.size(), 1);
        QVERIFY2(sent[0].startsWith("ERROR\nmessage:credentials refused\n"), sent[0]);
        QCOMPARE(f.connection.closeCode, quint16(CloseCode::CredentialsRefused));
        QCOMPARE(f.connection.closes, 1);
    }

    void theLoginTimeoutEndsTheWait()
    {
        StompFixture f([](StompSettings &settings) { settings.loginTimeout = milliseconds(100); }, "alice",
                       failedKeys(1));
        QVERIFY(f.limits.failedKey(addressBlock(f.connection.peer()), f.now) == Duration::zero());
        wrongLogin(f);
        f.tick(milliseconds(100));
        QCOMPARE(f.connection.closeCode, quint16(CloseCode::CredentialsRefused));
    }

    void aClientThatLeavesIsToldNothing()
    {
        StompFixture f({}, "alice", failedKeys(1));
        QVERIFY(f.limits.failedKey(addressBlock(f.connection.peer()), f.now) == Duration::zero());
        wrongLogin(f);
        f.stomp->onClosed(false);
        f.tick(seconds(10));
        QCOMPARE(f.sent(), QByteArrayList());
        QCOMPARE(f.connection.closes, 0);
    }

    void theRightKeyIsNeverDelayed()
    {
        StompFixture f({}, "alice", failedKeys(1));
        for (int i = 0; i < 1000; ++i)
            (void)f.limits.failedKey(addressBlock(f.connection.peer()), f.now);
        f.receive("CONNECT\nlogin:alice\npasscode:queue.alice\naccept-version:1.2\n\n^@");
        const QByteArrayList sent = f.sent();
        QCOMPARE(sent.size(), 1);
        QVERIFY2(sent[0].startsWith("CONNECTED\n"), sent[0]);
    }
};

QTEST_APPLESS_MAIN(StompLimitsTest)
#include "tst_stomplimits.moc"
