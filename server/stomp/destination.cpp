// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/destination.h"

#include "shared/base/percent.h"

namespace msgsrv {

namespace {

constexpr std::string_view userPrefix = "/user/";
constexpr std::string_view queuePrefix = "/queue/";

} // namespace

Destination parseDestination(std::string_view text)
{
    if (text.starts_with(queuePrefix))
        return QueueDestination{ListeningKey::fromPresented(text.substr(queuePrefix.size()))};
    if (!text.starts_with(userPrefix))
        return UnknownDestination{};

    const auto decoded = percentDecode(text.substr(userPrefix.size()), Plus::IsPlus);
    if (!decoded)
        return MalformedDestination{"A percent sign in the destination is not followed by two hexadecimal "
                                    "digits."};
    auto user = UserId::parse(*decoded);
    if (!user)
        return MalformedDestination{describe(user.error())};
    return UserDestination{std::move(*user)};
}

} // namespace msgsrv
