// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/stomp/frame.h"

#include <optional>
#include <string>
#include <string_view>

namespace msgsrv::stomp {

/// How the headers of one frame are written, which depends on the version and on the command.
enum class Escaping {
    None, ///< 1.0, and CONNECT and CONNECTED in every version: a backslash is a backslash
    Stomp11, ///< \n \c and a doubled backslash
    Stomp12, ///< as Stomp11, and \r
};

[[nodiscard]] Escaping escapingOf(std::string_view command, Version version);

/// Undoes the escapes of a name or value, from left to right in one pass. Nothing when it holds a sequence
/// that @p escaping does not define, a lone backslash at the end included.
[[nodiscard]] std::optional<std::string> unescaped(std::string_view wire, Escaping escaping);

enum class HeaderPart { Name, Value };

/// Appends a name or value as it goes over the wire. False when @p escaping has no way to write it (a line
/// feed in 1.0, a carriage return before 1.2, a NUL, a colon in an unescaped name, an empty name); @p out
/// is then as it was.
[[nodiscard]] bool appendEscaped(std::string &out, std::string_view text, Escaping escaping, HeaderPart part);

} // namespace msgsrv::stomp
