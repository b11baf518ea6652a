// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace msgsrv {

/// The authority of a URL without user information: host [":" port].
struct Authority
{
    std::string host; ///< in lower case; an IPv6 literal in its shortest form (RFC 5952), with its brackets
    std::optional<std::uint16_t> port;

    /// Nothing when http::isAuthority() is not true of @p text.
    [[nodiscard]] static std::optional<Authority> parse(std::string_view text);

    [[nodiscard]] bool isIpv6() const { return host.front() == '['; }
};

} // namespace msgsrv
