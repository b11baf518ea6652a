// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/user.h"

#include <QUrl>

namespace msgsrv::test {

User::User(const Daemon &daemon, QByteArray name, Tls tls)
    : m_daemon(daemon)
    , m_name(std::move(name))
    , m_tls(tls)
{ }

HttpAnswer User::connect()
{
    HttpAnswer answer = postForm(m_daemon.http(), "/connect", {{"userId", m_name}}, {}, m_tls);
    if (answer.status == 200) {
        m_key = answer.json().value(QLatin1String("listeningKey")).toString().toUtf8();
        m_listeningAddress = answer.json().value(QLatin1String("listeningAddress")).toString().toUtf8();
    }
    return answer;
}

bool User::listen(const QByteArray &through, const Headers &connectHeaders)
{
    const QUrl url = QUrl::fromEncoded(m_listeningAddress);
    WebSocketClient::Options options;
    options.path = url.path().toUtf8();
    options.tls = url.scheme() == QLatin1String("wss") ? Tls::On : Tls::Off;
    const QByteArray authority = url.authority().toUtf8();
    m_stomp = std::make_unique<StompClient>(through.isEmpty() ? authority : through, options);
    return m_stomp->connectAs(m_name, m_key, connectHeaders).command == "CONNECTED"
        && m_stomp
               ->sendForReceipt("SUBSCRIBE", {{"id", "sub-0"}, {"destination", queue()}, {"ack", m_ackMode}})
               .command
        == "RECEIPT";
}

bool User::enter()
{
    return connect().status == 200 && listen();
}

HttpAnswer User::leave()
{
    return postForm(m_daemon.http(), "/disconnect", {{"queueName", m_key}}, {}, m_tls);
}

HttpAnswer User::exchange(const QByteArray &to, const QByteArray &content)
{
    return postForm(m_daemon.http(), "/exchange", {{"toUserId", to}, {"content", content}}, bearer(), m_tls);
}

HttpAnswer User::exchangeJson(const QByteArray &to, const QByteArray &json)
{
    return postJson(m_daemon.http(), "/exchange", R"({"toUserId":")" + to + R"(","content":)" + json + '}',
                    bearer(), m_tls);
}

void User::send(const QByteArray &to, const QByteArray &body, const QByteArray &contentType)
{
    Headers headers{{"destination", destination(to)}};
    if (!contentType.isEmpty())
        headers.append({"content-type", contentType});
    m_stomp->send("SEND", headers, body);
}

} // namespace msgsrv::test
