// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace msgsrv::stomp {

/// Versions of the protocol; a larger one is newer.
enum class Version { V10, V11, V12 };

/// As it stands in the `version` header: "1.0", "1.1" or "1.2".
[[nodiscard]] std::string_view toString(Version version);

/// True for the frames that fix the version and are therefore never escaped in any of them (STOMP 1.2,
/// "Value Encoding").
[[nodiscard]] bool isUnescapedCommand(std::string_view command);

struct Header
{
    std::string name;
    std::string value;

    friend bool operator==(const Header &, const Header &) = default;
};

/// One STOMP frame as a value: names and values are unescaped, and nothing of the wire format is left.
struct Frame
{
    std::string command;
    std::vector<Header> headers; ///< in the order of the wire, repeated ones included
    std::string body; ///< any octets

    /// The value of the first header of that name, which is the one that counts (STOMP 1.2, "Repeated
    /// Header Entries"), or null. Names are case-sensitive. Valid until the headers change.
    [[nodiscard]] const std::string *find(std::string_view name) const;

    void add(std::string name, std::string value) { headers.push_back({std::move(name), std::move(value)}); }

    friend bool operator==(const Frame &, const Frame &) = default;
};

} // namespace msgsrv::stomp
