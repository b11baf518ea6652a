// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/queuesaver.h"

#include <unordered_map>
#include <utility>

namespace msgsrv {

QueueSaver::QueueSaver(Broker &broker, SessionStore &store, Metrics &metrics)
    : m_broker(broker)
    , m_store(store)
    , m_restoredCounter(metrics.counter("messaging_messages_restored_total",
                                        "Accepted messages that an earlier run of the daemon had saved."))
{ }

void QueueSaver::restore(const std::vector<KeptSession> &sessions, std::vector<StoredMessage> messages)
{
    std::unordered_map<Generation, std::vector<KeptMessage>> bySession;
    for (StoredMessage &stored : messages)
        bySession[stored.session].push_back({std::move(stored.message), stored.redelivered});
    for (const KeptSession &session : sessions) {
        std::vector<KeptMessage> own = std::move(bySession[session.generation]);
        m_restoredCounter.Increment(double(own.size()));
        m_broker.restore(session.key, std::move(own), session.hadConsumer);
    }
}

void QueueSaver::save(std::vector<KeptSession> sessions, std::function<void(Result)> done)
{
    Result result;
    std::vector<StoredMessage> messages;
    for (const KeptSession &session : sessions) {
        std::vector<KeptMessage> waiting = m_broker.waiting(session.key);
        result.queues += waiting.empty() ? 0 : 1;
        for (KeptMessage &kept : waiting)
            messages.push_back({session.generation, std::move(kept.message), kept.redelivered});
    }
    result.messages = messages.size();
    if (messages.empty() || !m_store.isLasting()) {
        result.kind = messages.empty() ? Result::Kind::Saved : Result::Kind::NotLasting;
        drop(sessions, DropReason::SessionEnded);
        done(result);
        return;
    }
    m_store.saveMessages(
        std::move(messages),
        [this, sessions = std::move(sessions), result, done = std::move(done)](StoreStatus status) mutable {
            const bool saved = status == StoreStatus::Ok;
            result.kind = saved ? Result::Kind::Saved : Result::Kind::Failed;
            drop(sessions, saved ? DropReason::Saved : DropReason::SessionEnded);
            done(result);
        });
}

void QueueSaver::drop(const std::vector<KeptSession> &sessions, DropReason reason)
{
    for (const KeptSession &session : sessions)
        m_broker.remove(session.key, reason);
}

} // namespace msgsrv
