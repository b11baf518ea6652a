// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/tlsaccess.h"
#include "admin-gui/client/wire.h"

#include <QSslSocket>

namespace msgsrv::console {

/// A daemon's TLS listener. The server's certificate has to be good, and for the host that was asked for.
class TlsWire : public Wire
{
    Q_OBJECT

public:
    explicit TlsWire(TlsAccess access);

    /// Reads the files of the access; what is wrong with them is a closed().
    void open() override;
    void send(const QByteArray &bytes) override;
    void close() override;

private:
    [[nodiscard]] QString reason() const;
    void fail(const QString &why);

    TlsAccess m_access;
    QSslSocket m_socket;
    QString m_certificateProblem;
};

} // namespace msgsrv::console
