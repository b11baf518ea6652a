// SPDX-License-Identifier: GPL-3.0-or-later
//
// The embedded broker and its journal: who is told when, of messages that are kept in case of a crash.
#include "server/broker/embeddedbroker.h"

#include <utility>

namespace msgsrv {

namespace {

using State = PublishResult::State;

} // namespace

bool EmbeddedBroker::keep(const ListeningKey &queue, QueuedMessage &queued, bool waits) const
{
    queued.journal = m_journal->append({queue, queued.tag}, queued.message);
    if (waits)
        m_journal->ask(queued.journal, {queue, queued.tag});
    return waits;
}

void EmbeddedBroker::ask(const ListeningKey &queue, const QueuedMessage &queued, Followers &followers) const
{
    m_journal->ask(queued.journal, {queue, queued.tag});
    followers.noteChange();
}

std::vector<Broker::PublishDone>
EmbeddedBroker::releaseOutcomes(const ListeningKey &queue, MessageQueue &from, Followers &followers) const
{
    std::vector<const QueuedMessage *> asked;
    std::vector<PublishDone> outcomes = from.releaseOutcomes(asked);
    for (const QueuedMessage *queued : asked)
        ask(queue, *queued, followers);
    return outcomes;
}

void EmbeddedBroker::noteInJournal(Step step, const QueuedMessage &queued, Followers &followers) const
{
    if (step != Step::Written) {
        followers.addEnded(queued.journal);
    } else if (!queued.redelivered) {
        m_journal->written(queued.journal);
        followers.noteChange();
    }
}

void EmbeddedBroker::saved(const std::vector<MessageJournal::Place> &places)
{
    for (const MessageJournal::Place &place : places) {
        PublishDone outcome;
        State state = State::Queued;
        {
            Shard &shard = shardOf(place.queue);
            const std::scoped_lock lock(shard.mutex);
            const auto queue = shard.queues.find(place.queue);
            if (queue == shard.queues.end())
                continue;
            const auto [queued, where] = queue->find(place.tag);
            if (!queued)
                continue;
            queued->isSaved = true;
            // What its consumer has just taken is known in a moment.
            if (where != MessageQueue::Place::Taken)
                outcome = std::exchange(queued->outcome, nullptr);
            if (where == MessageQueue::Place::Unacknowledged || queued->redelivered)
                state = State::Written;
        }
        if (outcome)
            outcome({state, PublishRefusal::None});
    }
}

void EmbeddedBroker::notSaved(const std::vector<MessageJournal::Place> &places)
{
    for (const MessageJournal::Place &place : places) {
        std::vector<QueuedMessage> withdrawn;
        PublishDone outcome;
        PublishResult result{State::Queued, PublishRefusal::None};
        JournalId ended = JournalId::NotKept;
        {
            Shard &shard = shardOf(place.queue);
            const std::scoped_lock lock(shard.mutex);
            const auto queue = shard.queues.find(place.queue);
            if (queue == shard.queues.end())
                continue;
            const auto [queued, where] = queue->find(place.tag);
            if (!queued || !queued->outcome || where == MessageQueue::Place::Taken)
                continue;
            outcome = std::exchange(queued->outcome, nullptr);
            if (where == MessageQueue::Place::Unacknowledged || queued->redelivered) {
                result.state = State::Written;
            } else if (queued->message->keep == Keep::Surely) {
                // Its sender is told by the answer, and may send it again; so nobody else is told.
                ended = queued->journal;
                withdrawn.push_back(queue->withdraw(place.tag));
                shard.count(DropReason::NotSaved, 1);
                tellTap(FlowEvent::Kind::Dropped, withdrawn, 0, 1, toString(DropReason::NotSaved));
                result = {State::Refused, PublishRefusal::NotSaved};
            }
        }
        if (ended != JournalId::NotKept)
            m_journal->end({ended});
        outcome(result);
    }
}

} // namespace msgsrv
