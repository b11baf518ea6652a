// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/http.h"
#include "shared/signaling/problem.h"

namespace msgsrv {

/// @p problem as an answer to a request for @p path: `application/problem+json` (RFC 9457) with the present
/// time, `WWW-Authenticate: Bearer` for 401, `Retry-After` for 429 and 503 (a default where the problem names
/// no time). Allow for 405 is the caller's to add.
[[nodiscard]] HttpResponse problemResponse(const Problem &problem, const QByteArray &path);

} // namespace msgsrv
