// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/management/managementmetrics.h"
#include "server/management/methods.h"
#include "server/management/wire.h"
#include "shared/base/clock.h"
#include "shared/management/lineframer.h"

#include <QByteArray>
#include <QObject>
#include <QString>

#include <memory>

namespace msgsrv::management {

/// One console: cuts lines, keeps the login, and watches how much waits for it. Belongs to the management
/// thread. It is closed when it reads too slowly; nothing else of the server waits for it.
class ManagementPeer final : public QObject
{
    Q_OBJECT

public:
    struct Limits
    {
        qint64 highWater = 256 * 1024; ///< above it no state and no events are made for the console
        qint64 most = 512 * 1024; ///< above it the console is closed
        Duration stall = seconds(30); ///< and when the system has taken nothing for so long; zero: never
        Duration login = usual::loginDeadline;
        std::size_t line = usual::line; ///< bytes of a request
    };

    /// @p methods outlive the peer, as do the limits.
    ManagementPeer(std::unique_ptr<Wire> wire, const Methods &methods, const Limits &limits, TimePoint now);
    ~ManagementPeer() override;

    /// A line of ours. Closes the console when too much waits for it.
    void send(const QByteArray &line);
    /// State and events may be made: there is room, and it has not gone.
    [[nodiscard]] bool hasRoom() const;

    void setLogin(Role role, const QString &user);
    [[nodiscard]] Role role() const { return m_role; }
    [[nodiscard]] const QString &user() const { return m_user; }
    /// While true nothing more of the console is read: a refused login waits for its answer.
    void setHeld(bool held);
    /// Logins that were refused so far.
    int refusedLogins = 0;

    /// Deadlines; about every second.
    void tick(TimePoint now);
    /// Ends it when everything is sent.
    void finish();

signals:
    /// Nothing comes after this; the owner deletes it later. Never emitted from within a call.
    void gone();
    void closing(msgsrv::management::Closing reason);
    /// There is room again.
    void roomAgain();

private:
    void read(const QByteArray &bytes);
    void readOn();
    void handle(std::string_view line);
    void progressed();
    void updateReading();
    void close(Closing reason);
    void end();

    const std::unique_ptr<Wire> m_wire;
    const Methods &m_methods;
    const Limits &m_limits;
    LineFramer m_framer;
    QByteArray m_unread; ///< came, and is not framed while reading is paused
    Role m_role = Role::None;
    QString m_user;
    const TimePoint m_loginBy;
    TimePoint m_progress; ///< the last time the system took something, or nothing waited
    bool m_held = false;
    bool m_reading = false; ///< readOn() is under way
    bool m_ended = false;
};

} // namespace msgsrv::management
