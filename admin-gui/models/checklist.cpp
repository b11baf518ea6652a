// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/checklist.h"

#include "admin-gui/models/format.h"

#include <QCoreApplication>

namespace msgsrv::console {

namespace {

struct Words
{
    Q_DECLARE_TR_FUNCTIONS(Verdict)
};

using Kind = FlowMessage::Kind;
using Outcome = FlowMessage::Outcome;

bool isLost(const FlowMessage &message)
{
    return message.outcome == Outcome::Dropped || message.outcome == Outcome::Refused;
}

} // namespace

std::vector<NegotiationStep> checkList(const std::vector<const FlowMessage *> &messages)
{
    using State = NegotiationStep::State;
    NegotiationStep offer{Words::tr("Offer"), State::Open, {}};
    NegotiationStep answer{Words::tr("Answer"), State::Open, {}};
    NegotiationStep end{Words::tr("End"), State::Open, {}};
    QString caller;
    int fromCaller = 0;
    int fromCallee = 0;
    int lostCandidates = 0;
    const auto describe = [](NegotiationStep &step, const FlowMessage &message) {
        step.state = isLost(message)                ? State::Failed
            : message.outcome == Outcome::Delivered ? State::Done
                                                    : State::Open;
        step.detail
            = Words::tr("%1 to %2 at %3, %4")
                  .arg(message.from, message.to, format::clock(message.ts, false), message.outcomeText());
    };
    for (const FlowMessage *message : messages) {
        switch (message->kind) {
        case Kind::Offer:
            describe(offer, *message);
            answer = {Words::tr("Answer"), State::Open, {}};
            end = {Words::tr("End"), State::Open, {}};
            if (caller != message->from)
                fromCaller = fromCallee = lostCandidates = 0;
            caller = message->from;
            break;
        case Kind::Answer:
            describe(answer, *message);
            break;
        case Kind::Candidate:
            (message->from == caller ? fromCaller : fromCallee) += 1;
            lostCandidates += isLost(*message) ? 1 : 0;
            break;
        case Kind::Bye:
            end.state = State::Done;
            end.detail = Words::tr("%1 at %2").arg(message->from, format::clock(message->ts, false));
            break;
        default:
            break;
        }
    }
    const auto candidates = [lostCandidates](const QString &title, int count) {
        return NegotiationStep{title, count > 0 ? State::Done : State::Open,
                               lostCandidates > 0
                                   ? Words::tr("%1 seen, %2 lost").arg(count).arg(lostCandidates)
                                   : Words::tr("%1 seen").arg(count)};
    };
    return {offer, answer, candidates(Words::tr("Candidates of the caller"), fromCaller),
            candidates(Words::tr("Candidates of the called"), fromCallee), end};
}

} // namespace msgsrv::console
