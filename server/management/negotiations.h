// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"
#include "shared/signaling/negotiation.h"

#include <QByteArray>
#include <QHash>
#include <QSet>

#include <cstdint>

namespace msgsrv::management {

/// How far a user's latest negotiation has come, from what was seen on the data path while somebody watched.
struct NegotiationFacts
{
    std::int64_t offers = 0; ///< sent and received
    std::int64_t answers = 0;
    std::int64_t candidatesOut = 0;
    std::int64_t candidatesIn = 0;

    enum class Step { None, Offered, Answered, Ended };
    Step step = Step::None;
    TimePoint since; ///< of the step
    TimePoint lastCandidate;

    /// none, offered, answered, connected, stuck, ended. The server sees no media: `connected` is an answered
    /// negotiation in which nothing was said for 5 s; `stuck` an offer without an answer for 15 s.
    [[nodiscard]] const char *state(TimePoint now) const;
};

/// The negotiations of all users, by user id.
class Negotiations
{
public:
    void add(const QByteArray &from, const QByteArray &to, NegotiationKind kind, TimePoint at);
    /// All zero when nothing was seen.
    [[nodiscard]] NegotiationFacts of(const QByteArray &user) const { return m_users.value(user); }
    /// Forgets the others.
    void keepOnly(const QSet<QByteArray> &users);
    [[nodiscard]] qsizetype size() const { return m_users.size(); }

private:
    QHash<QByteArray, NegotiationFacts> m_users;
};

} // namespace msgsrv::management
