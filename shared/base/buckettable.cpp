// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/buckettable.h"

#include "shared/base/random.h"

#include <algorithm>

namespace msgsrv {

namespace {

/// Spreads every bit of @p value over the whole word (the finalizer of SplitMix64).
std::uint64_t mixed(std::uint64_t value)
{
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
    return value ^ (value >> 31);
}

} // namespace

BucketTable::BucketTable(std::size_t capacity)
    : m_setsPerShard(std::max<std::size_t>(1, (capacity + shardCount * ways - 1) / (shardCount * ways)))
{
    fillRandom(m_seeds.data(), sizeof m_seeds);
    for (std::size_t i = 0; i < shardCount; ++i)
        m_shards[i].buckets.resize(m_setsPerShard * ways);
}

/// Seeded, so that nobody can choose addresses that meet in one set.
std::uint64_t BucketTable::hashOf(const BucketKey &key) const
{
    return mixed(mixed(key.high ^ m_seeds[0]) ^ key.low ^ m_seeds[1]);
}

TimePoint &BucketTable::find(Shard &shard, std::uint64_t hash, const BucketKey &key, TimePoint now) const
{
    Bucket *const set = &shard.buckets[(hash % m_setsPerShard) * ways];
    Bucket *fullest = set;
    for (Bucket *bucket = set; bucket != set + ways; ++bucket) {
        if (bucket->key == key) {
            bucket->fullAt = std::max(bucket->fullAt, now);
            return bucket->fullAt;
        }
        if (bucket->fullAt < fullest->fullAt)
            fullest = bucket;
    }
    *fullest = {key, now};
    return fullest->fullAt;
}

} // namespace msgsrv
