// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/managementclient.h"

#include "tests/support/wait.h"

#include <QJsonDocument>

namespace msgsrv::test {

ManagementClient::ManagementClient(const Daemon &daemon)
{
    QObject::connect(&m_socket, &QLocalSocket::readyRead, &m_socket, [this] { read(); });
    m_socket.connectToServer(daemon.ready().value(u"management").toString());
}

void ManagementClient::sendRaw(const QByteArray &bytes)
{
    m_socket.write(bytes);
    m_socket.flush();
}

void ManagementClient::read()
{
    m_unread += m_socket.readAll();
    for (qsizetype end = m_unread.indexOf('\n'); end >= 0; end = m_unread.indexOf('\n')) {
        m_messages.append(QJsonDocument::fromJson(m_unread.first(end)).object());
        m_unread.remove(0, end + 1);
    }
}

QJsonObject ManagementClient::call(const QString &method, const QJsonObject &params)
{
    const int id = ++m_lastId;
    sendRaw(QJsonDocument(QJsonObject{{QStringLiteral("jsonrpc"), QStringLiteral("2.0")},
                                      {QStringLiteral("id"), id},
                                      {QStringLiteral("method"), method},
                                      {QStringLiteral("params"), params}})
                .toJson(QJsonDocument::Compact)
            + '\n');
    QJsonObject answer;
    (void)waitUntil([&] {
        for (qsizetype i = 0; i < m_messages.size(); ++i) {
            if (m_messages.at(i).value(u"id").toInt(-1) == id) {
                answer = m_messages.takeAt(i);
                return true;
            }
        }
        return false;
    });
    return answer;
}

QJsonObject ManagementClient::result(const QString &method, const QJsonObject &params)
{
    return call(method, params).value(u"result").toObject();
}

int ManagementClient::errorCode(const QString &method, const QJsonObject &params)
{
    return call(method, params).value(u"error").toObject().value(u"code").toInt();
}

QJsonObject ManagementClient::login()
{
    if (notification(QStringLiteral("hello")).isEmpty())
        return {};
    return result(QStringLiteral("login"), {{QStringLiteral("scheme"), QStringLiteral("peer")}});
}

QJsonObject ManagementClient::notification(const QString &method, int timeoutMs)
{
    QJsonObject params;
    (void)waitUntil(
        [&] {
            for (qsizetype i = 0; i < m_messages.size(); ++i) {
                if (m_messages.at(i).value(u"method").toString() == method) {
                    params = m_messages.takeAt(i).value(u"params").toObject();
                    return true;
                }
            }
            return false;
        },
        timeoutMs);
    return params;
}

QJsonObject ManagementClient::next(int timeoutMs)
{
    (void)waitUntil([&] { return !m_messages.isEmpty(); }, timeoutMs);
    return m_messages.isEmpty() ? QJsonObject() : m_messages.takeFirst();
}

bool ManagementClient::waitForEnd()
{
    return waitUntil([&] { return m_socket.state() == QLocalSocket::UnconnectedState; });
}

} // namespace msgsrv::test
