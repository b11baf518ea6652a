// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/flowmessage.h"
#include "admin-gui/models/tone.h"

#include <QString>

#include <vector>

namespace msgsrv::console {

/// What seems wrong with a negotiation between two users, in words. Without contents only what order and
/// outcome tell can be judged; with contents also candidates and codecs.
struct Verdict
{
    enum class Code {
        Glare, ///< both offered at once
        AnswerMissing,
        ClosedInTheMiddle, ///< bye before an answer
        CandidatesBeforeDescription,
        DescriptionLost, ///< an offer or answer was dropped or refused
        NoCommonCodec,
        OnlyMdns, ///< one side offered nothing but .local names
        OnlyHost, ///< one side offered nothing but its own addresses
        NoRelay ///< neither side has a TURN server
    };
    Code code = Code::Glare;
    Tone tone = Tone::Warning;
    QString sentence;
};

/// Milliseconds after which an offer counts as not answered.
constexpr qint64 answerPatience = 10'000;
/// Milliseconds after a side's last candidate in which it may still find others.
constexpr qint64 candidatePatience = 5'000;
/// Milliseconds after a bye in which candidates are those of the call that ended.
constexpr qint64 byePatience = 2'000;

/// Judges what went between users, in the server's order: each pair's latest call. Gaps may be among the
/// messages: what they hide is held against nobody. @p now is in ms since the epoch, by the server's clock.
/// Each code comes at most once; the worst stands first.
[[nodiscard]] std::vector<Verdict> judge(const std::vector<const FlowMessage *> &messages, qint64 now);

} // namespace msgsrv::console
