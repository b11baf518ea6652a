// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <string_view>

namespace msgsrv {

/// True when @p bytes are well-formed UTF-8 (Unicode 15, table 3-7: no overlong forms, no surrogates,
/// nothing above U+10FFFF).
[[nodiscard]] bool isUtf8(std::string_view bytes) noexcept;

/// How many bytes of @p bytes, from the front, are whole well-formed characters.
[[nodiscard]] std::size_t utf8Prefix(std::string_view bytes) noexcept;

/// True when more bytes could make @p rest, what stands behind a prefix, well-formed: it is well-formed, or a
/// character that is cut off.
[[nodiscard]] bool mayBecomeUtf8(std::string_view rest) noexcept;

/// One step through UTF-8.
struct Utf8Step
{
    char32_t codePoint = U'\uFFFD'; ///< U+FFFD when the bytes are ill-formed
    std::size_t size = 1; ///< bytes of the character, or of the maximal ill-formed part; at least 1
    bool isValid = false;
};

/// Decodes the character that begins at @p at, which must be less than the size of @p bytes.
[[nodiscard]] Utf8Step decodeUtf8(std::string_view bytes, std::size_t at) noexcept;

} // namespace msgsrv
