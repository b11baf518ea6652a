// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QIcon>
#include <QPalette>

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
    Search,
    Alert,
    Calm,
    Server
};

void paintGlyph(QPainter &painter, const QRectF &box, Glyph glyph, const QColor &color);
/// In the palette's text colour, and its highlighted text when selected.
[[nodiscard]] QIcon glyphIcon(Glyph glyph, const QPalette &palette);

} // namespace msgsrv::console
