// SPDX-License-Identifier: GPL-3.0-or-later
//
// A connection whose session outlives it, and one that is asked for a sign of life.
#include "stompfixture.h"

#include <QTest>

using namespace msgsrv;

namespace {

/// A client that is granted 30 s, if it asks or not.
struct ResumableFixture : StompFixture
{
    explicit ResumableFixture(bool resumed = false)
    {
        sessions.session.resumeWindow = seconds(30);
        sessions.session.resumed = resumed;
    }
};

} // namespace

class TestStompResume : public QObject
{
    Q_OBJECT

private slots:
    void theWishReachesTheSessions_data()
    {
        QTest::addColumn<QByteArray>("header");
        QTest::addColumn<qint64>("milliseconds");
        QTest::newRow("none") << QByteArray() << qint64(-1);
        QTest::newRow("zero") << QByteArray("resume:0\n") << qint64(0);
        QTest::newRow("some") << QByteArray("resume:1500\n") << qint64(1500);
        QTest::newRow("more than a clock counts")
            << QByteArray("resume:99999999999999999999999\n") << qint64(365) * 24 * 3600 * 1000;
    }

    void theWishReachesTheSessions()
    {
        QFETCH(const QByteArray, header);
        QFETCH(const qint64, milliseconds);
        StompFixture f;
        f.connect("1.2", header);
        const auto &wish = f.sessions.requests.at(0).resume;
        QCOMPARE(wish ? qint64(std::chrono::floor<msgsrv::milliseconds>(*wish).count()) : qint64(-1),
                 milliseconds);
    }

    void theGrantIsInConnected_data()
    {
        QTest::addColumn<bool>("resumed");
        QTest::newRow("first") << false;
        QTest::newRow("again") << true;
    }

    void theGrantIsInConnected()
    {
        QFETCH(const bool, resumed);
        ResumableFixture f(resumed);
        f.receive("CONNECT\nlogin:alice\npasscode:queue.alice\naccept-version:1.2\nresume:60000\n\n^@");
        const QByteArray connected = f.sent().value(0);
        QVERIFY(connected.contains("\nresume:30000\n"));
        QVERIFY(connected.contains(resumed ? "\nresumed:true\n" : "\nresumed:false\n"));
    }

    void aBreakDetachesTheQueue()
    {
        ResumableFixture f;
        f.connect();
        f.subscribe();
        f.stomp->onClosed(false);
        QCOMPARE(f.broker.calls.count("detach queue.alice"), 1);
        QCOMPARE(f.broker.calls.count("unsubscribe queue.alice"), 0);
        QCOMPARE(f.sessions.ends, std::vector<ConnectionEnd>{ConnectionEnd::Broken});
    }

    void soDoesACloseWithoutDisconnect()
    {
        ResumableFixture f;
        f.connect();
        f.subscribe();
        f.stomp->onClosed(true);
        QCOMPARE(f.broker.calls.count("detach queue.alice"), 1);
        QCOMPARE(f.sessions.ends, std::vector<ConnectionEnd>{ConnectionEnd::Broken});
    }

    void disconnectUnsubscribes_data()
    {
        QTest::addColumn<bool>("sendUnderWay");
        QTest::newRow("at once") << false;
        QTest::newRow("lost before its SENDs were answered") << true;
    }

    void disconnectUnsubscribes()
    {
        QFETCH(const bool, sendUnderWay);
        ResumableFixture f;
        f.connect();
        f.subscribe();
        f.directory.add({StompFixture::user("bob"), ListeningKey::fromPresented("queue.bob")});
        f.directory.add({StompFixture::user("alice"), f.sessions.session.key});
        f.broker.publishesAtOnce = !sendUnderWay;
        f.receive("SEND\ndestination:/user/bob\n\nx^@DISCONNECT\n\n^@");
        if (sendUnderWay)
            f.stomp->onClosed(false);
        QCOMPARE(f.broker.calls.count("detach queue.alice"), 0);
        QCOMPARE(f.broker.calls.count("unsubscribe queue.alice"), 1);
        QCOMPARE(f.sessions.ends, std::vector<ConnectionEnd>{ConnectionEnd::Finished});
    }

    void withoutAGrantABreakUnsubscribes()
    {
        StompFixture f;
        f.connect();
        f.subscribe();
        f.stomp->onClosed(false);
        QCOMPARE(f.broker.calls.count("unsubscribe queue.alice"), 1);
        QCOMPARE(f.broker.calls.count("detach queue.alice"), 0);
    }

    void anActivityAnswersAllProbes()
    {
        StompFixture f;
        f.connect();
        std::vector<bool> answers;
        const auto note = [&answers](bool alive) { answers.push_back(alive); };
        f.stomp->onProbe(note, f.now);
        f.stomp->onProbe(note, f.now);
        QCOMPARE(f.connection.pings, 1);
        QVERIFY(answers.empty());
        f.stomp->onActivity(f.now + milliseconds(100));
        QCOMPARE(answers, (std::vector<bool>{true, true}));
        f.tick(seconds(3));
        QCOMPARE(answers.size(), std::size_t(2));
    }

    void silenceIsDeath()
    {
        StompFixture f;
        f.connect();
        std::vector<bool> answers;
        f.stomp->onProbe([&answers](bool alive) { answers.push_back(alive); }, f.now);
        f.tick(milliseconds(1900));
        QVERIFY(answers.empty());
        f.tick(milliseconds(200));
        QCOMPARE(answers, std::vector<bool>{false});
    }

    void aConnectionThatEndsAnswersItsProbes()
    {
        StompFixture f;
        f.connect();
        std::vector<bool> answers;
        const auto note = [&answers](bool alive) { answers.push_back(alive); };
        f.stomp->onProbe(note, f.now);
        f.stomp->onClosed(false);
        QCOMPARE(answers, std::vector<bool>{false});
        f.stomp->onProbe(note, f.now);
        QCOMPARE(answers, (std::vector<bool>{false, false}));
        StompFixture g;
        g.connect();
        g.stomp->onProbe(note, g.now);
        g.stomp.reset();
        QCOMPARE(answers.size(), std::size_t(3));
    }

    /// Without pings the peer's kernel is asked: by a heart-beat that it confirms, or does not.
    void whereThereAreNoPingsTheKernelIsAsked()
    {
        for (const bool confirmed : {true, false}) {
            StompFixture f;
            f.connect();
            f.connection.pongs = false;
            f.connection.unconfirmed = confirmed ? 0 : 1;
            std::vector<bool> answers;
            f.stomp->onProbe([&answers](bool alive) { answers.push_back(alive); }, f.now);
            QCOMPARE(f.sent(), QByteArrayList{"\n"});
            f.tick(milliseconds(250));
            QCOMPARE(answers.size(), std::size_t(confirmed ? 1 : 0));
            f.tick(seconds(2));
            QCOMPARE(answers, std::vector<bool>{confirmed});
        }
    }
};

QTEST_GUILESS_MAIN(TestStompResume)
#include "tst_stompresume.moc"
