// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/ladderpainter.h"

#include "admin-gui/models/format.h"
#include "admin-gui/widgets/palette.h"

#include <QCoreApplication>
#include <QPainter>

#include <algorithm>

namespace msgsrv::console {

namespace {

struct Words
{
    Q_DECLARE_TR_FUNCTIONS(LadderView)
};

/// Milliseconds without a message that are marked.
constexpr qint64 pause = 5000;

} // namespace

LadderPainter::LadderPainter(QPainter &painter, const LadderLayout &layout, const FlowModel &flow,
                             const LadderMetrics &metrics, const Colors &colors)
    : m_painter(painter)
    , m_layout(layout)
    , m_flow(flow)
    , m_metrics(metrics)
    , m_colors(colors)
    , m_font(painter.font())
    , m_fontMetrics(m_font)
{ }

const FlowMessage &LadderPainter::messageOf(int row) const
{
    return m_flow.at(m_layout.rows()[static_cast<std::size_t>(row)].first);
}

int LadderPainter::lifelines() const
{
    return static_cast<int>(m_layout.lifelines().size());
}

void LadderPainter::lines(double top, double bottom)
{
    QPen line(m_colors.line, 1);
    line.setCosmetic(true);
    for (int i = 0; i < lifelines(); ++i) {
        line.setStyle(i == m_layout.serverLifeline() ? Qt::DashLine : Qt::SolidLine);
        m_painter.setPen(line);
        m_painter.drawLine(QPointF(m_metrics.lifelineX(i), top), QPointF(m_metrics.lifelineX(i), bottom));
    }
}

void LadderPainter::head(double width)
{
    m_painter.fillRect(QRectF(0, 0, width, m_metrics.head), m_colors.raised);
    m_painter.setPen(m_colors.line);
    m_painter.drawLine(QPointF(0, m_metrics.head - 0.5), QPointF(width, m_metrics.head - 0.5));
    m_painter.setPen(m_colors.muted);
    m_painter.drawText(QRectF(12, 0, m_metrics.gutter - 12, m_metrics.head), Qt::AlignLeft | Qt::AlignVCenter,
                       Words::tr("Time"));
    QFont bold = m_font;
    bold.setBold(true);
    for (int i = 0; i < m_layout.lifelines().size(); ++i) {
        const bool server = i == m_layout.serverLifeline();
        m_painter.setFont(server ? m_font : bold);
        m_painter.setPen(server ? m_colors.muted : m_colors.text);
        const QRectF box(m_metrics.lifelineX(i) - m_metrics.spacing / 2 + 6, 0, m_metrics.spacing - 12,
                         m_metrics.head);
        m_painter.drawText(box, Qt::AlignCenter,
                           m_fontMetrics.elidedText(m_layout.lifelines().at(i), Qt::ElideMiddle,
                                                    static_cast<int>(box.width())));
    }
    m_painter.setFont(m_font);
    m_painter.setPen(m_colors.muted);
    m_painter.drawText(QRectF(m_metrics.width(lifelines()) - m_metrics.margin + 10, 0, m_metrics.margin - 10,
                              m_metrics.head),
                       Qt::AlignLeft | Qt::AlignVCenter, Words::tr("Outcome"));
}

void LadderPainter::row(int row, bool current, const QString &time)
{
    const LadderLayout::Row &entry = m_layout.rows()[static_cast<std::size_t>(row)];
    const FlowMessage &message = messageOf(row);
    const double top = row * m_metrics.row;
    QFont timeFont = m_font;
    timeFont.setBold(current);
    m_painter.setFont(timeFont);
    const bool late = row > 0 && message.ts - messageOf(row - 1).ts > pause;
    m_painter.setPen(current ? m_colors.text : late ? m_colors.warning : m_colors.muted);
    m_painter.drawText(QRectF(12, top, m_metrics.gutter - 16, m_metrics.row),
                       Qt::AlignLeft | Qt::AlignVCenter, time);
    m_painter.setFont(m_font);
    if (entry.from < 0) {
        const QRectF box(m_metrics.gutter, top + 4, m_metrics.spacing * lifelines(), m_metrics.row - 8);
        m_painter.fillRect(box, m_colors.tint(m_colors.warning, 0.16));
        m_painter.setPen(m_colors.warning);
        m_painter.drawText(box, Qt::AlignCenter, QStringLiteral("▲ ") + message.outcomeText());
        return;
    }
    arrow(row);
    const bool bad
        = entry.worst == FlowMessage::Outcome::Dropped || entry.worst == FlowMessage::Outcome::Refused;
    const FlowMessage *told = &message;
    for (const int other : entry.others) {
        if (m_flow.at(other).outcome == entry.worst && told->outcome != entry.worst)
            told = &m_flow.at(other);
    }
    QString text = told->outcomeText();
    if (entry.worst == FlowMessage::Outcome::Delivered && message.delay >= 0)
        text += QStringLiteral(" · ") + format::microseconds(static_cast<double>(message.delay));
    m_painter.setPen(bad                                                ? m_colors.bad
                         : entry.worst == FlowMessage::Outcome::Waiting ? m_colors.notice
                                                                        : m_colors.muted);
    const QRectF box(m_metrics.width(lifelines()) - m_metrics.margin + 10, top, m_metrics.margin - 14,
                     m_metrics.row);
    m_painter.drawText(
        box, Qt::AlignLeft | Qt::AlignVCenter,
        m_fontMetrics.elidedText((bad                                                ? QStringLiteral("✕ ")
                                      : entry.worst == FlowMessage::Outcome::Waiting ? QStringLiteral("◔ ")
                                                                                     : QString())
                                     + text,
                                 Qt::ElideRight, static_cast<int>(box.width())));
}

void LadderPainter::arrow(int row)
{
    const LadderLayout::Row &entry = m_layout.rows()[static_cast<std::size_t>(row)];
    const FlowMessage &message = messageOf(row);
    const double y = m_metrics.arrowY(row);
    const double from = m_metrics.lifelineX(entry.from);
    const double server = m_metrics.lifelineX(m_layout.serverLifeline());
    double to = m_metrics.lifelineX(entry.to);
    const bool lost
        = entry.worst == FlowMessage::Outcome::Dropped || entry.worst == FlowMessage::Outcome::Refused;
    const bool waiting = entry.worst == FlowMessage::Outcome::Waiting;
    if (entry.from == entry.to)
        to = from + m_metrics.spacing * 0.4;
    const double end = lost ? server : to;
    const double direction = end >= from ? 1 : -1;
    const QColor color = lost ? m_colors.bad : m_colors.of(message.kind);
    QPen pen(color, message.kind == FlowMessage::Kind::Candidate ? 1.3 : 2);
    m_painter.setPen(pen);
    if (waiting) {
        m_painter.drawLine(QPointF(from, y), QPointF(server, y));
        pen.setStyle(Qt::DotLine);
        m_painter.setPen(pen);
        m_painter.drawLine(QPointF(server, y), QPointF(end, y));
    } else {
        m_painter.drawLine(QPointF(from, y), QPointF(end - direction * 3, y));
    }
    m_painter.setPen(QPen(color, 2, Qt::SolidLine, Qt::RoundCap));
    if (lost) {
        for (const double slope : {-1.0, 1.0})
            m_painter.drawLine(QPointF(end - 5, y - 5 * slope), QPointF(end + 5, y + 5 * slope));
    } else {
        const double tip = waiting ? to : end;
        const double way = tip >= from ? 1 : -1;
        m_painter.setPen(Qt::NoPen);
        m_painter.setBrush(waiting ? m_colors.surface : color);
        if (waiting)
            m_painter.setPen(QPen(color, 1.3));
        m_painter.drawPolygon(QPolygonF({{tip - 1, y}, {tip - way * 9, y - 4.5}, {tip - way * 9, y + 4.5}}));
    }
    m_painter.setPen(Qt::NoPen);
    m_painter.setBrush(color);
    m_painter.drawEllipse(QPointF(from, y), 2.6, 2.6);
    QString label = ladderLabel(message, entry.count);
    if (entry.from == entry.to && message.from != message.to) // both share the last lifeline
        label += Words::tr(" %1 → %2").arg(message.from, message.to);
    const double advance = m_fontMetrics.horizontalAdvance(label);
    const bool gathered = entry.from == entry.to && message.from != message.to;
    const double centre = gathered ? from - 10 - advance / 2 : from + direction * (20 + advance / 2);
    m_painter.setPen(color);
    m_painter.drawText(
        QRectF(centre - advance / 2 - 4, row * m_metrics.row, advance + 8, y - row * m_metrics.row - 1),
        Qt::AlignHCenter | Qt::AlignBottom, label);
}

} // namespace msgsrv::console
