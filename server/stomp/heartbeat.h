// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"

#include <optional>
#include <string>
#include <string_view>

namespace msgsrv {

/// A client's `heart-beat:<cx>,<cy>` (STOMP 1.2, "Heart-beating"); 0 means none.
struct HeartBeatWish
{
    milliseconds canSend{0}; ///< cx: at least one beat in this time
    milliseconds wants{0}; ///< cy: wants to hear us this often

    /// Blanks around the numbers are skipped, and sizes beyond 2^31 - 1 ms become that. Nothing when
    /// @p value is not two non-negative integers.
    [[nodiscard]] static std::optional<HeartBeatWish> parse(std::string_view value);
};

/// When a beat or a ping is due and when the peer counts as gone. Pure: time comes in as a value.
///
/// A client that promised beats is gone after twice its interval and a slack; one that promised none, or so
/// few that they say nothing, is pinged when it is silent and is gone after two ping intervals of silence.
class HeartBeat
{
public:
    struct Settings
    {
        milliseconds canSend = seconds(10); ///< sx: the server beats no more often than this
        milliseconds wants = seconds(10); ///< sy: and asks for no more; below 1 ms counts as 1 ms
        milliseconds slack{500}; ///< for timers and networks that are late
        milliseconds pingInterval = seconds(30); ///< 0: no pings
    };

    enum class Due {
        Nothing,
        Beat, ///< send an EOL
        Ping, ///< ask the transport for a pong
        PeerLost, ///< nothing came for too long
    };

    /// Intervals below 1 ms count as 1 ms.
    explicit HeartBeat(const Settings &settings);

    /// Starts watching at CONNECTED. @p client is nothing in STOMP 1.0, which has no heart-beats (clients
    /// send the header there all the same and then never beat).
    void start(const std::optional<HeartBeatWish> &client, TimePoint now);

    /// The value of CONNECTED's heart-beat header.
    [[nodiscard]] std::string header() const;

    /// Anything came from the peer.
    void received(TimePoint now) { m_lastReceived = now; }
    /// Anything was sent to the peer.
    void sent(TimePoint now) { m_lastSent = now; }

    /// What is to be done at @p now; a Ping is told once an interval. Nothing before start().
    [[nodiscard]] Due due(TimePoint now);

private:
    Settings m_settings;
    bool m_started = false;
    bool m_known = false; ///< the version has heart-beats
    milliseconds m_incoming{0}; ///< the peer's beats; 0: watched by pings
    milliseconds m_outgoing{0};
    TimePoint m_lastReceived;
    TimePoint m_lastSent;
    TimePoint m_lastPing;
};

} // namespace msgsrv
