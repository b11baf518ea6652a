// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/nearest.h"

#include <algorithm>
#include <utility>

namespace msgsrv {

std::size_t editDistance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> beforeLast(b.size() + 1);
    std::vector<std::size_t> last(b.size() + 1);
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], beforeLast[j - 2] + 1);
        }
        std::swap(beforeLast, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

std::string_view nearest(std::string_view typed, const std::vector<std::string_view> &names)
{
    constexpr std::size_t longest = 128; // bounds the work for a name that nobody typed
    typed = typed.substr(0, longest);
    const auto lastPart = [](std::string_view name) { return name.substr(name.rfind('.') + 1); };
    const auto rank = [&](std::string_view name) {
        const std::size_t whole = editDistance(typed, name);
        const std::size_t last = editDistance(lastPart(typed), lastPart(name));
        return std::pair(last <= 1 ? std::min(whole, last + 1) : whole, whole);
    };
    std::string_view best;
    std::pair<std::size_t, std::size_t> bestRank;
    for (const std::string_view name : names) {
        const auto r = rank(name);
        if (best.empty() || r < bestRank) {
            best = name;
            bestRank = r;
        }
    }
    return best;
}

} // namespace msgsrv
