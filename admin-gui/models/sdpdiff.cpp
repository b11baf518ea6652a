// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/sdpdiff.h"

#include <QStringList>

#include <algorithm>

namespace msgsrv::console {

namespace {

using Kind = SdpDiffRow::Kind;

constexpr qsizetype longestSection = 500;

QStringList linesOf(const Sdp::Section *section)
{
    QStringList lines;
    if (section == nullptr)
        return lines;
    for (const Sdp::Line &line : section->lines) {
        if (lines.size() == longestSection)
            break;
        lines.append(line.type + QLatin1Char('=') + line.value);
    }
    return lines;
}

/// What a line is about: "a=fmtp:96", "a=setup", "m".
QString keyOf(const QString &line)
{
    if (!line.startsWith(QLatin1String("a=")))
        return line.left(1);
    const QString name = line.section(QLatin1Char(':'), 0, 0);
    // Of codecs, the payload type belongs to the name.
    static const QStringList numbered{QStringLiteral("a=rtpmap"), QStringLiteral("a=fmtp"),
                                      QStringLiteral("a=rtcp-fb"), QStringLiteral("a=extmap")};
    return numbered.contains(name) ? line.section(QLatin1Char(' '), 0, 0) : name;
}

/// Lengths of the longest common subsequences of what stands from i and j on.
class Common
{
public:
    Common(const QStringList &left, const QStringList &right)
        : m_columns(right.size() + 1)
        , m_lengths(static_cast<std::size_t>((left.size() + 1) * m_columns), 0)
    {
        for (qsizetype i = left.size() - 1; i >= 0; --i) {
            for (qsizetype j = right.size() - 1; j >= 0; --j) {
                at(i, j) = left[i] == right[j] ? at(i + 1, j + 1) + 1 : std::max(at(i + 1, j), at(i, j + 1));
            }
        }
    }
    int &at(qsizetype i, qsizetype j) { return m_lengths[static_cast<std::size_t>(i * m_columns + j)]; }

private:
    const qsizetype m_columns;
    std::vector<int> m_lengths;
};

/// Pairs removed and added lines that are about the same.
void appendChanges(std::vector<SdpDiffRow> &rows, QStringList &removed, QStringList &added)
{
    for (const QString &line : std::as_const(removed)) {
        const auto partner = std::find_if(added.begin(), added.end(), [&line](const QString &other) {
            return keyOf(other) == keyOf(line);
        });
        if (partner == added.end()) {
            rows.push_back({Kind::OnlyLeft, line, {}});
        } else {
            rows.push_back({Kind::Changed, line, *partner});
            added.erase(partner);
        }
    }
    for (const QString &line : std::as_const(added))
        rows.push_back({Kind::OnlyRight, {}, line});
    removed.clear();
    added.clear();
}

void appendSection(std::vector<SdpDiffRow> &rows, const QStringList &left, const QStringList &right)
{
    Common common(left, right);
    QStringList removed;
    QStringList added;
    qsizetype i = 0;
    qsizetype j = 0;
    while (i < left.size() || j < right.size()) {
        if (i < left.size() && j < right.size() && left[i] == right[j]) {
            appendChanges(rows, removed, added);
            rows.push_back({Kind::Same, left[i++], right[j++]});
        } else if (j == right.size() || (i < left.size() && common.at(i + 1, j) >= common.at(i, j + 1))) {
            removed.append(left[i++]);
        } else {
            added.append(right[j++]);
        }
    }
    appendChanges(rows, removed, added);
}

} // namespace

std::vector<SdpDiffRow> sdpDiff(const Sdp &left, const Sdp &right)
{
    std::vector<SdpDiffRow> rows;
    const std::size_t sections = std::max(left.sections.size(), right.sections.size());
    for (std::size_t i = 0; i < sections; ++i) {
        const Sdp::Section *a = i < left.sections.size() ? &left.sections[i] : nullptr;
        const Sdp::Section *b = i < right.sections.size() ? &right.sections[i] : nullptr;
        rows.push_back(
            {Kind::Section, a == nullptr ? QString() : a->title, b == nullptr ? QString() : b->title});
        appendSection(rows, linesOf(a), linesOf(b));
    }
    return rows;
}

} // namespace msgsrv::console
