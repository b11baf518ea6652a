// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <tl/expected.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace msgsrv {

/// A value that a source gave, before a key's rules were applied to it.
using ConfigValue = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;

/// Appends @p utf8 as a basic TOML string with its quotes; controls and characters that change the direction
/// of text come as \u or \U.
void appendTomlString(std::string &out, std::string_view utf8);
[[nodiscard]] std::string tomlString(std::string_view utf8);

/// The TOML text of @p value, on one line.
[[nodiscard]] std::string toToml(const ConfigValue &value);

/// Reads one TOML value. The error is the end of a sentence, e.g. "is a number with a fraction, which no key
/// takes".
[[nodiscard]] tl::expected<ConfigValue, std::string> parseTomlValue(std::string_view text);

/// What a bare word may be.
enum class BareWord {
    Text, ///< a string, also when it looks like a number or a truth value, or begins with '[' as IPv6 does
    Element, ///< a string that is a list of one
    Scalar, ///< a number or a truth value when it looks like one, else a string
};

/// Reads what stands in an environment variable or after --set: a TOML value or a bare word. What begins with
/// a quote, or for Element with '[', has to be TOML.
[[nodiscard]] tl::expected<ConfigValue, std::string> parseWordOrToml(std::string_view text, BareWord word);

} // namespace msgsrv
