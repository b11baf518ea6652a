// SPDX-License-Identifier: GPL-3.0-or-later
#include "stompfixture.h"

#include <QTest>

using namespace msgsrv;

namespace {

const QByteArray plainConnect = "CONNECT\nlogin:alice\npasscode:queue.alice\naccept-version:1.2\n\n^@";

QByteArray connectedFrame(const QByteArray &version = "1.2", const QByteArray &heartBeat = "10000,10000",
                          const QByteArray &userName = "user-name:alice\n")
{
    return "CONNECTED\nversion:" + version + "\nheart-beat:" + heartBeat
        + "\nsession:7\nserver:messaging-server/1\n" + userName + "\n^@";
}

QByteArray errorFrame(const QByteArray &message, const QByteArray &detail, const QByteArray &more = {})
{
    return "ERROR\nmessage:" + message + '\n' + more + "content-type:text/plain\ncontent-length:"
        + QByteArray::number(detail.size() + 1) + "\n\n" + detail + "\n^@";
}

} // namespace

class TestStompLogin : public QObject
{
    Q_OBJECT

private slots:
    void connectIsAnsweredWithConnected_data();
    void connectIsAnsweredWithConnected(); // items 4, 25, 46, 51
    void aUserNameThatWouldBreakParsersIsLeftOut_data();
    void aUserNameThatWouldBreakParsersIsLeftOut(); // items 52, 95
    void receiptAndHostOfConnectAreIgnored(); // items 50, 53
    void aFrameMayComeInPieces(); // item 6
    void severalFramesMayComeInOneMessage(); // item 5
    void framesThatComeBeforeTheAnswerAreKeptInOrder();
    void whatIsKeptIsBounded();
    void whatIsKeptCountsAsABeat(); // item 65
    void theAnswerComesFromAnotherThread();
    void anAnswerAfterTheEndGivesTheSessionBack_data();
    void anAnswerAfterTheEndGivesTheSessionBack();
    void noCommonVersionIsRefused(); // item 49
    void aMalformedHeartBeatIsRefused();
    void wrongCredentialsAreRefused_data();
    void wrongCredentialsAreRefused(); // item 54
    void aDrainingServerRefuses();
    void anyOtherFrameBeforeConnectIsRefused_data();
    void anyOtherFrameBeforeConnectIsRefused(); // item 56
    void aSecondConnectIsRefused_data();
    void aSecondConnectIsRefused(); // item 55
    void limitsRiseWithTheLogin();
    void aLargeFrameBeforeTheLoginIsRefused(); // item 17
    void brokenFramesAreRefused_data();
    void brokenFramesAreRefused(); // items 23, 45
    void loginTakesLimitedTime_data();
    void loginTakesLimitedTime(); // item 16
    void limitsOfZeroAreNone();
    void theLimitBeforeTheLoginIsNeverTheLargerOne_data();
    void theLimitBeforeTheLoginIsNeverTheLargerOne();
};

void TestStompLogin::connectIsAnsweredWithConnected_data()
{
    QTest::addColumn<QByteArray>("frame");
    QTest::addColumn<QByteArray>("answer");

    const QByteArray credentials = "login:alice\npasscode:queue.alice\n";
    QTest::newRow("1.2") << plainConnect << connectedFrame();
    QTest::newRow("STOMP instead of CONNECT")
        << "STOMP\n" + credentials + "accept-version:1.1\n\n^@" << connectedFrame("1.1");
    QTest::newRow("CR LF") << QByteArray("CONNECT\r\nlogin:alice\r\npasscode:queue.alice\r\n"
                                         "accept-version:1.2\r\n\r\n^@\r\n")
                           << connectedFrame();
    QTest::newRow("the highest version")
        << "CONNECT\n" + credentials + "accept-version:1.1, 1.0\n\n^@" << connectedFrame("1.1");
    QTest::newRow("1.0, padded") << QByteArray("CONNECT\nlogin: alice\npasscode: queue.alice\n\n^@")
                                 << connectedFrame("1.0", "0,0");
    QTest::newRow("1.0 has no heart-beats")
        << "CONNECT\n" + credentials + "accept-version:1.0\nheart-beat:100,100\n\n^@"
        << connectedFrame("1.0", "0,0");
    QTest::newRow("heart-beats asked for")
        << "CONNECT\n" + credentials + "accept-version:1.2\nheart-beat:500, 500\n\n^@" << connectedFrame();
    QTest::newRow("resuming is not granted")
        << "CONNECT\n" + credentials + "accept-version:1.2\nresume:60000\n\n^@" << connectedFrame();
}

void TestStompLogin::connectIsAnsweredWithConnected()
{
    QFETCH(const QByteArray, frame);
    QFETCH(const QByteArray, answer);
    StompFixture f;
    f.receive(frame);
    QCOMPARE(f.sent(), QByteArrayList{answer});
    QCOMPARE(f.connection.closeCode, 0);
    QCOMPARE(f.sessions.requests.size(), std::size_t(1));
    QCOMPARE(f.sessions.requests[0].connection, f.connection.id());
}

void TestStompLogin::aUserNameThatWouldBreakParsersIsLeftOut_data()
{
    QTest::addColumn<QByteArray>("userId");
    QTest::addColumn<QByteArray>("userName");
    QTest::newRow("dots and slashes") << QByteArray("a.b/c") << QByteArray("user-name:a.b/c\n");
    QTest::newRow("another script") << QByteArray("世界") << QByteArray("user-name:世界\n");
    QTest::newRow("blank") << QByteArray("a b") << QByteArray();
    QTest::newRow("colon") << QByteArray("a:b") << QByteArray();
    QTest::newRow("backslash") << QByteArray("a\\b") << QByteArray();
}

void TestStompLogin::aUserNameThatWouldBreakParsersIsLeftOut()
{
    QFETCH(const QByteArray, userId);
    QFETCH(const QByteArray, userName);
    StompFixture f({}, userId.toStdString());
    f.receive("CONNECT\nlogin:" + userId + "\npasscode:queue.alice\naccept-version:1.2\n\n^@");
    QCOMPARE(f.sent(), QByteArrayList{connectedFrame("1.2", "10000,10000", userName)});
}

void TestStompLogin::receiptAndHostOfConnectAreIgnored()
{
    StompFixture f;
    f.receive(
        "CONNECT\nlogin:alice\npasscode:queue.alice\naccept-version:1.2\nhost:elsewhere\nreceipt:1\n\n^@");
    QCOMPARE(f.sent(), QByteArrayList{connectedFrame()});
}

void TestStompLogin::aFrameMayComeInPieces()
{
    QByteArray bytes = plainConnect;
    bytes.replace("^@", QByteArray(1, '\0'));
    for (qsizetype cut = 0; cut <= bytes.size(); ++cut) {
        StompFixture f;
        f.receiveRaw(bytes.left(cut));
        f.receiveRaw(bytes.mid(cut));
        QCOMPARE(f.sent(), QByteArrayList{connectedFrame()});
    }
}

void TestStompLogin::severalFramesMayComeInOneMessage()
{
    StompFixture f;
    f.receive("\n" + plainConnect + "\n\nSUBSCRIBE\nid:s\ndestination:/queue/queue.alice\nreceipt:1\n\n^@\n"
              + "SEND\ndestination:/user/bob\nreceipt:2\n\nx^@DISCONNECT\nreceipt:3\n\n^@");
    const QByteArrayList expected{connectedFrame(), "RECEIPT\nreceipt-id:1\n\n^@",
                                  "RECEIPT\nreceipt-id:2\n\n^@", "RECEIPT\nreceipt-id:3\n\n^@"};
    QCOMPARE(f.sent(), expected);
    QCOMPARE(f.connection.closeCode, 1000);
}

void TestStompLogin::framesThatComeBeforeTheAnswerAreKeptInOrder()
{
    StompFixture f;
    f.sessions.atOnce = false;
    f.receive(plainConnect + "SUBSCRIBE\nid:s\ndestination:/queue/queue.al");
    f.receive("ice\nreceipt:1\n\n^@SEND\ndestination:/user/bob\nrec");
    f.receive("eipt:2\n\nx^@");
    QVERIFY(f.sent().isEmpty());
    QVERIFY(f.broker.calls.isEmpty());
    f.sessions.answer();
    const QByteArrayList expected{connectedFrame(), "RECEIPT\nreceipt-id:1\n\n^@",
                                  "RECEIPT\nreceipt-id:2\n\n^@"};
    QCOMPARE(f.sent(), expected);
    QCOMPARE(f.broker.published.size(), std::size_t(1));
}

void TestStompLogin::whatIsKeptIsBounded()
{
    StompFixture f([](StompSettings &s) { s.kept = 100; });
    f.sessions.atOnce = false;
    f.receive(plainConnect);
    f.receive(QByteArray(100, '\n'));
    QVERIFY(f.sent().isEmpty());
    f.receive("\n");
    QCOMPARE(f.sent(),
             QByteArrayList{
                 errorFrame("too much at once", "More was sent than is kept while the server is busy.")});
    QCOMPARE(f.connection.closeCode, 1009);
}

void TestStompLogin::whatIsKeptCountsAsABeat()
{
    // The broker is slow, so the client's frames wait here; they are signs of life all the same.
    StompFixture f([](StompSettings &s) { s.heartBeat.wants = seconds(1); });
    f.connect("1.2", "heart-beat:1000,0\n");
    f.broker.subscribesAtOnce = false;
    f.subscribe();
    for (int i = 0; i < 20; ++i) {
        f.tick(seconds(1));
        f.receive("\n");
    }
    QCOMPARE(f.connection.closeCode, 0);
    f.tick(seconds(10)); // and silence is silence
    QCOMPARE(f.connection.closeCode, 4003);
}

void TestStompLogin::theAnswerComesFromAnotherThread()
{
    StompFixture f;
    f.sessions.atOnce = false;
    f.receive(plainConnect);
    f.ioThread.elsewhere = true;
    f.sessions.answer();
    f.ioThread.elsewhere = false;
    QVERIFY(f.sent().isEmpty());
    f.ioThread.runAll();
    QCOMPARE(f.sent(), QByteArrayList{connectedFrame()});
}

void TestStompLogin::anAnswerAfterTheEndGivesTheSessionBack_data()
{
    QTest::addColumn<QByteArray>("end");
    QTest::newRow("closed") << QByteArray("closed");
    QTest::newRow("deleted") << QByteArray("deleted");
    QTest::newRow("closing") << QByteArray("closing");
}

void TestStompLogin::anAnswerAfterTheEndGivesTheSessionBack()
{
    QFETCH(const QByteArray, end);
    StompFixture f;
    f.sessions.atOnce = false;
    f.receive(plainConnect);
    f.ioThread.elsewhere = true;
    f.sessions.answer();
    f.ioThread.elsewhere = false;
    if (end == "closing") {
        f.tick(seconds(10));
        QCOMPARE(f.connection.closeCode, 4005);
    } else {
        f.stomp->onClosed(false);
    }
    if (end == "deleted")
        f.stomp.reset();
    QVERIFY(f.sessions.closed.empty());
    f.sent();
    f.ioThread.runAll();
    QCOMPARE(f.sessions.closed.size(), std::size_t(1));
    QVERIFY(f.sessions.closed[0].first == StompFixture::key("queue.alice"));
    QCOMPARE(f.sessions.closed[0].second, f.connection.id());
    QVERIFY(f.sent().isEmpty());
}

void TestStompLogin::noCommonVersionIsRefused()
{
    StompFixture f;
    f.receive("CONNECT\nlogin:alice\npasscode:queue.alice\naccept-version:2.0\n\n^@");
    QCOMPARE(f.sent(),
             QByteArrayList{errorFrame("unsupported version", "The server speaks STOMP 1.0, 1.1 and 1.2.",
                                       "version:1.0,1.1,1.2\n")});
    QCOMPARE(f.connection.closeCode, 1002);
    QVERIFY(f.sessions.requests.empty());
}

void TestStompLogin::aMalformedHeartBeatIsRefused()
{
    StompFixture f;
    f.receive("CONNECT\nlogin:alice\npasscode:queue.alice\naccept-version:1.2\nheart-beat:abc\n\n^@");
    QCOMPARE(f.sent(),
             QByteArrayList{
                 errorFrame("malformed heart-beat",
                            "heart-beat must be two numbers of milliseconds with a comma between them.")});
    QCOMPARE(f.connection.closeCode, 1002);
}

void TestStompLogin::wrongCredentialsAreRefused_data()
{
    QTest::addColumn<QByteArray>("headers");
    QTest::addColumn<QByteArray>("detail");
    const QByteArray wrong = "login and passcode are not those of a session.";
    const QByteArray missing = "CONNECT needs the headers login and passcode.";
    QTest::newRow("wrong passcode") << QByteArray("login:alice\npasscode:queue.secret\n") << wrong;
    QTest::newRow("wrong login") << QByteArray("login:mallory\npasscode:queue.alice\n") << wrong;
    QTest::newRow("a passcode is not unescaped")
        << QByteArray("login:alice\npasscode:queue\\calice\n") << wrong;
    QTest::newRow("no passcode") << QByteArray("login:alice\n") << missing;
    QTest::newRow("empty passcode") << QByteArray("login:alice\npasscode:\n") << missing;
    QTest::newRow("no login") << QByteArray("passcode:queue.alice\n") << missing;
}

void TestStompLogin::wrongCredentialsAreRefused()
{
    QFETCH(const QByteArray, headers);
    QFETCH(const QByteArray, detail);
    StompFixture f;
    f.receive("CONNECT\n" + headers + "accept-version:1.2\n\n^@");
    QCOMPARE(f.sent(), QByteArrayList{errorFrame("credentials refused", detail)});
    QCOMPARE(f.connection.closeCode, 4006);
    QCOMPARE(f.connection.closeReason, QByteArray("credentials refused"));
    QCOMPARE(f.strange("bad_credentials"), 1);
    QVERIFY(f.sessions.closed.empty());
    // Nothing is heard any more.
    f.receive(plainConnect);
    QVERIFY(f.sent().isEmpty());
}

void TestStompLogin::aDrainingServerRefuses()
{
    StompFixture f;
    f.sessions.draining = true;
    f.receive(plainConnect);
    QCOMPARE(f.sent(),
             QByteArrayList{
                 errorFrame("server is draining", "The server takes no new connections now; try again.")});
    QCOMPARE(f.connection.closeCode, 1001);
    QCOMPARE(f.strange("bad_credentials"), 0);
}

void TestStompLogin::anyOtherFrameBeforeConnectIsRefused_data()
{
    QTest::addColumn<QByteArray>("command");
    for (const char *command : {"SEND", "SUBSCRIBE", "DISCONNECT", "ACK", "CONNECTED", "connect", "Hello"})
        QTest::newRow(command) << QByteArray(command);
}

void TestStompLogin::anyOtherFrameBeforeConnectIsRefused()
{
    QFETCH(const QByteArray, command);
    StompFixture f;
    f.receive(command + "\ndestination:/user/bob\nreceipt:r\n\n^@" + plainConnect);
    QCOMPARE(f.sent(),
             QByteArrayList{
                 errorFrame("not connected", "The first frame must be CONNECT or STOMP.", "receipt-id:r\n")});
    QCOMPARE(f.connection.closeCode, 1002);
    QCOMPARE(f.connection.closes, 1);
    QVERIFY(f.sessions.requests.empty());
}

void TestStompLogin::aSecondConnectIsRefused_data()
{
    QTest::addColumn<bool>("whileAttaching");
    QTest::newRow("connected") << false;
    QTest::newRow("while the first is answered") << true;
}

void TestStompLogin::aSecondConnectIsRefused()
{
    QFETCH(const bool, whileAttaching);
    StompFixture f;
    f.sessions.atOnce = !whileAttaching;
    f.receive(plainConnect);
    f.receive(plainConnect);
    if (whileAttaching)
        f.sessions.answer();
    const QByteArrayList expected{
        connectedFrame(), errorFrame("already connected", "CONNECT may be sent once on a connection.")};
    QCOMPARE(f.sent(), expected);
    QCOMPARE(f.connection.closeCode, 1002);
    QCOMPARE(f.sessions.requests.size(), std::size_t(1));
    QCOMPARE(f.sessions.closed.size(), std::size_t(1));
}

void TestStompLogin::limitsRiseWithTheLogin()
{
    StompFixture f([](StompSettings &s) {
        s.frameBeforeLogin = 500;
        s.frame = 2000;
    });
    QCOMPARE(f.connection.messageLimit, 500);
    f.receive(plainConnect);
    QCOMPARE(f.connection.messageLimit, 2000);
    f.sent();
    const QByteArray head = "SEND\ndestination:/user/bob\nreceipt:1\n\n";
    f.receive(head + QByteArray(900, 'x') + "^@");
    QCOMPARE(f.sent(), QByteArrayList{"RECEIPT\nreceipt-id:1\n\n^@"});

    // To the octet, also when it comes in many messages.
    const auto body = 2000 - head.size() - 1;
    f.subscribe();
    f.receive(head + QByteArray(body, 'x') + "^@");
    QCOMPARE(f.connection.closeCode, 0);
    f.sent();
    f.receive(head + QByteArray(body, 'x'));
    f.receive("x^@");
    QCOMPARE(f.sent(), QByteArrayList{errorFrame("frame is too large", "frame is too large")});
    QCOMPARE(f.connection.closeCode, 1009);
}

void TestStompLogin::aLargeFrameBeforeTheLoginIsRefused()
{
    StompFixture f([](StompSettings &s) { s.frameBeforeLogin = 500; });
    f.receive("CONNECT\nlogin:alice\n");
    for (int i = 0; i < 100 && f.connection.closeCode == 0; ++i)
        f.receive("x:0123456789\n");
    QCOMPARE(f.sent(), QByteArrayList{errorFrame("frame is too large", "frame is too large")});
    QCOMPARE(f.connection.closeCode, 1009);
}

void TestStompLogin::brokenFramesAreRefused_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("message");
    QTest::addColumn<int>("code");
    QTest::newRow("no colon") << QByteArray("SEND\nabc\n\n^@") << QByteArray("header without a colon")
                              << 1002;
    QTest::newRow("undefined escape")
        << QByteArray("SEND\na:\\t\n\n^@") << QByteArray("undefined escape sequence in a header") << 1002;
    QTest::newRow("content-length") << QByteArray("SEND\ncontent-length:1\n\nab^@")
                                    << QByteArray("no NUL after content-length octets of body") << 1002;
    QTest::newRow("not UTF-8") << QByteArray("SEND\na:\xff\n\n^@")
                               << QByteArray("command or header is not UTF-8") << 1007;
    QTest::newRow("too many headers")
        << "SEND\n" + QByteArray("a:b\n").repeated(65) + "\n^@" << QByteArray("too many headers") << 1009;
    QTest::newRow("long header") << "SEND\na:" + QByteArray(8191, 'x') + "\n\n^@"
                                 << QByteArray("header line is too long") << 1009;
    QTest::newRow("long command") << QByteArray(33, 'S') + "\n\n^@" << QByteArray("command is too long")
                                  << 1009;
}

void TestStompLogin::brokenFramesAreRefused()
{
    QFETCH(const QByteArray, bytes);
    QFETCH(const QByteArray, message);
    QFETCH(const int, code);
    StompFixture f;
    f.connect();
    f.receive(bytes);
    QCOMPARE(f.sent(), QByteArrayList{errorFrame(message, message)});
    QCOMPARE(int(f.connection.closeCode), code);
    QCOMPARE(f.connection.closeReason, message);
    QCOMPARE(f.sessions.closed.size(), std::size_t(1));
}

void TestStompLogin::loginTakesLimitedTime_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::newRow("silence") << QByteArray();
    QTest::newRow("heart-beats are no login") << QByteArray("\n");
    QTest::newRow("half a frame") << QByteArray("CONNECT\n");
    QTest::newRow("no answer from the session service") << plainConnect;
}

void TestStompLogin::loginTakesLimitedTime()
{
    QFETCH(const QByteArray, bytes);
    StompFixture f;
    f.sessions.atOnce = false;
    f.tick(milliseconds(0));
    if (!bytes.isEmpty())
        f.receive(bytes);
    f.tick(milliseconds(9999));
    QCOMPARE(f.connection.closeCode, 0);
    f.tick(milliseconds(1));
    QCOMPARE(f.sent(),
             QByteArrayList{
                 errorFrame("login timeout", "There was no successful CONNECT within the time allowed.")});
    QCOMPARE(f.connection.closeCode, 4005);
    f.tick(seconds(60));
    QCOMPARE(f.connection.closes, 1);
}

void TestStompLogin::limitsOfZeroAreNone()
{
    StompFixture f([](StompSettings &s) {
        s.headers = 0;
        s.headerLine = 0;
        s.frameBeforeLogin = 0;
        s.frame = 0;
        s.loginTimeout = seconds(0);
    });
    f.tick(std::chrono::hours(24));
    const QByteArray many = "a:" + QByteArray(10000, 'x') + '\n' + QByteArray("a:b\n").repeated(100);
    f.receive("CONNECT\nlogin:alice\npasscode:queue.alice\naccept-version:1.2\n" + many + "\n^@");
    QCOMPARE(f.sent(), QByteArrayList{connectedFrame()});
    f.receive("SEND\ndestination:/user/bob\nreceipt:1\n" + many + "\nx^@");
    QCOMPARE(f.sent(), QByteArrayList{"RECEIPT\nreceipt-id:1\n\n^@"});
}

void TestStompLogin::theLimitBeforeTheLoginIsNeverTheLargerOne_data()
{
    QTest::addColumn<qint64>("before");
    QTest::addColumn<qint64>("after");
    QTest::addColumn<qint64>("limit");
    QTest::newRow("smaller") << qint64(500) << qint64(2000) << qint64(500);
    QTest::newRow("larger") << qint64(2000) << qint64(500) << qint64(500);
    QTest::newRow("as afterwards") << qint64(0) << qint64(2000) << qint64(2000);
    QTest::newRow("unlimited afterwards") << qint64(500) << qint64(0) << qint64(500);
    QTest::newRow("unlimited") << qint64(0) << qint64(0) << qint64(0);
}

void TestStompLogin::theLimitBeforeTheLoginIsNeverTheLargerOne()
{
    QFETCH(const qint64, before);
    QFETCH(const qint64, after);
    QFETCH(const qint64, limit);
    StompFixture f([&](StompSettings &s) {
        s.frameBeforeLogin = before;
        s.frame = after;
    });
    QCOMPARE(f.connection.messageLimit, limit);
    f.receive(plainConnect);
    QCOMPARE(f.connection.messageLimit, after);
}

QTEST_APPLESS_MAIN(TestStompLogin)
#include "tst_stomplogin.moc"
