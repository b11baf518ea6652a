// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace msgsrv {

/// Names one connection of this process. Never reused while the process lives; None names nothing.
/// The upper 16 bits are the index of the I/O thread that owns the connection for all of its life,
/// so a message can be routed to its owner without a look-up.
/// (unsigned long long is Qt's quint64, which std::uint64_t is not: QDataStream knows only the former, and
/// the id is a metatype.)
enum class ConnectionId : unsigned long long { None = 0 };

constexpr int connectionIdSerialBits = 48;

constexpr ConnectionId makeConnectionId(unsigned ioThread, std::uint64_t serial)
{
    return ConnectionId((std::uint64_t(ioThread) << connectionIdSerialBits)
                        | (serial & ((std::uint64_t(1) << connectionIdSerialBits) - 1)));
}

/// Index of the I/O thread that owns @p id.
constexpr unsigned ioThreadOf(ConnectionId id)
{
    return unsigned(std::uint64_t(id) >> connectionIdSerialBits);
}

/// Hash for QHash.
inline std::size_t qHash(ConnectionId id, std::size_t seed = 0) noexcept
{
    return std::hash<std::uint64_t>{}(std::uint64_t(id)) ^ seed;
}

} // namespace msgsrv
