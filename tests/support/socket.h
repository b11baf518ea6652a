// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QTcpSocket>

#include <memory>

namespace msgsrv::test {

enum class Tls { Off, On };

/// Deletes a socket without a signal, which would reach an owner that is half destroyed.
struct QuietDelete
{
    void operator()(QTcpSocket *socket) const;
};
using SocketPtr = std::unique_ptr<QTcpSocket, QuietDelete>;

/// A socket that is connecting to @p address (`host:port`). With TLS any certificate is accepted: the
/// tests' certificates are self-signed.
[[nodiscard]] SocketPtr openSocket(const QByteArray &address, Tls tls = Tls::Off);

/// A TCP port of 127.0.0.1 that was free a moment ago.
[[nodiscard]] quint16 freePort();

} // namespace msgsrv::test
