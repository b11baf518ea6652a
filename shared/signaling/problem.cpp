// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/signaling/problem.h"

#include "shared/base/json.h"

#include <array>
#include <string>
#include <string_view>

namespace msgsrv {

namespace {

struct CauseText
{
    ProblemCause cause;
    int status;
    const char *name;
    const char *title;
};

constexpr std::array causeTexts{
    CauseText{ProblemCause::MalformedRequest, 400, "malformed-request", "Malformed request"},
    CauseText{ProblemCause::MalformedBody, 400, "malformed-body", "Malformed body"},
    CauseText{ProblemCause::DuplicateMember, 400, "duplicate-member", "Member given twice"},
    CauseText{ProblemCause::MissingMember, 400, "missing-member", "Member missing"},
    CauseText{ProblemCause::InvalidUserId, 400, "invalid-user-id", "Invalid user id"},
    CauseText{ProblemCause::InvalidContent, 400, "invalid-content", "Invalid content"},
    CauseText{ProblemCause::Unauthenticated, 401, "unauthenticated", "Proof of identity missing"},
    CauseText{ProblemCause::UnknownKey, 401, "unknown-key", "Unknown listening key"},
    CauseText{ProblemCause::NotYours, 403, "not-yours", "Not yours"},
    CauseText{ProblemCause::OriginRefused, 403, "origin-refused", "Origin refused"},
    CauseText{ProblemCause::RecipientUnknown, 404, "recipient-unknown", "Recipient not connected"},
    CauseText{ProblemCause::NotFound, 404, "not-found", "Not found"},
    CauseText{ProblemCause::MethodNotAllowed, 405, "method-not-allowed", "Method not allowed"},
    CauseText{ProblemCause::RequestTimeout, 408, "request-timeout", "Request timeout"},
    CauseText{ProblemCause::UserIdTaken, 409, "user-id-taken", "User id taken"},
    CauseText{ProblemCause::LengthRequired, 411, "length-required", "Length required"},
    CauseText{ProblemCause::ContentTooLarge, 413, "content-too-large", "Content too large"},
    CauseText{ProblemCause::UriTooLong, 414, "uri-too-long", "URI too long"},
    CauseText{ProblemCause::UnsupportedMediaType, 415, "unsupported-media-type", "Unsupported media type"},
    CauseText{ProblemCause::QueueFull, 429, "queue-full", "Recipient's queue full"},
    CauseText{ProblemCause::RateLimited, 429, "rate-limited", "Too many requests"},
    CauseText{ProblemCause::HeadersTooLarge, 431, "headers-too-large", "Header fields too large"},
    CauseText{ProblemCause::InternalError, 500, "internal-error", "Internal error"},
    CauseText{ProblemCause::Draining, 503, "draining", "Server is draining"},
    CauseText{ProblemCause::Unavailable, 503, "unavailable", "Dependency unavailable"},
    CauseText{ProblemCause::Overloaded, 503, "overloaded", "Server is full"},
    CauseText{ProblemCause::SenderUnknown, 404, "sender-unknown", "Sender not connected"},
    CauseText{ProblemCause::InvalidMember, 400, "invalid-member", "Invalid member"},
    CauseText{ProblemCause::MessageUnknown, 404, "message-unknown", "Message not known"},
    CauseText{ProblemCause::PresenceOff, 403, "presence-off", "Presence is off"},
};

constexpr bool isInOrderOfTheEnum()
{
    for (std::size_t i = 0; i < causeTexts.size(); ++i) {
        if (causeTexts[i].cause != ProblemCause(i))
            return false;
    }
    return causeTexts.back().cause == ProblemCause::PresenceOff;
}
static_assert(isInOrderOfTheEnum());

const CauseText &textOf(ProblemCause cause)
{
    return causeTexts[std::size_t(cause)];
}

} // namespace

int Problem::status() const
{
    return textOf(cause).status;
}

QByteArray Problem::title() const
{
    return QByteArray(textOf(cause).title);
}

QByteArray Problem::type() const
{
    return QByteArray("urn:messaging-server:problem:") + textOf(cause).name;
}

QByteArray Problem::toJson(const QByteArray &path, qint64 timestampMs) const
{
    const auto view = [](const QByteArray &bytes) {
        return std::string_view(bytes.constData(), std::size_t(bytes.size()));
    };
    std::string json;
    const auto member = [&json](std::string_view name, std::string_view value) {
        json.append(json.empty() ? "{" : ",");
        appendJsonString(json, name);
        json.push_back(':');
        appendJsonString(json, value);
    };
    const QByteArray heading = title();
    member("type", view(type()));
    member("title", view(heading));
    json.append(",\"status\":").append(std::to_string(status()));
    member("detail", view(detail));
    member("message", view(detail));
    member("error", view(heading));
    member("path", view(path));
    json.append(",\"timestamp\":").append(std::to_string(timestampMs)).append("}");
    return QByteArray::fromStdString(json);
}

} // namespace msgsrv
