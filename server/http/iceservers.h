// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"
#include "shared/signaling/userid.h"

#include <QByteArray>

#include <string>
#include <vector>

namespace msgsrv {

/// What clients are told of STUN and TURN (ice.servers, ice.turn_secret, ice.ttl).
struct IceSettings
{
    std::vector<QByteArray> urls; ///< `stun:`, `stuns:`, `turn:` and `turns:` URLs (RFC 7064, RFC 7065)
    QByteArray turnSecret; ///< shared with the TURN server; never logged
    seconds ttl{3600}; ///< how long the credentials of one answer are good
};

/// The JSON array for RTCPeerConnection's `iceServers`: one entry for the STUN URLs, one for the TURN URLs
/// with credentials for @p userId that expire `ttl` after @p unixSeconds. TURN URLs are left out when there
/// is no secret, since a browser refuses them without credentials. Empty (no JSON) when nothing is left.
[[nodiscard]] std::string iceServersJson(const IceSettings &settings, const UserId &userId,
                                         qint64 unixSeconds);

/// The password that belongs to @p username by the "TURN REST API" scheme of coturn
/// (draft-uberti-behave-turn-rest-00, 2.2): base64(HMAC-SHA1(secret, username)).
[[nodiscard]] QByteArray turnCredential(const QByteArray &secret, const QByteArray &username);

} // namespace msgsrv
