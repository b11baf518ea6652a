// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/http/listeningaddress.h"
#include "server/net/http.h"

#include <QByteArray>
#include <QString>

#include <vector>

namespace msgsrv {

/// The demo page and the client module, compiled in: `index.html` at `/`, every other file at its own name.
/// Each answer has an ETag, and browsers ask again each time, so that a new release is seen at once.
///
/// The page runs under a Content-Security-Policy that lets it load from and talk to this server only. Files
/// whose name begins with `messaging-client` may be loaded by any page (CORS).
///
/// Belongs to one I/O thread.
class WebPages
{
public:
    /// @p folder holds the files, by default that of the program's resources. Asserts that it knows a media
    /// type for each of them.
    explicit WebPages(ListeningAddress listeningAddress, const QString &folder = QStringLiteral(":/web"));

    /// The routes refer to this object.
    [[nodiscard]] std::vector<HttpRoute> routes() const;

private:
    struct File
    {
        QByteArray path; ///< of the URL
        QByteArray contentType;
        QByteArray content;
        QByteArray etag; ///< with its quotes
        bool isPage = false;
        bool isForAllOrigins = false;
    };

    [[nodiscard]] HttpResponse respond(const File &file, const HttpRequest &request) const;
    [[nodiscard]] QByteArray securityPolicy(const HttpRequest &request) const;

    const ListeningAddress m_listeningAddress;
    std::vector<File> m_files;
};

} // namespace msgsrv
