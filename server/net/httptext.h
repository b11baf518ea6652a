// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/http.h"
#include "server/net/httphead.h"

#include <QByteArray>

namespace msgsrv {

/// The headers that the transport adds to an answer: Date, Content-Length (not for 204), Connection.
[[nodiscard]] HttpHeaders transportHeaders(const HttpResponse &response, bool close);

/// An answer as bytes, for requests that never got as far as QHttpServer. Says `Connection: close`.
[[nodiscard]] QByteArray closingResponse(const HttpResponse &response, const QByteArray &reasonPhrase);

/// A request as QHttpServer gets it: what it needs to route it, and the body. The fields stay with the guard,
/// so there is one reading of them only.
[[nodiscard]] QByteArray canonicalRequest(const HttpHead &head, const QByteArray &body);

/// The methods that QHttpServer knows; it refuses others by closing.
[[nodiscard]] bool isKnownMethod(const std::string &method);

/// The current time as RFC 9110, 5.6.7 wants it. Cached for a second per thread.
[[nodiscard]] QByteArray httpDate();

} // namespace msgsrv
