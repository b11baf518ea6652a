// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/webpages.h"

#include <QCryptographicHash>
#include <QFile>
#include <QSet>
#include <QTemporaryDir>
#include <QTest>

#include <optional>

using namespace msgsrv;

class TestWebPages : public QObject
{
    Q_OBJECT

private slots:
    void initTestCase();
    void servesEveryFileWithItsMediaType_data();
    void servesEveryFileWithItsMediaType();
    void hasThePageAtTheRootOnly();
    void thePageMayTalkToThisServerOnly_data();
    void thePageMayTalkToThisServerOnly();
    void onlyTheClientIsForAllOrigins();
    void answers304ToWhoHasTheFile_data();
    void answers304ToWhoHasTheFile();
    void theProgramHasThePageAndTheClient();

private:
    void write(const char *name, const QByteArray &content);
    QTemporaryDir m_folder;
};

namespace {

const ListeningAddress listener{{}, 15674, false, "/ws"};

std::optional<HttpResponse> get(const WebPages &pages, const QByteArray &path,
                                const QByteArray &ifNoneMatch = {},
                                const QByteArray &host = "example.org:8080", bool secure = false)
{
    HttpRequest request;
    request.method = "GET";
    request.path = path;
    request.host = host;
    request.secure = secure;
    if (!ifNoneMatch.isNull())
        request.headers.emplace_back("if-none-match", ifNoneMatch);
    std::optional<HttpResponse> result;
    for (const HttpRoute &route : pages.routes()) {
        if (route.path == path)
            route.handler(request, [&result](HttpResponse response) { result = std::move(response); });
    }
    return result;
}

QByteArray headerOf(const HttpResponse &response, const QByteArray &name)
{
    for (const auto &[key, value] : response.headers) {
        if (key == name)
            return value;
    }
    return {};
}

QByteArray etagOf(const QByteArray &content)
{
    return '"' + QCryptographicHash::hash(content, QCryptographicHash::Sha256).toHex() + '"';
}

} // namespace

void TestWebPages::write(const char *name, const QByteArray &content)
{
    QFile file(m_folder.filePath(QLatin1String(name)));
    QVERIFY(file.open(QIODevice::WriteOnly));
    QCOMPARE(file.write(content), content.size());
}

void TestWebPages::initTestCase()
{
    write("index.html", "<!doctype html>");
    write("style.css", "body {}");
    write("app.js", "import './messaging-client.js';");
    write("messaging-client.js", "export {};");
    write("messaging-client.d.ts", "export {};");
    write("icon.svg", "<svg/>");
}

void TestWebPages::servesEveryFileWithItsMediaType_data()
{
    QTest::addColumn<QByteArray>("path");
    QTest::addColumn<QByteArray>("contentType");
    QTest::addColumn<QByteArray>("body");
    const auto row = [](const char *path, const char *contentType, const char *body) {
        QTest::newRow(path) << QByteArray(path) << QByteArray(contentType) << QByteArray(body);
    };
    row("/", "text/html; charset=utf-8", "<!doctype html>");
    row("/style.css", "text/css; charset=utf-8", "body {}");
    row("/app.js", "text/javascript; charset=utf-8", "import './messaging-client.js';");
    row("/messaging-client.js", "text/javascript; charset=utf-8", "export {};");
    row("/messaging-client.d.ts", "application/typescript; charset=utf-8", "export {};");
    row("/icon.svg", "image/svg+xml", "<svg/>");
}

void TestWebPages::servesEveryFileWithItsMediaType()
{
    QFETCH(QByteArray, path);
    QFETCH(QByteArray, contentType);
    QFETCH(QByteArray, body);
    const WebPages pages(listener, m_folder.path());
    const auto response = get(pages, path);
    QVERIFY(response);
    QCOMPARE(response->status, 200);
    QCOMPARE(response->body, body);
    QCOMPARE(headerOf(*response, "Content-Type"), contentType);
    QCOMPARE(headerOf(*response, "ETag"), etagOf(body));
    QCOMPARE(headerOf(*response, "Cache-Control"), QByteArray("no-cache"));
    QCOMPARE(headerOf(*response, "X-Content-Type-Options"), QByteArray("nosniff"));
    QCOMPARE(headerOf(*response, "Referrer-Policy"), QByteArray("no-referrer"));
}

void TestWebPages::hasThePageAtTheRootOnly()
{
    const WebPages pages(listener, m_folder.path());
    QCOMPARE(pages.routes().size(), std::size_t(6));
    QVERIFY(!get(pages, "/index.html"));
    for (const HttpRoute &route : pages.routes())
        QCOMPARE(route.methods, std::vector<QByteArray>{"GET"});
}

void TestWebPages::thePageMayTalkToThisServerOnly_data()
{
    QTest::addColumn<QByteArray>("host");
    QTest::addColumn<bool>("secure");
    QTest::addColumn<QByteArray>("connectSources");
    QTest::newRow("plain") << QByteArray("example.org:8080") << false
                           << QByteArray("'self' ws://example.org:15674");
    QTest::newRow("TLS") << QByteArray("example.org") << true << QByteArray("'self' wss://example.org:15674");
    QTest::newRow("IPv6") << QByteArray("[::1]:8080") << false << QByteArray("'self' ws:");
    QTest::newRow("no host") << QByteArray("a;b") << false << QByteArray("'self'");
}

void TestWebPages::thePageMayTalkToThisServerOnly()
{
    QFETCH(QByteArray, host);
    QFETCH(bool, secure);
    QFETCH(QByteArray, connectSources);
    const WebPages pages(listener, m_folder.path());
    const auto response = get(pages, "/", {}, host, secure);
    QCOMPARE(headerOf(*response, "Content-Security-Policy"),
             "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src "
             "'self' blob:; "
             "worker-src 'self'; manifest-src 'self'; connect-src "
                 + connectSources + "; base-uri 'none'; form-action 'self'; frame-ancestors 'none'");
    QCOMPARE(headerOf(*response, "Permissions-Policy"), QByteArray("camera=(self), microphone=(self)"));
}

void TestWebPages::onlyTheClientIsForAllOrigins()
{
    const WebPages pages(listener, m_folder.path());
    for (const HttpRoute &route : pages.routes()) {
        const bool isClient = route.path.startsWith("/messaging-client");
        QCOMPARE(headerOf(*get(pages, route.path), "Access-Control-Allow-Origin"),
                 isClient ? QByteArray("*") : QByteArray());
    }
}

void TestWebPages::answers304ToWhoHasTheFile_data()
{
    QTest::addColumn<QByteArray>("ifNoneMatch");
    QTest::addColumn<int>("status");
    const QByteArray etag = etagOf("<!doctype html>");
    QTest::newRow("absent") << QByteArray() << 200;
    QTest::newRow("the same") << etag << 304;
    QTest::newRow("weak") << "W/" + etag << 304;
    QTest::newRow("in a list") << "\"x\" , " + etag + ", \"y\"" << 304;
    QTest::newRow("any") << QByteArray("*") << 304;
    QTest::newRow("another") << etagOf("x") << 200;
    QTest::newRow("without quotes") << etag.mid(1, 64) << 200;
    QTest::newRow("empty") << QByteArray("") << 200;
    QTest::newRow("commas") << QByteArray(",,") << 200;
}

void TestWebPages::answers304ToWhoHasTheFile()
{
    QFETCH(QByteArray, ifNoneMatch);
    QFETCH(int, status);
    const WebPages pages(listener, m_folder.path());
    const auto response = get(pages, "/", ifNoneMatch);
    QCOMPARE(response->status, status);
    QCOMPARE(response->body.isEmpty(), status == 304);
    QCOMPARE(headerOf(*response, "ETag"), etagOf("<!doctype html>"));
    QVERIFY(!headerOf(*response, "Content-Security-Policy").isEmpty());
}

void TestWebPages::theProgramHasThePageAndTheClient()
{
    const WebPages pages(listener);
    QSet<QByteArray> paths;
    for (const HttpRoute &route : pages.routes())
        paths.insert(route.path);
    QVERIFY(paths.contains("/"));
    QVERIFY(paths.contains("/messaging-client.js"));
    QVERIFY(paths.contains("/messaging-client.d.ts"));
}

QTEST_APPLESS_MAIN(TestWebPages)
#include "tst_webpages.moc"
