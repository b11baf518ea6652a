// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/httphead.h"
#include "shared/signaling/problem.h"

#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace msgsrv {

/// A handshake that may be answered with 101.
struct WebSocketUpgrade
{
    std::string key; ///< Sec-WebSocket-Key as sent
    std::string subprotocol; ///< the highest STOMP version offered, or empty when none of ours was
};

/// Stands for every path; no path of a configuration is like it, because those begin with a slash.
constexpr std::string_view anyPath = "*";

/// Checks an upgrade request (RFC 6455, 4.2.1) for everything but its Origin: method, version, key, and the
/// path, which is @p path, with or without a final slash, or anything when @p path is anyPath.
[[nodiscard]] tl::expected<WebSocketUpgrade, Problem> checkUpgrade(const HttpHead &head,
                                                                   std::string_view path);

/// The request that QWebSocketServer gets in place of the client's: only what it needs, in canonical form,
/// with one subprotocol at most, so that it answers exactly that one.
[[nodiscard]] std::string canonicalUpgradeRequest(const WebSocketUpgrade &upgrade, std::string_view path);

} // namespace msgsrv
