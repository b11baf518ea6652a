// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/problemresponse.h"

#include <QDateTime>

namespace msgsrv {

namespace {

/// Seconds. A full queue or a spent rate recovers soon; a server that drains or lost its store does not.
int retryAfter(const Problem &problem)
{
    if (problem.retryAfterSeconds > 0)
        return problem.retryAfterSeconds;
    switch (problem.status()) {
    case 429:
        return 1;
    case 503:
        return 5;
    default:
        return 0;
    }
}

} // namespace

HttpResponse problemResponse(const Problem &problem, const QByteArray &path)
{
    HttpResponse response;
    response.status = problem.status();
    response.headers = {{"Content-Type", "application/problem+json"},
                        {"Cache-Control", "no-store"},
                        {"X-Content-Type-Options", "nosniff"}};
    if (response.status == 401)
        response.headers.emplace_back("WWW-Authenticate", "Bearer");
    if (const int seconds = retryAfter(problem); seconds > 0)
        response.headers.emplace_back("Retry-After", QByteArray::number(seconds));
    response.body = problem.toJson(path, QDateTime::currentMSecsSinceEpoch());
    return response;
}

} // namespace msgsrv
