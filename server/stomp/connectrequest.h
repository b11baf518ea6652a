// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/stomp/fault.h"
#include "server/stomp/heartbeat.h"
#include "shared/base/clock.h"
#include "shared/signaling/listeningkey.h"
#include "shared/stomp/frame.h"

#include <QByteArray>

#include <tl/expected.hpp>

namespace msgsrv {

/// What a CONNECT or STOMP frame asks for. `host` is not looked at: half of the clients send none, others the
/// name of the TCP host.
struct ConnectRequest
{
    stomp::Version version = stomp::Version::V10; ///< the highest that both sides speak
    QByteArray login; ///< as presented, empty when absent
    ListeningKey passcode; ///< as presented, null when absent
    /// Nothing in 1.0, which has no heart-beats.
    std::optional<HeartBeatWish> heartBeat;
    /// How long the session shall outlive a break of the connection; nothing when the client does not ask.
    std::optional<milliseconds> resume{};

    [[nodiscard]] static tl::expected<ConnectRequest, Fault> parse(const stomp::Frame &frame);
};

} // namespace msgsrv
