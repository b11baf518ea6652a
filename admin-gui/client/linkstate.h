// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

namespace msgsrv::console {

/// Where the connection to a server stands. The order is that of a connection that comes up.
enum class LinkState {
    Disconnected, ///< not asked to connect, or refused for good; the reason stands beside it
    Connecting, ///< the transport is being opened
    Hello, ///< waiting for the server's greeting
    Authenticating, ///< waiting for the answer to login
    Synchronizing, ///< logged in; views are being opened again
    Live, ///< what is shown is current
    Lost ///< what is shown is of before; another attempt follows by itself
};

/// Whether requests are sent: after the login and before the loss.
[[nodiscard]] constexpr bool isLoggedIn(LinkState state)
{
    return state == LinkState::Synchronizing || state == LinkState::Live;
}

} // namespace msgsrv::console
