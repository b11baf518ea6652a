// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/commandtext.h"
#include "admin-gui/models/format.h"
#include "admin-gui/models/remotewindow.h"
#include "admin-gui/models/sdp.h"

#include <QTest>

#include <limits>

using namespace msgsrv::console;

class TestSdp : public QObject
{
    Q_OBJECT

private slots:
    void readsSections()
    {
        const Sdp sdp = Sdp::parse(
            QStringLiteral("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\nm=audio 9 X 111\r\na=mid:0\r\na=rtpmap:111 "
                           "opus/48000/2\r\njunk\r\nm=video 9 X 96\r\na=rtpmap:96 VP8/90000\r\n"));
        QCOMPARE(sdp.sections.size(), 3U);
        QCOMPARE(sdp.sections[1].title, QStringLiteral("audio (mid 0)"));
        QCOMPARE(sdp.sections[1].codecs, QStringList{QStringLiteral("opus/48000/2")});
        QCOMPARE(sdp.sections[1].lines.back().meaning, QStringLiteral("a codec"));
        QCOMPARE(sdp.sections[2].media, QStringLiteral("video"));
        QVERIFY(Sdp::parse(QStringLiteral("no description at all")).isEmpty());
    }
    void findsTheDescriptionWhereverItIs_data()
    {
        QTest::addColumn<QString>("content");
        QTest::newRow("bare") << QStringLiteral("v=0");
        QTest::newRow("RTCSessionDescription") << QStringLiteral("{\"type\":\"offer\",\"sdp\":\"v=0\"}");
        QTest::newRow("in an object")
            << QStringLiteral("{\"kind\":\"x\",\"data\":{\"type\":\"offer\",\"sdp\":\"v=0\"}}");
        QTest::newRow("JSON in a string") << QStringLiteral("{\"payload\":\"{\\\"sdp\\\":\\\"v=0\\\"}\"}");
        QTest::newRow("an object called sdp")
            << QStringLiteral("{\"sdp\":{\"type\":\"offer\",\"sdp\":\"v=0\"}}");
        QTest::newRow("in a list") << QStringLiteral("{\"list\":[1,{\"sdp\":\"v=0\"}]}");
    }
    void findsTheDescriptionWhereverItIs()
    {
        QFETCH(QString, content);
        QCOMPARE(Sdp::textIn(content), QStringLiteral("v=0"));
    }
    void findsNoneWhereThereIsNone()
    {
        for (const char *content : {"", "hello", "{}", "{\"sdp\":5}", "[",
                                    "{\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":{\"sdp\":\"v=0\"}}}}}}}"})
            QCOMPARE(Sdp::textIn(QLatin1String(content)), QString());
    }
    void readsCandidates()
    {
        const IceCandidate host = IceCandidate::parse(
            QStringLiteral("a=candidate:1 1 UDP 2122260223 7c0f.local 50000 typ host generation 0"));
        QVERIFY(host.isValid() && host.isMdns());
        QCOMPARE(host.transport, QStringLiteral("udp"));
        const IceCandidate relay = IceCandidate::parse(QStringLiteral(
            "candidate:3 1 udp 41885439 203.0.113.7 52000 typ relay raddr 198.51.100.2 rport 51000"));
        QCOMPARE(relay.type, QStringLiteral("relay"));
        QCOMPARE(relay.related, QStringLiteral("198.51.100.2:51000"));
        for (const char *bad : {"", "candidate:", "candidate:1 1 udp 1 a 1 type host", "sdp"})
            QVERIFY(!IceCandidate::parse(QLatin1String(bad)).isValid());
        QCOMPARE(IceCandidate::allIn(
                     QStringLiteral("{\"candidate\":{\"candidate\":\"candidate:1 1 udp 1 a 1 typ host\"}}"))
                     .size(),
                 1U);
        QCOMPARE(IceCandidate::allIn(
                     QStringLiteral(
                         "v=0\na=candidate:1 1 udp 1 a 1 typ host\na=candidate:2 1 udp 1 b 1 typ srflx"))
                     .size(),
                 2U);
    }
    void formatsForPeople()
    {
        QLocale::setDefault(QLocale::c());
        QCOMPARE(format::duration(0), QStringLiteral("0 s"));
        QCOMPARE(format::duration(2.5), QStringLiteral("2.5 s"));
        QCOMPARE(format::duration(192), QStringLiteral("3 m 12 s"));
        QCOMPARE(format::duration(7500), QStringLiteral("2 h 5 m"));
        QCOMPARE(format::duration(4 * 86'400 + 3600), QStringLiteral("4 d 1 h"));
        QCOMPARE(format::duration(-3), QStringLiteral("−3 s"));
        QCOMPARE(format::bytes(512), QStringLiteral("512 B"));
        QCOMPARE(format::bytes(1234), QStringLiteral("1.2 KiB"));
        QCOMPARE(format::bytes(30.0 * 1048576), QStringLiteral("30 MiB"));
        QCOMPARE(format::microseconds(180), QStringLiteral("180 µs"));
        QCOMPARE(format::microseconds(2400), QStringLiteral("2.4 ms"));
        QCOMPARE(format::microseconds(1'300'000), QStringLiteral("1.3 s"));
        QCOMPARE(format::shortCount(12'340), QStringLiteral("12.3k"));
        QCOMPARE(format::shortCount(940), QStringLiteral("940"));
        QCOMPARE(format::withUnit(42, QStringLiteral("1/s")), QStringLiteral("42/s"));
        QCOMPARE(format::count(std::numeric_limits<double>::quiet_NaN()), QStringLiteral("–"));
        QCOMPARE(format::duration(std::numeric_limits<double>::infinity()), QStringLiteral("–"));
    }
    void commandsAreQuotedForAShell()
    {
        QCOMPARE(command::quoted(QStringLiteral("-backlog")), QStringLiteral("-backlog"));
        QCOMPARE(command::quoted(QStringLiteral("it's $HOME; rm")), QStringLiteral("'it'\\''s $HOME; rm'"));
        QCOMPARE(command::quoted(QString()), QStringLiteral("''"));
        QCOMPARE(command::table(QStringLiteral("sessions"), QStringLiteral("backlog>10 user:a*"),
                                QStringLiteral("-backlog")),
                 QStringLiteral("messagingctl sessions --filter='backlog>10 user:a*' --sort=-backlog"));
        QVERIFY(!command::closeSession(QStringLiteral("$(x)"), QStringLiteral("`y`"))
                     .contains(QStringLiteral(" $(")));
    }
    void windowsAreWholePagesAroundWhatIsSeen()
    {
        QCOMPARE(windowFor(0, 30, 200, 1000), std::pair(0, 400));
        QCOMPARE(windowFor(450, 480, 200, 1000), std::pair(200, 600));
        QCOMPARE(windowFor(0, 5000, 200, 1000), std::pair(0, 1000));
        QCOMPARE(windowFor(150, 1100, 200, 1000), std::pair(150, 1000));
        QCOMPARE(windowFor(-5, -9, 200, 1000), std::pair(0, 400));
    }
};

QTEST_GUILESS_MAIN(TestSdp)
#include "tst_sdp.moc"
