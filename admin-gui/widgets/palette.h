// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/flowmessage.h"
#include "admin-gui/models/tone.h"

#include <QColor>
#include <QPalette>

class QApplication;

namespace msgsrv::console {

/// Colours by what they mean. There is one set for light and one for dark; which of them applies is read off
/// the widget's palette, so that a platform's dark theme is followed.
struct Colors
{
    QColor window;
    QColor surface; ///< cards, tables
    QColor raised; ///< hovered card, header
    QColor line; ///< borders, grid
    QColor text;
    QColor muted;
    QColor accent;
    QColor onAccent;
    QColor selection;
    QColor good;
    QColor notice;
    QColor warning;
    QColor bad;

    [[nodiscard]] QColor of(Tone tone) const;
    [[nodiscard]] QColor of(FlowMessage::Kind kind) const;
    /// A wash of @p color over the surface.
    [[nodiscard]] QColor tint(const QColor &color, double strength = 0.12) const;
    /// The n-th line of a chart.
    [[nodiscard]] QColor series(int n) const;
};

enum class Theme { System, Light, Dark };

[[nodiscard]] bool isDark(const QPalette &palette);
[[nodiscard]] const Colors &colorsOf(const QPalette &palette);
[[nodiscard]] const Colors &lightColors();
[[nodiscard]] const Colors &darkColors();
/// System leaves the platform's style and palette alone; the others are Fusion with our palette.
void applyTheme(QApplication &application, Theme theme);

} // namespace msgsrv::console
