// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "server/metrics/metrics.h"
#include "server/session/absentqueues.h"
#include "server/session/directory.h"
#include "server/session/sessionservice.h"
#include "server/session/storedjournal.h"
#include "server/storage/sessionstore.h"

#include <cstddef>
#include <functional>
#include <vector>

namespace msgsrv {

/// Carries what waits over a restart of the program, by way of the store: what its end saved, and what its
/// journal had when it had no end. Main thread, where the store answers.
class QueueSaver
{
public:
    /// All of it outlives the saver, and what was asked of the store.
    struct Collaborators
    {
        Broker &broker;
        SessionStore &store;
        const SessionDirectory &directory;
        Metrics &metrics;
        AbsentQueues *absent = nullptr; ///< null: nothing waits for who is not there
        StoredJournal *journal = nullptr; ///< null: the store is not lasting
    };
    explicit QueueSaver(const Collaborators &collaborators);

    /// The reason that a sender is told of a message that did not outlive a crash.
    static constexpr char crashReason[] = "server_crashed";

    /// Puts @p messages back: into the queues of @p sessions, in order, or where they were held. Senders that
    /// have their session again have their messages in its ledger again, and are told of those that were
    /// lost, if they wished. Before anybody publishes.
    void restore(const std::vector<KeptSession> &sessions, const std::vector<StoredMessage> &messages);

    struct Result
    {
        enum class Kind {
            Saved, ///< all of it
            NotLasting, ///< nothing: the store keeps no more than the process does
            Failed, ///< the store could not
        };
        Kind kind = Kind::Saved;
        std::size_t messages = 0; ///< that waited; of Failed: that are lost
        std::size_t queues = 0; ///< in which they waited
    };
    /// Gives what waits in the queues of @p sessions, and for users who are not there, to the store, and ends
    /// all of these queues: what was saved is dropped as Saved, what was not as SessionEnded. No queue has a
    /// consumer any more, and nobody publishes. @p done is called once, perhaps before this returns.
    void save(const std::vector<KeptSession> &sessions, std::function<void(Result)> done);

private:
    struct Batch
    {
        std::vector<StoredMessage> messages;
        std::vector<ListeningKey> queues; ///< all, also empty ones
        Result unsaved; ///< what is lost if it fails
        Result all;
    };
    void collect(Batch &batch, const ListeningKey &queue, bool isHeld) const;
    void drop(const std::vector<ListeningKey> &queues, DropReason reason);
    /// The message, followed by the ledger of its sender if that is there again.
    [[nodiscard]] MessagePtr followed(const StoredMessage &stored) const;
    /// It is in no queue any more.
    void tellLost(const StoredMessage &stored, const char *reason);

    const Collaborators m_with;
    prometheus::Counter &m_restoredCounter;
};

} // namespace msgsrv
