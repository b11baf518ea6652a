// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/management/localsocket.h"

#include <QHostAddress>
#include <QString>

#include <optional>

namespace msgsrv::management {

/// Who is at the other end of a wire, before any login.
struct Origin
{
    /// One that came by TLS.
    struct Remote
    {
        QHostAddress address;
        QString certificate{}; ///< common name of the client's certificate; empty: it showed none
        QString problem{}; ///< why that certificate is not believed, for people; empty: it is
    };
    std::optional<PeerCredentials> credentials{}; ///< of a local peer
    std::optional<Remote> remote{};
};

} // namespace msgsrv::management
