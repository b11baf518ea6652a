// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/negotiations.h"

#include <algorithm>

namespace msgsrv::management {

namespace {

constexpr seconds stuckAfter(15);
constexpr seconds connectedAfter(5);
/// Far above the users of one node; beyond it nobody new is taken until keepOnly().
constexpr qsizetype mostUsers = 500'000;

} // namespace

const char *NegotiationFacts::state(TimePoint now) const
{
    switch (step) {
    case Step::None:
        break;
    case Step::Offered:
        return now - since >= stuckAfter ? "stuck" : "offered";
    case Step::Answered:
        return now - std::max(since, lastCandidate) >= connectedAfter ? "connected" : "answered";
    case Step::Ended:
        return "ended";
    }
    return "none";
}

void Negotiations::add(const QByteArray &from, const QByteArray &to, NegotiationKind kind, TimePoint at)
{
    if (kind == NegotiationKind::Text || kind == NegotiationKind::Other || m_users.size() >= mostUsers)
        return;
    for (const QByteArray *user : {&from, &to}) {
        NegotiationFacts &facts = m_users[*user];
        switch (kind) {
        case NegotiationKind::Offer:
            ++facts.offers;
            facts.step = NegotiationFacts::Step::Offered;
            facts.since = at;
            break;
        case NegotiationKind::Answer:
            ++facts.answers;
            facts.step = NegotiationFacts::Step::Answered;
            facts.since = at;
            break;
        case NegotiationKind::Candidate:
            ++(user == &from ? facts.candidatesOut : facts.candidatesIn);
            facts.lastCandidate = at;
            break;
        case NegotiationKind::Bye:
            facts.step = NegotiationFacts::Step::Ended;
            facts.since = at;
            break;
        case NegotiationKind::Text:
        case NegotiationKind::Other:
            break;
        }
    }
}

void Negotiations::keepOnly(const QSet<QByteArray> &users)
{
    m_users.removeIf([&users](const auto &entry) { return !users.contains(entry.key()); });
}

} // namespace msgsrv::management
