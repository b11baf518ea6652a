// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <optional>
#include <string_view>

namespace msgsrv {

/// Of what a sender wants to be told by a message on its own queue (`notify`).
struct NoticeWishes
{
    bool written = false;
    bool acked = false;
    bool failed = false; ///< expired or dropped

    /// Reads `written,acked,failed`, any of them, separated by commas and perhaps blanks. Nothing: another
    /// word.
    [[nodiscard]] static std::optional<NoticeWishes> parse(std::string_view text);
    [[nodiscard]] bool any() const { return written || acked || failed; }
    friend bool operator==(const NoticeWishes &, const NoticeWishes &) = default;
};

} // namespace msgsrv
