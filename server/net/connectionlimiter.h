// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/cidr.h"
#include "shared/base/buckettable.h"

#include <QHostAddress>

#include <tl/expected.hpp>

#include <cstdint>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <vector>

namespace msgsrv {

/// Counts the open connections of all I/O threads, in total and per client address (see addressBlock()).
///
/// A connection of a trusted proxy counts in the total at once, but for no address until it is known whom it
/// acts for: its request's head says so, and attribute() tells. Any thread; the limiter outlives its slots.
class ConnectionLimiter
{
public:
    enum class Refusal { TooMany, TooManyFromAddress };

    /// The place of one open connection, which is given back when the slot goes. Belongs to the connection's
    /// thread.
    class Slot
    {
    public:
        /// Holds nothing.
        Slot() = default;
        Slot(Slot &&other) noexcept { *this = std::move(other); }
        Slot &operator=(Slot &&other) noexcept;
        ~Slot() { release(); }

        /// From now on the connection acts for @p client, and no longer for the one before. False when that
        /// client has as many connections as it may: the connection then acts for nobody and is to be
        /// refused. A proxy that names nobody but trusted proxies acts for itself and is not limited. A
        /// connection that is not a trusted proxy's stays with its peer: true, and nothing else.
        [[nodiscard]] bool attribute(const QHostAddress &client);
        /// The proxy's connection acts for nobody for now: a request was answered, and the next one may be
        /// another client's.
        void unattribute();

    private:
        friend class ConnectionLimiter;
        Slot(ConnectionLimiter &limiter, std::optional<BucketKey> address)
            : m_limiter(&limiter)
            , m_address(address)
            , m_isProxy(!address)
        { }
        void release();

        ConnectionLimiter *m_limiter = nullptr;
        std::optional<BucketKey> m_address; // for whom it counts
        bool m_isProxy = false;
    };

    /// 0 means unlimited. @p trustedProxies: net.trusted_proxies.
    ConnectionLimiter(std::int64_t total, std::int64_t perAddress, std::vector<Cidr> trustedProxies = {});

    /// A connection of @p peer was accepted.
    [[nodiscard]] tl::expected<Slot, Refusal> admit(const QHostAddress &peer);
    [[nodiscard]] std::int64_t total() const;

private:
    struct KeyHash
    {
        std::size_t operator()(const BucketKey &key) const noexcept
        {
            return qHashMulti(QHashSeed::globalSeed(), key.high, key.low);
        }
    };

    // With m_mutex held
    [[nodiscard]] bool enter(const BucketKey &address);
    void leave(const BucketKey &address);

    const std::int64_t m_totalLimit;
    const std::int64_t m_perAddressLimit;
    const std::vector<Cidr> m_trustedProxies;
    mutable std::mutex m_mutex;
    std::int64_t m_total = 0; // guarded by m_mutex
    std::unordered_map<BucketKey, std::int64_t, KeyHash> m_perAddress; // guarded by m_mutex
};

} // namespace msgsrv
