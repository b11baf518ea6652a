// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/tlsaccess.h"
#include "shared/management/jsonrpc.h"
#include "shared/management/lineframer.h"

#include <QIODevice>
#include <QJsonObject>
#include <QString>

#include <tl/expected.hpp>

#include <deque>
#include <functional>
#include <memory>

namespace msgsrv::ctl {

/// What went wrong, for a person.
struct Problem
{
    int exitCode = 1;
    QString sentence;
};

/// A connection to the daemon for a command line: every call waits for its answer.
class Client
{
public:
    /// Connects to a local socket, reads the greeting and logs in as this user.
    [[nodiscard]] tl::expected<void, Problem> open(const QString &path);
    /// Connects by TLS, and logs in with what @p access names.
    [[nodiscard]] tl::expected<void, Problem> open(const console::TlsAccess &access);
    /// `limits` of the greeting.
    [[nodiscard]] const QJsonObject &limits() const { return m_limits; }

    [[nodiscard]] tl::expected<QJsonObject, Problem> call(const QString &method,
                                                          const QJsonObject &params = {});
    /// Waits for the next notification, at most @p timeoutMs (-1: for ever). One without a method: none came.
    [[nodiscard]] tl::expected<management::Notification, Problem> next(int timeoutMs);

private:
    [[nodiscard]] tl::expected<void, Problem> enter(const QString &where, QJsonObject login);
    [[nodiscard]] tl::expected<management::Message, Problem> read(int timeoutMs);

    std::unique_ptr<QIODevice> m_device;
    std::function<bool()> m_isConnected;
    std::function<void()> m_flush;
    QJsonObject m_limits;
    management::LineFramer m_framer{16 * 1024 * 1024};
    QByteArray m_bytes;
    std::deque<management::Notification> m_notifications;
    int m_lastId = 0;
};

} // namespace msgsrv::ctl
