// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <variant>

namespace msgsrv::management {

/// Cuts a byte stream into lines that end in LF; a CR before it is dropped, empty lines are passed over.
/// Plain C++; a line that lies whole in what is fed is not copied.
class LineFramer
{
public:
    /// A line without its end. The view holds until the next call.
    struct Line
    {
        std::string_view text;
    };
    /// All that was fed is used up.
    struct NeedMore
    { };
    /// A line is longer than the limit. Nothing comes after this.
    struct TooLong
    { };
    using Event = std::variant<NeedMore, Line, TooLong>;

    /// @p limit: bytes of a line without LF.
    explicit LineFramer(std::size_t limit);

    /// Takes from the front of @p bytes what makes the next event. To be called until NeedMore comes.
    [[nodiscard]] Event next(std::string_view &bytes);

    /// Bytes kept of a line that is not whole; at most the limit.
    [[nodiscard]] std::size_t kept() const { return m_partial.size(); }

private:
    const std::size_t m_limit;
    std::string m_partial; ///< the beginning of a line
    bool m_handedOut = false; ///< m_partial is the line that was handed out last
    bool m_failed = false;
};

} // namespace msgsrv::management
