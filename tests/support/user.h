// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "tests/support/daemon.h"
#include "tests/support/stompclient.h"

#include <memory>

namespace msgsrv::test {

/// A client as the documentation wants it: /connect, CONNECT, SUBSCRIBE, and what it may do then.
class User
{
public:
    User(const Daemon &daemon, QByteArray name, Tls tls = Tls::Off);

    /// POST /connect.
    HttpAnswer connect();
    /// CONNECT and SUBSCRIBE at the listening address; true when both succeeded. @p through replaces host and
    /// port of the address (for a proxy).
    [[nodiscard]] bool listen(const QByteArray &through = {}, const Headers &connectHeaders = {});
    /// The `ack` header of the SUBSCRIBE to come; "auto" unless it is set.
    void setAckMode(const QByteArray &mode) { m_ackMode = mode; }
    [[nodiscard]] const QByteArray &ackMode() const { return m_ackMode; }
    /// connect() and listen().
    [[nodiscard]] bool enter();
    /// POST /disconnect with the key.
    HttpAnswer leave();

    /// POST /exchange, proven by the key; a form, or JSON when @p json is a JSON text.
    HttpAnswer exchange(const QByteArray &to, const QByteArray &content);
    HttpAnswer exchangeJson(const QByteArray &to, const QByteArray &json);
    /// SEND to another user.
    void send(const QByteArray &to, const QByteArray &body, const QByteArray &contentType = {});
    /// Waits for the next relayed message or event.
    StompFrame receive() { return stomp().next("MESSAGE"); }

    [[nodiscard]] const QByteArray &name() const { return m_name; }
    [[nodiscard]] const QByteArray &key() const { return m_key; }
    /// The proof as an HTTP header.
    [[nodiscard]] Headers bearer() const { return {{"Authorization", "Bearer " + m_key}}; }
    [[nodiscard]] QByteArray queue() const { return "/queue/" + m_key; }
    [[nodiscard]] QByteArray listeningAddress() const { return m_listeningAddress; }
    [[nodiscard]] StompClient &stomp() { return *m_stomp; }
    [[nodiscard]] bool isListening() const { return m_stomp != nullptr; }
    /// The destination of a SEND to @p user.
    [[nodiscard]] static QByteArray destination(const QByteArray &user)
    {
        return "/user/" + user.toPercentEncoding();
    }

private:
    const Daemon &m_daemon;
    QByteArray m_name;
    Tls m_tls;
    QByteArray m_key;
    QByteArray m_listeningAddress;
    QByteArray m_ackMode = "auto";
    std::unique_ptr<StompClient> m_stomp;
};

} // namespace msgsrv::test
