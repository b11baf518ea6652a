// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/stomp/escaping.h"
#include "shared/stomp/frame.h"

#include <string>
#include <string_view>

namespace msgsrv::stomp {

/// Writes one frame, as its receiver's version wants it, behind what stands in a buffer already. There is no
/// EOL before the command and nothing after the NUL: some clients read neither.
class FrameWriter
{
public:
    /// @p out is borrowed until finish().
    FrameWriter(std::string &out, std::string_view command, Version receiver);

    /// Appends one header. False, and nothing is written, when the receiver's version cannot carry it; no
    /// value can ever break out of its line. `content-length` is finish()'s: here it is left out as well.
    bool header(std::string_view name, std::string_view value);

    /// Appends content-length when there is a body, the body and the NUL. The writer is used up then.
    void finish(std::string_view body = {});
    /// Instead of finish(): appends what another writer of the same version has written behind its command,
    /// from its headers to its NUL.
    void finishWith(std::string_view tail) { m_out += tail; }

private:
    std::string &m_out;
    const Escaping m_escaping;
};

/// A whole frame. Headers that the receiver's version cannot carry are left out.
[[nodiscard]] std::string serialize(const Frame &frame, Version receiver);

} // namespace msgsrv::stomp
