// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QHostAddress>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace msgsrv {

using HttpHeaders = std::vector<std::pair<QByteArray, QByteArray>>;
/// As a parser makes them.
using HttpFields = std::vector<std::pair<std::string, std::string>>;

/// A request that passed the guard: its head was checked strictly and its body is complete.
struct HttpRequest
{
    QByteArray method; ///< upper case token, e.g. "POST"
    QByteArray path; ///< the raw path of the target, without the query, not percent-decoded
    HttpFields headers; ///< in order; names in lower case
    QByteArray body;
    QHostAddress peer; ///< the client; behind a trusted proxy the one it named
    QByteArray host; ///< authority the client used, e.g. "example.org:8443"; never empty
    bool secure = false; ///< the client spoke TLS, to us or to a trusted proxy

    /// The first value of @p name (lower case), or null.
    [[nodiscard]] QByteArray header(std::string_view name) const
    {
        for (const auto &[key, value] : headers) {
            if (key == name)
                return {value.data(), qsizetype(value.size())}; // not null, if empty
        }
        return {};
    }
};

struct HttpResponse
{
    int status = 200;
    HttpHeaders headers; ///< without Content-Length, Date and Connection, which the transport writes
    QByteArray body;
};

/// Answers one request: called once, in the thread that got the request, at once or later. When the client
/// has gone meanwhile the answer is discarded.
using HttpReply = std::function<void(HttpResponse)>;

using HttpHandler = std::function<void(const HttpRequest &, HttpReply)>;

/// One path and what is allowed on it. HEAD is answered by the transport where GET is allowed.
struct HttpRoute
{
    QByteArray path; ///< exact
    std::vector<QByteArray> methods; ///< e.g. {"GET"}, {"POST", "OPTIONS"}: the value of Allow
    HttpHandler handler; ///< called for these methods only
    /// Its POSTs are answered beside QHttpServer when net.engine is "direct".
    bool isHot = false;
    bool isPrefix = false; ///< of all paths that begin with `path`, which ends with a slash, and are longer
};

} // namespace msgsrv
