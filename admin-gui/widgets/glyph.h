// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QColor>
#include <QIcon>

class QPainter;
class QRectF;

namespace msgsrv::console {

/// Small line drawings in the colour of the text, sharp at every scale.
enum class Glyph {
    Overview,
    Sessions,
    Session,
    Flow,
    Queues,
    Connections,
    Charts,
    Log,
    Destinations,
    Search,
    Alert,
    Calm,
    Server
};

void paintGlyph(QPainter &painter, const QRectF &box, Glyph glyph, const QColor &color);
/// Without a colour: that of the application's text, whatever it is when the icon is painted.
[[nodiscard]] QIcon glyphIcon(Glyph glyph, const QColor &color = {});

} // namespace msgsrv::console
