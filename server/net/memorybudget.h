// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <atomic>
#include <cstdint>

namespace msgsrv {

/// Bytes that many may hold together. Any thread.
class MemoryBudget
{
public:
    /// 0 means unlimited.
    explicit MemoryBudget(std::int64_t bytes)
        : m_limit(bytes)
    { }

    /// False, and nothing is taken, when @p bytes more would be too many.
    [[nodiscard]] bool take(std::int64_t bytes)
    {
        const std::int64_t before = m_used.fetch_add(bytes, std::memory_order_relaxed);
        if (m_limit <= 0 || before + bytes <= m_limit)
            return true;
        m_used.fetch_sub(bytes, std::memory_order_relaxed);
        return false;
    }
    void giveBack(std::int64_t bytes) { m_used.fetch_sub(bytes, std::memory_order_relaxed); }
    [[nodiscard]] std::int64_t used() const { return m_used.load(std::memory_order_relaxed); }

private:
    const std::int64_t m_limit;
    std::atomic<std::int64_t> m_used{0};
};

} // namespace msgsrv
