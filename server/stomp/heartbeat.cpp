// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/heartbeat.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace msgsrv {

namespace {

constexpr std::int64_t longest = 0x7fffffff;

std::optional<milliseconds> parseInterval(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t");
    if (first == text.npos)
        return std::nullopt;
    text = text.substr(first, text.find_last_not_of(" \t") - first + 1);
    if (!std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; }))
        return std::nullopt;
    std::int64_t value = 0;
    if (std::from_chars(text.data(), text.data() + text.size(), value).ec == std::errc::result_out_of_range)
        value = longest;
    return milliseconds(std::min(value, longest));
}

/// The interval of one direction: what one side can do and the other wants (0: no beats that way).
milliseconds agreed(milliseconds can, milliseconds wants)
{
    return can.count() == 0 || wants.count() == 0 ? milliseconds(0) : std::max(can, wants);
}

} // namespace

std::optional<HeartBeatWish> HeartBeatWish::parse(std::string_view value)
{
    const auto comma = value.find(',');
    if (comma == value.npos)
        return std::nullopt;
    const auto canSend = parseInterval(value.substr(0, comma));
    const auto wants = parseInterval(value.substr(comma + 1));
    if (!canSend || !wants)
        return std::nullopt;
    return HeartBeatWish{*canSend, *wants};
}

HeartBeat::HeartBeat(const Settings &settings)
    : m_settings(settings)
{
    // On the wire 0 would mean that the server cannot beat at all.
    m_settings.canSend = std::max(m_settings.canSend, milliseconds(1));
    m_settings.wants = std::max(m_settings.wants, milliseconds(1));
}

void HeartBeat::start(const std::optional<HeartBeatWish> &client, TimePoint now)
{
    m_started = true;
    m_known = client.has_value();
    const HeartBeatWish wish = client.value_or(HeartBeatWish{});
    m_incoming = agreed(wish.canSend, m_settings.wants);
    m_outgoing = agreed(m_settings.canSend, wish.wants);
    // Beats once a day would hide a half-open connection for two.
    if (m_settings.pingInterval.count() > 0 && m_incoming > m_settings.pingInterval)
        m_incoming = milliseconds(0);
    m_lastReceived = m_lastSent = m_lastPing = now;
}

std::string HeartBeat::header() const
{
    if (!m_known)
        return "0,0";
    return std::to_string(m_settings.canSend.count()) + ',' + std::to_string(m_settings.wants.count());
}

HeartBeat::Due HeartBeat::due(TimePoint now)
{
    if (!m_started)
        return Due::Nothing;

    const Duration silence = now - m_lastReceived;
    if (m_incoming.count() > 0) {
        if (silence > 2 * m_incoming + m_settings.slack)
            return Due::PeerLost;
    } else if (m_settings.pingInterval.count() > 0) {
        if (silence >= 2 * m_settings.pingInterval)
            return Due::PeerLost;
        if (silence >= m_settings.pingInterval && now - m_lastPing >= m_settings.pingInterval) {
            m_lastPing = now;
            return Due::Ping;
        }
    }
    if (m_outgoing.count() > 0 && now - m_lastSent >= m_outgoing / 2)
        return Due::Beat;
    return Due::Nothing;
}

} // namespace msgsrv
