// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QString>

namespace msgsrv::console::format {

/// Numbers for people, in the user's locale and as short as they stay exact enough to compare.

[[nodiscard]] QString count(double number); ///< 12,345
[[nodiscard]] QString shortCount(double number); ///< 940, 12.3k, 4.1M
[[nodiscard]] QString bytes(double number); ///< 512 B, 1.2 KiB, 30 MiB
[[nodiscard]] QString duration(double seconds); ///< 0.4 s, 12 s, 3 m 12 s, 2 h 5 m, 4 d 1 h
[[nodiscard]] QString microseconds(double number); ///< 180 µs, 2.4 ms, 1.3 s
[[nodiscard]] QString clock(qint64 ms, bool withMilliseconds = true); ///< 14:03:22.123, local time
[[nodiscard]] QString moment(qint64 ms); ///< 2026-11-26 14:03:22
/// A value with its unit as the server names it: `s`, `ms`, `us`, `B`, `bytes`, `%`, `1/s`, `bytes/s`, or
/// none.
[[nodiscard]] QString withUnit(double number, const QString &unit);

} // namespace msgsrv::console::format
