// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/daemon.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QList>
#include <QLocalSocket>

namespace msgsrv::test {

/// A client of the management protocol that knows nothing of the product's code.
class ManagementClient
{
public:
    /// Connects to the socket of @p daemon's ready line.
    explicit ManagementClient(const Daemon &daemon);

    [[nodiscard]] QLocalSocket &socket() { return m_socket; }
    void sendRaw(const QByteArray &bytes);
    /// Sends a request and returns the whole answer; empty when none came.
    QJsonObject call(const QString &method, const QJsonObject &params = {});
    /// As call(): the result, or the error's code.
    QJsonObject result(const QString &method, const QJsonObject &params = {});
    int errorCode(const QString &method, const QJsonObject &params = {});
    /// Waits for the greeting and logs in as the test's own user. The answer.
    QJsonObject login();
    /// Waits for the next notification of @p method, takes it and returns its parameters.
    QJsonObject notification(const QString &method, int timeoutMs = 20'000);
    /// The next message that is no answer to call(); empty when none came.
    QJsonObject next(int timeoutMs = 20'000);
    [[nodiscard]] bool waitForEnd();

private:
    void read();

    QLocalSocket m_socket;
    QByteArray m_unread;
    QList<QJsonObject> m_messages;
    int m_lastId = 0;
};

} // namespace msgsrv::test
