// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/destinations.h"
#include "shared/signaling/listeningkey.h"
#include "shared/signaling/userid.h"

#include <string>
#include <string_view>
#include <variant>

namespace msgsrv {

/// `/user/<userId>`, the id percent-encoded.
struct UserDestination
{
    UserId user;
};

/// `/queue/<listeningKey>`: whatever begins with `/queue/queue.`.
struct QueueDestination
{
    ListeningKey key;
};

/// `/queue/NAME` or `/topic/NAME`, the name being 1 to 255 bytes as they stand.
struct SharedDestination
{
    DestinationName name;
};

/// `/topic/presence.<userId>`, the id percent-encoded: who watches is told whether that user is there.
struct PresenceDestination
{
    UserId user;
};

/// Nothing that the server knows.
struct UnknownDestination
{ };

/// `/user/` and something that cannot be a userId, or a name that is too long.
struct MalformedDestination
{
    std::string why; ///< one sentence
};

using Destination = std::variant<UserDestination, QueueDestination, SharedDestination, PresenceDestination,
                                 UnknownDestination, MalformedDestination>;

/// Reads a `destination` header. What follows `/user/` is percent-decoded once, slashes in it and plus
/// signs stand for themselves.
[[nodiscard]] Destination parseDestination(std::string_view text);

} // namespace msgsrv
