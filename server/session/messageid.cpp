// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/session/messageid.h"

#include "shared/base/random.h"

#include <charconv>
#include <cstring>
#include <iterator>
#include <system_error>

namespace msgsrv {

namespace {

constexpr int base36 = 36;

QByteArray randomPrefix()
{
    std::uint64_t random = 0;
    fillRandom(&random, sizeof random);
    constexpr std::uint64_t eightDigits = 2'821'109'907'456; // 36^8
    QByteArray prefix = QByteArray::number(quint64(random % eightDigits), base36);
    return prefix.rightJustified(8, '0') + '-';
}

} // namespace

MessageIds::MessageIds()
    : m_prefix(randomPrefix())
{ }

QByteArray MessageIds::idOf(std::uint64_t number) const
{
    constexpr std::size_t mostDigits = 13; // 36^13 > 2^64
    char digits[mostDigits];
    const auto count = std::to_chars(std::begin(digits), std::end(digits), number, base36).ptr - digits;
    QByteArray id(m_prefix.size() + count, Qt::Uninitialized);
    std::memcpy(id.data(), m_prefix.constData(), std::size_t(m_prefix.size()));
    std::memcpy(id.data() + m_prefix.size(), digits, std::size_t(count));
    return id;
}

std::optional<std::uint64_t> MessageIds::numberOf(const QByteArray &id) const
{
    if (!id.startsWith(m_prefix))
        return std::nullopt;
    std::uint64_t number = 0;
    const char *const end = id.constData() + id.size();
    const auto read = std::from_chars(id.constData() + m_prefix.size(), end, number, base36);
    // Upper-case digits would be another text of the same number.
    if (read.ec != std::errc() || read.ptr != end || idOf(number) != id)
        return std::nullopt;
    return number;
}

} // namespace msgsrv
