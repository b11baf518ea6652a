// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/iceservers.h"

#include <QTest>

using namespace msgsrv;

class TestIceServers : public QObject
{
    Q_OBJECT

private slots:
    void signsTheUserNameAsCoturnDoes_data();
    void signsTheUserNameAsCoturnDoes();
    void listsWhatABrowserCanUse_data();
    void listsWhatABrowserCanUse();
};

void TestIceServers::signsTheUserNameAsCoturnDoes_data()
{
    QTest::addColumn<QByteArray>("secret");
    QTest::addColumn<QByteArray>("username");
    QTest::addColumn<QByteArray>("credential");
    QTest::newRow("alice") << QByteArray("north") << QByteArray("1700000000:alice")
                           << QByteArray("Cd/49soE35ICqcJF/bCTn8Z4OyE=");
    // RFC 2202, test cases 2 and 6
    QTest::newRow("short key") << QByteArray("Jefe") << QByteArray("what do ya want for nothing?")
                               << QByteArray::fromHex("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79").toBase64();
    QTest::newRow("key longer than a block")
        << QByteArray(80, '\xaa') << QByteArray("Test Using Larger Than Block-Size Key - Hash Key First")
        << QByteArray::fromHex("aa4ae5e15272d00e95705637ce8a3b55ed402112").toBase64();
}

void TestIceServers::signsTheUserNameAsCoturnDoes()
{
    QFETCH(QByteArray, secret);
    QFETCH(QByteArray, username);
    QFETCH(QByteArray, credential);
    QCOMPARE(turnCredential(secret, username), credential);
}

void TestIceServers::listsWhatABrowserCanUse_data()
{
    QTest::addColumn<QByteArrayList>("urls");
    QTest::addColumn<QByteArray>("secret");
    QTest::addColumn<QByteArray>("json");
    const QByteArray turn(
        "{\"urls\":[\"turn:turn.example.org:3478?transport=udp\",\"turns:turn.example.org\"],"
        "\"username\":\"1700000000:alice\",\"credential\":\"Cd/49soE35ICqcJF/bCTn8Z4OyE=\"}");
    const QByteArrayList turnUrls{"turn:turn.example.org:3478?transport=udp", "turns:turn.example.org"};
    QTest::newRow("nothing") << QByteArrayList() << QByteArray() << QByteArray();
    QTest::newRow("nothing but a secret") << QByteArrayList() << QByteArray("north") << QByteArray();
    QTest::newRow("STUN") << QByteArrayList{"stun:stun.example.org:3478", "stuns:stun.example.org"}
                          << QByteArray()
                          << QByteArray(
                                 R"([{"urls":["stun:stun.example.org:3478","stuns:stun.example.org"]}])");
    QTest::newRow("TURN") << turnUrls << QByteArray("north") << '[' + turn + ']';
    QTest::newRow("both") << turnUrls + QByteArrayList{"stun:stun.example.org"} << QByteArray("north")
                          << "[{\"urls\":[\"stun:stun.example.org\"]}," + turn + ']';
    QTest::newRow("TURN without a secret") << turnUrls << QByteArray() << QByteArray();
    QTest::newRow("STUN stays when TURN has no secret")
        << turnUrls + QByteArrayList{"stun:stun.example.org"} << QByteArray()
        << QByteArray(R"([{"urls":["stun:stun.example.org"]}])");
}

void TestIceServers::listsWhatABrowserCanUse()
{
    QFETCH(QByteArrayList, urls);
    QFETCH(QByteArray, secret);
    QFETCH(QByteArray, json);
    const IceSettings settings{{urls.begin(), urls.end()}, secret, seconds(600)};
    QCOMPARE(iceServersJson(settings, *UserId::parse("alice"), 1700000000 - 600), json.toStdString());
}

QTEST_APPLESS_MAIN(TestIceServers)
#include "tst_iceservers.moc"
