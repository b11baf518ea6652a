// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/management/wire.h"

class QLocalSocket;

namespace msgsrv::management {

/// A connection of the local socket.
class LocalWire final : public Wire
{
    Q_OBJECT

public:
    /// Takes @p socket, which is connected.
    explicit LocalWire(QLocalSocket *socket);
    ~LocalWire() override;

    void write(const QByteArray &bytes) override;
    [[nodiscard]] qint64 bytesQueued() const override;
    void setReading(bool reading) override;
    void finish() override;
    void abort() override;

private:
    void read();

    QLocalSocket *const m_socket; // child
    bool m_reading = true;
    bool m_readScheduled = false;
};

} // namespace msgsrv::management
