// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/broker/broker.h"
#include "shared/signaling/listeningkey.h"
#include "shared/signaling/message.h"

#include <vector>

namespace msgsrv {

/// Writes down what a broker holds, so that it is there again when the process ends without warning.
///
/// A broker calls it with the lock held under which the thing itself happened, so that all about one message,
/// and all about one queue, is written down in the order in which it happened. So it takes a lock of its own
/// for a moment and calls nobody but the watch of a message; what it has to tell it tells from flush(), or
/// when its store has answered.
///
/// Any thread.
class MessageJournal
{
public:
    /// Where a message stands in the broker.
    struct Place
    {
        ListeningKey queue;
        DeliveryTag tag = 0;
    };
    /// Who is told; a message may have gone meanwhile. Called with no lock held.
    class Listener
    {
    public:
        virtual ~Listener() = default;
        /// They are as safe as the store can make them.
        virtual void saved(const std::vector<Place> &places) = 0;
        /// They are not, and somebody has asked for them.
        virtual void notSaved(const std::vector<Place> &places) = 0;
    };

    virtual ~MessageJournal() = default;

    /// @p message was appended to @p place. Its id in the journal, larger than all before; never NotKept.
    [[nodiscard]] virtual JournalId append(const Place &place, const MessagePtr &message) = 0;
    /// Somebody waits until the message is safe: the listener will be told, by flush() at the earliest.
    virtual void ask(JournalId id, const Place &place) = 0;
    /// It was written to a consumer who has not acknowledged it: it comes back as redelivered.
    virtual void written(JournalId id) = 0;
    /// Their fate is final. One that did not reach the store until now never will.
    virtual void end(const std::vector<JournalId> &ids) = 0;

    /// With no lock held: takes what somebody waits for to the store. What nobody waits for may stay a while,
    /// in the hope that it ends before.
    virtual void flush() = 0;
};

} // namespace msgsrv
