// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/websocketupgrade.h"

#include <QTest>

using namespace msgsrv;

namespace {

const QByteArray key = "dGhlIHNhbXBsZSBub25jZQ==";

tl::expected<WebSocketUpgrade, Problem> check(const QByteArray &path, const QByteArray &fields,
                                              std::string_view webSocketPath = "/ws")
{
    const QByteArray text = "GET " + path
        + " HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" + fields + "\r\n";
    HttpHeadResult result = parseHttpHead({text.constData(), std::size_t(text.size())});
    const auto *complete = std::get_if<HttpHeadComplete>(&result);
    Q_ASSERT(complete);
    return checkUpgrade(complete->head, webSocketPath);
}

} // namespace

class WebSocketUpgradeTest : public QObject
{
    Q_OBJECT

private slots:
    void theHighestOfferedVersionIsChosenInWhateverOrder_data()
    {
        QTest::addColumn<QByteArray>("offer");
        QTest::addColumn<QByteArray>("chosen");
        QTest::newRow("none offered") << QByteArray() << QByteArray();
        QTest::newRow("one") << QByteArray("Sec-WebSocket-Protocol: v11.stomp\r\n")
                             << QByteArray("v11.stomp");
        QTest::newRow("ascending") << QByteArray(
            "Sec-WebSocket-Protocol: v10.stomp, v11.stomp, v12.stomp\r\n")
                                   << QByteArray("v12.stomp");
        QTest::newRow("two lines") << QByteArray("Sec-WebSocket-Protocol: v10.stomp\r\n"
                                                 "Sec-WebSocket-Protocol:  v11.stomp \r\n")
                                   << QByteArray("v11.stomp");
        QTest::newRow("with a stranger")
            << QByteArray("Sec-WebSocket-Protocol: foo,v10.stomp,,mqtt\r\n") << QByteArray("v10.stomp");
        QTest::newRow("only strangers")
            << QByteArray("Sec-WebSocket-Protocol: foo, V12.STOMP\r\n") << QByteArray();
    }
    void theHighestOfferedVersionIsChosenInWhateverOrder()
    {
        QFETCH(QByteArray, offer);
        QFETCH(QByteArray, chosen);
        const auto upgrade
            = check("/ws", "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + "\r\n" + offer);
        QVERIFY(upgrade);
        QCOMPARE(QByteArray::fromStdString(upgrade->subprotocol), chosen);
        QCOMPARE(QByteArray::fromStdString(upgrade->key), key);
        const QByteArray canonical = QByteArray::fromStdString(canonicalUpgradeRequest(*upgrade, "/ws"));
        QCOMPARE(canonical.contains("Sec-WebSocket-Protocol"), !chosen.isEmpty());
        QVERIFY(canonical.endsWith("\r\n\r\n"));
    }

    void anyPathIsTakenWhereNoneIsNamed()
    {
        const QByteArray fields = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + "\r\n";
        QVERIFY(!check("/a/b?c", fields));
        const auto upgrade = check("/a/b?c", fields, anyPath);
        QVERIFY(upgrade);
        QVERIFY(canonicalUpgradeRequest(*upgrade, anyPath).starts_with("GET / HTTP/1.1\r\n"));
    }

    void pathsWithASlashOrAQueryReachIt()
    {
        const QByteArray fields = "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key + "\r\n";
        QVERIFY(check("/ws/", fields));
        QVERIFY(check("/ws?x=1", fields));
    }

    void badHandshakesAreRefused_data()
    {
        QTest::addColumn<QByteArray>("path");
        QTest::addColumn<QByteArray>("fields");
        QTest::addColumn<int>("status");
        const QByteArray version = "Sec-WebSocket-Version: 13\r\n";
        const QByteArray goodKey = "Sec-WebSocket-Key: " + key + "\r\n";
        QTest::newRow("other path") << QByteArray("/wss") << QByteArray(version + goodKey) << 404;
        QTest::newRow("below the path") << QByteArray("/ws/a") << QByteArray(version + goodKey) << 404;
        QTest::newRow("no version") << QByteArray("/ws") << goodKey << 400;
        QTest::newRow("old version") << QByteArray("/ws")
                                     << QByteArray("Sec-WebSocket-Version: 8\r\n" + goodKey) << 400;
        QTest::newRow("two versions") << QByteArray("/ws") << QByteArray(version + version + goodKey) << 400;
        QTest::newRow("no key") << QByteArray("/ws") << version << 400;
        QTest::newRow("two keys") << QByteArray("/ws") << QByteArray(version + goodKey + goodKey) << 400;
        QTest::newRow("short key") << QByteArray("/ws") << QByteArray(version + "Sec-WebSocket-Key: YWJj\r\n")
                                   << 400;
        QTest::newRow("key not base64")
            << QByteArray("/ws") << QByteArray(version + "Sec-WebSocket-Key: ????????????????????????\r\n")
            << 400;
    }
    void badHandshakesAreRefused()
    {
        QFETCH(QByteArray, path);
        QFETCH(QByteArray, fields);
        QFETCH(int, status);
        const auto upgrade = check(path, fields);
        QVERIFY(!upgrade);
        QCOMPARE(upgrade.error().status(), status);
    }
};

QTEST_GUILESS_MAIN(WebSocketUpgradeTest)
#include "tst_websocketupgrade.moc"
