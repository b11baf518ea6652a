// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>

namespace msgsrv {

/// Every cause for which a request is refused. One URN each (`urn:messaging-server:problem:<name>`),
/// listed in docs/http-api.md. The order may only grow at the end.
enum class ProblemCause {
    MalformedRequest, ///< 400 the HTTP head breaks the grammar
    MalformedBody, ///< 400 the body is not what its content type says
    DuplicateMember, ///< 400 a field or member is given twice
    MissingMember, ///< 400 a required field is missing
    InvalidUserId, ///< 400 see UserIdError
    InvalidContent, ///< 400 content that is not UTF-8, or of a type that cannot be relayed
    Unauthenticated, ///< 401 no key where one is needed
    UnknownKey, ///< 401 the key is no live session's
    NotYours, ///< 403 fromUserId is not the key's user, or two different keys
    OriginRefused, ///< 403 net.allowed_origins
    RecipientUnknown, ///< 404 the recipient has no session
    NotFound, ///< 404 no such path
    MethodNotAllowed, ///< 405
    RequestTimeout, ///< 408
    UserIdTaken, ///< 409
    LengthRequired, ///< 411 Transfer-Encoding
    ContentTooLarge, ///< 413
    UriTooLong, ///< 414
    UnsupportedMediaType, ///< 415
    QueueFull, ///< 429 the recipient's queue is at its limit
    RateLimited, ///< 429
    HeadersTooLarge, ///< 431
    InternalError, ///< 500
    Draining, ///< 503
    Unavailable, ///< 503 store or broker away
    Overloaded, ///< 503 limits.connections
    SenderUnknown, ///< 404 exchange.require_key=false: the claimed sender has no session
    InvalidMember, ///< 400 a member or header of an exchange is not what it may be
    MessageUnknown, ///< 404 no message of that id is known, or it is another sender's
    PresenceOff, ///< 403 presence.enabled
};

/// What RFC 9457 calls a problem: a cause, its status and title, and a sentence about this occurrence.
struct Problem
{
    ProblemCause cause = ProblemCause::InternalError;
    QByteArray detail; ///< UTF-8, one sentence, no secret
    int retryAfterSeconds = 0; ///< sent as Retry-After when above 0

    [[nodiscard]] int status() const;
    [[nodiscard]] QByteArray title() const;
    [[nodiscard]] QByteArray type() const; ///< the URN

    /// The `application/problem+json` body. @p path and @p timestampMs (Unix time, ms) are the members
    /// that clients of the prototype read, beside `message` (= detail) and `error` (= title).
    [[nodiscard]] QByteArray toJson(const QByteArray &path, qint64 timestampMs) const;
};

} // namespace msgsrv
