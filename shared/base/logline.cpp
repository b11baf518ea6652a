// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/logline.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace msgsrv::log {

namespace {

constexpr std::size_t longestValue = 2048;

/// Code points that a terminal or a viewer might act on or not show.
bool isHidden(char32_t c)
{
    return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0xad || c == 0x34f || c == 0x61c || c == 0x115f
        || c == 0x1160 || (c >= 0x17b4 && c <= 0x17b5) || (c >= 0x180b && c <= 0x180f)
        || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f)
        || c == 0x3164 || c == 0xfeff || c == 0xffa0 || (c >= 0xfff9 && c <= 0xfffb)
        || (c >= 0xe0000 && c <= 0xe0fff);
}

struct Decoded
{
    char32_t codePoint;
    std::size_t size; ///< bytes, at least 1
    bool valid;
};

/// The first code point of @p text (Unicode 15, table 3-7), or one invalid byte.
Decoded decode(std::string_view text)
{
    const auto byte
        = [&](std::size_t i) { return i < text.size() ? std::uint8_t(text[i]) : std::uint8_t(0); };
    const std::uint8_t first = byte(0);
    if (first < 0x80)
        return {first, 1, true};
    const std::size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
    if (first < 0xc2 || first > 0xf4)
        return {0xfffd, 1, false};
    char32_t codePoint = first & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        if ((byte(i) & 0xc0) != 0x80)
            return {0xfffd, 1, false};
        codePoint = codePoint << 6 | (byte(i) & 0x3fU);
    }
    if (codePoint < smallest[size] || codePoint > 0x10ffff || (codePoint >= 0xd800 && codePoint <= 0xdfff))
        return {0xfffd, 1, false};
    return {codePoint, size, true};
}

void appendUnit(std::string &line, unsigned unit)
{
    constexpr std::string_view hex = "0123456789abcdef";
    line += "\\u";
    for (const int shift : {12, 8, 4, 0})
        line += hex[(unit >> shift) & 0xf];
}

void appendEscaped(std::string &line, char32_t c)
{
    switch (c) {
    case '\n':
        line += "\\n";
        return;
    case '\r':
        line += "\\r";
        return;
    case '\t':
        line += "\\t";
        return;
    default:
        break;
    }
    if (c < 0x10000) {
        appendUnit(line, unsigned(c));
    } else {
        appendUnit(line, unsigned(0xd800 + ((c - 0x10000) >> 10)));
        appendUnit(line, unsigned(0xdc00 + ((c - 0x10000) & 0x3ff)));
    }
}

void appendText(std::string &line, Format format, std::string_view text)
{
    if (format == Format::Json)
        appendQuoted(line, text);
    else
        appendBareOrQuoted(line, text);
}

void appendValue(std::string &line, Format format, const Field &field)
{
    if (const auto *text = std::get_if<std::string_view>(&field.value)) {
        appendText(line, format, *text);
    } else if (const auto *wide = std::get_if<QStringView>(&field.value)) {
        const QByteArray utf8 = wide->toUtf8();
        appendText(line, format, {utf8.constData(), std::size_t(utf8.size())});
    } else if (const auto *number = std::get_if<std::int64_t>(&field.value)) {
        line += std::to_string(*number);
    } else if (const auto *natural = std::get_if<std::uint64_t>(&field.value)) {
        line += std::to_string(*natural);
    } else if (const auto *flag = std::get_if<bool>(&field.value)) {
        line += *flag ? "true" : "false";
    } else if (const auto *real = std::get_if<double>(&field.value)) {
        line += std::isfinite(*real) ? QByteArray::number(*real, 'g', 9).toStdString() : "null";
    }
}

} // namespace

std::string_view toString(Level level)
{
    constexpr std::array<std::string_view, 4> names{"debug", "info", "warning", "error"};
    return names[std::size_t(level)];
}

std::optional<Level> levelFromName(std::string_view name)
{
    for (const Level level : {Level::Debug, Level::Info, Level::Warning, Level::Error}) {
        if (toString(level) == name)
            return level;
    }
    return std::nullopt;
}

void appendQuoted(std::string &line, std::string_view utf8)
{
    line += '"';
    for (std::size_t at = 0; at < utf8.size();) {
        const Decoded next = decode(utf8.substr(at));
        if (at + next.size > longestValue) {
            line += "...";
            break;
        }
        if (!next.valid || isHidden(next.codePoint)) {
            appendEscaped(line, next.codePoint);
        } else {
            if (next.codePoint == '"' || next.codePoint == '\\')
                line += '\\';
            line += utf8.substr(at, next.size);
        }
        at += next.size;
    }
    line += '"';
}

void appendBareOrQuoted(std::string &line, std::string_view utf8)
{
    constexpr std::string_view plain
        = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:/@+%[]";
    if (utf8.empty() || utf8.size() > longestValue || utf8.find_first_not_of(plain) != utf8.npos)
        appendQuoted(line, utf8);
    else
        line += utf8;
}

std::string formatTime(std::chrono::system_clock::time_point time)
{
    const auto whole = std::chrono::floor<std::chrono::seconds>(time);
    const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(time - whole).count();
    const std::time_t unixTime = std::chrono::system_clock::to_time_t(whole);
    std::tm parts{};
    gmtime_r(&unixTime, &parts);
    std::array<char, 64> buffer{};
    const std::size_t size = std::strftime(buffer.data(), buffer.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    const std::string fraction = std::to_string(1000 + milliseconds);
    return std::string(buffer.data(), size) + '.' + fraction.substr(1) + 'Z';
}

std::string formatLine(Format format, std::chrono::system_clock::time_point time, std::string_view level,
                       std::string_view category, std::string_view event, std::span<const Field> fields)
{
    std::string line;
    line.reserve(160);
    if (format == Format::Text) {
        line += formatTime(time);
        for (const std::string_view word : {level, category, event}) {
            line += ' ';
            appendBareOrQuoted(line, word);
        }
        for (const Field &field : fields) {
            line += ' ';
            line += field.name;
            line += '=';
            appendValue(line, format, field);
        }
    } else {
        line += R"({"time":)";
        appendQuoted(line, formatTime(time));
        line += R"(,"level":)";
        appendQuoted(line, level);
        line += R"(,"category":)";
        appendQuoted(line, category);
        line += R"(,"event":)";
        appendQuoted(line, event);
        for (const Field &field : fields) {
            line += ',';
            appendQuoted(line, field.name);
            line += ':';
            appendValue(line, format, field);
        }
        line += '}';
    }
    line += '\n';
    return line;
}

} // namespace msgsrv::log
