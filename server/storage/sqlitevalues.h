// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"
#include "shared/signaling/listeningkey.h"
#include "shared/signaling/userid.h"

#include <QByteArray>
#include <QVariant>

#include <initializer_list>
#include <optional>

namespace msgsrv {

/// Our values as those of SQLite's columns, and back.

/// Null and empty are the same to us, but not to SQL.
[[nodiscard]] inline QByteArray notNull(const QByteArray &bytes)
{
    return bytes.isNull() ? QByteArray("") : bytes;
}

/// The digest of @p key.
[[nodiscard]] QByteArray digestOf(const ListeningKey &key);
/// Nothing: not a digest.
[[nodiscard]] std::optional<ListeningKey> keyOf(const QVariant &digest);
[[nodiscard]] std::optional<UserId> userOf(const QVariant &bytes);
/// The one of @p texts, which are static, that @p value is; else the last.
[[nodiscard]] const char *knownText(const QVariant &value, std::initializer_list<const char *> texts);

/// Unix time in milliseconds of a moment of the monotonic clock, and the moment of such a time, by how far
/// both are from now.
[[nodiscard]] qint64 wallClockMs(TimePoint time);
[[nodiscard]] TimePoint timePoint(qint64 ms);
/// As timePoint(), but now for what lies in the future: the wall clock was set.
[[nodiscard]] TimePoint pastTimePoint(qint64 ms);

} // namespace msgsrv
