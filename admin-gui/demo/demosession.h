// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/management/tables.h"

#include <QString>

#include <cstddef>
#include <deque>

namespace msgsrv::console::demo {

/// What a queue of the staged server holds at most.
constexpr qint64 queueLimit = 256;

/// A message that waits for its recipient.
struct Waiting
{
    QString message;
    int from = 0;
    QString kind;
    int bytes = 0;
    qint64 since = 0;
    QString payload;
};

/// One user of the staged server.
struct Session
{
    QString user;
    QString address;
    QString negotiation = QStringLiteral("none");
    qint64 since = 0;
    qint64 seen = 0;
    qint64 in = 0;
    qint64 out = 0;
    qint64 drops = 0;
    qint64 offers = 0;
    qint64 answers = 0;
    qint64 candidatesOut = 0;
    qint64 candidatesIn = 0;
    bool tls = true;
    bool subscribed = true;
    bool slow = false; ///< reads almost nothing
    bool gone = false;
    int call = -1;
    std::deque<Waiting> queue;

    /// Rows of the protocol's tables; @p index is the session's number.
    [[nodiscard]] management::Row sessionRow(std::size_t index, qint64 now) const;
    [[nodiscard]] management::Row queueRow(std::size_t index, qint64 now) const;
    [[nodiscard]] management::Row connectionRow(std::size_t index, qint64 now) const;
};

} // namespace msgsrv::console::demo
