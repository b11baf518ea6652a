// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/originpolicy.h"

#include "server/net/authority.h"
#include "server/net/httpgrammar.h"

#include <algorithm>

namespace msgsrv {

namespace {

std::optional<std::uint16_t> defaultPort(std::string_view scheme)
{
    if (scheme == "http" || scheme == "ws")
        return 80;
    if (scheme == "https" || scheme == "wss")
        return 443;
    return std::nullopt;
}

/// RFC 3986, section 3.1.
bool isScheme(std::string_view text)
{
    const auto isLetter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    return !text.empty() && isLetter(text.front()) && std::all_of(text.begin(), text.end(), [&](char c) {
        return isLetter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    });
}

} // namespace

std::optional<OriginPolicy::Pattern> OriginPolicy::read(std::string_view text)
{
    constexpr std::string_view separator = "://";
    Pattern pattern;
    const std::size_t schemeEnd = text.find(separator);
    if (schemeEnd != std::string_view::npos) {
        if (!isScheme(text.substr(0, schemeEnd)))
            return std::nullopt;
        pattern.scheme = http::lowered(text.substr(0, schemeEnd));
        text.remove_prefix(schemeEnd + separator.size());
    } else if (text == "null") {
        return std::nullopt;
    }
    const auto authority = Authority::parse(text);
    if (!authority)
        return std::nullopt;
    pattern.host = authority->host;
    pattern.port = authority->port ? authority->port : defaultPort(pattern.scheme);
    return pattern;
}

tl::expected<OriginPolicy, std::string> OriginPolicy::parse(const std::vector<std::string> &allowed)
{
    OriginPolicy policy;
    for (const std::string &entry : allowed) {
        if (entry == "*") {
            policy.m_any = true;
            continue;
        }
        auto pattern = read(entry);
        if (!pattern)
            return tl::unexpected('"' + entry
                                  + "\" is no origin; write https://app.example.org, "
                                    "http://localhost:3000 or app.example.org");
        policy.m_allowed.push_back(std::move(*pattern));
    }
    return policy;
}

bool OriginPolicy::Pattern::matches(const Pattern &origin) const
{
    if (host != origin.host)
        return false;
    if (!scheme.empty() && !origin.scheme.empty())
        return scheme == origin.scheme && port == origin.port;
    // One side does not say its scheme, so that its port may be left open as well.
    return !port || !origin.port || *port == *origin.port;
}

bool OriginPolicy::allows(std::optional<std::string_view> origin, std::string_view host) const
{
    if (!origin)
        return true;
    const auto page = read(*origin);
    if (!page)
        return false;
    if (m_any)
        return true;
    if (m_allowed.empty()) {
        const auto own = Authority::parse(host);
        return own && own->host == page->host;
    }
    return std::any_of(m_allowed.begin(), m_allowed.end(),
                       [&page](const Pattern &pattern) { return pattern.matches(*page); });
}

} // namespace msgsrv
