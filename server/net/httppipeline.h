// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/httphead.h"
#include "server/net/httpheadparser.h"

#include <QByteArray>

#include <cstdint>
#include <optional>
#include <variant>

namespace msgsrv {

/// Cuts the bytes of one HTTP connection into requests, one at a time and each only when it is whole. Knows
/// no socket and no clock. After a Failure or an Upgrade it is used up.
class HttpPipeline
{
public:
    /// What the next byte would belong to; each has a deadline of its own.
    enum class Wait { NextRequest, Head, Body };

    struct NeedMore
    {
        Wait wait = Wait::NextRequest;
    };
    /// The client waits for `100 Continue` before it sends the body: answer so, then ask again.
    struct SendContinue
    { };
    struct Request
    {
        HttpHead head;
        QByteArray body;
    };
    struct Upgrade
    {
        HttpHead head;
        QByteArray rest; ///< what came behind the head: the first frames
    };
    struct Failure
    {
        int status = 400;
        QByteArray detail;
    };
    using Step = std::variant<NeedMore, SendContinue, Request, Upgrade, Failure>;

    /// @p bodyLimit in bytes, 0 = unlimited.
    HttpPipeline(const HttpHeadLimits &limits, std::int64_t bodyLimit)
        : m_parser(limits)
        , m_bodyLimit(bodyLimit)
    { }

    void append(QByteArrayView bytes);

    /// The next thing to do. A Request must be answered before the next call.
    [[nodiscard]] Step next();

    [[nodiscard]] qsizetype buffered() const { return m_in.size(); }
    /// Bytes of memory that what is buffered takes.
    [[nodiscard]] qsizetype held() const { return m_in.capacity(); }

private:
    HttpHeadParser m_parser;
    const std::int64_t m_bodyLimit;
    QByteArray m_in; // of the current request's head, or body, and what is behind it
    std::optional<HttpHead> m_head; // while the body is awaited
};

} // namespace msgsrv
