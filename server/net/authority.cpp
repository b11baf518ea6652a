// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/authority.h"

#include "server/net/httpgrammar.h"

#include <arpa/inet.h>

#include <array>

namespace msgsrv {

namespace {

std::string shortestIpv6(const std::string &literal)
{
    in6_addr address{};
    inet_pton(AF_INET6, literal.c_str(), &address);
    std::array<char, INET6_ADDRSTRLEN> text{};
    inet_ntop(AF_INET6, &address, text.data(), text.size());
    return text.data();
}

} // namespace

std::optional<Authority> Authority::parse(std::string_view text)
{
    if (!http::isAuthority(text))
        return std::nullopt;
    const std::size_t hostEnd = text.front() == '[' ? text.find(']') + 1 : text.find(':');
    Authority authority{http::lowered(text.substr(0, hostEnd)), std::nullopt};
    if (hostEnd < text.size())
        authority.port = std::uint16_t(std::stoi(std::string(text.substr(hostEnd + 1))));
    if (authority.isIpv6())
        authority.host = '[' + shortestIpv6(authority.host.substr(1, authority.host.size() - 2)) + ']';
    return authority;
}

} // namespace msgsrv
