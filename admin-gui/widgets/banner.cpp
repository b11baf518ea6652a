// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/banner.h"

#include "admin-gui/models/format.h"
#include "admin-gui/widgets/palette.h"

#include <QDateTime>
#include <QEvent>
#include <QHBoxLayout>
#include <QLabel>
#include <QPushButton>

namespace msgsrv::console {

Banner::Banner(Connection &connection, QWidget *parent)
    : QFrame(parent)
    , m_connection(connection)
    , m_text(new QLabel(this))
    , m_retry(new QPushButton(tr("&Retry now"), this))
{
    setAutoFillBackground(true);
    setAccessibleName(tr("Connection state"));
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(14, 7, 14, 7);
    layout->addWidget(m_text, 1);
    layout->addWidget(m_retry);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_text->setWordWrap(true);
    connect(m_retry, &QPushButton::clicked, &m_connection, &Connection::retryNow);
    connect(&m_connection, &Connection::stateChanged, this, &Banner::update);
    m_tick.setInterval(500);
    connect(&m_tick, &QTimer::timeout, this, &Banner::update);
    color();
    update();
}

QString Banner::text() const
{
    return m_text->text();
}

void Banner::update()
{
    const LinkState state = m_connection.state();
    if (state == LinkState::Live) {
        m_wasLive = true;
        m_since = 0;
    } else if (m_wasLive && m_since == 0) {
        m_since = QDateTime::currentMSecsSinceEpoch();
    }
    const bool shown
        = state == LinkState::Lost || (state == LinkState::Disconnected && !m_connection.why().isEmpty());
    if (shown) {
        QString text = m_connection.why();
        if (m_since > 0)
            text += QStringLiteral(" · ") + tr("what you see is of %1").arg(format::clock(m_since, false));
        if (state == LinkState::Lost)
            text += QStringLiteral(" · ")
                + tr("next attempt in %1 s").arg((m_connection.retryIn().count() + 999) / 1000);
        m_text->setText(QStringLiteral("▲  ") + text);
    }
    if (shown != m_tick.isActive()) {
        if (shown)
            m_tick.start();
        else
            m_tick.stop();
    }
    // While an attempt is under way the banner stays as it was, so that it does not flicker.
    if (shown || state == LinkState::Live || state == LinkState::Disconnected)
        setVisible(shown);
    m_retry->setEnabled(state == LinkState::Lost || state == LinkState::Disconnected);
}

void Banner::color()
{
    QPalette tinted = parentWidget() != nullptr ? parentWidget()->palette() : QPalette();
    const Colors &colors = colorsOf(tinted);
    tinted.setColor(QPalette::Window, colors.tint(colors.warning, 0.22));
    tinted.setColor(QPalette::WindowText, colors.text);
    m_coloring = true;
    setPalette(tinted);
    m_coloring = false;
}

void Banner::changeEvent(QEvent *event)
{
    QFrame::changeEvent(event);
    if (event->type() == QEvent::PaletteChange && !m_coloring)
        color();
}

} // namespace msgsrv::console
