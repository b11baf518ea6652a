// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/http.h"
#include "server/net/httphead.h"

#include <QByteArray>

#include <string>
#include <string_view>

namespace msgsrv {

/// The headers that the transport adds to an answer: Date, Content-Length (not for 204), Connection.
[[nodiscard]] HttpHeaders transportHeaders(const HttpResponse &response, bool close);

/// The phrase of a status line; empty for a status that this program does not use.
[[nodiscard]] std::string_view reasonPhrase(int status);

/// A whole answer as bytes. @p close: it says `Connection: close`.
[[nodiscard]] std::string responseText(const HttpResponse &response, bool close);

/// A request as QHttpServer gets it: what it needs to route it, and the body. The fields stay with the guard,
/// so there is one reading of them only.
[[nodiscard]] QByteArray canonicalRequest(const HttpHead &head, const QByteArray &body);

/// The methods that QHttpServer knows; it refuses others by closing.
[[nodiscard]] bool isKnownMethod(const std::string &method);

/// The current time as RFC 9110, 5.6.7 wants it. Cached for a second per thread.
[[nodiscard]] QByteArray httpDate();

} // namespace msgsrv
