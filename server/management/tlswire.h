// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/management/wire.h"

class QSslSocket;

namespace msgsrv::management {

/// A connection of the TLS listener.
class TlsWire final : public Wire
{
    Q_OBJECT

public:
    /// Takes @p socket, which is encrypted.
    explicit TlsWire(QSslSocket *socket);
    ~TlsWire() override;

    void write(const QByteArray &bytes) override;
    [[nodiscard]] qint64 bytesQueued() const override;
    void setReading(bool reading) override;
    void finish() override;
    void abort() override;

private:
    void read();

    QSslSocket *const m_socket; // child
    bool m_reading = true;
    bool m_readScheduled = false;
};

} // namespace msgsrv::management
