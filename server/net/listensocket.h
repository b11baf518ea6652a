// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QHostAddress>
#include <QString>

#include <tl/expected.hpp>

#include <vector>

namespace msgsrv {

/// Listening descriptors for one address, one for each I/O thread; the kernel spreads the connections over
/// them (SO_REUSEPORT). Closes those that nobody took.
class ListenSockets
{
public:
    ListenSockets() = default;
    ListenSockets(ListenSockets &&other) noexcept { *this = std::move(other); }
    ListenSockets &operator=(ListenSockets &&other) noexcept;
    ~ListenSockets();

    /// Binds and listens. @p port 0 lets the kernel choose. The error is a sentence. An address that
    /// another process listens on is an error even though that process may allow sharing.
    [[nodiscard]] static tl::expected<ListenSockets, QString> open(const QHostAddress &address, quint16 port,
                                                                   int count);

    [[nodiscard]] const QHostAddress &address() const { return m_address; }
    [[nodiscard]] quint16 port() const { return m_port; }
    /// Hands over descriptor @p index; the caller closes it.
    [[nodiscard]] int take(int index);

    /// How many connections may wait to be accepted (the kernel caps it at net.core.somaxconn).
    static constexpr int backlog = 4096;

private:
    QHostAddress m_address;
    quint16 m_port = 0;
    std::vector<int> m_descriptors;
};

} // namespace msgsrv
