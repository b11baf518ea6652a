// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace msgsrv {

/// The value of a Content-Type field (RFC 9110, section 8.3).
struct MediaType
{
    std::string name; ///< type/subtype in lower case
    std::optional<std::string> charset; ///< in lower case, without quotes

    /// Nothing when @p text breaks the grammar, or names its charset twice.
    [[nodiscard]] static std::optional<MediaType> parse(std::string_view text);

    /// No charset, or UTF-8.
    [[nodiscard]] bool isUtf8() const { return !charset || *charset == "utf-8"; }
};

} // namespace msgsrv
