// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/configorigin.h"

#include "shared/base/logline.h"

namespace msgsrv {

std::string ConfigOrigin::toString() const
{
    std::string text;
    switch (source) {
    case Source::Default:
        return "default";
    case Source::CommandLine:
        return "--set";
    case Source::File:
        log::appendBareOrQuoted(text, name);
        return line == 0 ? text : text + ':' + std::to_string(line);
    case Source::Environment:
        log::appendBareOrQuoted(text, name);
        return text;
    }
    return text;
}

std::string ConfigError::toString() const
{
    const bool ended = !sentence.empty() && (sentence.back() == '?' || sentence.back() == '.');
    return origin.toString() + ": " + sentence + (ended ? "" : ".");
}

} // namespace msgsrv
