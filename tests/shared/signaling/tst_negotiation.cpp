// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/signaling/negotiation.h"
#include "shared/signaling/redact.h"

#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QTest>

using namespace msgsrv;

class NegotiationTest final : public QObject
{
    Q_OBJECT

private slots:
    void tells_what_a_content_is_data();
    void tells_what_a_content_is();
    void deep_nesting_costs_no_stack();
    void secrets_are_blanked_data();
    void secrets_are_blanked();
    void the_rest_stays();
    void addresses_are_masked();
};

void NegotiationTest::tells_what_a_content_is_data()
{
    QTest::addColumn<QByteArray>("content");
    QTest::addColumn<QByteArray>("kind");
    const auto row = [](const char *kind, const char *content) {
        QTest::newRow(content) << QByteArray(content) << QByteArray(kind);
    };
    row("offer", R"({"type":"offer","sdp":"v=0\r\n"})");
    row("offer", R"( {"sdp":"v=0\r\n","type":"OFFER"} )");
    row("offer", R"({"offer":{"type":"offer"}})");
    row("offer", R"({"description":{"type":"offer","sdp":""}})");
    row("offer", R"({"sdp":{"type":"offer","sdp":""}})");
    row("offer", R"("{\"type\":\"offer\",\"sdp\":\"v=0\"}")");
    row("offer", R"("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\na=setup:actpass\r\n")");
    row("offer", R"({"jsep":{"type":"offer"}})");
    row("offer", R"({"data":{"payload":{"content":{"type":"offer"}}}})");
    row("answer", R"({"type":"answer","sdp":""})");
    row("answer", R"({"type":"pranswer","sdp":""})");
    row("answer", R"("v=0\r\na=setup:active\r\n")");
    row("answer", R"({"kind":"answer"})");
    row("candidate", R"({"type":"candidate","candidate":{"candidate":"candidate:1 1 udp"}})");
    row("candidate", R"({"candidate":"candidate:1 1 udp","sdpMid":"0","sdpMLineIndex":0})");
    row("candidate", R"({"candidate":"","sdpMid":"0"})");
    row("candidate", R"({"sdpMLineIndex":0})");
    row("candidate", R"("candidate:1 1 udp 1 192.0.2.1 1 typ host")");
    row("candidate", R"([{"candidate":"a"},{"candidate":"b"}])");
    row("candidate", R"({"ice":{"candidate":"x"}})");
    row("bye", R"({"type":"bye"})");
    row("bye", R"({"type":"hangup"})");
    row("bye", R"({"event":"leave"})");
    row("text", R"("hello")");
    row("text", R"("")");
    row("text", R"({"type":"text","text":"offer"})");
    row("text", R"({"text":"x"})");
    row("text", R"("{\"a\":1}")");
    row("other", "{}");
    row("other", R"({"a":{"type":"offer"}})");
    row("other", R"({"type":7})");
    row("other", R"({"offer":null})");
    row("other", "[]");
    row("other", "[1,2]");
    row("other", "42");
    row("other", "null");
    row("other", "true");
    // no JSON, or cut: never an error
    row("other", "");
    row("other", "{");
    row("other", "[{");
    row("other", R"([{"a":"}")");
    row("other", "\"");
    row("other", R"({"type":"offer")");
    row("other", "\xff");
    row("other", R"({"data":{"data":{"data":{"data":{"data":{"type":"offer"}}}}}})"); // too deep
}

void NegotiationTest::tells_what_a_content_is()
{
    QFETCH(QByteArray, content);
    QFETCH(QByteArray, kind);
    QCOMPARE(QByteArray(toString(negotiationKind({content.constData(), std::size_t(content.size())}))), kind);
}

void NegotiationTest::deep_nesting_costs_no_stack()
{
    const std::string brackets(200'000, '[');
    QCOMPARE(negotiationKind(brackets), NegotiationKind::Other);
    std::string objects;
    for (int i = 0; i < 50'000; ++i)
        objects += R"({"data":)";
    QCOMPARE(negotiationKind(objects), NegotiationKind::Other);
    QVERIFY(redactedContent(brackets).isNull());
}

void NegotiationTest::secrets_are_blanked_data()
{
    QTest::addColumn<QByteArray>("content");
    const auto row = [](const char *content) { QTest::newRow(content) << QByteArray(content); };
    row(R"({"type":"offer","sdp":"v=0\r\na=ice-pwd:SECRET\r\na=x\r\n"})");
    row(R"("v=0\r\na=ice-pwd:SECRET\r\n")");
    row(R"("v=0\na=ICE-PWD:SECRET")");
    row(R"({"sdp":"a\u003dice-pwd:SECRET\r\n"})");
    row(R"("{\"sdp\":\"v=0\\r\\na=ice-pwd:SECRET\\r\\n\"}")");
    row(R"({"a":[{"b":{"password":"SECRET"}}]})");
    row(R"({"iceServers":[{"urls":"turn:x","username":"u","credential":"SECRET"}]})");
    row(R"({"accessToken":"SECRET"})");
    row(R"({"Authorization":"SECRET"})");
    row(R"({"key":12345678})");
    row(R"({"x":"queue.AAAAAAAAAAAAASECRET_-A"})");
    row(R"("a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SECRET|2^20\r\n")");
    row(R"({"queue.AAAAAAAAAAAAASECRET_-A":1})");
}

void NegotiationTest::secrets_are_blanked()
{
    QFETCH(QByteArray, content);
    const QJsonValue clean = redactedContent({content.constData(), std::size_t(content.size())});
    const QByteArray shown = QJsonDocument(QJsonArray{clean}).toJson();
    QVERIFY2(!shown.contains("SECRET") && !shown.contains("12345678"), shown.constData());
    QVERIFY2(shown.contains("***"), shown.constData());
}

void NegotiationTest::the_rest_stays()
{
    const auto same
        = [](const char *content, const QJsonValue &value) { QCOMPARE(redactedContent(content), value); };
    same(R"("hello")", QStringLiteral("hello"));
    same("7", 7);
    same("null", QJsonValue::Null);
    same(R"({"type":"offer","sdp":"v=0\r\na=ice-ufrag:abcd\r\n"})",
         QJsonObject{{QStringLiteral("type"), QStringLiteral("offer")},
                     {QStringLiteral("sdp"), QStringLiteral("v=0\r\na=ice-ufrag:abcd\r\n")}});
    same("1,2", QJsonValue::Null); // no single value
}

void NegotiationTest::addresses_are_masked()
{
    QCOMPARE(maskedAddress("192.0.2.77"), QByteArray("192.0.2.0/24"));
    QCOMPARE(maskedAddress("2001:db8:1:2:3::4"), QByteArray("2001:db8:1::/48"));
    QCOMPARE(maskedAddress("fe80::1%eth0"), QByteArray("fe80::/48"));
    QCOMPARE(maskedAddress("example.org"), QByteArray());
    QCOMPARE(maskedAddress(""), QByteArray());
}

QTEST_GUILESS_MAIN(NegotiationTest)
#include "tst_negotiation.moc"
