// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/httppipeline.h"

#include <utility>

namespace msgsrv {

/// A QByteArray doubles when it grows; with a thousand unfinished bodies that is half of the memory for
/// nothing.
void HttpPipeline::append(QByteArrayView bytes)
{
    const qsizetype size = m_in.size() + bytes.size();
    if (size > m_in.capacity())
        m_in.reserve(size + size / 4);
    m_in.append(bytes);
}

HttpPipeline::Step HttpPipeline::next()
{
    if (!m_head) {
        HttpHeadResult result = m_parser.parse({m_in.constData(), std::size_t(m_in.size())});
        if (std::holds_alternative<HttpHeadIncomplete>(result))
            return NeedMore{m_in.isEmpty() ? Wait::NextRequest : Wait::Head};
        if (const auto *error = std::get_if<HttpHeadError>(&result))
            return Failure{error->status, QByteArray::fromStdString(error->detail)};
        auto &complete = std::get<HttpHeadComplete>(result);
        m_in.remove(0, qsizetype(complete.consumed));
        m_parser.reset();
        if (complete.head.upgradeWebSocket)
            return Upgrade{std::move(complete.head), std::exchange(m_in, {})};
        if (m_bodyLimit > 0 && complete.head.contentLength > m_bodyLimit)
            return Failure{413,
                           "The body is larger than limits.body (" + QByteArray::number(qint64(m_bodyLimit))
                               + " bytes)."};
        m_head = std::move(complete.head);
        if (m_head->expectContinue && m_in.size() < m_head->contentLength) {
            m_head->expectContinue = false;
            return SendContinue{};
        }
    }
    if (m_in.size() < m_head->contentLength)
        return NeedMore{Wait::Body};
    Request request{std::move(*m_head), {}};
    m_head.reset();
    const auto bodySize = qsizetype(request.head.contentLength);
    if (m_in.size() == bodySize) {
        request.body = std::exchange(m_in, {});
    } else {
        request.body = m_in.first(bodySize);
        m_in.remove(0, bodySize);
    }
    return request;
}

} // namespace msgsrv
