// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/ladderlayout.h"

#include <QCoreApplication>

#include <algorithm>

namespace msgsrv::console {

namespace {

struct Words
{
    Q_DECLARE_TR_FUNCTIONS(Ladder)
};

using Kind = FlowMessage::Kind;
using Outcome = FlowMessage::Outcome;

} // namespace

void LadderLayout::build(int messages, const Source &at, const Options &options)
{
    m_rows.clear();
    m_lifelines.clear();
    m_places.clear();
    m_gathered = 0;
    m_server = 0;
    const std::vector<int> shown = newest(messages, at, options);
    chooseLifelines(shown, at, options);
    const int shared = static_cast<int>(m_lifelines.size()) - 1;
    QHash<QPair<int, int>, std::size_t> open; // runs of candidates that may still grow, by direction
    for (const int i : shown) {
        const FlowMessage &message = at(i);
        Row row;
        row.first = i;
        row.worst = message.outcome;
        if (message.kind == Kind::Gap) {
            open.clear();
            m_rows.push_back(row);
            continue;
        }
        row.from = m_places.value(message.from, shared);
        row.to = m_places.value(message.to, shared);
        const QPair<int, int> way(row.from, row.to);
        if (options.fold && message.kind == Kind::Candidate) {
            const auto run = open.constFind(way);
            if (run != open.constEnd()) {
                Row &grown = m_rows[*run];
                if (!options.unfolded.contains(at(grown.first).seq)) {
                    ++grown.count;
                    grown.others.push_back(i);
                    grown.worst = std::max(grown.worst, message.outcome, [](Outcome a, Outcome b) {
                        const auto badness = [](Outcome o) {
                            return o == Outcome::Delivered ? 0 : o == Outcome::Waiting ? 1 : 2;
                        };
                        return badness(a) < badness(b);
                    });
                    continue;
                }
            } else {
                open.insert(way, m_rows.size());
            }
        } else {
            // Anything else between these two ends their runs: order is kept where it means something.
            open.remove(way);
            open.remove({row.to, row.from});
        }
        m_rows.push_back(std::move(row));
    }
    if (m_lifelines.isEmpty())
        m_lifelines.append(Words::tr("server"));
}

/// Indexes of the messages that are accepted, ascending; of more than may be, the newest.
std::vector<int> LadderLayout::newest(int messages, const Source &at, const Options &options)
{
    std::vector<int> shown;
    m_isCut = false;
    for (int i = messages - 1; i >= 0; --i) {
        if (options.accept && !options.accept(at(i)))
            continue;
        if (static_cast<int>(shown.size()) == options.mostMessages) {
            m_isCut = true;
            break;
        }
        shown.push_back(i);
    }
    std::reverse(shown.begin(), shown.end());
    return shown;
}

/// The newest users are chosen; they stand in the order of their first appearance.
void LadderLayout::chooseLifelines(const std::vector<int> &shown, const Source &at, const Options &options)
{
    QSet<QString> all;
    QSet<QString> chosen;
    const int room = std::max(2, options.mostLifelines - 2); // besides the server and the shared one
    for (auto i = shown.rbegin(); i != shown.rend(); ++i) {
        const FlowMessage &message = at(*i);
        if (message.kind == Kind::Gap)
            continue;
        for (const QString &user : {message.from, message.to}) {
            all.insert(user);
            if (chosen.size() < room)
                chosen.insert(user);
        }
    }
    for (const int i : shown) {
        if (m_places.size() == chosen.size())
            break;
        const FlowMessage &message = at(i);
        if (message.kind == Kind::Gap)
            continue;
        for (const QString &user : {message.from, message.to}) {
            if (!chosen.contains(user) || m_places.contains(user))
                continue;
            m_places.insert(user, static_cast<int>(m_lifelines.size()));
            m_lifelines.append(user);
            if (m_lifelines.size() == 1) {
                m_lifelines.append(Words::tr("server"));
                m_server = 1;
            }
        }
    }
    m_gathered = static_cast<int>(all.size() - chosen.size());
    if (m_gathered > 0)
        m_lifelines.append(Words::tr("%1 others").arg(m_gathered));
}

int LadderLayout::rowOfMessage(int index) const
{
    // The first message of rows ascends; a folded one stands in a row that began earlier.
    const auto after = std::upper_bound(m_rows.begin(), m_rows.end(), index,
                                        [](int value, const Row &row) { return value < row.first; });
    for (auto row = after; row != m_rows.begin();) {
        --row;
        if (row->first == index
            || std::find(row->others.begin(), row->others.end(), index) != row->others.end())
            return static_cast<int>(row - m_rows.begin());
    }
    return -1;
}

std::pair<int, int> LadderMetrics::visible(double top, double windowHeight, int rows) const
{
    const int first = std::max(0, static_cast<int>(top / row));
    return {first, std::min(rows - 1, static_cast<int>((top + windowHeight) / row))};
}

QString ladderLabel(const FlowMessage &message, int count)
{
    const QString name = FlowMessage::kindName(message.kind);
    return count > 1 ? Words::tr("%1 ×%2").arg(name).arg(count) : name;
}

} // namespace msgsrv::console
