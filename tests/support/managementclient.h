// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/daemon.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QList>
#include <QLocalSocket>
#include <QSslConfiguration>
#include <QSslSocket>

namespace msgsrv::test {

/// A client of the management protocol that knows nothing of the product's code.
class ManagementClient
{
public:
    /// Connects to the socket of @p daemon's ready line.
    explicit ManagementClient(const Daemon &daemon);
    /// Connects by TLS to the daemon's other listener.
    ManagementClient(const Daemon &daemon, const QSslConfiguration &tls);

    /// Ends the connection at once.
    void abort();
    /// Takes no more from the system than a byte.
    void stopReading();
    /// The handshake has come to its end, good or not.
    [[nodiscard]] bool waitForHandshake();
    [[nodiscard]] bool isEncrypted() const { return m_remote.isEncrypted(); }
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

    QLocalSocket m_local;
    QSslSocket m_remote;
    QIODevice *const m_device; ///< one of them
    QByteArray m_unread;
    QList<QJsonObject> m_messages;
    int m_lastId = 0;
};

} // namespace msgsrv::test
