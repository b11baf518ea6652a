// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/management/lineframer.h"

#include <cstring>
#include <utility>

namespace msgsrv::management {

namespace {

std::string_view withoutCarriageReturn(std::string_view line)
{
    if (!line.empty() && line.back() == '\r')
        line.remove_suffix(1);
    return line;
}

/// What a partial line may keep of its memory when it is done.
constexpr std::size_t keptCapacity = 64 * 1024;

} // namespace

LineFramer::LineFramer(std::size_t limit)
    : m_limit(limit)
{ }

LineFramer::Event LineFramer::next(std::string_view &bytes)
{
    if (std::exchange(m_handedOut, false)) {
        m_partial.clear();
        if (m_partial.capacity() > keptCapacity)
            m_partial.shrink_to_fit();
    }
    while (!m_failed && !bytes.empty()) {
        const auto *found = static_cast<const char *>(std::memchr(bytes.data(), '\n', bytes.size()));
        const std::size_t size = found ? std::size_t(found - bytes.data()) : bytes.size();
        if (m_partial.size() + size > m_limit) {
            m_failed = true;
            std::string().swap(m_partial);
            break;
        }
        if (!found) {
            m_partial.append(bytes);
            bytes = {};
            return NeedMore{};
        }
        std::string_view line = bytes.substr(0, size);
        bytes.remove_prefix(size + 1);
        if (!m_partial.empty()) {
            m_partial.append(line);
            m_handedOut = true;
            line = m_partial;
        }
        line = withoutCarriageReturn(line);
        if (!line.empty())
            return Line{line};
        if (std::exchange(m_handedOut, false))
            m_partial.clear();
    }
    if (m_failed) {
        bytes = {};
        return TooLong{};
    }
    return NeedMore{};
}

} // namespace msgsrv::management
