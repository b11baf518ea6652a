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

/// Judges what went between two users, in the server's order. @p now is in ms since the epoch. Each code
/// comes at most once; the worst stands first.
[[nodiscard]] std::vector<Verdict> judge(const std::vector<const FlowMessage *> &messages, qint64 now);

/// One step of a negotiation, for a check-list.
struct NegotiationStep
{
    enum class State { Open, Done, Failed };
    QString title;
    State state = State::Open;
    QString detail; ///< when and how; may be empty
};

/// Offer, answer, candidates both ways, end; of the last negotiation between the two.
[[nodiscard]] std::vector<NegotiationStep> checkList(const std::vector<const FlowMessage *> &messages);

} // namespace msgsrv::console
