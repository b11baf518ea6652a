// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/destinations.h"
#include "server/session/exchange.h"
#include "server/stomp/fault.h"
#include "server/stomp/principal.h"
#include "shared/signaling/problem.h"
#include "shared/signaling/userid.h"
#include "shared/stomp/frame.h"

#include <QByteArray>

#include <tl/expected.hpp>

#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace msgsrv {

/// Where a SEND goes.
using SendTarget = std::variant<UserId, DestinationName>;

/// Whom a SEND of @p principal goes to. A destination that may not be used is a fault; whether the user is
/// there is the exchange's to say.
[[nodiscard]] tl::expected<SendTarget, Fault> targetOf(const stomp::Frame &send, const Principal &principal);

/// The `expiration` header in milliseconds; what is no number is none.
[[nodiscard]] std::optional<milliseconds> expirationOf(const stomp::Frame &send);

/// What a SEND to a user says beside its content: `exchange-id`, `notify`, `ttl`. Problem: InvalidMember.
[[nodiscard]] tl::expected<void, Problem> readWishes(const stomp::Frame &send, ExchangeRequest &request);

/// The content of a SEND as JSON text: the body itself when its content-type is application/json (with or
/// without parameters), else the body as a JSON string. Problems: InvalidContent, MalformedBody,
/// DuplicateMember.
[[nodiscard]] tl::expected<QByteArray, Problem> contentOf(const stomp::Frame &send, int jsonDepth = 32);

/// The headers of a SEND that travel with the message: those that neither this frame alone is about nor the
/// server makes, the first of each name (STOMP 1.2, "Repeated Header Entries"). A passcode, which some
/// clients add to every frame, never travels.
/// What readWishes() reads travels when @p toUser is false only.
[[nodiscard]] std::vector<std::pair<QByteArray, QByteArray>> travellingHeaders(const stomp::Frame &send,
                                                                               bool toUser);

} // namespace msgsrv
