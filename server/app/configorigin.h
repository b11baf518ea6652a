// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/app/configvalue.h"

#include <string>

namespace msgsrv {

/// Where a value was given. The order is the precedence, lowest first.
struct ConfigOrigin
{
    enum class Source { Default, File, Environment, CommandLine };
    Source source = Source::Default;
    std::string name; ///< the file or the environment variable
    unsigned line = 0; ///< in the file, from 1; 0: unknown

    /// "default", "FILE:12", the variable's name or "--set": what an error begins with.
    [[nodiscard]] std::string toString() const;
};

/// One key as a source gave it; the name may be unknown.
struct ConfigSetting
{
    std::string key;
    ConfigValue value;
    ConfigOrigin origin;
};

/// One thing that is wrong, as one sentence without the origin and without a full stop.
struct ConfigError
{
    ConfigOrigin origin;
    std::string sentence;

    /// "ORIGIN: SENTENCE." on one line, without a line feed.
    [[nodiscard]] std::string toString() const;
};

} // namespace msgsrv
