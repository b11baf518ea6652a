// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/stomp/fault.h"
#include "server/stomp/subscriptions.h"
#include "shared/signaling/listeningkey.h"
#include "shared/stomp/frame.h"

#include <tl/expected.hpp>

#include <optional>
#include <string>

namespace msgsrv {

/// Checks a SUBSCRIBE of the session whose key is @p own. `auto-delete`, `exclusive` and `durable` are not
/// looked at: the queue is what it is. `prefetch-count` counts in the ack modes only.
[[nodiscard]] tl::expected<Subscription, Fault>
parseSubscribe(const stomp::Frame &frame, stomp::Version version, const ListeningKey &own);

/// What is told when Subscriptions did not take the one of @p frame.
[[nodiscard]] Fault notAdded(const stomp::Frame &frame, Subscriptions::AddError error);

/// Which subscription an UNSUBSCRIBE means: by its id or, in 1.0 and without id, by its destination.
struct UnsubscribeRequest
{
    std::optional<std::string> id;
    std::string destination; ///< when there is no id
};

[[nodiscard]] tl::expected<UnsubscribeRequest, Fault> parseUnsubscribe(const stomp::Frame &frame,
                                                                       stomp::Version version);

} // namespace msgsrv
