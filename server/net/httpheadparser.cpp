// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/httpheadparser.h"

#include "server/net/httpgrammar.h"

#include <algorithm>
#include <limits>

namespace msgsrv {
namespace {

constexpr std::size_t longestMethod = 32;

HttpHeadError bad(const char *detail)
{
    return {400, detail};
}

/// RFC 9112 section 2.3: "HTTP/" DIGIT "." DIGIT.
bool isVersion(std::string_view text)
{
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    return text.size() == 8 && text.substr(0, 5) == "HTTP/" && digit(text[5]) && text[6] == '.'
        && digit(text[7]);
}

/// Length of "http://" or "https://" at the beginning of @p target, in any case; else 0.
std::size_t schemeLength(std::string_view target)
{
    for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
        if (http::equalsLower(target.substr(0, scheme.size()), scheme))
            return scheme.size();
    }
    return 0;
}

} // namespace

void HttpHeadParser::reset()
{
    *this = HttpHeadParser(m_limits);
}

HttpHeadResult HttpHeadParser::parse(std::string_view bytes)
{
    if (m_fault)
        return *m_fault;
    const auto fail = [this](HttpHeadError error) -> HttpHeadResult {
        m_fault = std::move(error);
        return *m_fault;
    };

    while (m_scanned < bytes.size()) {
        const auto at = m_scanned++;
        const auto byte = static_cast<unsigned char>(bytes[at]);
        if (at > 0 && bytes[at - 1] == '\r' && byte != '\n')
            return fail(bad("A carriage return stands without its line feed."));
        if (byte == '\n') {
            if (at == 0 || bytes[at - 1] != '\r')
                return fail(bad("A line ends without a carriage return."));
            if (auto fault = takeLine(bytes.substr(m_lineStart, at - 1 - m_lineStart)))
                return fail(std::move(*fault));
            m_lineStart = m_scanned;
            if (m_ended) {
                if (m_scanned > m_limits.headBytes)
                    break;
                if (auto fault = finish())
                    return fail(std::move(*fault));
                return HttpHeadComplete{std::move(m_head), m_scanned};
            }
        } else if ((byte < 0x20 && byte != '\t' && byte != '\r') || byte == 0x7F) {
            return fail(bad("The head holds a control character."));
        } else if (!m_hasRequestLine && byte != '\r') {
            if (auto fault = countRequestLine(bytes[at]))
                return fail(std::move(*fault));
        }
        if (m_scanned >= m_limits.headBytes + 1)
            break;
    }

    if (m_scanned > m_limits.headBytes)
        return fail({431, "The request head is too large."});
    return HttpHeadIncomplete{};
}

HttpHeadParser::Fault HttpHeadParser::takeLine(std::string_view line)
{
    if (!m_hasRequestLine) {
        if (!line.empty())
            return takeRequestLine(line);
        if (m_skippedEmptyLine)
            return bad("Empty lines stand before the request line.");
        m_skippedEmptyLine = true;
        return {};
    }
    if (!line.empty())
        return takeField(line);
    m_ended = true;
    return {};
}

/// A method or target that is too long is refused at the byte that makes it so.
HttpHeadParser::Fault HttpHeadParser::countRequestLine(char c)
{
    if (c == ' ') {
        ++m_blanks;
        m_partBytes = 0;
        return {};
    }
    ++m_partBytes;
    if (m_blanks == 0 && m_partBytes > longestMethod)
        return HttpHeadError{501, "The method is not known."};
    if (m_blanks == 1 && m_partBytes > m_limits.targetBytes)
        return HttpHeadError{414, "The request target is too long."};
    return {};
}

/// RFC 9112 section 3: method SP request-target SP HTTP-version, with single blanks.
HttpHeadParser::Fault HttpHeadParser::takeRequestLine(std::string_view line)
{
    const auto first = line.find(' ');
    const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos)
        return bad("The request line is not a method, a target and a version.");
    const auto method = line.substr(0, first);
    const auto version = line.substr(second + 1);
    if (!http::isToken(method))
        return bad("The method is not a token.");
    if (!isVersion(version))
        return bad("The request line does not end with an HTTP version.");
    if (version[5] != '1' || version[7] > '1')
        return HttpHeadError{505, "Only HTTP/1.1 and HTTP/1.0 are spoken here."};
    m_head.minorVersion = version[7] - '0';
    m_head.method = method;
    m_hasRequestLine = true;
    return takeTarget(line.substr(first + 1, second - first - 1));
}

/// RFC 9112 section 3.2: origin-form, absolute-form, or asterisk-form for OPTIONS. Authority-form belongs to
/// CONNECT, which only a proxy answers.
HttpHeadParser::Fault HttpHeadParser::takeTarget(std::string_view target)
{
    if (m_head.method == "CONNECT")
        return HttpHeadError{501, "CONNECT is not available."};
    m_head.target = target;
    if (target == "*" && m_head.method == "OPTIONS") {
        m_head.path = target;
        return {};
    }
    auto pathAndQuery = target;
    if (const auto scheme = schemeLength(target)) {
        const auto end = std::min(target.find_first_of("/?", scheme), target.size());
        m_targetAuthority = target.substr(scheme, end - scheme);
        if (!http::isAuthority(m_targetAuthority))
            return bad("The authority of the request target is malformed.");
        pathAndQuery = target.substr(end);
    } else if (target.empty() || target.front() != '/') {
        return bad("The request target is neither a path nor an http URL.");
    }
    if (!http::isPathAndQuery(pathAndQuery))
        return bad("The request target holds a character that must be percent-encoded.");
    const auto question = pathAndQuery.find('?');
    m_head.hasQuery = question != std::string_view::npos;
    m_head.path = pathAndQuery.substr(0, question);
    if (m_head.hasQuery)
        m_head.query = pathAndQuery.substr(question + 1);
    if (m_head.path.empty())
        m_head.path = "/";
    return {};
}

/// RFC 9112 section 5: field-name ":" OWS field-value OWS.
HttpHeadParser::Fault HttpHeadParser::takeField(std::string_view line)
{
    if (line.front() == ' ' || line.front() == '\t')
        return bad("A header line begins with a blank; folded lines are not accepted.");
    const auto colon = line.find(':');
    if (colon == std::string_view::npos)
        return bad("A header line has no colon.");
    if (!http::isToken(line.substr(0, colon)))
        return bad("A header name is not a token.");
    const auto value = http::trimmed(line.substr(colon + 1));
    if (!http::isFieldValue(value))
        return bad("A header value holds a control character.");
    if (m_head.headers.size() >= m_limits.headerCount)
        return HttpHeadError{431, "The request has too many headers."};
    m_head.headers.emplace_back(http::lowered(line.substr(0, colon)), value);
    return {};
}

HttpHeadParser::Fault HttpHeadParser::finish()
{
    if (auto fault = readHost())
        return fault;
    if (auto fault = readContentLength())
        return fault;
    if (auto fault = readExpect())
        return fault;
    readConnection();
    return {};
}

/// RFC 9112 section 3.2: exactly one valid Host in HTTP/1.1; an absolute-form target goes before it.
HttpHeadParser::Fault HttpHeadParser::readHost()
{
    const auto count = m_head.count("host");
    if (count > 1)
        return bad("Host is given more than once.");
    if (count == 0 && m_head.minorVersion == 1)
        return bad("Host is missing.");
    if (count == 1) {
        m_head.host = *m_head.find("host");
        if (!http::isAuthority(m_head.host))
            return bad("Host is malformed.");
    }
    if (!m_targetAuthority.empty())
        m_head.host = m_targetAuthority;
    return {};
}

/// RFC 9112 section 6. Two lengths are two opinions about where the next request begins, even when equal.
HttpHeadParser::Fault HttpHeadParser::readContentLength()
{
    const auto count = m_head.count("content-length");
    if (m_head.count("transfer-encoding") > 0) {
        if (count > 0)
            return bad("Content-Length and Transfer-Encoding exclude each other.");
        return HttpHeadError{411, "Transfer-Encoding is not accepted: send a Content-Length."};
    }
    if (count == 0)
        return {};
    if (count > 1)
        return bad("Content-Length is given more than once.");
    const auto &text = *m_head.find("content-length");
    std::int64_t length = 0;
    for (const char c : text) {
        if (c < '0' || c > '9')
            return bad("Content-Length is not a decimal number.");
        const int digit = c - '0';
        if (length > (std::numeric_limits<std::int64_t>::max() - digit) / 10)
            return bad("Content-Length is out of range.");
        length = length * 10 + digit;
    }
    if (text.empty())
        return bad("Content-Length is empty.");
    m_head.contentLength = length;
    m_head.hasContentLength = true;
    return {};
}

/// RFC 9110 section 10.1.1: the only expectation is 100-continue, and an HTTP/1.0 client does not wait.
HttpHeadParser::Fault HttpHeadParser::readExpect()
{
    const auto count = m_head.count("expect");
    if (count == 0)
        return {};
    if (count > 1 || !http::equalsLower(*m_head.find("expect"), "100-continue"))
        return HttpHeadError{417, "The only expectation that can be met is 100-continue."};
    m_head.expectContinue = m_head.minorVersion == 1;
    return {};
}

void HttpHeadParser::readConnection()
{
    bool close = false;
    bool keepAlive = false;
    bool upgrade = false;
    bool webSocket = false;
    for (const auto &[name, value] : m_head.headers) {
        if (name == "connection") {
            close = close || http::listHas(value, "close");
            keepAlive = keepAlive || http::listHas(value, "keep-alive");
            upgrade = upgrade || http::listHas(value, "upgrade");
        } else if (name == "upgrade") {
            webSocket = webSocket || http::listHas(value, "websocket");
        }
    }
    m_head.keepAlive = !close && (m_head.minorVersion == 1 || keepAlive);
    m_head.upgradeWebSocket = upgrade && webSocket && m_head.minorVersion == 1 && m_head.method == "GET"
        && m_head.contentLength == 0;
}

} // namespace msgsrv
