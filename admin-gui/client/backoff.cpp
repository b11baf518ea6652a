// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/client/backoff.h"

#include <algorithm>

namespace msgsrv::console {

Backoff::Duration Backoff::next(double random)
{
    const Duration step = std::min<Duration>(m_longest, m_first * (1LL << std::min(m_attempt, 20)));
    ++m_attempt;
    return step / 2 + Duration(static_cast<Duration::rep>(static_cast<double>(step.count()) / 2 * random));
}

} // namespace msgsrv::console
