// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/tile.h"

#include "admin-gui/widgets/chart.h"
#include "admin-gui/widgets/palette.h"

#include <QPainter>

namespace msgsrv::console {

Tile::Tile(const QString &title, QWidget *parent)
    : QAbstractButton(parent)
{
    setText(title);
    setFocusPolicy(Qt::StrongFocus);
    setCursor(Qt::PointingHandCursor);
    setSizePolicy(QSizePolicy::Expanding, QSizePolicy::Fixed);
    setAccessibleName(title);
}

void Tile::setValue(const QString &value, const QString &note, Tone tone)
{
    if (value == m_value && note == m_note && tone == m_tone)
        return;
    m_value = value;
    m_note = note;
    m_tone = tone;
    setAccessibleName(tr("%1: %2, %3").arg(text(), value, note));
    update();
}

void Tile::setCurve(SeriesData curve)
{
    m_curve = std::move(curve);
    update();
}

QSize Tile::sizeHint() const
{
    return {fontMetrics().horizontalAdvance(QLatin1Char('0')) * 22, fontMetrics().height() * 5 + 24};
}

void Tile::paintEvent(QPaintEvent *)
{
    const Colors &colors = colorsOf(palette());
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    const bool lit = underMouse() || hasFocus();
    painter.setPen(QPen(hasFocus() ? colors.accent : colors.line, hasFocus() ? 1.5 : 1));
    painter.setBrush(lit ? colors.raised : colors.surface);
    const QRectF box = QRectF(rect()).adjusted(1, 1, -1, -1);
    painter.drawRoundedRect(box, 8, 8);
    const QRectF inner = box.adjusted(14, 10, -14, -10);
    if (!m_curve.isEmpty()) {
        painter.save();
        painter.setClipRect(box);
        paintSparkline(painter,
                       QRectF(inner.left() + inner.width() * 0.52, inner.top() + 4, inner.width() * 0.48,
                              inner.height() * 0.62),
                       m_curve, m_tone == Tone::Plain ? colors.accent : colors.of(m_tone));
        painter.restore();
    }
    painter.setPen(colors.muted);
    painter.drawText(inner, Qt::AlignLeft | Qt::AlignTop, text());
    QFont big = font();
    big.setPointSizeF(font().pointSizeF() * 1.9);
    big.setBold(true);
    painter.setFont(big);
    painter.setPen(colors.of(m_tone));
    painter.drawText(inner.adjusted(0, fontMetrics().height() * 0.9, 0, -fontMetrics().height() * 0.9),
                     Qt::AlignLeft | Qt::AlignVCenter, m_value);
    painter.setFont(font());
    painter.setPen(m_tone == Tone::Plain ? colors.muted : colors.of(m_tone));
    painter.drawText(inner, Qt::AlignLeft | Qt::AlignBottom,
                     fontMetrics().elidedText(m_note, Qt::ElideRight, static_cast<int>(inner.width())));
}

void Tile::enterEvent(QEnterEvent *event)
{
    QAbstractButton::enterEvent(event);
    update();
}

void Tile::leaveEvent(QEvent *event)
{
    QAbstractButton::leaveEvent(event);
    update();
}

} // namespace msgsrv::console
