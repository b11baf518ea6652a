// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/app/config.h"
#include "server/app/configvalue.h"
#include "server/app/systemfacts.h"

#include <tl/expected.hpp>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace msgsrv {

struct BooleanField
{
    bool &(*at)(Config &);
};

/// A whole number.
struct CountField
{
    int &(*at)(Config &);
    int least = 1;
    int most = 1'000'000'000;
    bool zero = true; ///< 0 is allowed, whatever `least` is
    int (*automatic)(const SystemFacts &) = nullptr; ///< what "auto" stands for, if it is allowed
};

struct SizeField
{
    std::int64_t &(*at)(Config &);
    std::int64_t least = 1;
    std::int64_t most = std::int64_t(1) << 30;
    bool zero = true;
};

struct DurationField
{
    milliseconds &(*at)(Config &);
    milliseconds least = milliseconds(1);
    milliseconds most = std::chrono::hours(24 * 366);
    bool zero = true;
};

struct AddressField
{
    ListenAddress &(*at)(Config &);
};

struct Choice
{
    std::string_view name;
    void (*set)(Config &);
    const char *notYet = nullptr; ///< why it is refused today, a clause; null: it is not
};

struct ChoiceField
{
    std::vector<Choice> choices;
};

/// The error of `set` and `append` is the end of a sentence that begins with the text: "is no path".
struct TextField
{
    tl::expected<void, std::string> (*set)(Config &, const std::string &);
};

/// Text that is not available yet: only the empty value is taken.
struct FutureField
{
    const char *notYet; ///< why another value is refused, a clause
};

struct ListField
{
    void (*clear)(Config &);
    tl::expected<void, std::string> (*append)(Config &, const std::string &);
};

using ConfigField = std::variant<BooleanField, CountField, SizeField, DurationField, AddressField,
                                 ChoiceField, TextField, FutureField, ListField>;

/// One key of the configuration: everything that the program and its documents say about it.
struct ConfigKey
{
    std::string_view name; ///< "section.key", or without a section
    std::string_view type; ///< for people: "size", "duration", "address", ...
    std::string_view defaultValue; ///< its TOML text
    ConfigField field;
    std::string_view meaning; ///< one line, no full stop
    bool secret = false; ///< never printed

    [[nodiscard]] std::string_view section() const; ///< empty for a key without one
    [[nodiscard]] std::string_view leaf() const;
    [[nodiscard]] std::string environmentName() const; ///< MESSAGING_SERVER__SECTION__KEY
};

/// Puts @p value into its place, or says why not: the rest of a sentence that begins with the key's name,
/// without a full stop, e.g. ` must be a size like "64KiB", but is "64kb"`. A secret value is not repeated.
[[nodiscard]] tl::expected<void, std::string> storeValue(const ConfigKey &key, const ConfigValue &value,
                                                         const SystemFacts &facts, Config &config);

/// What a bare word is for this key.
[[nodiscard]] BareWord bareWordOf(const ConfigKey &key);

} // namespace msgsrv
