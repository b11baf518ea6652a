// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/queuesaver.h"

#include "server/session/senderledger.h"

#include <optional>
#include <unordered_map>
#include <utility>

namespace msgsrv {

namespace {

struct KeyHash
{
    std::size_t operator()(const ListeningKey &key) const noexcept { return qHash(key); }
};

/// Numbers of messages of this run are smaller: they are counted from 1.
constexpr std::uint64_t restoredNumbers = std::uint64_t(1) << 63;

std::uint64_t numberOf(const StoredMessage &stored)
{
    return restoredNumbers | stored.position;
}

MessageReport reportOf(const StoredMessage &stored)
{
    return {stored.message->id,
            stored.origin.exchangeId,
            stored.message->to,
            stored.redelivered ? MessageState::Written : MessageState::Queued,
            "",
            true};
}

} // namespace

QueueSaver::QueueSaver(const Collaborators &collaborators)
    : m_with(collaborators)
    , m_restoredCounter(
          m_with.metrics.counter("messaging_messages_restored_total",
                                 "Accepted messages that an earlier run of the daemon had saved."))
{ }

void QueueSaver::restore(const std::vector<KeptSession> &sessions, const std::vector<StoredMessage> &messages)
{
    std::unordered_map<ListeningKey, std::vector<KeptMessage>, KeyHash> byQueue;
    for (const KeptSession &session : sessions)
        byQueue.try_emplace(session.key);
    std::vector<const StoredMessage *> lost;
    std::vector<ListeningKey> held;
    for (const StoredMessage &stored : messages) {
        const auto session = m_with.directory.findUser(stored.message->to);
        // Where somebody came by another way than through what was held for him, it is his all the same.
        const ListeningKey queue = stored.isHeld && session ? session->key : stored.queue;
        const bool isHeld = stored.isHeld && !session && stored.hasContent && m_with.absent;
        auto found = byQueue.find(queue);
        if (isHeld) {
            m_with.absent->restore(stored.message->to, queue, stored.message->from,
                                   stored.message->expiresAt);
            if (found == byQueue.end()) {
                held.push_back(queue);
                found = byQueue.try_emplace(queue).first;
            }
        }
        if (!stored.hasContent || found == byQueue.end())
            lost.push_back(&stored);
        else
            found->second.push_back({followed(stored), stored.redelivered, JournalId(stored.position),
                                     m_with.journal != nullptr});
    }
    const auto putBack = [&](const ListeningKey &queue, bool hadConsumer) {
        std::vector<KeptMessage> own = std::move(byQueue[queue]);
        m_restoredCounter.Increment(double(own.size()));
        m_with.broker.restore(queue, std::move(own), hadConsumer);
    };
    for (const KeptSession &session : sessions)
        putBack(session.key, session.hadConsumer);
    for (const ListeningKey &queue : held)
        putBack(queue, false);
    // Now what they are told comes behind what waited for them.
    for (const StoredMessage *stored : lost)
        tellLost(*stored, stored->hasContent ? toString(DropReason::SessionEnded) : crashReason);
    if (m_with.journal)
        m_with.journal->flush();
}

MessagePtr QueueSaver::followed(const StoredMessage &stored) const
{
    const auto sender = m_with.directory.findKey(stored.origin.sender);
    if (stored.origin.sender.isNull() || !sender || !sender->ledger)
        return stored.message;
    auto message = std::make_shared<Message>(*stored.message);
    message->number = numberOf(stored);
    message->watch = sender->ledger;
    sender->ledger->restore(message->number, reportOf(stored), stored.origin.wishes);
    return message;
}

void QueueSaver::tellLost(const StoredMessage &stored, const char *reason)
{
    const MessagePtr message = followed(stored);
    if (message->watch && message->watch->advance(message->number, MessageWatch::Step::Dropped, reason))
        message->watch->tell();
    if (m_with.journal)
        m_with.journal->end({JournalId(stored.position)});
}

void QueueSaver::collect(Batch &batch, const ListeningKey &queue, bool isHeld) const
{
    batch.queues.push_back(queue);
    bool hasUnsaved = false;
    std::vector<KeptMessage> waiting = m_with.broker.waiting(queue);
    for (KeptMessage &kept : waiting) {
        if (!kept.isSaved || kept.message->keep == Keep::Fate) {
            ++batch.unsaved.messages;
            hasUnsaved = true;
        }
        StoredMessage stored;
        stored.queue = queue;
        stored.isHeld = isHeld;
        stored.redelivered = kept.redelivered;
        if (kept.message->watch)
            stored.origin = kept.message->watch->originOf(kept.message->number);
        stored.message = std::move(kept.message);
        batch.messages.push_back(std::move(stored));
    }
    batch.all.messages += waiting.size();
    batch.all.queues += waiting.empty() ? 0 : 1;
    batch.unsaved.queues += hasUnsaved ? 1 : 0;
}

void QueueSaver::save(const std::vector<KeptSession> &sessions, std::function<void(Result)> done)
{
    Batch batch;
    for (const KeptSession &session : sessions)
        collect(batch, session.key, false);
    if (m_with.absent) {
        const std::vector<AbsentQueues::Held> held = m_with.absent->held();
        for (const AbsentQueues::Held &waited : held)
            collect(batch, waited.queue, true);
    }
    const bool isWritten = !m_with.journal || m_with.journal->shut();
    if (!m_with.store.isLasting() && batch.all.messages > 0) {
        batch.all.kind = Result::Kind::NotLasting;
        drop(batch.queues, DropReason::SessionEnded);
        done(batch.all);
        return;
    }
    if (isWritten && batch.unsaved.messages == 0) {
        drop(batch.queues, batch.all.messages > 0 ? DropReason::Saved : DropReason::SessionEnded);
        done(batch.all);
        return;
    }
    std::vector<StoredMessage> messages = std::exchange(batch.messages, {});
    m_with.store.saveMessages(
        std::move(messages),
        [this, batch = std::move(batch), done = std::move(done)](StoreStatus status) mutable {
            // What the journal had written down before is there whatever became of this.
            const bool isLost = status != StoreStatus::Ok && batch.unsaved.messages > 0;
            batch.unsaved.kind = Result::Kind::Failed;
            drop(batch.queues, isLost ? DropReason::SessionEnded : DropReason::Saved);
            done(isLost ? batch.unsaved : batch.all);
        });
}

void QueueSaver::drop(const std::vector<ListeningKey> &queues, DropReason reason)
{
    for (const ListeningKey &queue : queues)
        m_with.broker.remove(queue, reason);
}

} // namespace msgsrv
