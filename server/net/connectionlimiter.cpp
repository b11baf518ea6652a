// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/connectionlimiter.h"

namespace msgsrv {

ConnectionLimiter::Verdict ConnectionLimiter::admit(const QHostAddress &address)
{
    const std::scoped_lock lock(m_mutex);
    if (m_totalLimit > 0 && m_total >= m_totalLimit)
        return Verdict::TooMany;
    if (m_perAddressLimit > 0 && m_perAddress.value(address) >= m_perAddressLimit)
        return Verdict::TooManyFromAddress;
    ++m_perAddress[address];
    ++m_total;
    return Verdict::Admitted;
}

void ConnectionLimiter::release(const QHostAddress &address)
{
    const std::scoped_lock lock(m_mutex);
    --m_total;
    const auto it = m_perAddress.find(address);
    Q_ASSERT(it != m_perAddress.end());
    if (--it.value() == 0)
        m_perAddress.erase(it);
}

std::int64_t ConnectionLimiter::total() const
{
    const std::scoped_lock lock(m_mutex);
    return m_total;
}

} // namespace msgsrv
