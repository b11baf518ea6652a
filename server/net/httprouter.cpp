// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/httprouter.h"

#include "server/net/problemresponse.h"

#include <algorithm>

namespace msgsrv {

const HttpRoute *HttpRouter::find(const QByteArray &path) const
{
    const auto route = std::find_if(m_routes.begin(), m_routes.end(), [&](const HttpRoute &r) {
        return r.isPrefix ? path.size() > r.path.size() && path.startsWith(r.path) : path == r.path;
    });
    return route == m_routes.end() ? nullptr : &*route;
}

QByteArray HttpRouter::allowed(const QByteArray &path) const
{
    const HttpRoute *route = find(path);
    if (!route)
        return {};
    QByteArrayList methods(route->methods.begin(), route->methods.end());
    if (methods.contains("GET"))
        methods.append("HEAD");
    return methods.join(", ");
}

void HttpRouter::serve(const HttpRequest &request, const HttpReply &reply) const
{
    const HttpRoute *route = find(request.path);
    if (!route)
        return reply(problemResponse(
            {.cause = ProblemCause::NotFound, .detail = "There is nothing at this path."}, request.path));
    const QByteArray method = request.method == "HEAD" ? QByteArray("GET") : request.method;
    if (std::find(route->methods.begin(), route->methods.end(), method) == route->methods.end()) {
        HttpResponse response = problemResponse({.cause = ProblemCause::MethodNotAllowed,
                                                 .detail = "This path does not take " + request.method + "."},
                                                request.path);
        response.headers.emplace_back("Allow", allowed(request.path));
        return reply(response);
    }
    route->handler(request, reply);
}

} // namespace msgsrv
