// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace msgsrv {

/// What a VisitList keeps in each of its nodes.
struct VisitHook
{
    static constexpr std::size_t nowhere = ~std::size_t(0);
    std::size_t place = nowhere; ///< in the list
    std::uint32_t pass = 0; ///< the last visit
};

/// Nodes that are visited one after the other, while the visited may add and remove any of them. Adding and
/// removing take constant time; the order is not kept. Node derives from VisitHook and belongs to others.
template <typename Node>
class VisitList
{
public:
    [[nodiscard]] std::size_t size() const { return m_nodes.size(); }

    /// A node that is added during a visit is not visited by it.
    void add(Node &node)
    {
        node.place = m_nodes.size();
        node.pass = m_pass;
        m_nodes.push_back(&node);
    }

    void remove(Node &node)
    {
        m_nodes[node.place] = m_nodes.back();
        m_nodes[node.place]->place = node.place;
        m_nodes.pop_back();
        node.place = VisitHook::nowhere;
    }

    void clear()
    {
        while (!m_nodes.empty())
            remove(*m_nodes.back());
    }

    /// Calls @p visit for the next @p count nodes: round after round, each node once in a round. A node that
    /// comes in the middle of a round is visited from the next one on.
    template <typename Visit>
    void visitSome(std::size_t count, Visit visit)
    {
        for (; count > 0 && !m_nodes.empty(); --count) {
            m_next = std::min(m_next, m_nodes.size());
            if (m_next == 0) {
                ++m_pass;
                m_next = m_nodes.size();
            }
            // From the end: what a removal moves to an earlier place was visited already.
            auto *node = m_nodes[--m_next];
            if (node->pass == m_pass)
                continue;
            node->pass = m_pass;
            visit(*node);
        }
    }

    /// Calls @p visit once for every node that is there, and is not removed before its turn. The next
    /// visitSome() begins a new round.
    template <typename Visit>
    void visitAll(Visit visit)
    {
        m_next = 0;
        const auto pass = ++m_pass;
        // From the end: what a removal moves to an earlier place was visited already.
        for (auto i = m_nodes.size(); i > 0; i = std::min(i - 1, m_nodes.size())) {
            auto *node = m_nodes[i - 1];
            if (node->pass == pass)
                continue;
            node->pass = pass;
            visit(*node);
        }
    }

private:
    std::vector<Node *> m_nodes;
    std::size_t m_next = 0; // of visitSome(): what is before it waits for its turn in this round
    std::uint32_t m_pass = 0;
};

} // namespace msgsrv
