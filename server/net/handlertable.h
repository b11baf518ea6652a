// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/visitlist.h"
#include "shared/base/connectionid.h"

#include <unordered_map>
#include <vector>

namespace msgsrv {

class ConnectionHandler;

/// The connections of one I/O thread: who handles which. Belongs to that thread. A handler may register and
/// unregister any connection while it is called from here.
class HandlerTable
{
public:
    [[nodiscard]] std::size_t size() const { return m_entries.size(); }
    /// Null when there is no such connection.
    [[nodiscard]] ConnectionHandler *find(ConnectionId id) const;

    [[nodiscard]] std::vector<ConnectionId> ids() const;

    /// @p handler is borrowed until remove().
    void add(ConnectionId id, ConnectionHandler *handler);
    /// An unknown id: nothing.
    void remove(ConnectionId id);

    /// Calls @p visit(ConnectionHandler &) for the next @p count connections, round after round.
    template <typename Visit>
    void visitSome(std::size_t count, Visit visit)
    {
        m_list.visitSome(count, [&visit](Entry &entry) { visit(*entry.handler); });
    }

    /// Calls @p visit(ConnectionHandler &) once for every connection.
    template <typename Visit>
    void visitAll(Visit visit)
    {
        m_list.visitAll([&visit](Entry &entry) { visit(*entry.handler); });
    }

private:
    struct Entry : VisitHook
    {
        ConnectionHandler *handler = nullptr;
    };

    std::unordered_map<ConnectionId, Entry> m_entries;
    VisitList<Entry> m_list;
};

} // namespace msgsrv
