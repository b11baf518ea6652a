// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/buckettable.h"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <utility>

namespace msgsrv {

/// Who waits for something scarce, by client address: addresses take turns, so one that asks for much waits
/// for itself and not the others for it. Bounded: when it is full, the newest of the address that has most
/// there makes room for one that has less. Not safe by itself: its owner locks.
template <typename Item>
class FairLine
{
public:
    /// @p most items wait, of all addresses together.
    explicit FairLine(std::size_t most)
        : m_most(most)
    { }

    /// Adds @p item behind the others of @p address. Returns who has no place any more: nothing, or the item
    /// that made room, or @p item itself.
    [[nodiscard]] std::optional<Item> push(const BucketKey &address, Item item)
    {
        auto own = std::find_if(m_lines.begin(), m_lines.end(),
                                [&](const Line &line) { return line.address == address; });
        std::optional<Item> displaced;
        if (m_size == m_most) {
            const auto longest
                = std::max_element(m_lines.begin(), m_lines.end(), [](const Line &a, const Line &b) {
                      return a.items.size() < b.items.size();
                  });
            const std::size_t ownSize = own == m_lines.end() ? 0 : own->items.size();
            if (longest == m_lines.end() || longest->items.size() <= ownSize + 1)
                return item;
            displaced = std::move(longest->items.back());
            longest->items.pop_back(); // at least one is left
            --m_size;
        }
        if (own == m_lines.end())
            own = m_lines.insert(m_lines.end(), Line{address, {}});
        own->items.push_back(std::move(item));
        ++m_size;
        return displaced;
    }

    /// The oldest of the address whose turn it is; nothing when nobody waits.
    [[nodiscard]] std::optional<Item> pop()
    {
        if (m_lines.empty())
            return std::nullopt;
        Line &line = m_lines.front();
        Item item = std::move(line.items.front());
        line.items.pop_front();
        --m_size;
        if (line.items.empty())
            m_lines.pop_front();
        else
            m_lines.splice(m_lines.end(), m_lines, m_lines.begin());
        return item;
    }

    [[nodiscard]] std::size_t size() const { return m_size; }

private:
    struct Line
    {
        BucketKey address;
        std::deque<Item> items; ///< never empty
    };

    const std::size_t m_most;
    std::size_t m_size = 0;
    std::list<Line> m_lines; ///< the next one first
};

} // namespace msgsrv
