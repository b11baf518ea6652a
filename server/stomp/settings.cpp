// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/settings.h"

namespace msgsrv {

namespace {

std::size_t orNone(qint64 limit)
{
    return limit > 0 ? std::size_t(limit) : stomp::ParserLimits::none;
}

} // namespace

stomp::ParserLimits parserLimits(const StompSettings &settings, LoginState state)
{
    stomp::ParserLimits limits;
    limits.headers = orNone(settings.headers);
    limits.headerLine = orNone(settings.headerLine);
    limits.frame = orNone(state == LoginState::Before ? settings.frameBeforeLogin : settings.frame);
    return limits;
}

} // namespace msgsrv
