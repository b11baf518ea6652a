// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QByteArray>

#include <cstdint>
#include <optional>

namespace msgsrv {

/// The ids of messages: a prefix that differs from run to run, and a number.
class MessageIds
{
public:
    MessageIds();

    [[nodiscard]] QByteArray idOf(std::uint64_t number) const;
    /// Nothing when @p id is none of this run's.
    [[nodiscard]] std::optional<std::uint64_t> numberOf(const QByteArray &id) const;

private:
    const QByteArray m_prefix;
};

} // namespace msgsrv
