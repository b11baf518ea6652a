// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/stomp/frame.h"

#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <variant>

namespace msgsrv::stomp {

/// What a peer may send at most; a frame that goes beyond is an error. All in bytes unless said otherwise.
struct ParserLimits
{
    static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();

    std::size_t command = 32; ///< the command without its EOL
    std::size_t headers = 64; ///< number of header lines, repeated ones included
    std::size_t headerLine = 8 * 1024; ///< one header line as it came, without its EOL
    std::size_t body = none; ///< the octets between the empty line and the NUL
    std::size_t frame = 1024 * 1024; ///< everything from the command's first octet to the NUL, both included
};

/// Why the stream cannot be read on.
struct ParseError
{
    enum class Kind {
        Malformed, ///< breaks the grammar
        NotUtf8, ///< a command or header that is not UTF-8
        TooLarge, ///< one of ParserLimits
    };
    Kind kind = Kind::Malformed;
    /// A short phrase for the `message` header of an ERROR: no colon, no backslash, nothing the peer sent.
    std::string_view message;
};

/// Reads STOMP frames out of a stream that may be cut anywhere: in a header, an escape, a UTF-8 sequence,
/// between CR and LF, before the NUL. Bytes in, values out; never sees a socket.
///
/// CR LF ends a line in every version (1.2 says so, and no 1.0 or 1.1 client is hurt by it). `content-length`
/// is honoured on every frame. Which commands exist and what they must carry is the caller's business.
class FrameParser
{
public:
    struct NeedMore
    { };
    /// One or more EOLs between frames.
    struct HeartBeat
    { };
    using Event = std::variant<NeedMore, HeartBeat, Frame, ParseError>;

    enum class State {
        Between, ///< before a frame; EOLs and NULs are noise
        BetweenCr, ///< a CR there, the LF must follow
        Command,
        CommandCr,
        Header,
        HeaderCr,
        CountedBody, ///< content-length octets
        CountedEnd, ///< the NUL after them
        OpenBody, ///< up to the first NUL
        Failed, ///< for good
    };

    explicit FrameParser(const ParserLimits &limits = {});

    /// Takes effect at once, for a frame that is half read as well.
    void setLimits(const ParserLimits &limits) { m_limits = limits; }

    /// The negotiated version, which decides on escapes. 1.0 until it is set: CONNECT, the only frame that is
    /// legal then, is not escaped anyway.
    void setVersion(Version version) { m_version = version; }

    /// Consumes from the front of @p input up to the end of the next event; NeedMore when all of it is
    /// consumed without one. To be called until @p input is empty. After an error all input is consumed and
    /// the error told again.
    [[nodiscard]] Event next(std::string_view &input);

    [[nodiscard]] State state() const { return m_state; }

private:
    [[nodiscard]] bool spend(std::string_view &input, std::size_t count);
    void readNoise(std::string_view &input, bool &sawEol);
    void readLine(std::string_view &input);
    void readOpenBody(std::string_view &input);
    void readCountedBody(std::string_view &input);
    void endLine();
    void endHeaders();
    void addHeader();
    void error(ParseError::Kind kind, std::string_view message);

    ParserLimits m_limits;
    Version m_version = Version::V10;
    State m_state = State::Between;
    ParseError m_error;
    bool m_complete = false; ///< m_frame is whole and waits to be handed out
    Frame m_frame;
    std::string m_line; ///< the line that is being read
    std::size_t m_frameBytes = 0; ///< of this frame, consumed so far
    std::size_t m_bodyLeft = 0; ///< in CountedBody
};

} // namespace msgsrv::stomp
