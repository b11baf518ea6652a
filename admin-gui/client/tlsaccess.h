// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QJsonObject>
#include <QSslConfiguration>
#include <QString>

#include <tl/expected.hpp>

namespace msgsrv::console {

/// How a daemon's TLS listener is reached, and with what one logs in there. It names files and holds no
/// secret.
struct TlsAccess
{
    QString host{};
    quint16 port = 0;
    QString
        caFile{}; ///< PEM: who may have signed the server's certificate, or that itself; empty: the system's
    QString tokenFile{}; ///< its first line is the token
    QString certificateFile{}; ///< PEM: the client's own certificate and chain, instead of a token
    QString keyFile{}; ///< PEM: its private key, without a passphrase

    bool operator==(const TlsAccess &other) const = default;

    /// Reads `host:port` or `[address]:port` into host and port; false when it is neither.
    [[nodiscard]] bool setAddress(const QString &text);
    [[nodiscard]] QString address() const;

    /// Reads the files. The error is one sentence.
    [[nodiscard]] tl::expected<QSslConfiguration, QString> configuration() const;
    /// Parameters of the login: @p token, or what the token file holds, or the certificate. The error is one
    /// sentence.
    [[nodiscard]] tl::expected<QJsonObject, QString> login(const QString &token = {}) const;
};

} // namespace msgsrv::console
