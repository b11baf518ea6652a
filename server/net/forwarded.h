// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/cidr.h"

#include <QHostAddress>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace msgsrv {

/// The fields by which proxies tell of the client. Several fields of one name are one list (RFC 9110,
/// section 5.3), joined with ", " in the order in which they stand.
struct ForwardedFields
{
    std::string forwardedFor; ///< X-Forwarded-For: the client, then each proxy but the last
    std::string forwardedProto; ///< X-Forwarded-Proto
    std::string forwardedHost; ///< X-Forwarded-Host

    /// Picks them out of a request's fields, whose names are in lower case.
    [[nodiscard]] static ForwardedFields of(const std::vector<std::pair<std::string, std::string>> &headers);
};

/// Who asks, and how, from the client's own point of view.
struct ClientView
{
    QHostAddress address; ///< an IPv4-mapped address is told as IPv4
    bool secure = false; ///< the client spoke TLS, to us or to a trusted proxy
    std::string host; ///< the authority that the client used
};

/// Sees through the proxies of @p trusted. A @p peer that is not trusted is the client itself and the fields
/// count for nothing. Else X-Forwarded-For is walked from the right, past trusted proxies, to the first
/// address that is none (or to the leftmost one); an entry that is no address ends the walk with @p peer as
/// the client.
///
/// X-Forwarded-Proto and -Host: when they have as many entries as X-Forwarded-For, the entry at the client's
/// place, else the last one, which the nearest proxy wrote. `https` and `wss` are secure, `http` and `ws` are
/// not; anything else, and a host that is no authority, counts as absent.
///
/// @p tls says how @p peer spoke to us, @p host is the authority it used.
[[nodiscard]] ClientView seeThroughProxies(const QHostAddress &peer, bool tls, std::string_view host,
                                           const ForwardedFields &fields, const std::vector<Cidr> &trusted);

} // namespace msgsrv
