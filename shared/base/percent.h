// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace msgsrv {

/// What a plus sign stands for: itself in a URI (RFC 3986), a blank in a form (WHATWG URL, paragraph 5.1).
enum class Plus { IsPlus, IsBlank };

/// Percent-decodes @p text once. Nothing when a `%` is not followed by two hexadecimal digits. The result
/// may be any bytes: whether they are UTF-8 is for the caller to check.
[[nodiscard]] std::optional<std::string> percentDecode(std::string_view text, Plus plus);

} // namespace msgsrv
