// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/unacknowledged.h"

#include <algorithm>
#include <iterator>

namespace msgsrv {

namespace {

bool isEvent(const UnacknowledgedMessage &message)
{
    return message.tag == 0;
}

} // namespace

void Unacknowledged::add(UnacknowledgedMessage message)
{
    if (isEvent(message) && std::count_if(m_messages.begin(), m_messages.end(), isEvent) >= mostEvents)
        m_messages.erase(std::find_if(m_messages.begin(), m_messages.end(), isEvent));
    m_messages.push_back(std::move(message));
}

std::optional<std::size_t> Unacknowledged::find(std::uint64_t number) const
{
    const auto it = std::lower_bound(
        m_messages.begin(), m_messages.end(), number,
        [](const UnacknowledgedMessage &m, std::uint64_t wanted) { return m.number < wanted; });
    if (it == m_messages.end() || it->number != number)
        return std::nullopt;
    return std::size_t(it - m_messages.begin());
}

std::optional<std::size_t> Unacknowledged::find(std::string_view messageId) const
{
    const auto it = std::find_if(m_messages.begin(), m_messages.end(), [&](const UnacknowledgedMessage &m) {
        return std::string_view(m.messageId.constData(), std::size_t(m.messageId.size())) == messageId;
    });
    if (it == m_messages.end())
        return std::nullopt;
    return std::size_t(it - m_messages.begin());
}

Unacknowledged::Messages Unacknowledged::takeOne(std::size_t index)
{
    const auto it = m_messages.begin() + std::ptrdiff_t(index);
    Messages taken{std::move(*it)};
    m_messages.erase(it);
    return taken;
}

Unacknowledged::Messages Unacknowledged::takeUpTo(std::size_t index)
{
    const auto end = m_messages.begin() + std::ptrdiff_t(index) + 1;
    Messages taken(std::make_move_iterator(m_messages.begin()), std::make_move_iterator(end));
    m_messages.erase(m_messages.begin(), end);
    return taken;
}

Unacknowledged::Messages Unacknowledged::takeAll()
{
    return m_messages.empty() ? Messages() : takeUpTo(m_messages.size() - 1);
}

void Unacknowledged::putBack(Messages messages)
{
    std::deque<UnacknowledgedMessage> merged;
    std::merge(std::make_move_iterator(messages.begin()), std::make_move_iterator(messages.end()),
               std::make_move_iterator(m_messages.begin()), std::make_move_iterator(m_messages.end()),
               std::back_inserter(merged), [](const auto &a, const auto &b) { return a.number < b.number; });
    m_messages = std::move(merged);
}

} // namespace msgsrv
