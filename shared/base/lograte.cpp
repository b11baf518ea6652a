// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/base/lograte.h"

namespace msgsrv::log {

bool RateLimit::admit(std::string_view event, TimePoint now)
{
    if (m_perSecond <= 0)
        return true;
    auto it = m_windows.find(event);
    if (it == m_windows.end())
        it = m_windows.emplace(event, Window{now}).first;
    Window &window = it->second;
    if (now - window.begin >= seconds(1)) {
        close(it->first, window);
        window.begin = now;
        window.written = 0;
    }
    if (window.written < m_perSecond) {
        ++window.written;
        return true;
    }
    ++window.suppressed;
    m_anySuppressed = true;
    return false;
}

std::vector<std::pair<std::string, std::uint64_t>> RateLimit::takeSuppressed(TimePoint now, bool all)
{
    if (m_anySuppressed) {
        m_anySuppressed = false;
        for (auto &[event, window] : m_windows) {
            if (window.suppressed == 0)
                continue;
            if (all || now - window.begin >= seconds(1))
                close(event, window);
            else
                m_anySuppressed = true;
        }
    }
    return std::exchange(m_closed, {});
}

void RateLimit::close(const std::string &event, Window &window)
{
    if (window.suppressed > 0)
        m_closed.emplace_back(event, std::exchange(window.suppressed, 0));
}

} // namespace msgsrv::log
