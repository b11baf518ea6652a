// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/management/jsonrpc.h"

#include <QJsonDocument>
#include <QTest>

using namespace msgsrv::management;

namespace {

std::string_view viewOf(const QByteArray &bytes)
{
    return {bytes.constData(), std::size_t(bytes.size())};
}

} // namespace

class JsonRpcTest final : public QObject
{
    Q_OBJECT

private slots:
    void reads_each_kind_of_message()
    {
        const auto request
            = parseMessage(R"({"jsonrpc":"2.0","id":7,"method":"ping","params":{"a":[1]},"x":0})");
        QVERIFY(request);
        QCOMPARE(std::get<Request>(*request).id, QJsonValue(7));
        QCOMPARE(std::get<Request>(*request).method, QStringLiteral("ping"));
        QCOMPARE(std::get<Request>(*request).params, (QJsonObject{{QStringLiteral("a"), QJsonArray{1}}}));

        const auto bare = parseMessage(R"( {"method":"m","id":"x","jsonrpc":"2.0"} )");
        QVERIFY(bare);
        QVERIFY(std::get<Request>(*bare).params.isEmpty());
        QCOMPARE(std::get<Request>(*bare).id, QJsonValue(QStringLiteral("x")));

        const auto notification = parseMessage(R"({"jsonrpc":"2.0","method":"hello","params":{}})");
        QVERIFY(notification);
        QCOMPARE(std::get<Notification>(*notification).method, QStringLiteral("hello"));

        const auto response = parseMessage(R"({"jsonrpc":"2.0","id":1,"result":null})");
        QVERIFY(response);
        QVERIFY(std::get<Response>(*response).result.isNull());

        const auto failure = parseMessage(
            R"({"jsonrpc":"2.0","id":1,"error":{"code":-32006,"message":"No.","data":{"at":3}}})");
        QVERIFY(failure);
        QCOMPARE(std::get<Failure>(*failure).code, ErrorCode::BadFilter);
        QCOMPARE(std::get<Failure>(*failure).data, (QJsonObject{{QStringLiteral("at"), 3}}));
    }

    void what_is_written_is_read_again()
    {
        const QByteArray line = toLine(Request{
            9007199254740992LL, QStringLiteral("m\n\u2028"), {{QStringLiteral("k"), QStringLiteral("ü\n")}}});
        QCOMPARE(line.count('\n'), 1);
        const auto request = parseMessage(viewOf(line));
        QVERIFY(request);
        QCOMPARE(std::get<Request>(*request).id.toInteger(), 9007199254740992LL);
        QCOMPARE(std::get<Request>(*request).method, QStringLiteral("m\n\u2028"));
        QCOMPARE(std::get<Request>(*request).params.value(u"k").toString(), QStringLiteral("ü\n"));

        const auto failure = parseMessage(
            viewOf(toLine(Failure{QJsonValue::Null, ErrorCode::NotJson, QStringLiteral("No."), {}})));
        QVERIFY(failure);
        QCOMPARE(std::get<Failure>(*failure).code, ErrorCode::NotJson);
        QVERIFY(std::get<Failure>(*failure).id.isNull());
        QVERIFY(parseMessage(viewOf(toLine(Response{QStringLiteral("a"), QJsonObject()}))));
        QVERIFY(parseMessage(viewOf(toLine(Notification{QStringLiteral("n"), {}}))));
    }

    void text_that_is_json_already_becomes_a_line()
    {
        for (const QJsonValue &id : {QJsonValue(9007199254740992LL), QJsonValue(QStringLiteral("a\"b")),
                                     QJsonValue(QJsonValue::Null)}) {
            const QByteArray line = responseLine(id, R"({"rows":[]})");
            QCOMPARE(line.count('\n'), 1);
            const auto response = parseMessage(viewOf(line));
            QVERIFY(response);
            QCOMPARE(std::get<Response>(*response).id, id);
            QVERIFY(std::get<Response>(*response).result.toObject().contains(u"rows"));
        }
        const auto notification = parseMessage(viewOf(notificationLine(notification::viewDelta, R"({"a":1})")));
        QVERIFY(notification);
        QCOMPARE(std::get<Notification>(*notification).params, (QJsonObject{{QStringLiteral("a"), 1}}));
    }

    void refuses_what_is_no_message_data()
    {
        QTest::addColumn<QByteArray>("line");
        QTest::addColumn<int>("code");
        QTest::addColumn<QString>("id"); // as JSON
        const QString null = QStringLiteral("null");

        // malformed
        QTest::newRow("empty") << QByteArray("") << -32700 << null;
        QTest::newRow("garbage") << QByteArray("\xff\xfe garbage") << -32700 << null;
        QTest::newRow("cut") << QByteArray(R"({"jsonrpc":"2.0")") << -32700 << null;
        QTest::newRow("behind the object") << QByteArray(R"({"jsonrpc":"2.0"} x)") << -32700 << null;
        QTest::newRow("a number") << QByteArray("42") << -32700 << null;
        QTest::newRow("a batch") << QByteArray(R"([{"jsonrpc":"2.0","id":1,"method":"m"}])") << -32700
                                 << null;
        QTest::newRow("twice") << QByteArray(R"({"jsonrpc":"2.0","id":1,"id":2,"method":"m"})") << -32700
                               << null;
        QTest::newRow("deep") << "{\"a\":" + QByteArray(100'000, '[') << -32700 << null;
        QTest::newRow("lone surrogate")
            << QByteArray(R"({"jsonrpc":"2.0","id":1,"method":"\udc00"})") << -32700 << null;
        QTest::newRow("NUL") << QByteArray("{\"jsonrpc\":\"2.0\"}\0{}", 20) << -32700 << null;

        // invalid
        QTest::newRow("no version") << QByteArray(R"({"id":1,"method":"m"})") << -32600
                                    << QStringLiteral("1");
        QTest::newRow("version 1") << QByteArray(R"({"jsonrpc":"1.0","id":1,"method":"m"})") << -32600
                                   << QStringLiteral("1");
        QTest::newRow("version as a number")
            << QByteArray(R"({"jsonrpc":2.0,"id":"a","method":"m"})") << -32600 << QStringLiteral("\"a\"");
        QTest::newRow("method is a number")
            << QByteArray(R"({"jsonrpc":"2.0","id":1,"method":1})") << -32600 << QStringLiteral("1");
        QTest::newRow("id is an object")
            << QByteArray(R"({"jsonrpc":"2.0","id":{},"method":"m"})") << -32600 << null;
        QTest::newRow("id is a fraction")
            << QByteArray(R"({"jsonrpc":"2.0","id":1.5,"method":"m"})") << -32600 << null;
        QTest::newRow("id is too large")
            << QByteArray(R"({"jsonrpc":"2.0","id":1e300,"method":"m"})") << -32600 << null;
        QTest::newRow("params is a string")
            << QByteArray(R"({"jsonrpc":"2.0","id":1,"method":"m","params":"x"})") << -32600
            << QStringLiteral("1");
        QTest::newRow("params is null")
            << QByteArray(R"({"jsonrpc":"2.0","id":1,"method":"m","params":null})") << -32600
            << QStringLiteral("1");
        QTest::newRow("params without names")
            << QByteArray(R"({"jsonrpc":"2.0","id":1,"method":"m","params":[1]})") << -32602
            << QStringLiteral("1");
        QTest::newRow("neither method nor id") << QByteArray(R"({"jsonrpc":"2.0","x":1})") << -32600 << null;
        QTest::newRow("no method") << QByteArray(R"({"jsonrpc":"2.0","id":1})") << -32600
                                   << QStringLiteral("1");
        QTest::newRow("result and error")
            << QByteArray(R"({"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":"m"}})") << -32600
            << QStringLiteral("1");
        QTest::newRow("error is a string")
            << QByteArray(R"({"jsonrpc":"2.0","id":1,"error":"m"})") << -32600 << QStringLiteral("1");
    }

    void refuses_what_is_no_message()
    {
        QFETCH(QByteArray, line);
        QFETCH(int, code);
        QFETCH(QString, id);
        const auto message = parseMessage(viewOf(line));
        QVERIFY(!message);
        QCOMPARE(int(message.error().code), code);
        QVERIFY(message.error().message.endsWith(u'.'));
        const QByteArray answer = toLine(message.error());
        QVERIFY2(answer.contains("\"id\":" + id.toUtf8()), answer.constData());
    }
};

QTEST_GUILESS_MAIN(JsonRpcTest)
#include "tst_jsonrpc.moc"
