// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/management/origin.h"
#include "server/management/wire.h"
#include "shared/base/clock.h"

#include <QSslConfiguration>
#include <QTcpServer>

#include <functional>
#include <memory>
#include <vector>

class QSslSocket;

namespace msgsrv::management {

/// Accepts consoles by TLS. A handshake has as long as a login has, and only so many are under way; those who
/// come beyond that are disconnected. Belongs to the management thread.
class TlsListener final : public QTcpServer
{
    Q_OBJECT

public:
    struct Settings
    {
        QSslConfiguration tls{};
        Duration handshake = seconds(10);
    };
    using Accept = std::function<void(std::unique_ptr<Wire>, const Origin &)>;
    /// Whether one more may come; @p handshakes are under way.
    using Admit = std::function<bool(int handshakes)>;

    TlsListener(Settings settings, Admit admit, Accept accept);
    ~TlsListener() override;

    /// Deadlines, and another try after the system had no descriptor left; about every second.
    void tick(TimePoint now);

protected:
    void incomingConnection(qintptr descriptor) override;

private:
    struct Handshake
    {
        QSslSocket *socket = nullptr; // child
        TimePoint by;
    };
    void finish(QSslSocket *socket);
    void drop(QSslSocket *socket);

    const Settings m_settings;
    const Admit m_admit;
    const Accept m_accept;
    std::vector<Handshake> m_handshakes;
};

} // namespace msgsrv::management
