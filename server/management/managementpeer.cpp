// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/managementpeer.h"

#include <utility>

namespace msgsrv::management {

ManagementPeer::ManagementPeer(std::unique_ptr<Wire> wire, const Methods &methods, const Limits &limits,
                               TimePoint now)
    : m_wire(std::move(wire))
    , m_methods(methods)
    , m_limits(limits)
    , m_framer(limits.line)
    , m_loginBy(now + limits.login)
    , m_progress(now)
{
    connect(m_wire.get(), &Wire::received, this, &ManagementPeer::read);
    connect(m_wire.get(), &Wire::progressed, this, &ManagementPeer::progressed);
    connect(m_wire.get(), &Wire::closed, this, &ManagementPeer::end);
}

ManagementPeer::~ManagementPeer() = default;

void ManagementPeer::send(const QByteArray &line)
{
    if (m_ended)
        return;
    if (m_wire->bytesQueued() == 0)
        m_progress = Clock::now();
    m_wire->write(line);
    if (m_wire->bytesQueued() > m_limits.most)
        close(Closing::Slow);
    else
        updateReading();
}

bool ManagementPeer::hasRoom() const
{
    return !m_ended && m_wire->bytesQueued() <= m_limits.highWater;
}

void ManagementPeer::setLogin(Role role, const QString &user)
{
    m_role = role;
    m_user = user;
}

void ManagementPeer::setHeld(bool held)
{
    m_held = held;
    updateReading();
    if (!held)
        readOn();
}

void ManagementPeer::tick(TimePoint now)
{
    if (m_ended)
        return;
    if (m_role == Role::None && m_limits.login > Duration::zero() && now >= m_loginBy)
        close(Closing::LoginTimeout);
    else if (m_limits.stall > Duration::zero() && m_wire->bytesQueued() > 0
             && now - m_progress >= m_limits.stall)
        close(Closing::Slow);
}

void ManagementPeer::finish()
{
    if (!m_ended)
        m_wire->finish();
}

void ManagementPeer::read(const QByteArray &bytes)
{
    m_unread += bytes;
    readOn();
}

/// A console that does not read its answers is not asked for more: its requests stay with the system.
void ManagementPeer::readOn()
{
    if (std::exchange(m_reading, true))
        return;
    const QByteArray bytes = std::exchange(m_unread, {});
    std::string_view rest(bytes.constData(), std::size_t(bytes.size()));
    while (!m_ended && !m_held && hasRoom()) {
        const auto event = m_framer.next(rest);
        if (const auto *line = std::get_if<LineFramer::Line>(&event)) {
            handle(line->text);
        } else {
            if (std::holds_alternative<LineFramer::TooLong>(event))
                close(Closing::LineTooLong);
            break;
        }
    }
    if (!m_ended && !rest.empty())
        m_unread.prepend(rest.data(), qsizetype(rest.size()));
    m_reading = false;
    updateReading();
}

void ManagementPeer::handle(std::string_view line)
{
    const auto message = parseMessage(line);
    if (!message)
        send(toLine(message.error()));
    else if (const auto *request = std::get_if<Request>(&*message))
        m_methods.dispatch(*this, *request);
    // Notifications are ignored, and we have asked nothing that could be answered.
}

void ManagementPeer::progressed()
{
    m_progress = Clock::now();
    if (!hasRoom())
        return;
    readOn();
    emit roomAgain();
}

void ManagementPeer::updateReading()
{
    if (!m_ended)
        m_wire->setReading(!m_held && m_unread.isEmpty() && hasRoom());
}

void ManagementPeer::close(Closing reason)
{
    if (m_ended)
        return;
    emit closing(reason);
    m_wire->abort();
    end();
}

void ManagementPeer::end()
{
    if (std::exchange(m_ended, true))
        return;
    m_unread.clear();
    // Queued: whoever sends may be going through the very lists that the owner takes this console out of.
    QMetaObject::invokeMethod(this, &ManagementPeer::gone, Qt::QueuedConnection);
}

} // namespace msgsrv::management
