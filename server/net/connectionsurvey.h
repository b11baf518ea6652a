// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/connection.h"
#include "server/net/iothread.h"

#include <functional>
#include <vector>

namespace msgsrv {

/// Describes the connections of @p thread, some in each turn of its event loop. @p done is called in that
/// thread, or destroyed uncalled when it stops. Any thread.
void surveyConnections(IoThread &thread, std::function<void(std::vector<ConnectionFacts>)> done);

} // namespace msgsrv
