// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/glyph.h"

#include <QGuiApplication>
#include <QIconEngine>
#include <QPainter>
#include <QPainterPath>
#include <QPalette>

namespace msgsrv::console {

namespace {

/// On a grid of 24 by 24.
QPainterPath outline(Glyph glyph)
{
    QPainterPath path;
    const auto line = [&path](std::initializer_list<QPointF> points) {
        auto point = points.begin();
        path.moveTo(*point);
        while (++point != points.end())
            path.lineTo(*point);
    };
    switch (glyph) {
    case Glyph::Overview:
        path.addRoundedRect(QRectF(3.5, 3.5, 7, 9), 1.5, 1.5);
        path.addRoundedRect(QRectF(13.5, 3.5, 7, 5), 1.5, 1.5);
        path.addRoundedRect(QRectF(3.5, 15.5, 7, 5), 1.5, 1.5);
        path.addRoundedRect(QRectF(13.5, 11.5, 7, 9), 1.5, 1.5);
        break;
    case Glyph::Sessions:
        path.addEllipse(QRectF(5.5, 4.5, 7, 7));
        path.moveTo(2.5, 20);
        path.cubicTo(2.5, 12.5, 15.5, 12.5, 15.5, 20);
        path.moveTo(15, 5);
        path.cubicTo(19, 5.5, 19, 10.5, 15.5, 11);
        path.moveTo(18, 14);
        path.cubicTo(20.5, 15, 21.5, 17, 21.5, 20);
        break;
    case Glyph::Session:
        path.addEllipse(QRectF(8, 3.5, 8, 8));
        path.moveTo(4.5, 20.5);
        path.cubicTo(4.5, 12.5, 19.5, 12.5, 19.5, 20.5);
        break;
    case Glyph::Flow:
        line({{4.5, 3}, {4.5, 21}});
        line({{19.5, 3}, {19.5, 21}});
        line({{4.5, 8}, {18.5, 8}});
        line({{15.5, 5.5}, {18.5, 8}, {15.5, 10.5}});
        line({{19.5, 16}, {5.5, 16}});
        line({{8.5, 13.5}, {5.5, 16}, {8.5, 18.5}});
        break;
    case Glyph::Queues:
        path.addRoundedRect(QRectF(3.5, 4, 17, 4), 1.5, 1.5);
        path.addRoundedRect(QRectF(3.5, 10, 17, 4), 1.5, 1.5);
        path.addRoundedRect(QRectF(3.5, 16, 11, 4), 1.5, 1.5);
        break;
    case Glyph::Connections:
        path.addEllipse(QRectF(3.5, 3.5, 6, 6));
        path.addEllipse(QRectF(14.5, 14.5, 6, 6));
        line({{9, 9}, {15, 15}});
        path.addEllipse(QRectF(15.5, 4.5, 4, 4));
        line({{15.5, 6.5}, {9.5, 6.5}});
        break;
    case Glyph::Charts:
        line({{3.5, 3.5}, {3.5, 20.5}, {20.5, 20.5}});
        line({{6.5, 15.5}, {10.5, 10}, {14, 13}, {20, 5.5}});
        break;
    case Glyph::Log:
        for (const double y : {5.0, 10.0, 15.0})
            line({{4, y}, {20, y}});
        line({{4, 20}, {14, 20}});
        break;
    case Glyph::Destinations:
        path.addRoundedRect(QRectF(3.5, 9, 6, 6), 1.5, 1.5);
        for (const double y : {4.5, 12.0, 19.5}) {
            line({{9.5, 12}, {14.5, y}});
            line({{14.5, y}, {20.5, y}});
        }
        break;
    case Glyph::Search:
        path.addEllipse(QRectF(4, 4, 11, 11));
        line({{13.8, 13.8}, {20, 20}});
        break;
    case Glyph::Alert:
        line({{12, 3.5}, {21.5, 20}, {2.5, 20}, {12, 3.5}});
        line({{12, 9.5}, {12, 14}});
        path.addEllipse(QRectF(11.6, 16.6, 0.8, 0.8));
        break;
    case Glyph::Calm:
        path.addEllipse(QRectF(3.5, 3.5, 17, 17));
        line({{8, 12.5}, {11, 15.5}, {16.5, 9}});
        break;
    case Glyph::Server:
        path.addRoundedRect(QRectF(3.5, 4, 17, 7), 1.5, 1.5);
        path.addRoundedRect(QRectF(3.5, 13, 17, 7), 1.5, 1.5);
        line({{7, 7.5}, {8, 7.5}});
        line({{7, 16.5}, {8, 16.5}});
        break;
    }
    return path;
}

class GlyphEngine : public QIconEngine
{
public:
    GlyphEngine(Glyph glyph, const QColor &color)
        : m_glyph(glyph)
        , m_color(color)
    { }

    void paint(QPainter *painter, const QRect &rect, QIcon::Mode mode, QIcon::State) override
    {
        const auto group = mode == QIcon::Disabled ? QPalette::Disabled : QPalette::Active;
        paintGlyph(*painter, rect, m_glyph,
                   m_color.isValid() ? m_color
                                     : QGuiApplication::palette().color(group, QPalette::WindowText));
    }

    QPixmap pixmap(const QSize &size, QIcon::Mode mode, QIcon::State state) override
    {
        QPixmap pixmap(size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        paint(&painter, QRect(QPoint(), size), mode, state);
        return pixmap;
    }

    QIconEngine *clone() const override { return new GlyphEngine(*this); }

private:
    Glyph m_glyph;
    QColor m_color;
};

} // namespace

void paintGlyph(QPainter &painter, const QRectF &box, Glyph glyph, const QColor &color)
{
    painter.save();
    painter.setRenderHint(QPainter::Antialiasing);
    const double scale = std::min(box.width(), box.height()) / 24;
    painter.translate(box.center() - QPointF(12, 12) * scale);
    painter.scale(scale, scale);
    painter.setPen(QPen(color, 1.7, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
    painter.setBrush(Qt::NoBrush);
    painter.drawPath(outline(glyph));
    painter.restore();
}

QIcon glyphIcon(Glyph glyph, const QColor &color)
{
    return QIcon(new GlyphEngine(glyph, color));
}

} // namespace msgsrv::console
