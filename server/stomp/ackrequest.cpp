// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/ackrequest.h"

#include <charconv>

namespace msgsrv {

namespace {

/// 0 when @p text is not what the server wrote.
std::uint64_t numberOf(const std::string &text)
{
    std::uint64_t number = 0;
    const char *const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, number);
    return error == std::errc() && stop == end && text.front() != '0' ? number : 0;
}

} // namespace

tl::expected<AckRequest, Fault> AckRequest::parse(const stomp::Frame &frame, stomp::Version version)
{
    AckRequest request;
    if (frame.command == "NACK") {
        if (version == stomp::Version::V10)
            return tl::unexpected(unservedCommand(frame));
        const std::string requeue = valueOf(frame, "requeue").value_or("true");
        if (requeue != "true" && requeue != "false")
            return tl::unexpected(
                protocolFault(frame, "malformed requeue", "requeue must be true or false."));
        request.verdict = requeue == "true" ? Verdict::Return : Verdict::Reject;
    }

    const char *const name = version == stomp::Version::V12 ? "id" : "message-id";
    const std::string *const which = frame.find(name);
    if (!which)
        return tl::unexpected(headerMissing(frame, name));
    if (version == stomp::Version::V12) {
        request.number = numberOf(*which);
        return request;
    }
    request.messageId = *which;
    request.subscription = valueOf(frame, "subscription");
    if (!request.subscription && version == stomp::Version::V11)
        return tl::unexpected(headerMissing(frame, "subscription"));
    return request;
}

} // namespace msgsrv
