// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/handlertable.h"

#include <cassert>

namespace msgsrv {

ConnectionHandler *HandlerTable::find(ConnectionId id) const
{
    const auto found = m_entries.find(id);
    return found == m_entries.end() ? nullptr : found->second.handler;
}

std::vector<ConnectionId> HandlerTable::ids() const
{
    std::vector<ConnectionId> ids;
    ids.reserve(m_entries.size());
    for (const auto &[id, entry] : m_entries)
        ids.push_back(id);
    return ids;
}

void HandlerTable::add(ConnectionId id, ConnectionHandler *handler)
{
    assert(handler && !m_entries.contains(id));
    auto &entry = m_entries[id];
    entry.handler = handler;
    m_list.add(entry);
}

void HandlerTable::remove(ConnectionId id)
{
    const auto found = m_entries.find(id);
    if (found == m_entries.end())
        return;
    m_list.remove(found->second);
    m_entries.erase(found);
}

} // namespace msgsrv
