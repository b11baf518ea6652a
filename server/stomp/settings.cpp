// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/settings.h"

namespace msgsrv {

stomp::ParserLimits parserLimits(const StompSettings &settings, LoginState state)
{
    const qint64 frame = state == LoginState::Before ? settings.frameBeforeLogin : settings.frame;
    stomp::ParserLimits limits;
    limits.headers = std::size_t(settings.headers);
    limits.headerLine = std::size_t(settings.headerLine);
    limits.frame = frame > 0 ? std::size_t(frame) : stomp::ParserLimits::none;
    return limits;
}

} // namespace msgsrv
