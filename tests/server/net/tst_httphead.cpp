// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/httphead.h"
#include "server/net/httpheadparser.h"

#include <QTest>

#include <random>

using namespace msgsrv;

namespace {

/// A head that is good but for what the test puts into it.
QByteArray withField(const QByteArray &line)
{
    return "GET / HTTP/1.1\r\nHost: a\r\n" + line + "\r\n\r\n";
}

QByteArray withRequestLine(const QByteArray &line)
{
    return line + "\r\nHost: a\r\n\r\n";
}

std::string_view view(const QByteArray &bytes)
{
    return {bytes.constData(), std::size_t(bytes.size())};
}

/// The status of the error, 200 for a complete head, 0 for an incomplete one.
int statusOf(const HttpHeadResult &result)
{
    if (const auto *error = std::get_if<HttpHeadError>(&result))
        return error->status;
    return std::holds_alternative<HttpHeadComplete>(result) ? 200 : 0;
}

HttpHead headOf(const QByteArray &bytes)
{
    auto result = parseHttpHead(view(bytes));
    if (auto *complete = std::get_if<HttpHeadComplete>(&result))
        return std::move(complete->head);
    qWarning("no complete head: status %d", statusOf(result));
    return {};
}

} // namespace

class HttpHeadTest : public QObject
{
    Q_OBJECT

private slots:
    void aRequestHeadIsTakenApart();
    void goodHeads_data();
    void goodHeads();
    void malformedHeads_data();
    void malformedHeads();
    void everyBeginningOfAGoodHeadIsIncomplete();
    void aHeadSentByteByByteReadsTheSame_data();
    void aHeadSentByteByByteReadsTheSame();
    void aFaultIsToldBeforeTheHeadEnds_data();
    void aFaultIsToldBeforeTheHeadEnds();
    void aFaultStaysUntilReset();
    void limitsAreExact_data();
    void limitsAreExact();
    void theBodyBeginsWhereTheHeadEnds();
    void pipelinedHeadsAreReadOneByOne();
    void framing_data();
    void framing();
    void connectionOptions_data();
    void connectionOptions();
    void hosts_data();
    void hosts();
    void expectations_data();
    void expectations();
    void damagedHeadsNeverReadPastTheirEnd();
};

void HttpHeadTest::aRequestHeadIsTakenApart()
{
    const auto head
        = headOf("POST /exchange?a=1?b HTTP/1.1\r\nHost: Example.org:8443\r\nContent-Length: 12\r\n"
                 "X-Thing:\t two words \t\r\nX-THING:\r\n\r\n");
    QCOMPARE(head.method, "POST");
    QCOMPARE(head.target, "/exchange?a=1?b");
    QCOMPARE(head.path, "/exchange");
    QVERIFY(head.hasQuery);
    QCOMPARE(head.query, "a=1?b");
    QCOMPARE(head.host, "Example.org:8443");
    QCOMPARE(head.minorVersion, 1);
    QCOMPARE(head.contentLength, 12);
    QVERIFY(head.hasContentLength);
    QVERIFY(head.keepAlive);
    QVERIFY(!head.expectContinue);
    QVERIFY(!head.upgradeWebSocket);
    QCOMPARE(head.headers.size(), std::size_t(4));
    QCOMPARE(*head.find("x-thing"), "two words");
    QCOMPARE(head.headers.back().second, "");
    QCOMPARE(head.count("x-thing"), std::size_t(2));
    QCOMPARE(head.find("x-other"), nullptr);
}

void HttpHeadTest::goodHeads_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<QByteArray>("path");

    const auto add = [](const char *name, const QByteArray &bytes, const char *path = "/") {
        QTest::newRow(name) << bytes << QByteArray(path);
    };
    add("least", withRequestLine("GET / HTTP/1.1"));
    add("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n");
    add("HTTP/1.0 with Host", withRequestLine("GET / HTTP/1.0"));
    add("one empty line before", "\r\n" + withRequestLine("GET / HTTP/1.1"));
    add("unknown method", withRequestLine("BREW /pot HTTP/1.1"), "/pot");
    add("method with every kind of tchar", withRequestLine("!#$%&'*+-.^_`|~09aZ / HTTP/1.1"));
    add("lower-case method stays itself", withRequestLine("get / HTTP/1.1"));
    add("asterisk", withRequestLine("OPTIONS * HTTP/1.1"), "*");
    add("empty query", withRequestLine("GET /x? HTTP/1.1"), "/x");
    add("percent-encoded", withRequestLine("GET /%C3%a4%00 HTTP/1.1"), "/%C3%a4%00");
    add("dots and double slashes stay", withRequestLine("GET //a/../b HTTP/1.1"), "//a/../b");
    add("what browsers leave unescaped", withRequestLine("GET /a[1]|^?{x}` HTTP/1.1"), "/a[1]|^");
    add("absolute form", withRequestLine("GET http://b.example:81/p?q HTTP/1.1"), "/p");
    add("absolute form, upper case", withRequestLine("GET HTTPS://b.example/p HTTP/1.1"), "/p");
    add("absolute form without path", withRequestLine("GET http://b HTTP/1.1"));
    add("absolute form, query without path", withRequestLine("GET http://b?x=1 HTTP/1.1"));
    add("empty value", withField("X-Empty:"));
    add("blank value", withField("X-Empty: \t "));
    add("tab inside a value", withField("X: a\tb"));
    add("bytes above 0x7F in a value", withField("X: \xC3\xA4\xFF"));
    add("colons in a value", withField("X:a:b::c"));
    add("name of every kind of tchar", withField("!#$%&'*+-.^_`|~09aZ: 1"));
    add("unknown Upgrade", withField("Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings"));
}

void HttpHeadTest::goodHeads()
{
    QFETCH(const QByteArray, bytes);
    QFETCH(const QByteArray, path);
    const auto result = parseHttpHead(view(bytes));
    const auto *complete = std::get_if<HttpHeadComplete>(&result);
    QVERIFY2(complete, qPrintable(QString::number(statusOf(result))));
    QCOMPARE(complete->consumed, std::size_t(bytes.size()));
    QCOMPARE(QByteArray::fromStdString(complete->head.path), path);
}

void HttpHeadTest::malformedHeads_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("status");

    const auto add = [](const char *name, const QByteArray &bytes, int status = 400) {
        QTest::newRow(name) << bytes << status;
    };
    // line ends
    add("bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n");
    add("bare LF after a field", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n");
    add("bare LF as the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n");
    add("only LF", "GET / HTTP/1.1\nHost: a\n\n");
    add("LF first", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");
    add("bare CR in a value", withField("X: a\rb"));
    add("CR CR LF", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n");
    add("two empty lines before", "\r\n\r\n" + withRequestLine("GET / HTTP/1.1"));
    add("blank before", " " + withRequestLine("GET / HTTP/1.1"));
    // request line
    add("only a method", withRequestLine("GET"));
    add("no version (HTTP/0.9)", withRequestLine("GET /"));
    add("no target", withRequestLine("GET HTTP/1.1"));
    add("two blanks after the method", withRequestLine("GET  / HTTP/1.1"));
    add("two blanks before the version", withRequestLine("GET /  HTTP/1.1"));
    add("blank after the version", withRequestLine("GET / HTTP/1.1 "));
    add("tab instead of a blank", withRequestLine("GET\t/\tHTTP/1.1"));
    add("blank in the target", withRequestLine("GET /a b HTTP/1.1"));
    add("method with a separator", withRequestLine("GE(T / HTTP/1.1"));
    add("method with a byte above 0x7F", withRequestLine("G\xC3\x84T / HTTP/1.1"));
    add("empty method", withRequestLine(" / HTTP/1.1"));
    add("method too long", withRequestLine(QByteArray(33, 'A') + " / HTTP/1.1"), 501);
    add("CONNECT", withRequestLine("CONNECT a:443 HTTP/1.1"), 501);
    add("version in lower case", withRequestLine("GET / http/1.1"));
    add("version without a minor", withRequestLine("GET / HTTP/1"));
    add("version with two digits", withRequestLine("GET / HTTP/1.10"));
    add("version with a comma", withRequestLine("GET / HTTP/1,1"));
    add("version of letters", withRequestLine("GET / HTTP/x.y"));
    add("HTTP/1.2", withRequestLine("GET / HTTP/1.2"), 505);
    add("HTTP/2.0", withRequestLine("GET / HTTP/2.0"), 505);
    add("HTTP/0.9", withRequestLine("GET / HTTP/0.9"), 505);
    add("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505);
    add("SIP", withRequestLine("OPTIONS sip:a@b SIP/2.0"));
    // target
    add("target without a slash", withRequestLine("GET index.html HTTP/1.1"));
    add("asterisk with GET", withRequestLine("GET * HTTP/1.1"));
    add("authority form", withRequestLine("GET a:80 HTTP/1.1"));
    add("other scheme", withRequestLine("GET ftp://a/ HTTP/1.1"));
    add("ws scheme", withRequestLine("GET ws://a/ HTTP/1.1"));
    add("absolute form without authority", withRequestLine("GET http:///x HTTP/1.1"));
    add("absolute form with a user", withRequestLine("GET http://u:p@a/ HTTP/1.1"));
    add("absolute form with a bad port", withRequestLine("GET http://a:99999/ HTTP/1.1"));
    add("fragment", withRequestLine("GET /#top HTTP/1.1"));
    add("fragment in the query", withRequestLine("GET /?a#top HTTP/1.1"));
    add("backslash", withRequestLine("GET /\\a HTTP/1.1"));
    add("quote", withRequestLine("GET /\" HTTP/1.1"));
    add("angle bracket", withRequestLine("GET /<script> HTTP/1.1"));
    add("raw UTF-8", withRequestLine("GET /\xC3\xA4 HTTP/1.1"));
    add("broken percent-encoding", withRequestLine("GET /%zz HTTP/1.1"));
    add("cut percent-encoding", withRequestLine("GET /%4 HTTP/1.1"));
    add("cut percent-encoding in the query", withRequestLine("GET /?% HTTP/1.1"));
    // fields
    add("no colon", withField("Nonsense"));
    add("empty name", withField(": value"));
    add("blank before the colon", withField("X : 1"));
    add("tab before the colon", withField("X\t: 1"));
    add("blank in a name", withField("X Y: 1"));
    add("separator in a name", withField("X(Y): 1"));
    add("byte above 0x7F in a name", withField("X\xC3\xA4: 1"));
    add("folded line", withField("X: 1\r\n 2"));
    add("folded with a tab", withField("X: 1\r\n\t2"));
    add("blank before the first field", "GET / HTTP/1.1\r\n Host: a\r\n\r\n");
    add("line of blanks", withField("   "));
    add("NUL in a value", withField(QByteArray("X: a\0b", 6)));
    add("NUL in a name", withField(QByteArray("X\0: a", 5)));
    add("escape in a value", withField("X: \x1B[31m"));
    add("DEL in a value", withField("X: \x7F"));
    add("vertical tab in a value", withField("X: a\vb"));
    add("NUL in the target", withRequestLine(QByteArray("GET /\0 HTTP/1.1", 15)));
    // Host
    add("no Host", "GET / HTTP/1.1\r\n\r\n");
    add("two Hosts", withField("Host: a"));
    add("two Hosts, HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nhost: b\r\n\r\n");
    add("no Host with an absolute target", "GET http://a/ HTTP/1.1\r\n\r\n");
    // framing
    add("two lengths", withField("Content-Length: 1\r\nContent-Length: 2"));
    add("two equal lengths", withField("Content-Length: 1\r\nContent-Length: 1"));
    add("list of lengths", withField("Content-Length: 1, 1"));
    add("signed length", withField("Content-Length: +1"));
    add("negative length", withField("Content-Length: -1"));
    add("hexadecimal length", withField("Content-Length: 0x10"));
    add("length with a unit",
        withField("Content-Length: 1 "
                  "B"));
    add("length with an inner blank", withField("Content-Length: 1 0"));
    add("length with a fraction", withField("Content-Length: 1.0"));
    add("empty length", withField("Content-Length:"));
    add("length beyond 63 bits", withField("Content-Length: 9223372036854775808"));
    add("length far beyond", withField("Content-Length: 99999999999999999999999999"));
    add("length of other digits", withField("Content-Length: \xD9\xA1"));
    add("chunked", withField("Transfer-Encoding: chunked"), 411);
    add("identity", withField("Transfer-Encoding: identity"), 411);
    add("empty Transfer-Encoding", withField("Transfer-Encoding:"), 411);
    add("chunked and a length", withField("Transfer-Encoding: chunked\r\nContent-Length: 3"));
    add("a length and chunked", withField("Content-Length: 3\r\ntransfer-encoding: xchunked"));
    add("hidden chunked", withField("Transfer-Encoding : chunked"));
    // expectations
    add("unknown expectation", withField("Expect: 200-ok"), 417);
    add("empty expectation", withField("Expect:"), 417);
    add("list of expectations", withField("Expect: 100-continue, x"), 417);
    add("two expectations", withField("Expect: 100-continue\r\nExpect: 100-continue"), 417);
    // other protocols
    add("TLS ClientHello", QByteArray::fromHex("16030100c8010000c40303"));
    add("SSH", "SSH-2.0-OpenSSH_9.2\r\n");
    add("STOMP", "CONNECT\naccept-version:1.2\n\n");
    add("SMTP", "EHLO a\r\n");
}

void HttpHeadTest::malformedHeads()
{
    QFETCH(const QByteArray, bytes);
    QFETCH(const int, status);
    const auto result = parseHttpHead(view(bytes));
    QCOMPARE(statusOf(result), status);
    QVERIFY(std::get<HttpHeadError>(result).detail.ends_with('.'));

    // the same fault, however the bytes are cut
    HttpHeadParser parser;
    int found = 0;
    for (qsizetype i = 1; i <= bytes.size() && found == 0; ++i)
        found = statusOf(parser.parse(view(bytes.first(i))));
    QCOMPARE(found, status);
}

void HttpHeadTest::everyBeginningOfAGoodHeadIsIncomplete()
{
    const QByteArray whole = "\r\nPOST /connect HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
    for (qsizetype i = 0; i < whole.size(); ++i)
        QCOMPARE(statusOf(parseHttpHead(view(whole.first(i)))), 0);
    QCOMPARE(statusOf(parseHttpHead(view(whole))), 200);
}

void HttpHeadTest::aHeadSentByteByByteReadsTheSame_data()
{
    goodHeads_data();
}

void HttpHeadTest::aHeadSentByteByByteReadsTheSame()
{
    QFETCH(const QByteArray, bytes);
    const auto whole = headOf(bytes);
    HttpHeadParser parser;
    QVERIFY(parser.isIdle());
    for (qsizetype i = 1; i < bytes.size(); ++i)
        QCOMPARE(statusOf(parser.parse(view(bytes.first(i)))), 0);
    QVERIFY(!parser.isIdle());
    const auto result = parser.parse(view(bytes));
    const auto *complete = std::get_if<HttpHeadComplete>(&result);
    QVERIFY(complete);
    QCOMPARE(complete->head.target, whole.target);
    QCOMPARE(complete->head.path, whole.path);
    QCOMPARE(complete->head.query, whole.query);
    QCOMPARE(complete->head.host, whole.host);
    QVERIFY(complete->head.headers == whole.headers);
}

void HttpHeadTest::aFaultIsToldBeforeTheHeadEnds_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("status");
    QTest::newRow("bad version") << QByteArray("GET / HTTP/3.0\r\n") << 505;
    QTest::newRow("control character") << QByteArray("GET /\x01") << 400;
    QTest::newRow("endless method") << QByteArray(33, 'A') << 501;
    QTest::newRow("endless target") << "GET /" + QByteArray(8 * 1024, 'a') << 414;
    QTest::newRow("endless header") << "GET / HTTP/1.1\r\nX: " + QByteArray(16 * 1024, 'a') << 431;
    QTest::newRow("no colon") << QByteArray("GET / HTTP/1.1\r\nfoo\r\n") << 400;
}

void HttpHeadTest::aFaultIsToldBeforeTheHeadEnds()
{
    QFETCH(const QByteArray, bytes);
    QFETCH(const int, status);
    QCOMPARE(statusOf(parseHttpHead(view(bytes))), status);
}

void HttpHeadTest::aFaultStaysUntilReset()
{
    HttpHeadParser parser;
    QCOMPARE(statusOf(parser.parse("GET / HTTP/3.0\r\n")), 505);
    QCOMPARE(statusOf(parser.parse("GET / HTTP/3.0\r\nHost: a\r\n\r\n")), 505);
    parser.reset();
    QVERIFY(parser.isIdle());
    QCOMPARE(statusOf(parser.parse("GET / HTTP/1.1\r\nHost: a\r\n\r\n")), 200);
}

void HttpHeadTest::limitsAreExact_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<int>("status");

    // limits of the test: 200 bytes of head, 4 headers, 20 bytes of target
    const QByteArray start = "GET / HTTP/1.1\r\nHost: a\r\nX: ";
    const auto fill
        = [&](qsizetype total) { return start + QByteArray(total - start.size() - 4, 'x') + "\r\n\r\n"; };
    QTest::newRow("head of 200 bytes") << fill(200) << 200;
    QTest::newRow("head of 201 bytes") << fill(201) << 431;
    QTest::newRow("head of 200 bytes and a body") << fill(200) + "body" << 200;
    QTest::newRow("200 bytes without an end") << fill(300).first(200) << 0;
    QTest::newRow("201 bytes without an end") << fill(300).first(201) << 431;
    QTest::newRow("4 headers") << withField("A: 1\r\nB: 2\r\nC: 3") << 200;
    QTest::newRow("5 headers") << withField("A: 1\r\nB: 2\r\nC: 3\r\nD: 4") << 431;
    QTest::newRow("target of 20 bytes")
        << withRequestLine("GET /" + QByteArray(19, 'a') + " HTTP/1.1") << 200;
    QTest::newRow("target of 21 bytes")
        << withRequestLine("GET /" + QByteArray(20, 'a') + " HTTP/1.1") << 414;
    QTest::newRow("target without an end, 20 bytes") << "GET /" + QByteArray(19, 'a') << 0;
    QTest::newRow("target without an end, 21 bytes") << "GET /" + QByteArray(20, 'a') << 414;
    QTest::newRow("method of 32 bytes") << withRequestLine(QByteArray(32, 'M') + " / HTTP/1.1") << 200;
    QTest::newRow("method of 33 bytes") << withRequestLine(QByteArray(33, 'M') + " / HTTP/1.1") << 501;
}

void HttpHeadTest::limitsAreExact()
{
    QFETCH(const QByteArray, bytes);
    QFETCH(const int, status);
    HttpHeadLimits limits;
    limits.headBytes = 200;
    limits.headerCount = 4;
    limits.targetBytes = 20;
    QCOMPARE(statusOf(parseHttpHead(view(bytes), limits)), status);

    HttpHeadParser parser(limits);
    int found = 0;
    for (qsizetype i = 1; i <= bytes.size() && found == 0; ++i)
        found = statusOf(parser.parse(view(bytes.first(i))));
    QCOMPARE(found, status);
}

void HttpHeadTest::theBodyBeginsWhereTheHeadEnds()
{
    const QByteArray head = "\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n";
    const auto result = parseHttpHead(view(head + QByteArray("\0\n\r\x01", 4)));
    QCOMPARE(std::get<HttpHeadComplete>(result).consumed, std::size_t(head.size()));
}

void HttpHeadTest::pipelinedHeadsAreReadOneByOne()
{
    const QByteArray both = "GET /one HTTP/1.1\r\nHost: a\r\n\r\nGET /two HTTP/1.1\r\nHost: a\r\n\r\n";
    HttpHeadParser parser;
    const auto first = std::get<HttpHeadComplete>(parser.parse(view(both)));
    QCOMPARE(first.head.path, "/one");
    parser.reset();
    const auto second = std::get<HttpHeadComplete>(parser.parse(view(both).substr(first.consumed)));
    QCOMPARE(second.head.path, "/two");
    QCOMPARE(first.consumed + second.consumed, std::size_t(both.size()));
}

void HttpHeadTest::framing_data()
{
    QTest::addColumn<QByteArray>("field");
    QTest::addColumn<qlonglong>("length");
    QTest::newRow("zero") << QByteArray("Content-Length: 0") << 0LL;
    QTest::newRow("leading zeros") << QByteArray("content-LENGTH:0012") << 12LL;
    QTest::newRow("outer blanks") << QByteArray("Content-Length:\t 7 \t") << 7LL;
    QTest::newRow("largest") << QByteArray("Content-Length: 9223372036854775807") << 9223372036854775807LL;
}

void HttpHeadTest::framing()
{
    QFETCH(const QByteArray, field);
    QFETCH(const qlonglong, length);
    const auto head = headOf(withField(field));
    QVERIFY(head.hasContentLength);
    QCOMPARE(qlonglong(head.contentLength), length);
    QVERIFY(!headOf(withField("X: y")).hasContentLength);
}

void HttpHeadTest::connectionOptions_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<bool>("keepAlive");
    QTest::addColumn<bool>("webSocket");

    const auto old
        = [](const QByteArray &fields) { return "GET / HTTP/1.0\r\nHost: a\r\n" + fields + "\r\n\r\n"; };
    QTest::newRow("1.1") << withField("X: y") << true << false;
    QTest::newRow("1.1 close") << withField("Connection: close") << false << false;
    QTest::newRow("1.1 Close in a list") << withField("Connection: x,\t Close ,y") << false << false;
    QTest::newRow("1.1 close in a second field")
        << withField("Connection: x\r\nConnection: close") << false << false;
    QTest::newRow("1.1 closed is not close") << withField("Connection: closed") << true << false;
    QTest::newRow("1.0") << old("X: y") << false << false;
    QTest::newRow("1.0 keep-alive") << old("Connection: Keep-Alive") << true << false;
    QTest::newRow("1.0 keep-alive, close") << old("Connection: keep-alive, close") << false << false;
    QTest::newRow("WebSocket") << withField("Upgrade: websocket\r\nConnection: Upgrade") << true << true;
    QTest::newRow("WebSocket as Firefox")
        << withField("Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket") << true << true;
    QTest::newRow("WebSocket among others")
        << withField("Upgrade: h2c, websocket\r\nConnection: upgrade") << true << true;
    QTest::newRow("Upgrade without Connection") << withField("Upgrade: websocket") << true << false;
    QTest::newRow("Connection without Upgrade") << withField("Connection: Upgrade") << true << false;
    QTest::newRow("WebSocket by HTTP/1.0")
        << old("Upgrade: websocket\r\nConnection: Upgrade") << false << false;
    QTest::newRow("WebSocket by POST") << QByteArray("POST / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                                                     "Connection: Upgrade\r\n\r\n")
                                       << true << false;
    QTest::newRow("WebSocket with a body")
        << withField("Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 1") << true << false;
}

void HttpHeadTest::connectionOptions()
{
    QFETCH(const QByteArray, bytes);
    QFETCH(const bool, keepAlive);
    QFETCH(const bool, webSocket);
    const auto head = headOf(bytes);
    QVERIFY(!head.method.empty());
    QCOMPARE(head.keepAlive, keepAlive);
    QCOMPARE(head.upgradeWebSocket, webSocket);
}

void HttpHeadTest::hosts_data()
{
    QTest::addColumn<QByteArray>("host");
    QTest::addColumn<bool>("good");

    for (const char *good :
         {"a", "example.org", "EXAMPLE.org:8443", "127.0.0.1:8080", "a_b-c~d", "[::1]", "[::1]:80",
          "[2001:DB8::1]:65535", "[::ffff:127.0.0.1]", "a:0", "xn--bcher-kva.example"})
        QTest::newRow(good) << QByteArray(good) << true;
    for (const char *bad : {"",
                            "a:",
                            "a:65536",
                            "a:123456",
                            "a:-1",
                            "a:80:80",
                            ":80",
                            "a b",
                            "a,b",
                            "a;b",
                            "a'b",
                            "a/b",
                            "a@b",
                            "a?b",
                            "a#b",
                            "http://a",
                            "::1",
                            "[::1",
                            "[]",
                            "[::1]x",
                            "[::1]:",
                            "[::g]",
                            "[fe80::1%25eth0]",
                            "[1.2.3.4]",
                            "[v1.x]",
                            "a%41",
                            "b\xC3\xBC"
                            "cher.example"})
        QTest::addRow("bad '%s'", bad) << QByteArray(bad) << false;
    QTest::newRow("name of 255") << QByteArray(255, 'a') << true;
    QTest::newRow("name of 256") << QByteArray(256, 'a') << false;
    QTest::newRow("name of 255 with port") << QByteArray(255, 'a') + ":65535" << true;
}

void HttpHeadTest::hosts()
{
    QFETCH(const QByteArray, host);
    QFETCH(const bool, good);
    const auto byHost = parseHttpHead(view("GET / HTTP/1.1\r\nHost: " + host + "\r\n\r\n"));
    QCOMPARE(statusOf(byHost), good ? 200 : 400);
    if (!good)
        return;
    QCOMPARE(QByteArray::fromStdString(std::get<HttpHeadComplete>(byHost).head.host), host);
    const auto byTarget = headOf("GET http://" + host + "/x HTTP/1.1\r\nHost: other\r\n\r\n");
    QCOMPARE(QByteArray::fromStdString(byTarget.host), host);
}

void HttpHeadTest::expectations_data()
{
    QTest::addColumn<QByteArray>("bytes");
    QTest::addColumn<bool>("waits");
    QTest::newRow("none") << withField("X: y") << false;
    QTest::newRow("100-continue") << withField("Expect: 100-continue") << true;
    QTest::newRow("100-Continue") << withField("Expect: 100-Continue") << true;
    QTest::newRow("HTTP/1.0") << QByteArray("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n") << false;
}

void HttpHeadTest::expectations()
{
    QFETCH(const QByteArray, bytes);
    QFETCH(const bool, waits);
    QCOMPARE(headOf(bytes).expectContinue, waits);
}

/// Good heads with some bytes changed: whatever comes out, it comes out the same in pieces as in one go, and
/// a complete head keeps the promises of its type.
void HttpHeadTest::damagedHeadsNeverReadPastTheirEnd()
{
    const QByteArray seed = "POST /exchange?x HTTP/1.1\r\nHost: a.example:1\r\nContent-Length: 5\r\n"
                            "Connection: keep-alive, Upgrade\r\nExpect: 100-continue\r\n\r\n";
    static constexpr char alphabet[] = "\0\r\n\t :,;%?#*/0159aZ\x7F\xFF";
    std::mt19937 random(7);
    int complete = 0;
    for (int round = 0; round < 20000; ++round) {
        QByteArray bytes = seed;
        for (auto changes = random() % 3 + 1; changes > 0; --changes)
            bytes[qsizetype(random() % std::size_t(bytes.size()))]
                = alphabet[random() % (sizeof alphabet - 1)];
        const std::vector<char> exact(bytes.begin(), bytes.end()); // ASan sees one byte too many
        const std::string_view all(exact.data(), exact.size());
        const int status = statusOf(parseHttpHead(all));

        HttpHeadParser parser;
        const auto cut = random() % exact.size();
        int inPieces = statusOf(parser.parse(all.substr(0, cut)));
        if (inPieces == 0)
            inPieces = statusOf(parser.parse(all));
        QCOMPARE(inPieces, status);
        if (status == 200) {
            ++complete;
            const auto head = std::get<HttpHeadComplete>(parseHttpHead(all)).head;
            QVERIFY(head.path.front() == '/' || head.path == "*");
            QVERIFY(!head.host.empty() || head.minorVersion == 0);
            QVERIFY(head.contentLength >= 0);
        }
    }
    QVERIFY(complete > 100);
}

QTEST_APPLESS_MAIN(HttpHeadTest)
#include "tst_httphead.moc"
