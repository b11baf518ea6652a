// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/configkey.h"

#include "server/app/nearest.h"
#include "server/app/valuegrammar.h"

#include <algorithm>

namespace msgsrv {

namespace {

using Stored = tl::expected<void, std::string>;

/// Stores one value by the rules of its field; one overload for each.
struct Store
{
    const ConfigKey &key;
    const ConfigValue &value;
    const SystemFacts &facts;
    Config &config;

    [[nodiscard]] std::string shown() const { return key.secret ? "***" : toToml(value); }
    [[nodiscard]] const std::string *text() const { return std::get_if<std::string>(&value); }

    [[nodiscard]] Stored refuse(const std::string &demand) const
    {
        return tl::make_unexpected(' ' + demand + ", but is " + shown());
    }
    [[nodiscard]] Stored notAvailable(std::string_view why) const
    {
        return tl::make_unexpected(" = " + shown() + " is not available yet: " + std::string(why));
    }

    Stored operator()(const BooleanField &field) const
    {
        const auto *flag = std::get_if<bool>(&value);
        if (!flag)
            return refuse("must be true or false");
        field.at(config) = *flag;
        return {};
    }

    Stored operator()(const CountField &field) const
    {
        if (field.automatic && text() && *text() == "auto") {
            field.at(config) = field.automatic(facts);
            return {};
        }
        std::optional<std::int64_t> count;
        if (const auto *number = std::get_if<std::int64_t>(&value))
            count = *number;
        else if (text())
            count = parseCount(*text());
        if (!count || !inRange(*count, field.least, field.most, field.zero))
            return refuse("must be " + std::string(field.automatic ? "\"auto\" or " : "") + "a whole number, "
                          + range(std::to_string(field.least), std::to_string(field.most), field.zero));
        field.at(config) = int(*count);
        return {};
    }

    Stored operator()(const SizeField &field) const
    {
        std::optional<std::int64_t> size;
        if (const auto *number = std::get_if<std::int64_t>(&value))
            size = *number;
        else if (text())
            size = parseSize(*text());
        if (!size)
            return refuse("must be a size like \"64KiB\" or \"1MiB\"");
        if (!inRange(*size, field.least, field.most, field.zero))
            return refuse("must be a size, "
                          + range(formatSize(field.least), formatSize(field.most), field.zero));
        field.at(config) = *size;
        return {};
    }

    Stored operator()(const DurationField &field) const
    {
        std::optional<milliseconds> duration;
        if (const auto *number = std::get_if<std::int64_t>(&value); number && *number == 0)
            duration = milliseconds(0);
        else if (text())
            duration = parseDuration(*text());
        if (!duration)
            return refuse("must be a time like \"500ms\", \"30s\", \"5m\" or \"1h\"");
        if (!inRange(*duration, field.least, field.most, field.zero))
            return refuse("must be a time, "
                          + range(formatDuration(field.least), formatDuration(field.most), field.zero));
        field.at(config) = *duration;
        return {};
    }

    Stored operator()(const AddressField &field) const
    {
        const auto address = text() ? ListenAddress::parse(*text()) : std::nullopt;
        if (!address)
            return refuse(
                "must be an IP address and a port like \"127.0.0.1:8080\", \"[::1]:8080\" or \"*:8080\"");
        field.at(config) = *address;
        return {};
    }

    Stored operator()(const ChoiceField &field) const
    {
        std::string demand;
        std::vector<std::string_view> names;
        for (const Choice &choice : field.choices) {
            if (text() && choice.name == *text()) {
                if (choice.notYet)
                    return notAvailable(choice.notYet);
                choice.set(config);
                return {};
            }
            names.push_back(choice.name);
            if (choice.notYet)
                continue;
            demand += demand.empty() ? "must be " : " or ";
            demand += tomlString(choice.name);
        }
        Stored refusal = refuse(demand);
        if (text())
            refusal.error() += "; did you mean " + tomlString(nearest(*text(), names)) + '?';
        return refusal;
    }

    Stored operator()(const TextField &field) const
    {
        if (!text())
            return refuse("must be a string");
        const auto set = field.set(config, *text());
        return set ? set : tl::make_unexpected(": " + shown() + ' ' + set.error());
    }

    Stored operator()(const FutureField &field) const
    {
        if (!text())
            return refuse("must be a string");
        return text()->empty() ? Stored() : notAvailable(field.notYet);
    }

    Stored operator()(const ListField &field) const
    {
        const auto *list = std::get_if<std::vector<std::string>>(&value);
        if (!list && !text())
            return refuse("must be a list of strings");
        field.clear(config);
        const bool none = !list && text()->empty(); // so that a variable can be set to nothing
        for (const std::string &element : list ? *list
                 : none                        ? std::vector<std::string>()
                                               : std::vector{*text()}) {
            if (const auto appended = field.append(config, element); !appended)
                return tl::make_unexpected(": " + tomlString(element) + ' ' + appended.error());
        }
        return {};
    }

    template <typename Number>
    static bool inRange(Number number, Number least, Number most, bool zero)
    {
        return (zero && number == Number()) || (number >= least && number <= most);
    }
    static bool inRange(std::int64_t number, int least, int most, bool zero)
    {
        return inRange(number, std::int64_t(least), std::int64_t(most), zero);
    }
    static std::string range(const std::string &least, const std::string &most, bool zero)
    {
        return (zero ? "0 or " : "") + ("from " + least) + " to " + most;
    }
};

} // namespace

std::string_view ConfigKey::section() const
{
    const std::size_t dot = name.find('.');
    return dot == name.npos ? std::string_view() : name.substr(0, dot);
}

std::string_view ConfigKey::leaf() const
{
    return name.substr(name.find('.') + 1);
}

std::string ConfigKey::environmentName() const
{
    std::string result = "MESSAGING_SERVER__";
    for (const char c : name) {
        if (c == '.')
            result += "__";
        else
            result += c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c;
    }
    return result;
}

tl::expected<void, std::string> storeValue(const ConfigKey &key, const ConfigValue &value,
                                           const SystemFacts &facts, Config &config)
{
    return std::visit(Store{key, value, facts, config}, key.field);
}

BareWord bareWordOf(const ConfigKey &key)
{
    if (std::holds_alternative<ListField>(key.field))
        return BareWord::Element;
    const bool isText = std::holds_alternative<AddressField>(key.field)
        || std::holds_alternative<ChoiceField>(key.field) || std::holds_alternative<TextField>(key.field)
        || std::holds_alternative<FutureField>(key.field);
    return isText ? BareWord::Text : BareWord::Scalar;
}

} // namespace msgsrv
