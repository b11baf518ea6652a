// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/storage/sessionstore.h"

#include <QHash>

#include <deque>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace msgsrv {

/// A store in memory that answers when the test says so, and fails when told to. It carries a call out when
/// it answers it, in the order of the calls.
class ScriptedStore final : public SessionStore
{
public:
    QHash<ListeningKey, SessionRecord> records;
    bool away = false; ///< every call that is answered now is answered Unavailable
    int updates = 0;
    int removals = 0; ///< calls of remove()
    bool lasting = true;
    std::map<std::uint64_t, StoredMessage> messages; ///< by position
    int changes = 0; ///< calls of changeMessages()

    void insert(const SessionRecord &record, Done done) override
    {
        enqueue(
            [this, record] {
                for (const SessionRecord &other : std::as_const(records)) {
                    if (other.userId == record.userId || other.key == record.key)
                        return StoreStatus::Conflict;
                }
                records.insert(record.key, record);
                return StoreStatus::Ok;
            },
            std::move(done));
    }

    void update(const SessionRecord &record, Done done) override
    {
        ++updates;
        enqueue(
            [this, record] {
                const auto it = records.find(record.key);
                if (it == records.end() || it->generation != record.generation)
                    return StoreStatus::NotFound;
                *it = record;
                return StoreStatus::Ok;
            },
            std::move(done));
    }

    void remove(const ListeningKey &key, Generation generation, Done done) override
    {
        ++removals;
        enqueue(
            [this, key, generation] {
                const auto it = records.constFind(key);
                if (it == records.cend() || it->generation != generation)
                    return StoreStatus::NotFound;
                records.erase(it);
                endMessagesOf(key);
                return StoreStatus::Ok;
            },
            std::move(done));
    }

    void load(LoadDone done) override
    {
        m_calls.push_back([this, done = std::move(done)] {
            done(StoreStatus::Ok, std::vector<SessionRecord>(records.cbegin(), records.cend()));
        });
    }

    [[nodiscard]] bool isLasting() const override { return lasting; }
    void saveMessages(std::vector<StoredMessage> saved, Done done) override
    {
        enqueue(
            [this, saved = std::move(saved)] {
                messages.clear();
                for (const StoredMessage &stored : saved) {
                    const std::uint64_t position = messages.size() + 1;
                    messages[position] = stored;
                    messages[position].position = position;
                }
                return StoreStatus::Ok;
            },
            std::move(done));
    }
    void changeMessages(MessageChanges wanted, Done done) override
    {
        ++changes;
        enqueue(
            [this, wanted = std::move(wanted)] {
                for (const StoredMessage &stored : wanted.added)
                    messages[stored.position] = stored;
                for (const std::uint64_t position : wanted.written) {
                    if (const auto row = messages.find(position); row != messages.end())
                        row->second.redelivered = true;
                }
                for (const std::uint64_t position : wanted.ended)
                    messages.erase(position);
                return StoreStatus::Ok;
            },
            std::move(done));
    }
    /// What an open() would find.
    [[nodiscard]] std::vector<StoredMessage> storedMessages() const
    {
        std::vector<StoredMessage> found;
        for (const auto &[position, stored] : messages)
            found.push_back(stored);
        return found;
    }
    [[nodiscard]] StoreHealth health() const override
    {
        StoreHealth health;
        health.up = !away;
        return health;
    }

    /// Answers the oldest call. False when there is none.
    bool answerOne()
    {
        if (m_calls.empty())
            return false;
        const auto call = std::move(m_calls.front());
        m_calls.pop_front();
        call();
        return true;
    }

private:
    void endMessagesOf(const ListeningKey &queue)
    {
        for (auto row = messages.begin(); row != messages.end();) {
            StoredMessage &stored = row->second;
            const auto next = std::next(row);
            if (stored.queue == queue && stored.hasContent) {
                if (stored.origin.wishes.failed)
                    stored.hasContent = false;
                else
                    messages.erase(row);
            }
            row = next;
        }
    }
    void enqueue(std::function<StoreStatus()> work, Done done)
    {
        m_calls.push_back([this, work = std::move(work), done = std::move(done)] {
            done(away ? StoreStatus::Unavailable : work());
        });
    }

    std::deque<std::function<void()>> m_calls;
};

} // namespace msgsrv
