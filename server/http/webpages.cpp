// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/webpages.h"

#include "server/net/httpgrammar.h"

#include <QCryptographicHash>
#include <QDirIterator>
#include <QFile>

#include <algorithm>
#include <string_view>
#include <utility>

/// Outside of any namespace, as Qt wants it. A linker drops the resources of a static library unless somebody
/// asks for them.
static void loadResources()
{
    Q_INIT_RESOURCE(web);
}

namespace msgsrv {

namespace {

struct MediaTypeOfSuffix
{
    const char *suffix;
    const char *contentType;
};

constexpr MediaTypeOfSuffix mediaTypes[] = {
    {".html", "text/html; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".d.ts", "application/typescript; charset=utf-8"},
    {".json", "application/json"},
    {".webmanifest", "application/manifest+json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".ico", "image/vnd.microsoft.icon"},
    {".woff2", "font/woff2"},
    {".txt", "text/plain; charset=utf-8"},
};

QByteArray contentTypeOf(const QString &name)
{
    for (const auto &[suffix, contentType] : mediaTypes) {
        if (name.endsWith(QLatin1String(suffix)))
            return contentType;
    }
    return {};
}

/// If-None-Match (RFC 9110, 13.1.2): `*` or a list of entity tags, compared weakly.
bool matches(const QByteArray &ifNoneMatch, const QByteArray &etag)
{
    std::string_view list(ifNoneMatch.constData(), std::size_t(ifNoneMatch.size()));
    while (!list.empty()) {
        const std::size_t end = std::min(list.find(','), list.size()); // our tags hold no comma
        std::string_view tag = http::trimmed(list.substr(0, end));
        if (tag.substr(0, 2) == "W/")
            tag.remove_prefix(2);
        if (tag == "*" || tag == std::string_view(etag.constData(), std::size_t(etag.size())))
            return true;
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return false;
}

} // namespace

WebPages::WebPages(ListeningAddress listeningAddress, const QString &folder)
    : m_listeningAddress(std::move(listeningAddress))
{
    loadResources();
    QDirIterator files(folder, QDir::Files, QDirIterator::Subdirectories);
    while (files.hasNext()) {
        QFile source(files.next());
        if (!source.open(QIODevice::ReadOnly))
            qFatal("cannot read %s", qPrintable(source.fileName()));
        const QString name = source.fileName().mid(folder.size() + 1);
        File file;
        file.isPage = name == QLatin1String("index.html");
        file.path = file.isPage ? QByteArray("/") : '/' + name.toUtf8();
        file.contentType = contentTypeOf(name);
        Q_ASSERT_X(!file.contentType.isNull(), "WebPages", qPrintable(name));
        file.content = source.readAll();
        file.etag = '"' + QCryptographicHash::hash(file.content, QCryptographicHash::Sha256).toHex() + '"';
        file.isForAllOrigins = name.startsWith(QLatin1String("messaging-client"));
        m_files.push_back(std::move(file));
    }
}

std::vector<HttpRoute> WebPages::routes() const
{
    std::vector<HttpRoute> routes;
    for (const File &file : m_files) {
        routes.push_back(
            {file.path, {"GET"}, [this, &file](const HttpRequest &request, const HttpReply &reply) {
                 reply(respond(file, request));
             }});
    }
    return routes;
}

HttpResponse WebPages::respond(const File &file, const HttpRequest &request) const
{
    HttpResponse response;
    response.headers = {{"Cache-Control", "no-cache"},
                        {"ETag", file.etag},
                        {"X-Content-Type-Options", "nosniff"},
                        {"Referrer-Policy", "no-referrer"}};
    if (file.isForAllOrigins)
        response.headers.emplace_back("Access-Control-Allow-Origin", "*");
    if (file.isPage) {
        response.headers.emplace_back("Content-Security-Policy", securityPolicy(request));
        response.headers.emplace_back("Permissions-Policy", "camera=(self), microphone=(self)");
    }
    if (matches(request.header("if-none-match"), file.etag)) {
        response.status = 304;
        return response;
    }
    response.headers.emplace_back("Content-Type", file.contentType);
    response.body = file.content;
    return response;
}

QByteArray WebPages::securityPolicy(const HttpRequest &request) const
{
    QByteArray connectSources("'self'");
    if (const QByteArray stomp = m_listeningAddress.cspSource(request); !stomp.isEmpty())
        connectSources += ' ' + stomp;
    return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
           "media-src 'self' blob:; worker-src 'self'; manifest-src 'self'; connect-src "
        + connectSources + "; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
}

} // namespace msgsrv
