// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/destination.h"

#include "shared/base/percent.h"

namespace msgsrv {

namespace {

constexpr std::string_view userPrefix = "/user/";
constexpr std::string_view queuePrefix = "/queue/";
constexpr std::string_view topicPrefix = "/topic/";
constexpr std::string_view presencePrefix = "/topic/presence.";
constexpr std::string_view keyPrefix = "queue."; // of every listening key
constexpr std::size_t longestName = 255;

Destination sharedDestination(DestinationName::Kind kind, std::string_view name)
{
    if (name.empty())
        return UnknownDestination{};
    if (name.size() > longestName)
        return MalformedDestination{"The name of a queue or topic may have 255 bytes."};
    return SharedDestination{{kind, QByteArray(name.data(), qsizetype(name.size()))}};
}

/// A percent-encoded userId as a destination of type @p Kind.
template <typename Kind>
Destination ofUser(std::string_view encoded)
{
    const auto decoded = percentDecode(encoded, Plus::IsPlus);
    if (!decoded)
        return MalformedDestination{"A percent sign in the destination is not followed by two hexadecimal "
                                    "digits."};
    auto user = UserId::parse(*decoded);
    if (!user)
        return MalformedDestination{describe(user.error())};
    return Kind{std::move(*user)};
}

} // namespace

Destination parseDestination(std::string_view text)
{
    if (text.starts_with(queuePrefix)) {
        const std::string_view name = text.substr(queuePrefix.size());
        if (name.starts_with(keyPrefix))
            return QueueDestination{ListeningKey::fromPresented(name)};
        return sharedDestination(DestinationName::Kind::Queue, name);
    }
    if (text.starts_with(presencePrefix))
        return ofUser<PresenceDestination>(text.substr(presencePrefix.size()));
    if (text.starts_with(topicPrefix))
        return sharedDestination(DestinationName::Kind::Topic, text.substr(topicPrefix.size()));
    if (!text.starts_with(userPrefix))
        return UnknownDestination{};
    return ofUser<UserDestination>(text.substr(userPrefix.size()));
}

} // namespace msgsrv
