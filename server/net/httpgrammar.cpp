// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/httpgrammar.h"

#include <algorithm>

#include <arpa/inet.h>

namespace msgsrv::http {
namespace {

constexpr bool isDigit(char c)
{
    return c >= '0' && c <= '9';
}

constexpr bool isAlpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

constexpr bool isHex(char c)
{
    return isDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

constexpr char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c;
}

bool isTokenChar(char c)
{
    return isAlpha(c) || isDigit(c)
        || (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}

bool isPort(std::string_view text)
{
    if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), isDigit))
        return false;
    return std::stoi(std::string(text)) <= 65535;
}

bool isIpv6(std::string_view text)
{
    in6_addr address{};
    if (text.find('\0') != std::string_view::npos) // inet_pton() would read up to there
        return false;
    return text.size() < INET6_ADDRSTRLEN && inet_pton(AF_INET6, std::string(text).c_str(), &address) == 1;
}

} // namespace

bool isToken(std::string_view text)
{
    return !text.empty() && std::all_of(text.begin(), text.end(), isTokenChar);
}

bool isFieldValue(std::string_view text)
{
    return std::all_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte == '\t' || (byte >= 0x20 && byte != 0x7F);
    });
}

bool isPathAndQuery(std::string_view text)
{
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte <= 0x20 || byte >= 0x7F || byte == '#' || byte == '"' || byte == '<' || byte == '>'
            || byte == '\\')
            return false;
        if (byte == '%' && (i + 2 >= text.size() || !isHex(text[i + 1]) || !isHex(text[i + 2])))
            return false;
    }
    return true;
}

bool isAuthority(std::string_view text)
{
    constexpr std::size_t longestName = 255;
    if (text.size() > longestName + 6)
        return false;
    std::string_view rest;
    if (!text.empty() && text.front() == '[') {
        const auto end = text.find(']');
        if (end == std::string_view::npos || !isIpv6(text.substr(1, end - 1)))
            return false;
        rest = text.substr(end + 1);
    } else {
        const auto end = std::min(text.find(':'), text.size());
        const auto name = text.substr(0, end);
        const bool good = !name.empty() && name.size() <= longestName
            && std::all_of(name.begin(), name.end(), [](char c) {
                   return isAlpha(c) || isDigit(c) || c == '.' || c == '-' || c == '_' || c == '~';
               });
        if (!good)
            return false;
        rest = text.substr(end);
    }
    return rest.empty() || (rest.front() == ':' && isPort(rest.substr(1)));
}

std::string_view trimmed(std::string_view text)
{
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::string lowered(std::string_view text)
{
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), lower);
    return result;
}

bool equalsLower(std::string_view text, std::string_view lowerText)
{
    return std::equal(text.begin(), text.end(), lowerText.begin(), lowerText.end(),
                      [](char a, char b) { return lower(a) == b; });
}

bool listHas(std::string_view list, std::string_view lowerText)
{
    while (true) {
        const auto comma = std::min(list.find(','), list.size());
        if (equalsLower(trimmed(list.substr(0, comma)), lowerText))
            return true;
        if (comma == list.size())
            return false;
        list.remove_prefix(comma + 1);
    }
}

} // namespace msgsrv::http
