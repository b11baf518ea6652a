// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/httpadapter.h"

#include "server/net/httptext.h"
#include "server/net/link.h"

#include <QHttpServer>
#include <QHttpServerRequest>
#include <QHttpServerResponder>
#include <QString>
#include <QTcpServer>

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

HttpAdapter::HttpAdapter(const HttpRouter &router, std::function<void(int status)> onAnswer)
    : m_router(router)
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
    for (const HttpRoute &route : m_router.routes()) {
        auto copy = handler;
        m_server->route(QString::fromLatin1(route.path), std::move(copy));
    }
}

HttpAdapter::~HttpAdapter() = default;

void HttpAdapter::bind(QTcpServer *listener)
{
    m_server->bind(listener);
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

    m_router.serve(link.request(), reply);
}

} // namespace msgsrv
