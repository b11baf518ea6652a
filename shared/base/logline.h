// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>
#include <QString>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace msgsrv::log {

/// How lines look. Text: `time level category event name=value ...`; Json: one object with the members time,
/// level, category, event and the fields.
enum class Format { Text, Json };

/// In rising order.
enum class Level { Debug, Info, Warning, Error };

[[nodiscard]] std::string_view toString(Level level);
[[nodiscard]] std::optional<Level> levelFromName(std::string_view name);

/// One named value of an event. It refers to its text and is not to be kept beyond the call that it is made
/// for. Text is escaped on output, so it may come from a peer; never pass a secret.
struct Field
{
    Field(const char *n, std::string_view v)
        : name(n)
        , value(v)
    { }
    Field(const char *n, const char *v)
        : name(n)
        , value(std::string_view(v ? v : ""))
    { }
    Field(const char *n, const std::string &v)
        : name(n)
        , value(std::string_view(v))
    { }
    Field(const char *n, const QByteArray &v)
        : name(n)
        , value(std::string_view(v.constData(), std::size_t(v.size())))
    { }
    Field(const char *n, QStringView v)
        : name(n)
        , value(v)
    { }
    Field(const char *n, const QString &v)
        : name(n)
        , value(QStringView(v))
    { }
    Field(const char *n, bool v)
        : name(n)
        , value(v)
    { }
    Field(const char *n, double v)
        : name(n)
        , value(v)
    { }
    template <typename Int, std::enable_if_t<std::is_integral_v<Int> && !std::is_same_v<Int, bool>, int> = 0>
    Field(const char *n, Int v)
        : name(n)
    {
        if constexpr (std::is_signed_v<Int>)
            value = std::int64_t(v);
        else
            value = std::uint64_t(v);
    }

    const char *name; ///< an identifier: letters, digits, underscores
    std::variant<std::string_view, QStringView, std::int64_t, std::uint64_t, bool, double> value;
};

/// Appends @p utf8 in double quotes, as a JSON string that holds no character which could forge or hide
/// something on a screen: controls, line and paragraph separators, bidirectional and other invisible format
/// characters come as \uXXXX; bytes that are no UTF-8 as \ufffd. What is longer than 2048 bytes is cut and
/// ends in "...".
void appendQuoted(std::string &line, std::string_view utf8);

/// Appends @p utf8 as it is when it is of letters, digits and -._:/@+%[], else quoted.
void appendBareOrQuoted(std::string &line, std::string_view utf8);

/// RFC 3339 in UTC with milliseconds, e.g. 2024-02-29T12:00:00.007Z.
[[nodiscard]] std::string formatTime(std::chrono::system_clock::time_point time);

/// One line with its line feed. No field value can end it or add a field to it.
[[nodiscard]] std::string formatLine(Format format, std::chrono::system_clock::time_point time,
                                     std::string_view level, std::string_view category,
                                     std::string_view event, std::span<const Field> fields);

} // namespace msgsrv::log
