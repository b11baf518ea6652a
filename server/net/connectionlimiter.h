// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHash>
#include <QHostAddress>

#include <cstdint>
#include <mutex>

namespace msgsrv {

/// Counts the open connections of all I/O threads, in total and per client address. Any thread.
class ConnectionLimiter
{
public:
    enum class Verdict { Admitted, TooMany, TooManyFromAddress };

    /// 0 means unlimited.
    ConnectionLimiter(std::int64_t total, std::int64_t perAddress)
        : m_totalLimit(total)
        , m_perAddressLimit(perAddress)
    { }

    /// Admitted must be given back with release() for the same address.
    [[nodiscard]] Verdict admit(const QHostAddress &address);
    void release(const QHostAddress &address);
    [[nodiscard]] std::int64_t total() const;

private:
    const std::int64_t m_totalLimit;
    const std::int64_t m_perAddressLimit;
    mutable std::mutex m_mutex;
    std::int64_t m_total = 0; // guarded by m_mutex
    QHash<QHostAddress, std::int64_t> m_perAddress; // guarded by m_mutex
};

} // namespace msgsrv
