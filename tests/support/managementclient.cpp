// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/managementclient.h"

#include "tests/support/wait.h"

#include <QJsonDocument>

namespace msgsrv::test {

ManagementClient::ManagementClient(const Daemon &daemon)
    : m_device(&m_local)
{
    QObject::connect(m_device, &QIODevice::readyRead, m_device, [this] { read(); });
    m_local.connectToServer(daemon.ready().value(u"management").toString());
}

ManagementClient::ManagementClient(const Daemon &daemon, const QSslConfiguration &tls)
    : m_device(&m_remote)
{
    QObject::connect(m_device, &QIODevice::readyRead, m_device, [this] { read(); });
    const QString address = daemon.ready().value(u"management_tls").toString();
    m_remote.setSslConfiguration(tls);
    m_remote.connectToHostEncrypted(address.section(u':', 0, 0), quint16(address.section(u':', 1).toInt()));
}

void ManagementClient::abort()
{
    m_local.abort();
    m_remote.abort();
}

void ManagementClient::stopReading()
{
    QObject::disconnect(m_device, &QIODevice::readyRead, m_device, nullptr);
    m_local.setReadBufferSize(1);
    m_remote.setReadBufferSize(1);
}

bool ManagementClient::waitForHandshake()
{
    return waitUntil(
               [&] { return m_remote.isEncrypted() || m_remote.state() == QSslSocket::UnconnectedState; })
        && m_remote.isEncrypted();
}

void ManagementClient::sendRaw(const QByteArray &bytes)
{
    m_device->write(bytes);
    m_local.flush();
    m_remote.flush();
}

void ManagementClient::read()
{
    m_unread += m_device->readAll();
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
    return waitUntil([&] {
        return m_local.state() == QLocalSocket::UnconnectedState
            && m_remote.state() == QSslSocket::UnconnectedState;
    });
}

} // namespace msgsrv::test
