// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/http.h"

#include <vector>

namespace msgsrv {

/// Which handler answers a request: the same for both ways in which requests are carried (QHttpServer, and
/// the direct one). Belongs to one thread.
class HttpRouter
{
public:
    explicit HttpRouter(std::vector<HttpRoute> routes)
        : m_routes(std::move(routes))
    { }

    [[nodiscard]] const std::vector<HttpRoute> &routes() const { return m_routes; }
    /// Null when there is no such path.
    [[nodiscard]] const HttpRoute *find(const QByteArray &path) const;
    /// The value of Allow for @p path; null when there is no such path.
    [[nodiscard]] QByteArray allowed(const QByteArray &path) const;

    /// Calls the handler, or answers 404 or 405.
    void serve(const HttpRequest &request, const HttpReply &reply) const;

private:
    const std::vector<HttpRoute> m_routes;
};

} // namespace msgsrv
