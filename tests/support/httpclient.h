// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/socket.h"

#include <QJsonObject>
#include <QList>
#include <QObject>

#include <deque>
#include <functional>
#include <utility>

namespace msgsrv::test {

using Headers = QList<std::pair<QByteArray, QByteArray>>;

/// One HTTP/1.1 response as it came.
struct HttpAnswer
{
    int status = 0; ///< 0: none came before the connection ended
    Headers headers; ///< names as they came
    QByteArray body;

    /// The first value of @p name in any case, or null.
    [[nodiscard]] QByteArray header(const char *name) const;
    [[nodiscard]] QJsonObject json() const;
};

/// One connection to an HTTP server that sends exactly the bytes it is given, be they a request or not.
class HttpClient : public QObject
{
    Q_OBJECT

public:
    explicit HttpClient(const QByteArray &address, Tls tls = Tls::Off);

    /// Sends @p bytes as they are.
    void sendRaw(const QByteArray &bytes);
    /// Sends @p bytes and calls @p done with the next response that nobody waits for yet; status 0 when the
    /// connection ends first. @p head: the response has no body.
    void request(const QByteArray &bytes, std::function<void(HttpAnswer)> done, bool head = false);
    /// The same, and runs the event loop until the response is there.
    HttpAnswer request(const QByteArray &bytes, bool head = false);

    /// The end of the stream was seen.
    [[nodiscard]] bool isClosed() const { return m_closed; }
    /// Bytes that came and belong to no response.
    [[nodiscard]] QByteArray surplus() const { return m_waiting.empty() ? m_input : QByteArray(); }
    [[nodiscard]] QTcpSocket &socket() { return *m_socket; }

private:
    struct Waiting
    {
        std::function<void(HttpAnswer)> done;
        bool head = false;
    };

    void onReadyRead();
    void onDisconnected();
    [[nodiscard]] bool takeAnswer(HttpAnswer &answer, bool head, bool atEnd);

    SocketPtr m_socket;
    QByteArray m_input;
    std::deque<Waiting> m_waiting;
    bool m_closed = false;
};

/// The bytes of a request with Content-Length and a Host of @p host.
[[nodiscard]] QByteArray httpRequest(const QByteArray &method, const QByteArray &target,
                                     const QByteArray &host, const Headers &headers = {},
                                     const QByteArray &body = {});

/// One request on a connection of its own.
[[nodiscard]] HttpAnswer get(const QByteArray &address, const QByteArray &target, const Headers &headers = {},
                             Tls tls = Tls::Off);
[[nodiscard]] HttpAnswer postJson(const QByteArray &address, const QByteArray &target, const QByteArray &json,
                                  const Headers &headers = {}, Tls tls = Tls::Off);
/// @p fields are percent-encoded.
[[nodiscard]] HttpAnswer postForm(const QByteArray &address, const QByteArray &target, const Headers &fields,
                                  const Headers &headers = {}, Tls tls = Tls::Off);
[[nodiscard]] QByteArray formEncoded(const Headers &fields);

} // namespace msgsrv::test
