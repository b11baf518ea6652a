// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <qnamespace.h>

namespace msgsrv::console {

/// How a value is meant. Views paint it; models never name a colour. A tone never stands alone: the text or a
/// glyph beside it says the same.
enum class Tone { Plain, Muted, Good, Notice, Warning, Bad };

/// What our models answer besides Qt's roles.
enum ItemRole {
    RawRole = Qt::UserRole, ///< the value as the server sent it
    ToneRole, ///< a Tone, as int
    IdRole, ///< the row's id, which outlives its place
    LoadingRole ///< true while the row is still being fetched
};

} // namespace msgsrv::console
