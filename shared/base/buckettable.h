// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

namespace msgsrv {

/// Whose bucket it is: 128 bits that name a client address or stand for a user.
struct BucketKey
{
    std::uint64_t high = 0;
    std::uint64_t low = 0;

    friend bool operator==(const BucketKey &, const BucketKey &) = default;
};

/// Token buckets by key, in a table that never grows. All that is kept of a bucket is the time at which it is
/// full again; one that is full is like one that was never touched, so nothing has to be swept. A key has few
/// places it can be at: when all of them are taken by buckets that are not full, the one that would be full
/// soonest is forgotten.
///
/// Any thread. Each shard has a lock of its own, which is held for moments, so buckets are exact although
/// many threads use them.
class BucketTable
{
public:
    static constexpr std::size_t defaultCapacity = 16 * 1024;

    /// @p capacity is rounded up to a multiple of 256.
    explicit BucketTable(std::size_t capacity = defaultCapacity);

    /// Calls @p change with the time at which the bucket of @p key is full again, which is @p now when it is
    /// full, and keeps what @p change makes of it. Returns what @p change returns.
    template <typename Change>
    auto update(const BucketKey &key, TimePoint now, Change change)
    {
        const std::uint64_t hash = hashOf(key);
        Shard &shard = m_shards[hash % shardCount];
        const std::scoped_lock lock(shard.mutex);
        return change(find(shard, hash / shardCount, key, now));
    }

    [[nodiscard]] std::size_t capacity() const { return shardCount * ways * m_setsPerShard; }

private:
    static constexpr std::size_t shardCount = 32;
    static constexpr std::size_t ways = 8;

    struct Bucket
    {
        BucketKey key;
        TimePoint fullAt = TimePoint::min();
    };
    struct alignas(64) Shard
    {
        std::mutex mutex;
        std::vector<Bucket> buckets; // guarded by mutex; sets of `ways`
    };

    [[nodiscard]] std::uint64_t hashOf(const BucketKey &key) const;
    [[nodiscard]] TimePoint &find(Shard &shard, std::uint64_t hash, const BucketKey &key,
                                  TimePoint now) const;

    const std::size_t m_setsPerShard;
    std::array<std::uint64_t, 2> m_seeds{};
    const std::unique_ptr<Shard[]> m_shards = std::make_unique<Shard[]>(shardCount);
};

} // namespace msgsrv
