// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QJsonObject>
#include <QString>

namespace msgsrv::console {

/// The answer to a request: a result, or an error.
struct Reply
{
    /// Not of the protocol: the connection ended before the answer came, or there is none.
    static constexpr int linkLost = 1;

    bool ok = false;
    QJsonObject result{}; ///< when ok
    int code = 0; ///< when not ok
    QString message{}; ///< when not ok: a sentence for people
    QJsonObject data{}; ///< when not ok: particulars, e.g. `at` of a bad filter
};

} // namespace msgsrv::console
