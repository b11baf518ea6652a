// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/http.h"

#include <QByteArray>

namespace msgsrv {

/// Where a client finds the STOMP listener: the `listeningAddress` of `POST /connect`. A value.
struct ListeningAddress
{
    QByteArray publicAddress; ///< stomp.public_address; empty: derived from the request
    quint16 port = 0; ///< the one the STOMP listener really has
    bool isHttpListener = false; ///< one listener serves HTTP and STOMP
    QByteArray path = "/ws"; ///< stomp.path

    /// `ws://` or `wss://`, the host that the client used for @p request, the STOMP listener's port (when
    /// that is the HTTP listener, the authority exactly as the client used it) and the path. Empty when the
    /// request's host is no authority.
    [[nodiscard]] QByteArray forRequest(const HttpRequest &request) const;

    /// What a Content-Security-Policy must allow in `connect-src`, so that the page can reach forRequest().
    /// Its grammar knows neither IPv6 literals nor underscores in names: for those the scheme alone.
    [[nodiscard]] QByteArray cspSource(const HttpRequest &request) const;
};

} // namespace msgsrv
