// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/app/linkstatus.h"

#include "admin-gui/models/format.h"
#include "admin-gui/widgets/palette.h"

#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>

namespace msgsrv::console {

LinkStatus::LinkStatus(Connection &connection, QWidget *parent)
    : QWidget(parent)
    , m_connection(connection)
    , m_server(new QLabel(this))
    , m_state(new QLabel(this))
    , m_numbers(new QLabel(this))
{
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 6, 0);
    layout->setSpacing(16);
    for (QLabel *label : {m_server, m_state, m_numbers})
        layout->addWidget(label);
    m_numbers->setForegroundRole(QPalette::PlaceholderText);
    m_server->setAccessibleName(tr("Server"));
    m_state->setAccessibleName(tr("State of the connection"));
    m_numbers->setToolTip(
        tr("Round trip of a ping; events that the server had to leave out; lines that were no message"));
    connect(&m_connection, &Connection::stateChanged, this, &LinkStatus::update);
    connect(&m_connection, &Connection::countersChanged, this, &LinkStatus::update);
    update();
}

QString LinkStatus::stateText(const Connection &connection)
{
    switch (connection.state()) {
    case LinkState::Disconnected:
        return tr("○ Disconnected");
    case LinkState::Connecting:
        return tr("◔ Connecting");
    case LinkState::Hello:
        return tr("◔ Waiting for the greeting");
    case LinkState::Authenticating:
        return tr("◑ Logging in");
    case LinkState::Synchronizing:
        return tr("◕ Synchronizing");
    case LinkState::Live:
        return tr("● Live");
    case LinkState::Lost:
        return tr("▲ Lost");
    }
    return {};
}

void LinkStatus::update()
{
    const ServerFacts &server = m_connection.server();
    const LoginFacts &login = m_connection.login();
    m_server->setText(
        server.name.isEmpty() ? QString()
                              : tr("%1 %2").arg(server.name, server.version)
                + (login.role.isEmpty() ? QString() : tr(" · %1 (%2)").arg(login.user, login.role))
                + (m_connection.isReadOnly() ? tr(" · read-only") : QString()));
    m_state->setText(stateText(m_connection));
    const QPalette surroundings = parentWidget() != nullptr ? parentWidget()->palette() : palette();
    const Colors &colors = colorsOf(surroundings);
    QPalette tinted = palette();
    const LinkState state = m_connection.state();
    tinted.setColor(QPalette::WindowText,
                    state == LinkState::Live       ? colors.good
                        : state == LinkState::Lost ? colors.bad
                                                   : colors.notice);
    m_state->setPalette(tinted);
    QString numbers = tr("lag %1").arg(format::microseconds(static_cast<double>(m_connection.lag().count())));
    numbers += tr(" · missed %1").arg(m_connection.missed());
    if (m_connection.malformed() > 0)
        numbers += tr(" · malformed %1").arg(m_connection.malformed());
    m_numbers->setText(numbers);
}

void LinkStatus::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        update();
}

QString LinkStatus::text() const
{
    return m_server->text() + QLatin1Char('|') + m_state->text() + QLatin1Char('|') + m_numbers->text();
}

} // namespace msgsrv::console
