// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace msgsrv::console {

/// One relayed message as the flow of events tells it, or a gap in what was told.
struct FlowMessage
{
    enum class Kind { Offer, Answer, Candidate, Bye, Text, Other, Gap };
    enum class Outcome { Waiting, Delivered, Dropped, Refused };

    quint64 seq = 0; ///< the server's order; of the first event about this message
    qint64 ts = 0; ///< ms since the epoch, of the first event
    QString message; ///< its id
    QString from;
    QString to;
    Kind kind = Kind::Other;
    Outcome outcome = Outcome::Waiting;
    qint64 bytes = 0;
    qint64 delay = -1; ///< µs from accepted to the outcome; -1: not known
    QString via;
    QString reason; ///< why it was dropped or refused; of a gap: why
    QString payload; ///< only when asked for and allowed
    quint64 missing = 0; ///< of a gap: how many events were left out

    [[nodiscard]] static Kind kindOf(const QString &name);
    [[nodiscard]] static QString kindName(Kind kind); ///< as in the protocol; "gap" for a gap
    [[nodiscard]] QString outcomeText() const; ///< for people
};

} // namespace msgsrv::console
