// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/chart.h"

#include "admin-gui/models/format.h"
#include "admin-gui/widgets/palette.h"

#include <QDateTime>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QPainterPath>
#include <QTimeZone>

#include <algorithm>
#include <cmath>

namespace msgsrv::console {

namespace {

void fillUnder(QPainter &painter, const QPolygonF &line, double bottom, const QColor &color, double strength)
{
    QPainterPath area;
    area.addPolygon(line);
    area.lineTo(line.last().x(), bottom);
    area.lineTo(line.first().x(), bottom);
    area.closeSubpath();
    QLinearGradient gradient(0, line.boundingRect().top(), 0, bottom);
    QColor strong = color;
    strong.setAlphaF(static_cast<float>(strength));
    QColor weak = color;
    weak.setAlphaF(static_cast<float>(strength / 6));
    gradient.setColorAt(0, strong);
    gradient.setColorAt(1, weak);
    painter.fillPath(area, gradient);
}

} // namespace

Chart::Chart(QWidget *parent)
    : QWidget(parent)
{
    setMouseTracking(true);
    setFocusPolicy(Qt::StrongFocus);
}

void Chart::setTitle(const QString &title, const QString &unit, const QString &meaning, int color)
{
    m_title = title;
    m_unit = unit;
    m_color = color;
    setToolTip(meaning);
    setAccessibleName(tr("Chart: %1").arg(title));
    update();
}

void Chart::setData(SeriesData data)
{
    m_data = std::move(data);
    m_problem.clear();
    setAccessibleDescription(
        tr("Last value %1, highest %2")
            .arg(format::withUnit(m_data.last(), m_unit), format::withUnit(m_data.highest(), m_unit)));
    update();
}

void Chart::setProblem(const QString &problem)
{
    m_problem = problem;
    update();
}

void Chart::setCrossHair(std::optional<qint64> moment)
{
    if (moment == m_crossHair)
        return;
    m_crossHair = moment;
    update();
}

QString Chart::toCsv() const
{
    QString csv = QStringLiteral("time,%1\n").arg(m_title);
    qint64 at = m_data.begin();
    for (const double value : m_data.values) {
        csv += QDateTime::fromMSecsSinceEpoch(at, QTimeZone::utc()).toString(Qt::ISODateWithMs)
            + QLatin1Char(',') + (std::isfinite(value) ? QString::number(value, 'g', 12) : QString())
            + QLatin1Char('\n');
        at += m_data.step;
    }
    return csv;
}

QRectF Chart::plot() const
{
    const double text = fontMetrics().height();
    const double left = fontMetrics().horizontalAdvance(QStringLiteral("100.0 MiB")) + 16;
    return QRectF(rect()).adjusted(left, text * 2 + 16, -16, -text - 16);
}

ChartGeometry Chart::geometryOf() const
{
    return ChartGeometry(plot(), m_data, 0,
                         m_unit == QLatin1String("B") || m_unit.startsWith(QLatin1String("bytes")));
}

void Chart::paintEvent(QPaintEvent *)
{
    const Colors &colors = colorsOf(palette());
    QPainter painter(this);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(hasFocus() ? colors.accent : colors.line, hasFocus() ? 1.5 : 1));
    painter.setBrush(colors.surface);
    painter.drawRoundedRect(QRectF(rect()).adjusted(1, 1, -1, -1), 8, 8);

    const double text = fontMetrics().height();
    const QRectF head(14, 10, width() - 28, text * 1.3);
    QFont bold = font();
    bold.setBold(true);
    painter.setFont(bold);
    painter.setPen(colors.text);
    painter.drawText(head, Qt::AlignLeft | Qt::AlignVCenter, m_title);
    painter.setPen(colors.series(m_color));
    if (!m_crossHair)
        painter.drawText(head, Qt::AlignRight | Qt::AlignVCenter,
                         m_data.isEmpty() ? QString() : format::withUnit(m_data.last(), m_unit));
    painter.setFont(font());
    const ChartGeometry geometry = geometryOf();
    if (m_data.isEmpty() || !m_problem.isEmpty()) {
        painter.setPen(colors.muted);
        painter.drawText(plot(), Qt::AlignCenter | Qt::TextWordWrap,
                         m_problem.isEmpty() ? tr("No values yet") : m_problem);
        return;
    }
    paintCurve(painter, geometry);
    if (m_crossHair)
        paintCrossHair(painter, geometry);
}

void Chart::paintCurve(QPainter &painter, const ChartGeometry &geometry) const
{
    const Colors &colors = colorsOf(palette());
    const QRectF area = plot();
    const double text = fontMetrics().height();
    QPen grid(colors.line, 1);
    grid.setCosmetic(true);
    for (const double tick : geometry.ticks()) {
        const double y = std::floor(geometry.y(tick)) + 0.5;
        painter.setPen(grid);
        painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y));
        painter.setPen(colors.muted);
        painter.drawText(QRectF(4, y - text / 2, area.left() - 12, text), Qt::AlignRight | Qt::AlignVCenter,
                         format::withUnit(tick, m_unit));
    }
    const double label = fontMetrics().horizontalAdvance(QStringLiteral("00:00:00"));
    for (const auto &[x, moment] : geometry.timeTicks(label * 1.6)) {
        painter.setPen(grid);
        painter.drawLine(QPointF(x, area.bottom()), QPointF(x, area.bottom() + 4));
        painter.setPen(colors.muted);
        const bool seconds = moment % 60'000 != 0;
        const QRectF box(x - label / 2, area.bottom() + 6, label, text);
        if (box.right() <= width() - 2)
            painter.drawText(box, Qt::AlignCenter, format::clock(moment, false).left(seconds ? 8 : 5));
    }
    const QColor color = colors.series(m_color);
    for (const QPolygonF &line : geometry.lines()) {
        fillUnder(painter, line, area.bottom(), color, 0.28);
        painter.setPen(QPen(color, 1.6, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        if (line.size() == 1)
            painter.drawPoint(line.first());
        else
            painter.drawPolyline(line);
    }
}

void Chart::paintCrossHair(QPainter &painter, const ChartGeometry &geometry) const
{
    const Colors &colors = colorsOf(palette());
    const QRectF area = plot();
    const qint64 span = m_data.end - m_data.begin();
    const double share
        = span > 0 ? static_cast<double>(*m_crossHair - m_data.begin()) / static_cast<double>(span) : 1;
    const int index = geometry.indexAt(area.left() + area.width() * share);
    if (index < 0)
        return;
    const double x = geometry.x(static_cast<std::size_t>(index));
    const double value = m_data.values[static_cast<std::size_t>(index)];
    painter.setPen(QPen(colors.muted, 1, Qt::DashLine));
    painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()));
    if (std::isfinite(value)) {
        painter.setPen(QPen(colors.surface, 2));
        painter.setBrush(colors.series(m_color));
        painter.drawEllipse(QPointF(x, geometry.y(value)), 4.5, 4.5);
    }
    painter.setPen(colors.text);
    QFont bold = font();
    bold.setBold(true);
    painter.setFont(bold);
    const qint64 moment = m_data.begin() + m_data.step * index;
    painter.drawText(QRectF(14, 10, width() - 28, fontMetrics().height() * 1.3),
                     Qt::AlignRight | Qt::AlignVCenter,
                     tr("%1 at %2")
                         .arg(std::isfinite(value) ? format::withUnit(value, m_unit) : tr("unknown"),
                              format::clock(moment, false)));
    painter.setFont(font());
}

void Chart::move(int index)
{
    if (m_data.isEmpty())
        return;
    index = std::clamp(index, 0, static_cast<int>(m_data.values.size()) - 1);
    emit crossHairMoved(m_data.begin() + m_data.step * index);
}

void Chart::mouseMoveEvent(QMouseEvent *event)
{
    move(geometryOf().indexAt(event->position().x()));
}

void Chart::leaveEvent(QEvent *)
{
    emit crossHairMoved({});
}

void Chart::keyPressEvent(QKeyEvent *event)
{
    const int step = event->key() == Qt::Key_Left ? -1 : event->key() == Qt::Key_Right ? 1 : 0;
    if (step == 0 || m_data.isEmpty()) {
        QWidget::keyPressEvent(event);
        return;
    }
    const int last = static_cast<int>(m_data.values.size()) - 1;
    move(m_crossHair
             ? static_cast<int>((*m_crossHair - m_data.begin()) / std::max<qint64>(1, m_data.step)) + step
             : last);
}

void Chart::focusInEvent(QFocusEvent *event)
{
    QWidget::focusInEvent(event);
    update();
}

void paintSparkline(QPainter &painter, const QRectF &box, const SeriesData &data, const QColor &color)
{
    const ChartGeometry geometry(box, data);
    painter.setRenderHint(QPainter::Antialiasing);
    for (const QPolygonF &line : geometry.lines()) {
        if (line.size() < 2)
            continue;
        fillUnder(painter, line, box.bottom(), color, 0.25);
        painter.setPen(QPen(color, 1.5, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        painter.drawPolyline(line);
    }
}

} // namespace msgsrv::console
