// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/configvalue.h"

#include "server/app/tomlnode.h"
#include "shared/base/logline.h"
#include "shared/base/utf8.h"

namespace msgsrv {

void appendTomlString(std::string &out, std::string_view utf8)
{
    // A quoted log value is a JSON string; TOML differs only in characters beyond the BMP, which it writes
    // with \U and JSON with two \u.
    out += '"';
    std::string piece;
    for (std::size_t at = 0; at < utf8.size();) {
        std::size_t size = 1;
        while (at + size < utf8.size() && (std::uint8_t(utf8[at + size]) & 0xc0) == 0x80)
            ++size;
        piece.clear();
        log::appendQuoted(piece, utf8.substr(at, size));
        const std::string_view escaped = std::string_view(piece).substr(1, piece.size() - 2);
        if (size == 4 && escaped.substr(0, 2) == "\\u" && escaped.size() == 12) {
            const auto high = std::stoul(std::string(escaped.substr(2, 4)), nullptr, 16);
            const auto low = std::stoul(std::string(escaped.substr(8, 4)), nullptr, 16);
            const unsigned long codePoint = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            out += "\\U000";
            for (const int shift : {16, 12, 8, 4, 0})
                out += "0123456789abcdef"[(codePoint >> shift) & 0xf];
        } else {
            out += escaped;
        }
        at += size;
    }
    out += '"';
}

std::string tomlString(std::string_view utf8)
{
    std::string out;
    appendTomlString(out, utf8);
    return out;
}

std::string toToml(const ConfigValue &value)
{
    std::string out;
    if (const auto *flag = std::get_if<bool>(&value)) {
        out = *flag ? "true" : "false";
    } else if (const auto *number = std::get_if<std::int64_t>(&value)) {
        out = std::to_string(*number);
    } else if (const auto *text = std::get_if<std::string>(&value)) {
        appendTomlString(out, *text);
    } else if (const auto *list = std::get_if<std::vector<std::string>>(&value)) {
        out += '[';
        for (const std::string &element : *list) {
            if (out.size() > 1)
                out += ", ";
            appendTomlString(out, element);
        }
        out += ']';
    }
    return out;
}

tl::expected<ConfigValue, std::string> valueOf(const toml::node &node)
{
    switch (node.type()) {
    case toml::node_type::boolean:
        return **node.as_boolean();
    case toml::node_type::integer:
        return **node.as_integer();
    case toml::node_type::string:
        return **node.as_string();
    case toml::node_type::array: {
        std::vector<std::string> list;
        for (const toml::node &element : *node.as_array()) {
            const auto *text = element.as_string();
            if (!text)
                return tl::make_unexpected("is a list with something that is no string");
            list.push_back(text->get());
        }
        return list;
    }
    case toml::node_type::floating_point:
        return tl::make_unexpected("is a number with a fraction, which no key takes");
    case toml::node_type::table:
        return tl::make_unexpected("is a table, not a value");
    default:
        return tl::make_unexpected("is a date or a time, which no key takes");
    }
}

tl::expected<ConfigValue, std::string> parseTomlValue(std::string_view text)
{
    constexpr auto notToml = "is not valid TOML";
    if (!isUtf8(text))
        return tl::make_unexpected("is not UTF-8");
    try {
        std::string document = "v = ";
        document += text;
        const toml::table table = toml::parse(document);
        const toml::node *node = table.get("v");
        if (table.size() != 1 || !node)
            return tl::make_unexpected(notToml);
        return valueOf(*node);
    } catch (const toml::parse_error &) {
        return tl::make_unexpected(notToml);
    }
}

tl::expected<ConfigValue, std::string> parseWordOrToml(std::string_view text, BareWord word)
{
    const char first = text.empty() ? '\0' : text.front();
    const bool mustBeToml = first == '"' || first == '\'' || (first == '[' && word == BareWord::Element);
    auto value = parseTomlValue(text);
    if (mustBeToml || !isUtf8(text))
        return value;
    if (value) {
        const bool isScalar
            = std::holds_alternative<bool>(*value) || std::holds_alternative<std::int64_t>(*value);
        if (!isScalar || word == BareWord::Scalar)
            return value;
    }
    return ConfigValue(std::string(text));
}

} // namespace msgsrv
