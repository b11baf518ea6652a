// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/internalendpoints.h"

#include "shared/base/json.h"

#include <string>
#include <string_view>

namespace msgsrv {

namespace {

HttpResponse respond(int status, const QByteArray &contentType, const QByteArray &body)
{
    return {
        status,
        {{"Content-Type", contentType}, {"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}},
        body};
}

} // namespace

std::vector<HttpRoute> InternalEndpoints::routes() const
{
    return {
        {"/livez",
         {"GET"},
         [](const HttpRequest &, const HttpReply &reply) {
             reply(respond(200, "application/json", "{\"status\":\"alive\"}"));
         }},
        {"/readyz", {"GET"}, [this](const HttpRequest &, const HttpReply &reply) { reply(readiness()); }},
        {"/metrics", {"GET"}, [this](const HttpRequest &, const HttpReply &reply) { reply(metricsText()); }},
    };
}

HttpResponse InternalEndpoints::readiness() const
{
    std::string failed;
    for (const QByteArray &check : m_failedChecks()) {
        if (!failed.empty())
            failed.push_back(',');
        appendJsonString(failed, {check.constData(), std::size_t(check.size())});
    }
    if (failed.empty())
        return respond(200, "application/json", "{\"status\":\"ready\",\"failed\":[]}");
    return respond(503, "application/json",
                   QByteArray::fromStdString("{\"status\":\"not ready\",\"failed\":[" + failed + "]}"));
}

HttpResponse InternalEndpoints::metricsText() const
{
    return respond(200, "text/plain; version=0.0.4; charset=utf-8",
                   QByteArray::fromStdString(m_metrics.render()));
}

} // namespace msgsrv
