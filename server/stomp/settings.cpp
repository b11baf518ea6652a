// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/settings.h"

#include <algorithm>

namespace msgsrv {

namespace {

std::size_t orNone(qint64 limit)
{
    return limit > 0 ? std::size_t(limit) : stomp::ParserLimits::none;
}

} // namespace

qint64 frameLimit(const StompSettings &settings, LoginState state)
{
    if (state == LoginState::After || settings.frameBeforeLogin == 0)
        return settings.frame;
    return settings.frame == 0 ? settings.frameBeforeLogin
                               : std::min(settings.frameBeforeLogin, settings.frame);
}

stomp::ParserLimits parserLimits(const StompSettings &settings, LoginState state)
{
    stomp::ParserLimits limits;
    limits.headers = orNone(settings.headers);
    limits.headerLine = orNone(settings.headerLine);
    limits.frame = orNone(frameLimit(settings, state));
    return limits;
}

} // namespace msgsrv
