// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/wire.h"

#include <QLocalSocket>

namespace msgsrv::console {

/// The socket of a daemon on this machine: the first that exists of this user's and the system service's.
[[nodiscard]] QString defaultSocket();

/// The daemon's local socket.
class LocalWire : public Wire
{
    Q_OBJECT

public:
    explicit LocalWire(QString path);

    void open() override;
    void send(const QByteArray &bytes) override;
    void close() override;

private:
    [[nodiscard]] QString reason() const;

    QString m_path;
    QLocalSocket m_socket;
};

} // namespace msgsrv::console
