// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/stomp/parser.h"

#include "shared/base/utf8.h"
#include "shared/stomp/escaping.h"

#include <algorithm>
#include <charconv>

namespace msgsrv::stomp {

namespace {

std::size_t left(std::size_t limit, std::size_t used)
{
    return used < limit ? limit - used : 0;
}

std::string_view withoutLeadingBlanks(std::string_view text)
{
    const std::size_t first = text.find_first_not_of(" \t");
    return first == text.npos ? std::string_view() : text.substr(first);
}

constexpr std::string_view frameTooLarge = "frame is too large";
constexpr std::string_view bodyTooLarge = "body is too large";

} // namespace

FrameParser::FrameParser(const ParserLimits &limits)
    : m_limits(limits)
{ }

FrameParser::Event FrameParser::next(std::string_view &input)
{
    bool sawEol = false;
    while (!input.empty() && m_state != State::Failed && !m_complete) {
        switch (m_state) {
        case State::Between:
        case State::BetweenCr:
            readNoise(input, sawEol);
            if (sawEol && m_state == State::Between)
                return HeartBeat{};
            break;
        case State::Command:
        case State::CommandCr:
        case State::Header:
        case State::HeaderCr:
            readLine(input);
            break;
        case State::OpenBody:
            readOpenBody(input);
            break;
        case State::CountedBody:
        case State::CountedEnd:
            readCountedBody(input);
            break;
        case State::Failed:
            break;
        }
    }
    if (m_state == State::Failed) {
        input = {};
        return m_error;
    }
    if (m_complete) {
        m_complete = false;
        m_frameBytes = 0;
        m_state = State::Between;
        return std::exchange(m_frame, {});
    }
    return NeedMore{};
}

/// Counts octets of the frame and takes them off the input.
bool FrameParser::spend(std::string_view &input, std::size_t count)
{
    if (count > left(m_limits.frame, m_frameBytes)) {
        error(ParseError::Kind::TooLarge, frameTooLarge);
        return false;
    }
    m_frameBytes += count;
    input.remove_prefix(count);
    return true;
}

void FrameParser::readNoise(std::string_view &input, bool &sawEol)
{
    while (!input.empty()) {
        const char c = input.front();
        if (m_state == State::BetweenCr) {
            if (c != '\n')
                return error(ParseError::Kind::Malformed, "carriage return without line feed");
            m_state = State::Between;
            sawEol = true;
        } else if (c == '\r') {
            m_state = State::BetweenCr;
        } else if (c == '\n') {
            sawEol = true;
        } else if (c != '\0') {
            // An EOL that was seen is told first; the command is read in the next round.
            if (!sawEol)
                m_state = State::Command;
            return;
        }
        input.remove_prefix(1);
    }
}

void FrameParser::readLine(std::string_view &input)
{
    const bool isCommand = m_state == State::Command || m_state == State::CommandCr;
    if (m_state == State::CommandCr || m_state == State::HeaderCr) {
        if (input.front() != '\n')
            return error(ParseError::Kind::Malformed, "carriage return without line feed");
        if (spend(input, 1))
            endLine();
        return;
    }

    const auto end = std::find_if(input.begin(), input.end(),
                                  [](char c) { return c == '\n' || c == '\r' || c == '\0'; });
    const auto run = std::size_t(end - input.begin());
    const std::size_t lineLeft = left(isCommand ? m_limits.command : m_limits.headerLine, m_line.size());
    // Of two limits in one piece the nearer one is told, as it would be octet by octet.
    if (run > lineLeft && lineLeft <= left(m_limits.frame, m_frameBytes))
        return error(ParseError::Kind::TooLarge,
                     isCommand ? "command is too long" : "header line is too long");
    const std::string_view piece = input.substr(0, run);
    if (!spend(input, run))
        return;
    m_line += piece;
    if (input.empty())
        return;
    const char terminator = input.front();
    if (terminator == '\0')
        return error(ParseError::Kind::Malformed, "NUL before the end of the headers");
    if (!spend(input, 1))
        return;
    if (terminator == '\r')
        m_state = isCommand ? State::CommandCr : State::HeaderCr;
    else
        endLine();
}

void FrameParser::endLine()
{
    const bool isCommand = m_state == State::Command || m_state == State::CommandCr;
    m_state = State::Header;
    if (!isUtf8(m_line))
        return error(ParseError::Kind::NotUtf8, "command or header is not UTF-8");
    if (isCommand)
        m_frame.command = m_line;
    else if (m_line.empty())
        return endHeaders();
    else
        addHeader();
    m_line.clear();
}

void FrameParser::addHeader()
{
    if (m_frame.headers.size() >= m_limits.headers)
        return error(ParseError::Kind::TooLarge, "too many headers");
    const std::string_view line = m_line;
    const std::size_t colon = line.find(':');
    if (colon == line.npos)
        return error(ParseError::Kind::Malformed, "header without a colon");
    if (colon == 0)
        return error(ParseError::Kind::Malformed, "header without a name");

    std::string_view value = line.substr(colon + 1);
    // Whether the padding of 1.0 counts in a CONNECT is known only after its accept-version was read.
    if (m_version == Version::V10 && !isUnescapedCommand(m_frame.command))
        value = withoutLeadingBlanks(value);
    const Escaping escaping = escapingOf(m_frame.command, m_version);
    auto plainName = unescaped(line.substr(0, colon), escaping);
    auto plainValue = unescaped(value, escaping);
    if (!plainName || !plainValue)
        return error(ParseError::Kind::Malformed, "undefined escape sequence in a header");
    m_frame.add(std::move(*plainName), std::move(*plainValue));
}

void FrameParser::endHeaders()
{
    const std::string *announced = m_frame.find("content-length");
    if (!announced) {
        m_state = State::OpenBody;
        return;
    }
    std::string_view digits = *announced;
    if (isUnescapedCommand(m_frame.command))
        digits = withoutLeadingBlanks(digits);
    std::size_t length = 0;
    const char *const end = digits.data() + digits.size();
    const auto [stop, status] = std::from_chars(digits.data(), end, length);
    if (digits.empty() || stop != end || status == std::errc::invalid_argument)
        return error(ParseError::Kind::Malformed, "content-length is not a number");
    if (status == std::errc::result_out_of_range || length > m_limits.body)
        return error(ParseError::Kind::TooLarge, bodyTooLarge);
    if (length >= left(m_limits.frame, m_frameBytes))
        return error(ParseError::Kind::TooLarge, frameTooLarge);
    m_bodyLeft = length;
    m_state = length > 0 ? State::CountedBody : State::CountedEnd;
}

void FrameParser::readCountedBody(std::string_view &input)
{
    if (m_state == State::CountedEnd) {
        if (input.front() != '\0')
            return error(ParseError::Kind::Malformed, "no NUL after content-length octets of body");
        m_complete = spend(input, 1);
        return;
    }
    const std::string_view piece = input.substr(0, m_bodyLeft);
    if (!spend(input, piece.size()))
        return;
    m_frame.body += piece;
    m_bodyLeft -= piece.size();
    if (m_bodyLeft == 0)
        m_state = State::CountedEnd;
}

void FrameParser::readOpenBody(std::string_view &input)
{
    const std::size_t nul = input.find('\0');
    const std::size_t run = std::min(nul, input.size());
    const std::size_t bodyLeft = left(m_limits.body, m_frame.body.size());
    if (run > bodyLeft && bodyLeft <= left(m_limits.frame, m_frameBytes))
        return error(ParseError::Kind::TooLarge, bodyTooLarge);
    const std::string_view piece = input.substr(0, run);
    if (!spend(input, run))
        return;
    m_frame.body += piece;
    if (!input.empty())
        m_complete = spend(input, 1);
}

void FrameParser::error(ParseError::Kind kind, std::string_view message)
{
    m_error = {kind, message};
    m_state = State::Failed;
    m_frame = {};
    m_line.clear();
}

} // namespace msgsrv::stomp
