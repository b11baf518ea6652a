// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/valuegrammar.h"

#include <array>
#include <charconv>

namespace msgsrv {

namespace {

constexpr std::int64_t most = std::int64_t(1) << 62;

struct Unit
{
    std::string_view name;
    std::int64_t factor;
};

constexpr std::array<Unit, 4> durationUnits{{{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}}};
constexpr std::array<Unit, 4> sizeUnits{{{"B", 1}, {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}}};

struct Number
{
    std::int64_t value;
    std::string_view rest; ///< what follows the digits
};

std::optional<Number> leadingNumber(std::string_view text)
{
    if (text.empty() || text.front() < '0' || text.front() > '9')
        return std::nullopt;
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || value > most)
        return std::nullopt;
    return Number{value, text.substr(std::size_t(end - text.data()))};
}

template <std::size_t n>
std::optional<std::int64_t> scaled(const Number &number, const std::array<Unit, n> &units, std::int64_t limit)
{
    for (const auto &[name, factor] : units) {
        if (number.rest == name)
            return number.value <= limit / factor ? std::optional(number.value * factor) : std::nullopt;
    }
    return std::nullopt;
}

template <std::size_t n>
std::string shortest(std::int64_t value, const std::array<Unit, n> &units)
{
    for (std::size_t i = n; i-- > 1;) {
        if (value != 0 && value % units[i].factor == 0)
            return std::to_string(value / units[i].factor) + std::string(units[i].name);
    }
    return std::to_string(value);
}

} // namespace

std::optional<milliseconds> parseDuration(std::string_view text)
{
    constexpr std::int64_t year = std::int64_t(366) * 24 * 3'600'000;
    const auto number = leadingNumber(text);
    if (!number)
        return std::nullopt;
    if (number->rest.empty())
        return number->value == 0 ? std::optional(milliseconds(0)) : std::nullopt;
    const auto value = scaled(*number, durationUnits, year);
    return value ? std::optional(milliseconds(*value)) : std::nullopt;
}

std::optional<std::int64_t> parseSize(std::string_view text)
{
    const auto number = leadingNumber(text);
    if (!number)
        return std::nullopt;
    return number->rest.empty() ? std::optional(number->value) : scaled(*number, sizeUnits, most);
}

std::optional<std::int64_t> parseCount(std::string_view text)
{
    const auto number = leadingNumber(text);
    return number && number->rest.empty() ? std::optional(number->value) : std::nullopt;
}

std::string formatDuration(milliseconds duration)
{
    const std::string text = shortest(duration.count(), durationUnits);
    return duration.count() == 0 || text.back() == 's' || text.back() == 'm' || text.back() == 'h'
        ? text
        : text + "ms";
}

std::string formatSize(std::int64_t bytes)
{
    return shortest(bytes, sizeUnits);
}

} // namespace msgsrv
