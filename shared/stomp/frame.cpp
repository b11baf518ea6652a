// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/stomp/frame.h"

#include <algorithm>

namespace msgsrv::stomp {

std::string_view toString(Version version)
{
    switch (version) {
    case Version::V10:
        return "1.0";
    case Version::V11:
        return "1.1";
    case Version::V12:
        break;
    }
    return "1.2";
}

bool isUnescapedCommand(std::string_view command)
{
    return command == "CONNECT" || command == "STOMP" || command == "CONNECTED";
}

const std::string *Frame::find(std::string_view name) const
{
    const auto it
        = std::find_if(headers.begin(), headers.end(), [name](const Header &h) { return h.name == name; });
    return it == headers.end() ? nullptr : &it->value;
}

} // namespace msgsrv::stomp
