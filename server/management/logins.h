// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/management/credentials.h"
#include "server/management/origin.h"
#include "server/net/failedkeys.h"
#include "shared/base/clock.h"
#include "shared/management/protocol.h"

#include <QString>
#include <QStringList>

#include <tl/expected.hpp>

namespace msgsrv::management {

/// Decides who logs in as what, and how long the answer to somebody who may not waits: longer each time for
/// one address, over all its connections. Belongs to the management thread; time is a value.
class Logins
{
public:
    struct Settings
    {
        QString group{}; ///< whose members are operators; empty: none
        Credentials credentials{}; ///< of those who come by TLS
    };
    struct Login
    {
        Role role = Role::None;
        QString user; ///< uid:N, token:NAME or certificate:NAME
    };
    struct Refusal
    {
        ErrorCode code = ErrorCode::LoginRefused;
        QString message; ///< one sentence
    };

    explicit Logins(Settings settings);

    /// The schemes that a console of @p origin may try.
    [[nodiscard]] QStringList schemes(const Origin &origin) const;
    [[nodiscard]] tl::expected<Login, Refusal> decide(const Origin &origin, const QString &scheme,
                                                      const QString &token) const;
    /// Counts a refused login of a connection on which @p before were refused already. How long its answer
    /// waits.
    [[nodiscard]] Duration refused(const Origin &origin, int before, TimePoint now);

private:
    [[nodiscard]] tl::expected<Login, Refusal> decideByPeer(const Origin &origin) const;
    [[nodiscard]] tl::expected<Login, Refusal> decideByCertificate(const Origin &origin) const;

    const Settings m_settings;
    /// Of remote addresses; five in a minute wait no longer than those of a local user.
    FailedKeys m_failures{{.perMinute = 5, .longest = seconds(8)}};
};

} // namespace msgsrv::management
