// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/stomp/accounts.h"
#include "shared/signaling/listeningkey.h"

namespace msgsrv {

/// For whom a connection acts: a session's user, or an account.
struct Principal
{
    UserId name;
    ListeningKey key; ///< of the session; null for an account
    bool isAccount = false;
    const Access &access; ///< of the account, or what every user is granted

    [[nodiscard]] bool owns(const ListeningKey &queue) const { return !isAccount && queue == key; }
};

} // namespace msgsrv
