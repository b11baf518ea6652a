// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/storage/sessionstore.h"
#include "shared/signaling/listeningkey.h"
#include "shared/signaling/userid.h"

#include <QHash>

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

namespace msgsrv {

class SenderLedger;

/// Who owns which key, for the data path: written by the session service (main thread) only, read by every
/// I/O thread. Sharded, so that readers hardly ever meet.
class SessionDirectory
{
public:
    struct Entry
    {
        UserId userId;
        ListeningKey key;
        Generation generation = Generation::None;
        /// What the session sent; one for all copies of the entry. Null: nobody keeps it.
        std::shared_ptr<SenderLedger> ledger{};
    };

    void add(const Entry &entry);
    /// Nothing when the key is already gone or belongs to another generation.
    void remove(const ListeningKey &key, Generation generation);

    [[nodiscard]] std::optional<Entry> findKey(const ListeningKey &key) const;
    [[nodiscard]] std::optional<Entry> findUser(const UserId &userId) const;

private:
    static constexpr std::size_t shardCount = 64;
    struct KeyShard
    {
        mutable std::mutex mutex;
        QHash<ListeningKey, Entry> entries; // guarded by mutex
    };
    struct UserShard
    {
        mutable std::mutex mutex;
        QHash<UserId, Entry> entries; // guarded by mutex
    };
    [[nodiscard]] static std::size_t shardOf(std::size_t hash) { return hash % shardCount; }
    std::array<KeyShard, shardCount> m_keys;
    std::array<UserShard, shardCount> m_users;
};

} // namespace msgsrv
