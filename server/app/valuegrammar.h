// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/base/clock.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The small grammars of configuration values. No blanks, signs or fractions anywhere.
namespace msgsrv {

/// Digits and one of `ms`, `s`, `m`, `h`, e.g. "30s"; "0" needs no unit. Nothing when it is none, or more
/// than a year.
[[nodiscard]] std::optional<milliseconds> parseDuration(std::string_view text);

/// Digits and nothing (bytes) or one of `B`, `KiB`, `MiB`, `GiB`, e.g. "64KiB". Nothing when it is none, or
/// more than 2^62 bytes.
[[nodiscard]] std::optional<std::int64_t> parseSize(std::string_view text);

/// Digits. Nothing when it is none, or more than 2^62.
[[nodiscard]] std::optional<std::int64_t> parseCount(std::string_view text);

/// The shortest form that parseDuration() reads.
[[nodiscard]] std::string formatDuration(milliseconds duration);

/// The shortest exact form that parseSize() reads.
[[nodiscard]] std::string formatSize(std::int64_t bytes);

} // namespace msgsrv
