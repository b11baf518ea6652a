// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/http/mediatype.h"

#include "server/net/httpgrammar.h"

#include <algorithm>

namespace msgsrv {

namespace {

/// Takes a token or a quoted string (RFC 9110, 5.6.4) from the front of @p text; the quotes go.
std::optional<std::string> takeParameterValue(std::string_view &text)
{
    if (text.empty() || text.front() != '"') {
        const std::size_t end = std::min(text.find_first_of("; \t"), text.size());
        const std::string_view token = text.substr(0, end);
        text.remove_prefix(end);
        return http::isToken(token) ? std::optional<std::string>(token) : std::nullopt;
    }
    std::string value;
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '"') {
            text.remove_prefix(i + 1);
            return value;
        }
        if (text[i] == '\\' && i + 1 < text.size())
            ++i;
        value.push_back(text[i]);
    }
    return std::nullopt;
}

} // namespace

std::optional<MediaType> MediaType::parse(std::string_view text)
{
    text = http::trimmed(text);
    const std::string_view name = http::trimmed(text.substr(0, text.find(';')));
    const std::size_t slash = name.find('/');
    if (slash == std::string_view::npos || !http::isToken(name.substr(0, slash))
        || !http::isToken(name.substr(slash + 1)))
        return std::nullopt;
    MediaType type{http::lowered(name), std::nullopt};

    text.remove_prefix(std::min(text.find(';'), text.size()));
    while (!text.empty()) {
        if (text.front() != ';')
            return std::nullopt;
        text = http::trimmed(text.substr(1));
        if (text.empty() || text.front() == ';') // an empty parameter is allowed
            continue;
        const std::size_t equals = text.find('=');
        if (equals == std::string_view::npos || !http::isToken(text.substr(0, equals)))
            return std::nullopt;
        const bool isCharset = http::equalsLower(text.substr(0, equals), "charset");
        text.remove_prefix(equals + 1);
        const auto value = takeParameterValue(text);
        if (!value || (isCharset && type.charset))
            return std::nullopt;
        if (isCharset)
            type.charset = http::lowered(*value);
        text = http::trimmed(text);
    }
    return type;
}

} // namespace msgsrv
