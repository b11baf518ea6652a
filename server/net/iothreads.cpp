// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/iothreads.h"

namespace msgsrv {

IoThreads::IoThreads(int count, uint stackBytes)
{
    Q_ASSERT(count > 0);
    for (int i = 0; i < count; ++i)
        m_threads.push_back(std::make_unique<IoThread>(unsigned(i), stackBytes));
}

IoThreads::~IoThreads() = default;

void IoThreads::messagesReady(ConnectionId consumer, const ListeningKey &queue)
{
    if (auto *owner = ownerOf(consumer))
        owner->messagesReady(consumer, queue);
}

void IoThreads::requestClose(ConnectionId connection, quint16 code, const QByteArray &reason)
{
    if (auto *owner = ownerOf(connection))
        owner->requestClose(connection, code, reason);
}

void IoThreads::probe(ConnectionId connection, std::function<void(bool)> done)
{
    if (auto *owner = ownerOf(connection))
        owner->probe(connection, std::move(done));
    else
        done(false);
}

void IoThreads::tellDraining(ConnectionId connection, milliseconds reconnectAfter)
{
    if (auto *owner = ownerOf(connection))
        owner->tellDraining(connection, reconnectAfter);
}

IoThread *IoThreads::ownerOf(ConnectionId id) const
{
    const std::size_t index = ioThreadOf(id);
    return id != ConnectionId::None && index < m_threads.size() ? m_threads[index].get() : nullptr;
}

} // namespace msgsrv
