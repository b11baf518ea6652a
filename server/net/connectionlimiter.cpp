// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/connectionlimiter.h"

#include "server/net/addressblock.h"

#include <utility>

namespace msgsrv {

ConnectionLimiter::ConnectionLimiter(std::int64_t total, std::int64_t perAddress,
                                     std::vector<Cidr> trustedProxies)
    : m_totalLimit(total)
    , m_perAddressLimit(perAddress)
    , m_trustedProxies(std::move(trustedProxies))
{ }

tl::expected<ConnectionLimiter::Slot, ConnectionLimiter::Refusal>
ConnectionLimiter::admit(const QHostAddress &peer)
{
    std::optional<BucketKey> address;
    if (!contains(m_trustedProxies, peer))
        address = addressBlock(peer);
    const std::scoped_lock lock(m_mutex);
    if (m_totalLimit > 0 && m_total >= m_totalLimit)
        return tl::make_unexpected(Refusal::TooMany);
    if (address && !enter(*address))
        return tl::make_unexpected(Refusal::TooManyFromAddress);
    ++m_total;
    return Slot(*this, address);
}

std::int64_t ConnectionLimiter::total() const
{
    const std::scoped_lock lock(m_mutex);
    return m_total;
}

bool ConnectionLimiter::enter(const BucketKey &address)
{
    std::int64_t &count = m_perAddress[address];
    if (m_perAddressLimit > 0 && count >= m_perAddressLimit)
        return false;
    ++count;
    return true;
}

void ConnectionLimiter::leave(const BucketKey &address)
{
    const auto it = m_perAddress.find(address);
    Q_ASSERT(it != m_perAddress.end());
    if (--it->second == 0)
        m_perAddress.erase(it);
}

ConnectionLimiter::Slot &ConnectionLimiter::Slot::operator=(Slot &&other) noexcept
{
    if (this != &other) {
        release();
        m_limiter = std::exchange(other.m_limiter, nullptr);
        m_address = std::exchange(other.m_address, std::nullopt);
        m_isProxy = other.m_isProxy;
    }
    return *this;
}

bool ConnectionLimiter::Slot::attribute(const QHostAddress &client)
{
    if (!m_limiter || !m_isProxy)
        return true;
    if (contains(m_limiter->m_trustedProxies, client)) {
        unattribute();
        return true;
    }
    const BucketKey address = addressBlock(client);
    if (m_address == address)
        return true;
    const std::scoped_lock lock(m_limiter->m_mutex);
    if (m_address)
        m_limiter->leave(*std::exchange(m_address, std::nullopt));
    if (!m_limiter->enter(address))
        return false;
    m_address = address;
    return true;
}

void ConnectionLimiter::Slot::unattribute()
{
    if (!m_limiter || !m_isProxy || !m_address)
        return;
    const std::scoped_lock lock(m_limiter->m_mutex);
    m_limiter->leave(*std::exchange(m_address, std::nullopt));
}

void ConnectionLimiter::Slot::release()
{
    ConnectionLimiter *const limiter = std::exchange(m_limiter, nullptr);
    if (!limiter)
        return;
    const std::scoped_lock lock(limiter->m_mutex);
    --limiter->m_total;
    if (m_address)
        limiter->leave(*m_address);
}

} // namespace msgsrv
