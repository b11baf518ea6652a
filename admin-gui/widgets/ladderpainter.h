// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/flowmodel.h"
#include "admin-gui/widgets/ladderlayout.h"

#include <QFont>
#include <QFontMetrics>

class QPainter;

namespace msgsrv::console {

struct Colors;

/// Paints parts of a ladder with a painter whose origin is the diagram's upper left corner, below the head.
/// Lives as long as one paint event.
class LadderPainter
{
public:
    LadderPainter(QPainter &painter, const LadderLayout &layout, const FlowModel &flow,
                  const LadderMetrics &metrics, const Colors &colors);

    /// The lifelines from @p top to @p bottom.
    void lines(double top, double bottom);
    /// Time, arrow and outcome of a row.
    void row(int row, bool current, const QString &time);
    /// The names above; with the origin at the head's corner.
    void head(double width);

private:
    void arrow(int row);
    [[nodiscard]] const FlowMessage &messageOf(int row) const;
    [[nodiscard]] int lifelines() const;

    QPainter &m_painter;
    const LadderLayout &m_layout;
    const FlowModel &m_flow;
    const LadderMetrics &m_metrics;
    const Colors &m_colors;
    const QFont m_font;
    const QFontMetrics m_fontMetrics;
};

} // namespace msgsrv::console
