// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/connectrequest.h"

#include "shared/signaling/closecodes.h"

#include <algorithm>
#include <charconv>

namespace msgsrv {

using stomp::Version;

namespace {

std::optional<Version> versionOf(std::string_view text)
{
    for (const Version version : {Version::V12, Version::V11, Version::V10}) {
        if (text == stomp::toString(version))
            return version;
    }
    return std::nullopt;
}

/// The highest known version of a comma-separated list, whose blanks do not matter.
std::optional<Version> highestVersion(std::string_view list)
{
    std::optional<Version> highest;
    while (true) {
        const auto comma = list.find(',');
        std::string_view item = list.substr(0, comma);
        const auto first = item.find_first_not_of(" \t");
        if (first != item.npos) {
            item = item.substr(first, item.find_last_not_of(" \t") - first + 1);
            if (const auto version = versionOf(item))
                highest = std::max(highest.value_or(*version), *version);
        }
        if (comma == list.npos)
            return highest;
        list.remove_prefix(comma + 1);
    }
}

/// The value of a header, empty when absent. The examples of STOMP 1.0 pad values with a blank.
std::string_view valueOf(const stomp::Frame &frame, std::string_view name, Version version)
{
    const std::string *header = frame.find(name);
    if (!header)
        return {};
    std::string_view value = *header;
    if (version == Version::V10)
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    return value;
}

/// A number without a sign; one that no clock could count is the largest that one can.
std::optional<milliseconds> millisecondsOf(std::string_view text)
{
    constexpr qint64 longest = qint64(365) * 24 * 3600 * 1000;
    if (text.empty() || text.find_first_not_of("0123456789") != text.npos)
        return std::nullopt;
    qint64 number = longest;
    std::from_chars(text.data(), text.data() + text.size(), number); // out of range leaves it as it is
    return milliseconds(std::min(number, longest));
}

} // namespace

tl::expected<ConnectRequest, Fault> ConnectRequest::parse(const stomp::Frame &frame)
{
    ConnectRequest request;
    if (const std::string *accepted = frame.find("accept-version")) {
        const auto version = highestVersion(*accepted);
        if (!version)
            return tl::unexpected(Fault{CloseCode::ProtocolError,
                                        "unsupported version",
                                        "The server speaks STOMP 1.0, 1.1 and 1.2.",
                                        {},
                                        true});
        request.version = *version;
    }

    const std::string_view login = valueOf(frame, "login", request.version);
    request.login = QByteArray(login.data(), qsizetype(login.size()));
    request.passcode = ListeningKey::fromPresented(valueOf(frame, "passcode", request.version));

    if (request.version != Version::V10) {
        request.heartBeat = HeartBeatWish{};
        if (const std::string *heartBeat = frame.find("heart-beat")) {
            request.heartBeat = HeartBeatWish::parse(*heartBeat);
            if (!request.heartBeat)
                return tl::unexpected(
                    Fault{CloseCode::ProtocolError, "malformed heart-beat",
                          "heart-beat must be two numbers of milliseconds with a comma between them."});
        }
    }
    if (frame.find("resume")) {
        request.resume = millisecondsOf(valueOf(frame, "resume", request.version));
        if (!request.resume)
            return tl::unexpected(Fault{CloseCode::ProtocolError, "malformed resume",
                                        "resume must be a number of milliseconds."});
    }
    return request;
}

} // namespace msgsrv
