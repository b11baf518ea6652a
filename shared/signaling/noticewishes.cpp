// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/signaling/noticewishes.h"

#include <algorithm>

namespace msgsrv {

std::optional<NoticeWishes> NoticeWishes::parse(std::string_view text)
{
    NoticeWishes wishes;
    while (true) {
        const std::size_t end = std::min(text.find(','), text.size());
        std::string_view word = text.substr(0, end);
        word.remove_prefix(std::min(word.find_first_not_of(" \t"), word.size()));
        word = word.substr(0, word.find_last_not_of(" \t") + 1);
        if (word == "written")
            wishes.written = true;
        else if (word == "acked")
            wishes.acked = true;
        else if (word == "failed")
            wishes.failed = true;
        else
            return std::nullopt;
        if (end == text.size())
            return wishes;
        text.remove_prefix(end + 1);
    }
}

} // namespace msgsrv
