// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/tonedelegate.h"

#include "admin-gui/models/tone.h"
#include "admin-gui/widgets/palette.h"

namespace msgsrv::console {

void ToneDelegate::initStyleOption(QStyleOptionViewItem *option, const QModelIndex &index) const
{
    QStyledItemDelegate::initStyleOption(option, index);
    const Colors &colors = colorsOf(option->palette);
    const auto tone = static_cast<Tone>(index.data(ToneRole).toInt());
    option->palette.setColor(QPalette::Text, colors.of(tone));
    // A selected row keeps the colours of its cells; the wash behind them is enough to see it.
    option->palette.setColor(QPalette::Highlight, colors.selection);
    option->palette.setColor(QPalette::HighlightedText, colors.of(tone));
    if (tone == Tone::Bad)
        option->font.setBold(true);
}

} // namespace msgsrv::console
