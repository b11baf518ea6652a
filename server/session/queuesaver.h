// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "server/metrics/metrics.h"
#include "server/session/sessionservice.h"
#include "server/storage/sessionstore.h"

#include <cstddef>
#include <functional>
#include <vector>

namespace msgsrv {

/// Carries what waits in the queues of sessions over a restart of the program, by way of the store. Main
/// thread, where the store answers.
class QueueSaver
{
public:
    /// All of it outlives the saver, and what was asked of the store.
    QueueSaver(Broker &broker, SessionStore &store, Metrics &metrics);

    /// Puts @p messages back into the queues of @p sessions, in order. Before anybody publishes.
    void restore(const std::vector<KeptSession> &sessions, std::vector<StoredMessage> messages);

    struct Result
    {
        enum class Kind {
            Saved, ///< all of it
            NotLasting, ///< nothing: the store keeps no more than the process does
            Failed, ///< nothing: the store could not
        };
        Kind kind = Kind::Saved;
        std::size_t messages = 0; ///< that waited
        std::size_t queues = 0; ///< in which they waited
    };
    /// Gives what waits in the queues of @p sessions to the store, and ends all of these queues: what was
    /// saved is dropped as Saved, what was not as SessionEnded. No queue has a consumer any more, and nobody
    /// publishes. @p done is called once, perhaps before this returns.
    void save(std::vector<KeptSession> sessions, std::function<void(Result)> done);

private:
    void drop(const std::vector<KeptSession> &sessions, DropReason reason);

    Broker &m_broker;
    SessionStore &m_store;
    prometheus::Counter &m_restoredCounter;
};

} // namespace msgsrv
