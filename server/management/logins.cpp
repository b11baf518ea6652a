// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/logins.h"

#include "server/net/addressblock.h"

#include <algorithm>
#include <unistd.h>
#include <utility>

namespace msgsrv::management {

namespace {

/// How long the answer to the first refused login of a console waits; each further one twice as long.
constexpr milliseconds loginDelay(250);
constexpr int longestDelay = 5; // doublings

tl::unexpected<Logins::Refusal> refuse(const QString &message)
{
    return tl::unexpected(Logins::Refusal{ErrorCode::LoginRefused, message});
}

tl::unexpected<Logins::Refusal> unsupported(const QString &message)
{
    return tl::unexpected(Logins::Refusal{ErrorCode::Unsupported, message});
}

} // namespace

Logins::Logins(Settings settings)
    : m_settings(std::move(settings))
{ }

QStringList Logins::schemes(const Origin &origin) const
{
    QStringList known;
    if (origin.credentials)
        known << QStringLiteral("peer");
    if (origin.remote && m_settings.credentials.hasTokens())
        known << QStringLiteral("token");
    if (origin.remote && m_settings.credentials.hasCertificates())
        known << QStringLiteral("certificate");
    return known;
}

tl::expected<Logins::Login, Logins::Refusal> Logins::decide(const Origin &origin, const QString &scheme,
                                                            const QString &token) const
{
    if (scheme == QLatin1String("peer"))
        return decideByPeer(origin);
    if (scheme == QLatin1String("certificate"))
        return decideByCertificate(origin);
    if (scheme != QLatin1String("token"))
        return tl::unexpected(Refusal{ErrorCode::BadParameters, QStringLiteral("There is no such scheme.")});
    if (!origin.remote)
        return unsupported(QStringLiteral("On the local socket the scheme is \"peer\"."));
    if (!m_settings.credentials.hasTokens())
        return unsupported(QStringLiteral("This server has no tokens (management.tokens)."));
    const auto known = m_settings.credentials.byToken(token);
    if (!known)
        return refuse(QStringLiteral("This is no token of this server."));
    return Login{known->role, QStringLiteral("token:") + known->name};
}

tl::expected<Logins::Login, Logins::Refusal> Logins::decideByPeer(const Origin &origin) const
{
    if (!origin.credentials)
        return refuse(QStringLiteral("Who calls cannot be told."));
    const PeerCredentials &peer = *origin.credentials;
    const QString user = QStringLiteral("uid:%1").arg(peer.user);
    if (peer.user == 0 || peer.user == ::geteuid())
        return Login{Role::Admin, user};
    if (!m_settings.group.isEmpty() && isMember(peer, m_settings.group))
        return Login{Role::Operator, user};
    return refuse(QStringLiteral("This user may not manage the server."));
}

tl::expected<Logins::Login, Logins::Refusal> Logins::decideByCertificate(const Origin &origin) const
{
    if (!origin.remote)
        return unsupported(QStringLiteral("On the local socket the scheme is \"peer\"."));
    if (!m_settings.credentials.hasCertificates())
        return unsupported(QStringLiteral("This server takes no certificates (management.client_ca)."));
    if (!origin.remote->problem.isEmpty())
        return refuse(QStringLiteral("The certificate is not believed: %1.").arg(origin.remote->problem));
    if (origin.remote->certificate.isEmpty())
        return refuse(QStringLiteral("There is no client certificate, or none with a common name."));
    const auto known = m_settings.credentials.byCertificate(origin.remote->certificate);
    if (!known)
        return refuse(QStringLiteral("This certificate has no role (management.client_roles)."));
    return Login{known->role, QStringLiteral("certificate:") + known->name};
}

Duration Logins::refused(const Origin &origin, int before, TimePoint now)
{
    const Duration own = loginDelay * (1 << std::clamp(before, 0, longestDelay));
    return origin.remote ? std::max(own, m_failures.failed(addressBlock(origin.remote->address), now)) : own;
}

} // namespace msgsrv::management
