// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/transactions.h"

#include <utility>

namespace msgsrv {

namespace {

/// What a frame takes in memory, about.
std::int64_t weightOf(const TransactedFrame &frame)
{
    std::size_t bytes = 128;
    if (const auto *send = std::get_if<stomp::Frame>(&frame)) {
        bytes += send->body.size();
        for (const stomp::Header &header : send->headers)
            bytes += sizeof header + header.name.size() + header.value.size();
    } else {
        bytes
            += std::get<TransactedAck>(frame).acknowledgement.messages.size() * sizeof(UnacknowledgedMessage);
    }
    return std::int64_t(bytes);
}

} // namespace

std::optional<Transactions::Error> Transactions::begin(const std::string &name)
{
    if (contains(name))
        return Error::Exists;
    if (m_limits.count > 0 && m_open.size() >= std::size_t(m_limits.count))
        return Error::TooMany;
    m_open.emplace(name, Transaction{});
    return std::nullopt;
}

std::optional<Transactions::Error> Transactions::add(const std::string &name, TransactedFrame frame)
{
    const auto it = m_open.find(name);
    if (it == m_open.end())
        return Error::Unknown;
    const std::int64_t weight = weightOf(frame);
    if (m_limits.bytes > 0 && m_bytes + weight > m_limits.bytes)
        return Error::TooLarge;
    m_bytes += weight;
    it->second.bytes += weight;
    it->second.frames.push_back(std::move(frame));
    return std::nullopt;
}

std::optional<std::vector<TransactedFrame>> Transactions::end(const std::string &name)
{
    const auto it = m_open.find(name);
    if (it == m_open.end())
        return std::nullopt;
    m_bytes -= it->second.bytes;
    auto frames = std::move(it->second.frames);
    m_open.erase(it);
    return frames;
}

} // namespace msgsrv
