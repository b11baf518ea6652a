// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QMap>
#include <QSet>
#include <QString>

namespace msgsrv::console {

/// What a description says of the media, as far as a verdict asks.
struct Media
{
    /// Codecs that carry sound or picture, lower case, by kind ("audio", "video"); of sections in use.
    QMap<QString, QSet<QString>> codecs;
    QSet<QString> used; ///< kinds with a section in use
    QSet<QString> rejected; ///< kinds all of whose sections have port 0
    bool iceLite = false; ///< a server with an address of its own for everybody (RFC 8445, 2.5)

    /// Of the description in a message's content; empty when there is none.
    [[nodiscard]] static Media in(const QString &content);
};

} // namespace msgsrv::console
