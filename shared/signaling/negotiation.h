// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

namespace msgsrv {

/// What a content is in a WebRTC negotiation. The order may only grow at the end.
enum class NegotiationKind { Offer, Answer, Candidate, Bye, Text, Other };
[[nodiscard]] const char *toString(NegotiationKind kind);

/// Tells what @p contentJson, one JSON value, is, by the rule of docs/signaling.md: tolerant, since the
/// server prescribes no format, and never an error. Anything that is not understood is Other.
[[nodiscard]] NegotiationKind negotiationKind(std::string_view contentJson);

} // namespace msgsrv
