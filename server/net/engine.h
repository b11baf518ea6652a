// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace msgsrv {

/// Who does the work on a connection once the guard has checked it.
enum class Engine {
    Direct, ///< QHttpServer and QWebSocketServer, but for what is done most: see docs/architecture.md
    Qt, ///< QHttpServer and QWebSocket for everything
};

} // namespace msgsrv
