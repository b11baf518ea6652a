// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/httpadapter.h"

#include "server/net/httptext.h"
#include "server/net/link.h"
#include "server/net/problemresponse.h"

#include <QHttpServer>
#include <QHttpServerRequest>
#include <QHttpServerResponder>
#include <QString>
#include <QTcpServer>

#include <algorithm>
#include <utility>

namespace msgsrv {

struct HttpAdapter::Answer
{
    Answer(const Link &l, QHttpServerResponder &&r, bool head)
        : link(l.handle())
        , responder(std::make_unique<QHttpServerResponder>(std::move(r)))
        , isHead(head)
    { }

    /// Writes through the virtual socket, which the link keeps until its answer is here.
    void write(const HttpResponse &response)
    {
        const auto status = QHttpServerResponder::StatusCode(response.status);
        HttpHeaders headers = transportHeaders(response, (*link)->closesAfterAnswer());
        headers.insert(headers.begin(), response.headers.begin(), response.headers.end());
#if QT_VERSION >= QT_VERSION_CHECK(6, 8, 0)
        QHttpHeaders qtHeaders;
        for (const auto &[name, value] : headers)
            qtHeaders.append(name, value);
        if (isHead)
            responder->write(qtHeaders, status);
        else
            responder->write(response.body, qtHeaders, status);
#else
        responder->writeStatusLine(status);
        for (const auto &[name, value] : headers)
            responder->writeHeader(name, value);
        responder->writeBody(response.body.constData(), isHead ? 0 : response.body.size());
#endif
    }

    const std::shared_ptr<Link *> link;
    std::unique_ptr<QHttpServerResponder> responder;
    bool isHead;
};

HttpAdapter::HttpAdapter(std::vector<HttpRoute> routes, std::function<void(int status)> onAnswer)
    : m_routes(std::move(routes))
    , m_onAnswer(std::move(onAnswer))
    , m_server(std::make_unique<QHttpServer>())
{
#if QT_VERSION >= QT_VERSION_CHECK(6, 8, 0)
    const auto handler = [this](const QHttpServerRequest &request, QHttpServerResponder &responder) {
        handle(request.body(), std::move(responder));
    };
    m_server->setMissingHandler(this, handler);
#else
    const auto handler = [this](const QHttpServerRequest &request, QHttpServerResponder &&responder) {
        handle(request.body(), std::move(responder));
    };
    m_server->setMissingHandler(handler);
#endif
    for (const HttpRoute &route : m_routes) {
        auto copy = handler;
        m_server->route(QString::fromLatin1(route.path), std::move(copy));
    }
}

HttpAdapter::~HttpAdapter() = default;

void HttpAdapter::bind(QTcpServer *listener)
{
    m_server->bind(listener);
}

QByteArray HttpAdapter::allowed(const QByteArray &path) const
{
    const auto route
        = std::find_if(m_routes.begin(), m_routes.end(), [&](const HttpRoute &r) { return r.path == path; });
    if (route == m_routes.end())
        return {};
    QByteArrayList methods(route->methods.begin(), route->methods.end());
    if (methods.contains("GET"))
        methods.append("HEAD");
    return methods.join(", ");
}

template <typename Responder>
void HttpAdapter::handle(const QByteArray &body, Responder &&responder)
{
    Link *link = std::exchange(m_expected, nullptr);
    Q_ASSERT(link); // nobody else feeds the virtual sockets
    link->setRequestBody(body);
    dispatch(*link,
             std::make_shared<Answer>(*link, std::forward<Responder>(responder),
                                      link->request().method == "HEAD"));
}

void HttpAdapter::dispatch(Link &link, const std::shared_ptr<Answer> &answer)
{
    const HttpReply reply = [this, answer](const HttpResponse &response) {
        Q_ASSERT(answer->responder);
        if (*answer->link) {
            answer->write(response);
            m_onAnswer(response.status);
        }
        answer->responder.reset();
        if (*answer->link)
            (*answer->link)->answered();
    };

    const HttpRequest &request = link.request();
    const auto route = std::find_if(m_routes.begin(), m_routes.end(),
                                    [&](const HttpRoute &r) { return r.path == request.path; });
    if (route == m_routes.end())
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
