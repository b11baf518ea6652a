// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/admin-gui/support/scriptedserver.h"

#include <QSignalSpy>
#include <QTest>

using namespace msgsrv::console;
using test::ScriptedServer;

namespace {

QJsonObject peer()
{
    return {{QStringLiteral("scheme"), QStringLiteral("peer")}};
}

} // namespace

class TestConnection : public QObject
{
    Q_OBJECT

private slots:
    void comesUpStepByStep();
    void isLiveOnlyWhenViewsHaveAnswered();
    void answersEachRequestOnce();
    void comesBackAfterALoss();
    void pendingRequestsFailWithTheLink();
    void anotherBootStartsOver();
    void theSameBootDoesNot();
    void anotherMajorEndsIt();
    void aRefusedLoginEndsIt();
    void aReadOnlyProfileSendsNoAction();
    void garbageIsCountedAndPassedOver_data();
    void garbageIsCountedAndPassedOver();
    void anEndlessLineEndsTheConnection();
    void countsWhatTheServerLeftOut();
};

void TestConnection::comesUpStepByStep()
{
    ScriptedServer server(1); // byte by byte
    Connection connection(test::quick(), nullptr);
    QList<LinkState> states;
    connect(&connection, &Connection::stateChanged, this, [&](LinkState state) { states.append(state); });
    connection.open([&] { return server.connectClient(); }, peer());
    QTRY_COMPARE(connection.state(), LinkState::Live);
    QCOMPARE(states,
             (QList<LinkState>{LinkState::Connecting, LinkState::Hello, LinkState::Authenticating,
                               LinkState::Synchronizing, LinkState::Live}));
    QCOMPARE(connection.server().minor, 7);
    QCOMPARE(connection.login().role, QStringLiteral("admin"));
    QVERIFY(connection.may(QStringLiteral("session.close")));
    QVERIFY(!connection.may(QStringLiteral("queue.purge")));
    QCOMPARE(server.params.first().value(QStringLiteral("scheme")).toString(), QStringLiteral("peer"));
}

void TestConnection::isLiveOnlyWhenViewsHaveAnswered()
{
    ScriptedServer server;
    Connection connection(test::quick(), nullptr);
    bool answered = false;
    server.handlers[QStringLiteral("view.open")] = [](const QJsonObject &) {
        return QJsonObject{{QStringLiteral("view"), 1}};
    };
    connect(&connection, &Connection::stateChanged, this, [&](LinkState state) {
        if (state == LinkState::Synchronizing)
            connection.request(QStringLiteral("view.open"), {}, this,
                               [&](const Reply &) { answered = true; });
        if (state == LinkState::Live)
            QVERIFY(answered);
    });
    connection.open([&] { return server.connectClient(); }, peer());
    QTRY_COMPARE(connection.state(), LinkState::Live);
    QVERIFY(answered);
}

void TestConnection::answersEachRequestOnce()
{
    ScriptedServer server;
    Connection connection(test::quick(), nullptr);
    connection.open([&] { return server.connectClient(); }, peer());
    QTRY_COMPARE(connection.state(), LinkState::Live);
    server.handlers[QStringLiteral("twice")] = [&](const QJsonObject &) {
        return QJsonObject{{QStringLiteral("n"), 5}};
    };
    int count = 0;
    connection.request(QStringLiteral("twice"), {}, this, [&](const Reply &reply) {
        QVERIFY(reply.ok);
        QCOMPARE(reply.result.value(QStringLiteral("n")).toInt(), 5);
        ++count;
    });
    QTRY_COMPARE(count, 1);
    server.say(QByteArray(R"({"jsonrpc":"2.0","id":3,"result":{}})")); // an answer that nobody awaits
    QTRY_VERIFY(connection.malformed() > 0);
    QCOMPARE(count, 1);
}

void TestConnection::comesBackAfterALoss()
{
    ScriptedServer server;
    Connection connection(test::quick(), nullptr);
    connection.open([&] { return server.connectClient(); }, peer());
    QTRY_COMPARE(connection.state(), LinkState::Live);
    QSignalSpy changes(&connection, &Connection::stateChanged);
    server.cut();
    QTRY_COMPARE(server.connections, 2);
    QTRY_COMPARE(connection.state(), LinkState::Live);
    QCOMPARE(changes.first().first().value<LinkState>(), LinkState::Lost);
}

void TestConnection::pendingRequestsFailWithTheLink()
{
    ScriptedServer server;
    Connection connection(test::quick(), nullptr);
    connection.open([&] { return server.connectClient(); }, peer());
    QTRY_COMPARE(connection.state(), LinkState::Live);
    int code = 0;
    connection.request(QStringLiteral("never.answered"), {}, this,
                       [&](const Reply &reply) { code = reply.code; });
    server.cut();
    QTRY_COMPARE(code, Reply::linkLost);
}

void TestConnection::anotherBootStartsOver()
{
    ScriptedServer server;
    Connection connection(test::quick(), nullptr);
    QSignalSpy over(&connection, &Connection::startedOver);
    connection.open([&] { return server.connectClient(); }, peer());
    QTRY_COMPARE(connection.state(), LinkState::Live);
    server.greeting = ScriptedServer::hello(1, "b2");
    server.cut();
    QTRY_COMPARE(over.size(), 1);
    QTRY_COMPARE(connection.state(), LinkState::Live);
}

void TestConnection::theSameBootDoesNot()
{
    ScriptedServer server;
    Connection connection(test::quick(), nullptr);
    QSignalSpy over(&connection, &Connection::startedOver);
    connection.open([&] { return server.connectClient(); }, peer());
    QTRY_COMPARE(connection.state(), LinkState::Live);
    server.cut();
    QTRY_COMPARE(server.connections, 2);
    QTRY_COMPARE(connection.state(), LinkState::Live);
    QCOMPARE(over.size(), 0);
}

void TestConnection::anotherMajorEndsIt()
{
    ScriptedServer server;
    server.greeting = ScriptedServer::hello(2);
    Connection connection(test::quick(), nullptr);
    connection.open([&] { return server.connectClient(); }, peer());
    QTRY_VERIFY(!connection.why().isEmpty());
    QCOMPARE(connection.state(), LinkState::Disconnected);
    QVERIFY(connection.why().contains(QStringLiteral("version 2")));
    QCOMPARE(server.methods, QStringList());
}

void TestConnection::aRefusedLoginEndsIt()
{
    ScriptedServer server;
    server.handlers[QStringLiteral("login")] = [](const QJsonObject &) {
        return QJsonObject{{QStringLiteral("error"),
                            QJsonObject{{QStringLiteral("code"), -32002},
                                        {QStringLiteral("message"), QStringLiteral("no such token")}}}};
    };
    Connection connection(test::quick(), nullptr);
    connection.open([&] { return server.connectClient(); }, peer());
    QTRY_VERIFY(connection.why().contains(QStringLiteral("no such token")));
    QCOMPARE(connection.state(), LinkState::Disconnected);
    QCOMPARE(server.connections, 1);
}

void TestConnection::aReadOnlyProfileSendsNoAction()
{
    ScriptedServer server;
    Connection connection(test::quick(), nullptr);
    connection.setReadOnly(true);
    connection.open([&] { return server.connectClient(); }, peer());
    QTRY_COMPARE(connection.state(), LinkState::Live);
    QVERIFY(!connection.may(QStringLiteral("session.close")));
    bool refused = false;
    connection.request(QStringLiteral("session.close"), {}, this,
                       [&](const Reply &reply) { refused = !reply.ok; });
    QTRY_VERIFY(refused);
    QVERIFY(!server.methods.contains(QStringLiteral("session.close")));
}

void TestConnection::garbageIsCountedAndPassedOver_data()
{
    QTest::addColumn<QByteArray>("line");
    QTest::newRow("no JSON") << QByteArray("GET / HTTP/1.1");
    QTest::newRow("bytes") << QByteArray("\x00\xff\xfe\x80", 4);
    QTest::newRow("an array") << QByteArray("[1,2]");
    QTest::newRow("half an object") << QByteArray(R"({"jsonrpc":"2.0","id":)");
    QTest::newRow("deep") << QByteArray(5000, '[');
    QTest::newRow("a request") << QByteArray(R"({"jsonrpc":"2.0","id":1,"method":"do","params":{}})");
    QTest::newRow("unknown id") << QByteArray(R"({"jsonrpc":"2.0","id":999,"result":{}})");
    QTest::newRow("id of another type") << QByteArray(R"({"jsonrpc":"2.0","id":{},"result":{}})");
    QTest::newRow("error without id")
        << QByteArray(R"({"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"x"}})");
}

void TestConnection::garbageIsCountedAndPassedOver()
{
    QFETCH(QByteArray, line);
    ScriptedServer server;
    Connection connection(test::quick(), nullptr);
    connection.open([&] { return server.connectClient(); }, peer());
    QTRY_COMPARE(connection.state(), LinkState::Live);
    server.say(line);
    QTRY_COMPARE(connection.malformed(), 1U);
    QCOMPARE(connection.state(), LinkState::Live);
    bool answered = false;
    connection.request(QStringLiteral("ping"), {}, this, [&](const Reply &reply) { answered = reply.ok; });
    QTRY_VERIFY(answered);
}

void TestConnection::anEndlessLineEndsTheConnection()
{
    ScriptedServer server(0);
    Connection connection(test::quick(), nullptr);
    connection.open([&] { return server.connectClient(); }, peer());
    QTRY_COMPARE(connection.state(), LinkState::Live);
    QSignalSpy changes(&connection, &Connection::stateChanged);
    server.say(QByteArray(10 * 1024 * 1024, 'x'));
    QTRY_VERIFY(!changes.isEmpty());
    QCOMPARE(changes.first().first().value<LinkState>(), LinkState::Lost);
}

void TestConnection::countsWhatTheServerLeftOut()
{
    ScriptedServer server;
    Connection connection(test::quick(), nullptr);
    connection.open([&] { return server.connectClient(); }, peer());
    QTRY_COMPARE(connection.state(), LinkState::Live);
    server.notify(QStringLiteral("flow.gap"), {{QStringLiteral("sub"), 4}, {QStringLiteral("dropped"), 412}});
    QTRY_COMPARE(connection.missed(), 412U);
    server.notify(QStringLiteral("flow.gap"), {{QStringLiteral("sub"), 4}, {QStringLiteral("dropped"), -5}});
    server.notify(QStringLiteral("log.gap"), {{QStringLiteral("sub"), 4}, {QStringLiteral("dropped"), 3}});
    QTRY_COMPARE(connection.missed(), 415U);
}

QTEST_GUILESS_MAIN(TestConnection)
#include "tst_connection.moc"
