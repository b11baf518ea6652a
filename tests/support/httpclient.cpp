// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/httpclient.h"

#include "tests/support/wait.h"

#include <QJsonDocument>

namespace msgsrv::test {

QByteArray HttpAnswer::header(const char *name) const
{
    for (const auto &[key, value] : headers) {
        if (key.compare(name, Qt::CaseInsensitive) == 0)
            return value;
    }
    return {};
}

QJsonObject HttpAnswer::json() const
{
    return QJsonDocument::fromJson(body).object();
}

HttpClient::HttpClient(const QByteArray &address, Tls tls)
    : m_socket(openSocket(address, tls))
{
    connect(m_socket.get(), &QTcpSocket::readyRead, this, &HttpClient::onReadyRead);
    connect(m_socket.get(), &QTcpSocket::disconnected, this, &HttpClient::onDisconnected);
    connect(m_socket.get(), &QTcpSocket::errorOccurred, this, &HttpClient::onDisconnected);
}

void HttpClient::sendRaw(const QByteArray &bytes)
{
    m_socket->write(bytes);
}

void HttpClient::request(const QByteArray &bytes, std::function<void(HttpAnswer)> done, bool head)
{
    m_waiting.push_back({std::move(done), head});
    sendRaw(bytes);
    onReadyRead();
    if (m_closed)
        onDisconnected();
}

HttpAnswer HttpClient::request(const QByteArray &bytes, bool head)
{
    auto answer = std::make_shared<std::optional<HttpAnswer>>();
    request(
        bytes, [answer](HttpAnswer a) { *answer = std::move(a); }, head);
    if (!waitUntil([&] { return answer->has_value(); }))
        qWarning("no answer to %s", bytes.left(100).constData());
    return answer->value_or(HttpAnswer());
}

void HttpClient::onReadyRead()
{
    if (m_socket->bytesAvailable() > 0)
        m_input += m_socket->readAll();
    HttpAnswer answer;
    while (!m_waiting.empty() && takeAnswer(answer, m_waiting.front().head, false)) {
        const auto done = std::move(m_waiting.front().done);
        m_waiting.pop_front();
        done(std::exchange(answer, {}));
    }
}

void HttpClient::onDisconnected()
{
    m_closed = true;
    if (m_socket->bytesAvailable() > 0)
        m_input += m_socket->readAll();
    while (!m_waiting.empty()) {
        HttpAnswer answer;
        if (!takeAnswer(answer, m_waiting.front().head, true))
            answer = {};
        const auto done = std::move(m_waiting.front().done);
        m_waiting.pop_front();
        done(answer);
    }
}

bool HttpClient::takeAnswer(HttpAnswer &answer, bool head, bool atEnd)
{
    const qsizetype headEnd = m_input.indexOf("\r\n\r\n");
    if (headEnd < 0)
        return false;
    const QList<QByteArray> lines = m_input.left(headEnd).replace("\r\n", "\n").split('\n');
    answer = {};
    answer.status = lines.first().startsWith("HTTP/1.1 ") ? lines.first().mid(9, 3).toInt() : -1;
    for (const QByteArray &line : lines.mid(1)) {
        const qsizetype colon = line.indexOf(':');
        answer.headers.append({line.left(colon), line.mid(colon + 1).trimmed()});
    }
    const QByteArray rest = m_input.mid(headEnd + 4);
    const QByteArray length = answer.header("Content-Length");
    const bool bodyless = head || answer.status / 100 == 1 || answer.status == 204 || answer.status == 304;
    if (bodyless) {
        m_input = rest;
    } else if (!length.isNull()) {
        if (rest.size() < length.toLongLong())
            return false;
        answer.body = rest.left(length.toLongLong());
        m_input = rest.mid(length.toLongLong());
    } else {
        if (!atEnd)
            return false;
        answer.body = rest;
        m_input.clear();
    }
    return true;
}

QByteArray httpRequest(const QByteArray &method, const QByteArray &target, const QByteArray &host,
                       const Headers &headers, const QByteArray &body)
{
    QByteArray bytes = method + ' ' + target + " HTTP/1.1\r\nHost: " + host + "\r\n";
    for (const auto &[name, value] : headers)
        bytes += name + ": " + value + "\r\n";
    if (!body.isEmpty() || method == "POST")
        bytes += "Content-Length: " + QByteArray::number(body.size()) + "\r\n";
    return bytes + "\r\n" + body;
}

HttpAnswer get(const QByteArray &address, const QByteArray &target, const Headers &headers, Tls tls)
{
    return HttpClient(address, tls).request(httpRequest("GET", target, address, headers));
}

HttpAnswer postJson(const QByteArray &address, const QByteArray &target, const QByteArray &json,
                    const Headers &headers, Tls tls)
{
    const Headers all = Headers{{"Content-Type", "application/json"}} + headers;
    return HttpClient(address, tls).request(httpRequest("POST", target, address, all, json));
}

HttpAnswer postForm(const QByteArray &address, const QByteArray &target, const Headers &fields,
                    const Headers &headers, Tls tls)
{
    const Headers all = Headers{{"Content-Type", "application/x-www-form-urlencoded"}} + headers;
    return HttpClient(address, tls).request(httpRequest("POST", target, address, all, formEncoded(fields)));
}

QByteArray formEncoded(const Headers &fields)
{
    QByteArray encoded;
    for (const auto &[name, value] : fields) {
        if (!encoded.isEmpty())
            encoded += '&';
        encoded += name.toPercentEncoding() + '=' + value.toPercentEncoding();
    }
    return encoded;
}

} // namespace msgsrv::test
