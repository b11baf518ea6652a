// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "server/stomp/fault.h"
#include "shared/stomp/frame.h"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace msgsrv {

/// Which message an ACK or NACK means, as its version says it, and what becomes of it.
struct AckRequest
{
    /// 1.2: `id`, the MESSAGE's `ack` header; 0 is no message's. Before 1.2: nothing.
    std::optional<std::uint64_t> number;
    std::string messageId; ///< before 1.2
    std::optional<std::string> subscription; ///< 1.1; 1.2 clients may send one, which means nothing
    Verdict verdict = Verdict::Accept;

    /// NACK is unknown in 1.0. With `requeue:false` the message is dropped, else it returns to the queue.
    [[nodiscard]] static tl::expected<AckRequest, Fault> parse(const stomp::Frame &frame,
                                                               stomp::Version version);
};

} // namespace msgsrv
