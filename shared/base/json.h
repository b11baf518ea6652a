// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <tl/expected.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace msgsrv {

/// The members of a JSON object, each with its value as it stands in the text.
struct JsonMember
{
    std::string name; ///< unescaped, UTF-8
    std::string_view raw; ///< the value's JSON text, a view into the parsed text, without outer blanks
    bool isString = false;
    std::string string; ///< the unescaped value when isString
};

struct JsonError
{
    /// NumberOutOfRange: beyond what a double holds, e.g. 1e400 (RFC 8259, paragraph 9 allows the limit).
    enum class Kind { Syntax, NotAnObject, DuplicateName, TooDeep, NotUnicode, NumberOutOfRange };
    Kind kind = Kind::Syntax;
    std::size_t offset = 0; ///< byte in the text
    std::string name; ///< the member given twice
};

/// Reads the top level of a JSON object strictly (RFC 8259; UTF-8; no lone surrogates; no member twice, at
/// any depth; nesting at most @p maximumDepth) and checks everything below it. Built on RapidJSON's
/// iterative reader, which does not recurse.
[[nodiscard]] tl::expected<std::vector<JsonMember>, JsonError> readJsonObject(std::string_view text,
                                                                              int maximumDepth = 32);

/// Checks one JSON value of any type by the same rules.
[[nodiscard]] tl::expected<void, JsonError> checkJson(std::string_view text, int maximumDepth = 32);

/// Appends @p utf8 as a JSON string with its quotes. Invalid UTF-8 becomes U+FFFD.
void appendJsonString(std::string &out, std::string_view utf8);

} // namespace msgsrv
