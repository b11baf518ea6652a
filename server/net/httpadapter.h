// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/httprouter.h"

#include <QObject>

#include <functional>
#include <memory>
#include <unordered_set>

class QHttpServer;
class QTcpServer;

namespace msgsrv {

class Link;
class VirtualSocket;

/// QHttpServer as this program uses it: requests come from virtual sockets, answers may be late. Everything
/// that differs between Qt 6.4 and 6.8 stands in this class's source file.
///
/// Belongs to one I/O thread (or the main thread).
class HttpAdapter final : public QObject
{
    Q_OBJECT

public:
    /// @p router outlives the adapter. @p onAnswer is told the status of each answer that was written.
    HttpAdapter(const HttpRouter &router, std::function<void(int status)> onAnswer);
    ~HttpAdapter() override;

    /// QHttpServer takes sockets from @p listener from now on, and owns it.
    void bind(QTcpServer *listener);

    /// Says whose request the next one is. The caller then feeds its virtual socket; when taken() is false
    /// afterwards, QHttpServer refused what it was fed.
    void expect(Link *link) { m_expected = link; }
    [[nodiscard]] bool taken() const { return m_expected == nullptr; }

private:
    struct Answer; // one per request

    template <typename Responder>
    void handle(const QByteArray &body, Responder &&responder);
    void dispatch(Link &link, const std::shared_ptr<Answer> &answer);

    const HttpRouter &m_router;
    const std::function<void(int)> m_onAnswer;
    /// Qt 6.8's responders point into the server and must not outlive it, so late answers do not own them.
    std::unordered_set<std::shared_ptr<Answer>> m_unanswered;
    std::unique_ptr<QHttpServer> m_server;
    Link *m_expected = nullptr;
};

} // namespace msgsrv
