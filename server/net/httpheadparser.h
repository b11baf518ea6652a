// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/net/httphead.h"

#include <optional>

namespace msgsrv {

/// Reads one request head from bytes that come in pieces. It remembers the lines that it has read, so a head
/// that is sent byte by byte costs no more than one that comes whole, and a fault is told as soon as its line
/// (or its control character) is there, without waiting for the end of the head.
///
/// The grammar is RFC 9112 without its tolerances: lines end with CRLF, nothing is folded, no blank before a
/// colon. One empty line before the request line is skipped (section 2.2). It knows no body: a request with
/// Transfer-Encoding is refused with 411.
class HttpHeadParser
{
public:
    explicit HttpHeadParser(const HttpHeadLimits &limits = {})
        : m_limits(limits)
    { }

    /// @p bytes is everything that has come since the head began, i.e. the bytes of the previous call and
    /// what came since. After HttpHeadComplete call reset() before the next head; after HttpHeadError the
    /// same error is given again.
    [[nodiscard]] HttpHeadResult parse(std::string_view bytes);

    void reset();

    /// True when no byte of a head was seen since the construction or reset().
    [[nodiscard]] bool isIdle() const { return m_scanned == 0; }

private:
    using Fault = std::optional<HttpHeadError>;

    Fault takeLine(std::string_view line);
    Fault takeRequestLine(std::string_view line);
    Fault takeTarget(std::string_view target);
    Fault takeField(std::string_view line);
    Fault countRequestLine(char c);
    Fault finish();
    Fault readContentLength();
    Fault readHost();
    Fault readExpect();
    void readConnection();

    HttpHeadLimits m_limits;
    HttpHead m_head;
    std::string m_targetAuthority; ///< of an absolute-form target
    Fault m_fault;
    std::size_t m_scanned = 0; ///< bytes that were looked at
    std::size_t m_lineStart = 0;
    std::size_t m_blanks = 0; ///< of the request line so far
    std::size_t m_partBytes = 0; ///< of the request line since its last blank
    bool m_skippedEmptyLine = false;
    bool m_hasRequestLine = false;
    bool m_ended = false; ///< the empty line was read
};

} // namespace msgsrv
