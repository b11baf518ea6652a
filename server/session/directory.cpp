// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/directory.h"

namespace msgsrv {

namespace {

/// Another seed than the shards' hash tables have: keys of one shard must still spread over its table.
constexpr std::size_t shardSeed = 0x6d736773;

} // namespace

void SessionDirectory::add(const Entry &entry)
{
    {
        KeyShard &shard = m_keys[shardOf(qHash(entry.key, shardSeed))];
        const std::scoped_lock lock(shard.mutex);
        shard.entries.insert(entry.key, entry);
    }
    UserShard &shard = m_users[shardOf(qHash(entry.userId, shardSeed))];
    const std::scoped_lock lock(shard.mutex);
    shard.entries.insert(entry.userId, entry);
}

void SessionDirectory::remove(const ListeningKey &key, Generation generation)
{
    UserId userId;
    {
        KeyShard &shard = m_keys[shardOf(qHash(key, shardSeed))];
        const std::scoped_lock lock(shard.mutex);
        const auto it = shard.entries.constFind(key);
        if (it == shard.entries.cend() || it->generation != generation)
            return;
        userId = it->userId;
        shard.entries.erase(it);
    }
    UserShard &shard = m_users[shardOf(qHash(userId, shardSeed))];
    const std::scoped_lock lock(shard.mutex);
    const auto it = shard.entries.constFind(userId);
    if (it != shard.entries.cend() && it->generation == generation)
        shard.entries.erase(it);
}

std::optional<SessionDirectory::Entry> SessionDirectory::findKey(const ListeningKey &key) const
{
    const KeyShard &shard = m_keys[shardOf(qHash(key, shardSeed))];
    const std::scoped_lock lock(shard.mutex);
    const auto it = shard.entries.constFind(key);
    if (it == shard.entries.cend())
        return std::nullopt;
    return *it;
}

std::optional<SessionDirectory::Entry> SessionDirectory::findUser(const UserId &userId) const
{
    const UserShard &shard = m_users[shardOf(qHash(userId, shardSeed))];
    const std::scoped_lock lock(shard.mutex);
    const auto it = shard.entries.constFind(userId);
    if (it == shard.entries.cend())
        return std::nullopt;
    return *it;
}

} // namespace msgsrv
