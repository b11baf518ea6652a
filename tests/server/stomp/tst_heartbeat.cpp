// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/heartbeat.h"

#include <QTest>

using namespace msgsrv;
using Due = HeartBeat::Due;

class TestHeartBeat : public QObject
{
    Q_OBJECT

private slots:
    void aHeaderIsRead_data();
    void aHeaderIsRead(); // item 58
    void aMalformedHeaderIsRefused_data();
    void aMalformedHeaderIsRefused(); // item 58
    void theServerAnnouncesWhatItCan(); // item 59
    void nothingIsDueBeforeTheStart();
    void beatsAreSentAtHalfTheAgreedInterval_data();
    void beatsAreSentAtHalfTheAgreedInterval(); // items 59, 61
    void whatWasSentCountsAsABeat(); // item 60
    void aSilentClientIsLostAfterTwiceItsIntervalAndASlack(); // item 62
    void aClientWithoutBeatsIsPinged_data();
    void aClientWithoutBeatsIsPinged(); // item 19
    void aClientThatTalksIsNotPinged();
    void withoutPingsAClientWithoutBeatsIsNeverLost();

private:
    static constexpr HeartBeat::Settings settings{seconds(10), seconds(10), seconds(2), seconds(30)};
    const TimePoint start{seconds(1000)};
};

void TestHeartBeat::aHeaderIsRead_data()
{
    QTest::addColumn<QByteArray>("header");
    QTest::addColumn<qint64>("canSend");
    QTest::addColumn<qint64>("wants");

    QTest::newRow("plain") << QByteArray("1000,2000") << qint64(1000) << qint64(2000);
    QTest::newRow("none") << QByteArray("0,0") << qint64(0) << qint64(0);
    QTest::newRow("blanks") << QByteArray(" 1000 ,\t2000 ") << qint64(1000) << qint64(2000);
    QTest::newRow("leading zeros") << QByteArray("007,1") << qint64(7) << qint64(1);
    QTest::newRow("silly sizes are clamped")
        << QByteArray("4294967296000,99999999999999999999999") << qint64(0x7fffffff) << qint64(0x7fffffff);
}

void TestHeartBeat::aHeaderIsRead()
{
    QFETCH(const QByteArray, header);
    QFETCH(const qint64, canSend);
    QFETCH(const qint64, wants);
    const auto wish = HeartBeatWish::parse(header.toStdString());
    QVERIFY(wish);
    QCOMPARE(qint64(wish->canSend.count()), canSend);
    QCOMPARE(qint64(wish->wants.count()), wants);
}

void TestHeartBeat::aMalformedHeaderIsRefused_data()
{
    QTest::addColumn<QByteArray>("header");
    for (const char *header :
         {"", ",", "abc", "1000", "1000,", ",1000", "-1,0", "1,+1", "1,2,3", "1.5,2", "1 0,2", "0x1,2"})
        QTest::newRow(qPrintable(QStringLiteral("'%1'").arg(QLatin1String(header)))) << QByteArray(header);
}

void TestHeartBeat::aMalformedHeaderIsRefused()
{
    QFETCH(const QByteArray, header);
    QVERIFY(!HeartBeatWish::parse(header.toStdString()));
}

void TestHeartBeat::theServerAnnouncesWhatItCan()
{
    HeartBeat beat({seconds(10), seconds(20), seconds(2), seconds(30)});
    beat.start(HeartBeatWish{}, start);
    QCOMPARE(beat.header(), std::string("10000,20000"));

    HeartBeat old({seconds(10), seconds(20), seconds(2), seconds(30)});
    old.start(std::nullopt, start);
    QCOMPARE(old.header(), std::string("0,0"));

    HeartBeat any({seconds(0), seconds(0), seconds(2), seconds(30)});
    any.start(HeartBeatWish{seconds(20), seconds(20)}, start);
    QCOMPARE(any.header(), std::string("1,1"));
    QCOMPARE(any.due(start + seconds(10)), Due::Beat);
}

void TestHeartBeat::nothingIsDueBeforeTheStart()
{
    HeartBeat beat(settings);
    QCOMPARE(beat.due(start + std::chrono::hours(24)), Due::Nothing);
}

void TestHeartBeat::beatsAreSentAtHalfTheAgreedInterval_data()
{
    QTest::addColumn<int>("clientWants");
    QTest::addColumn<int>("dueAt");
    QTest::newRow("the server cannot do more often") << 1000 << 5000;
    QTest::newRow("both want the same") << 10000 << 5000;
    QTest::newRow("the client wants fewer") << 20000 << 10000;
}

void TestHeartBeat::beatsAreSentAtHalfTheAgreedInterval()
{
    QFETCH(const int, clientWants);
    QFETCH(const int, dueAt);
    HeartBeat beat(settings);
    beat.start(HeartBeatWish{milliseconds(0), milliseconds(clientWants)}, start);
    QCOMPARE(beat.due(start + milliseconds(dueAt - 1)), Due::Nothing);
    QCOMPARE(beat.due(start + milliseconds(dueAt)), Due::Beat);
}

void TestHeartBeat::whatWasSentCountsAsABeat()
{
    HeartBeat beat(settings);
    beat.start(HeartBeatWish{milliseconds(0), seconds(10)}, start);
    beat.sent(start + seconds(4));
    QCOMPARE(beat.due(start + seconds(5)), Due::Nothing);
    QCOMPARE(beat.due(start + seconds(9)), Due::Beat);
}

void TestHeartBeat::aSilentClientIsLostAfterTwiceItsIntervalAndASlack()
{
    HeartBeat beat(settings);
    beat.start(HeartBeatWish{seconds(10), milliseconds(0)}, start);
    QCOMPARE(beat.due(start + seconds(22)), Due::Nothing);
    beat.received(start + seconds(22));
    QCOMPARE(beat.due(start + seconds(44)), Due::Nothing);
    QCOMPARE(beat.due(start + seconds(44) + milliseconds(1)), Due::PeerLost);
}

void TestHeartBeat::aClientWithoutBeatsIsPinged_data()
{
    QTest::addColumn<bool>("knowsBeats");
    QTest::addColumn<qint64>("canSend");
    QTest::newRow("1.0") << false << qint64(0);
    QTest::newRow("0,0") << true << qint64(0);
    QTest::newRow("beats once a month") << true << qint64(0x7fffffff);
    QTest::newRow("beats more seldom than pings") << true << qint64(30001);
}

void TestHeartBeat::aClientWithoutBeatsIsPinged()
{
    QFETCH(const bool, knowsBeats);
    QFETCH(const qint64, canSend);
    HeartBeat beat(settings);
    beat.start(knowsBeats ? std::optional(HeartBeatWish{milliseconds(canSend), milliseconds(0)})
                          : std::nullopt,
               start);
    QCOMPARE(beat.due(start + seconds(29)), Due::Nothing);
    QCOMPARE(beat.due(start + seconds(30)), Due::Ping);
    QCOMPARE(beat.due(start + seconds(31)), Due::Nothing);
    beat.received(start + seconds(32)); // the pong
    QCOMPARE(beat.due(start + seconds(61)), Due::Nothing);
    QCOMPARE(beat.due(start + seconds(62)), Due::Ping);
    QCOMPARE(beat.due(start + seconds(91)), Due::Nothing);
    QCOMPARE(beat.due(start + seconds(92)), Due::PeerLost);
}

void TestHeartBeat::aClientThatTalksIsNotPinged()
{
    HeartBeat beat(settings);
    beat.start(std::nullopt, start);
    for (int second = 0; second < 300; second += 20) {
        beat.received(start + seconds(second));
        QCOMPARE(beat.due(start + seconds(second + 19)), Due::Nothing);
    }
}

void TestHeartBeat::withoutPingsAClientWithoutBeatsIsNeverLost()
{
    HeartBeat beat({seconds(10), seconds(10), seconds(2), seconds(0)});
    beat.start(HeartBeatWish{}, start);
    QCOMPARE(beat.due(start + std::chrono::hours(1000)), Due::Nothing);
}

QTEST_APPLESS_MAIN(TestHeartBeat)
#include "tst_heartbeat.moc"
