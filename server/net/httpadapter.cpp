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
    Answer(HttpAdapter *a, const Link &l, QHttpServerResponder &&r, bool head)
        : adapter(a)
        , link(l.handle())
        , responder(std::make_unique<QHttpServerResponder>(std::move(r)))
        , isHead(head)
    { }

    /// Writes to the client of the link, which is still there.
    void write(const HttpResponse &response)
    {
#if QT_VERSION >= QT_VERSION_CHECK(6, 8, 0)
        // This responder would add a second Content-Length, of 0 for HEAD, and write names in lower case.
        std::string text = responseText(response, (*link)->closesAfterAnswer());
        if (isHead)
            text.resize(text.size() - std::size_t(response.body.size()));
        (*link)->writeAnswer(text);
#else
        HttpHeaders headers = transportHeaders(response, (*link)->closesAfterAnswer());
        headers.insert(headers.begin(), response.headers.begin(), response.headers.end());
        responder->writeStatusLine(QHttpServerResponder::StatusCode(response.status));
        for (const auto &[name, value] : headers)
            responder->writeHeader(name, value);
        responder->writeBody(response.body.constData(), isHead ? 0 : response.body.size());
#endif
    }

    HttpAdapter *adapter; // null once it is gone
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
        if (route.isPrefix)
            continue; // the handler of what is missing serves it
        auto copy = handler;
        m_server->route(QString::fromLatin1(route.path), std::move(copy));
    }
}

HttpAdapter::~HttpAdapter()
{
    for (const auto &answer : m_unanswered) {
        answer->adapter = nullptr;
        answer->responder.reset();
    }
}

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
             std::make_shared<Answer>(this, *link, std::forward<Responder>(responder),
                                      link->request().method == "HEAD"));
}

void HttpAdapter::dispatch(Link &link, const std::shared_ptr<Answer> &answer)
{
    m_unanswered.insert(answer);
    const HttpReply reply = [answer](const HttpResponse &response) {
        if (!answer->adapter)
            return;
        Q_ASSERT(answer->responder);
        if (*answer->link) {
            answer->write(response);
            answer->adapter->m_onAnswer(response.status);
        }
        answer->responder.reset();
        answer->adapter->m_unanswered.erase(answer);
        if (*answer->link)
            (*answer->link)->answered();
    };

    m_router.serve(link.request(), reply);
}

} // namespace msgsrv
