// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/ladderview.h"

#include "admin-gui/models/format.h"
#include "admin-gui/widgets/ladderpainter.h"
#include "admin-gui/widgets/palette.h"

#include <QHelpEvent>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QToolTip>

#include <algorithm>
#include <cmath>

namespace msgsrv::console {

LadderView::LadderView(QWidget *parent)
    : QAbstractScrollArea(parent)
{
    setFocusPolicy(Qt::StrongFocus);
    setFrameShape(QFrame::NoFrame);
    setAccessibleName(tr("Ladder diagram of messages"));
    viewport()->setBackgroundRole(QPalette::Base);
    verticalScrollBar()->setSingleStep(3 * static_cast<int>(metrics().row));
    horizontalScrollBar()->setSingleStep(40);
    connect(verticalScrollBar(), &QScrollBar::actionTriggered, this, [this] {
        // Whoever scrolls away wants to read; whoever returns to the end wants to follow.
        setFollow(verticalScrollBar()->sliderPosition() >= verticalScrollBar()->maximum());
    });
}

void LadderView::setModel(FlowModel *model)
{
    if (m_model != nullptr)
        m_model->disconnect(this);
    m_model = model;
    connect(model, &FlowModel::flushed, this, [this] {
        if (isVisible())
            rebuild();
    });
    rebuild();
}

void LadderView::setFold(bool fold)
{
    m_options.fold = fold;
    m_options.unfolded.clear();
    rebuild();
}

void LadderView::setAccept(std::function<bool(const FlowMessage &)> accept)
{
    m_options.accept = std::move(accept);
    rebuild();
}

void LadderView::setTimeMode(TimeMode mode)
{
    m_timeMode = mode;
    viewport()->update();
}

void LadderView::setFollow(bool follow)
{
    if (follow)
        verticalScrollBar()->setValue(verticalScrollBar()->maximum());
    if (follow == m_follow)
        return;
    m_follow = follow;
    emit followChanged(follow);
}

void LadderView::rebuild()
{
    if (m_model == nullptr)
        return;
    const LadderMetrics pixels = metrics();
    const double room = viewport()->width() - pixels.gutter - pixels.margin;
    m_options.mostLifelines = std::clamp(static_cast<int>(room / (fontMetrics().height() * 5.6)), 5, 24);
    m_layout.build(
        m_model->rowCount(), [this](int i) -> const FlowMessage & { return m_model->at(i); }, m_options);
    const auto find = [this](quint64 seq) {
        const int index = seq == 0 ? -1 : m_model->indexOfSeq(seq);
        return index < 0 ? -1 : m_layout.rowOfMessage(index);
    };
    m_current = find(m_currentSeq);
    m_anchor = find(m_anchorSeq);
    if (m_current < 0 && rows() > 0) {
        m_current = rows() - 1;
        m_currentSeq = messageOf(m_current).seq;
    }
    updateScrollBars();
    if (m_follow)
        verticalScrollBar()->setValue(verticalScrollBar()->maximum());
    viewport()->update();
}

const FlowMessage &LadderView::messageOf(int row) const
{
    return m_model->at(m_layout.rows()[static_cast<std::size_t>(row)].first);
}

const FlowMessage *LadderView::currentMessage() const
{
    return m_current >= 0 && m_current < rows() ? &messageOf(m_current) : nullptr;
}

qint64 LadderView::selectedTime() const
{
    if (m_anchor < 0 || m_current < 0 || m_anchor == m_current || std::max(m_anchor, m_current) >= rows())
        return -1;
    return std::abs(messageOf(m_current).ts - messageOf(m_anchor).ts);
}

LadderMetrics LadderView::metrics() const
{
    LadderMetrics metrics;
    const double text = fontMetrics().height();
    metrics.row = std::round(text * 1.95);
    metrics.head = std::round(text * 2.1);
    metrics.gutter = fontMetrics().horizontalAdvance(QStringLiteral("00:00:00.000")) + 34;
    metrics.margin = fontMetrics().horizontalAdvance(QStringLiteral("dropped: no such session")) + 30;
    const int lifelines = std::max(1, static_cast<int>(m_layout.lifelines().size()));
    const double wide = (viewport()->width() - metrics.gutter - metrics.margin) / lifelines;
    metrics.spacing = std::clamp(wide, text * 5.6, text * 22.0);
    return metrics;
}

void LadderView::updateScrollBars()
{
    const LadderMetrics m = metrics();
    const int height = viewport()->height() - static_cast<int>(m.head);
    verticalScrollBar()->setPageStep(std::max(1, height));
    verticalScrollBar()->setRange(0, std::max(0, static_cast<int>(std::ceil(m.height(rows()))) + 8 - height));
    horizontalScrollBar()->setPageStep(viewport()->width());
    horizontalScrollBar()->setRange(
        0,
        std::max(0,
                 static_cast<int>(m.width(static_cast<int>(m_layout.lifelines().size())))
                     - viewport()->width()));
}

void LadderView::resizeEvent(QResizeEvent *)
{
    updateScrollBars();
    if (m_follow)
        verticalScrollBar()->setValue(verticalScrollBar()->maximum());
}

void LadderView::scrollContentsBy(int, int)
{
    viewport()->update();
}

QString LadderView::timeText(int row) const
{
    const FlowMessage &message = messageOf(row);
    switch (m_timeMode) {
    case TimeMode::Clock:
        return format::clock(message.ts);
    case TimeMode::SinceStart:
        return QLocale().toString(static_cast<double>(message.ts - messageOf(0).ts) / 1000, 'f', 3)
            + tr(" s");
    case TimeMode::Delta:
        return row == 0 ? QStringLiteral("0")
                        : QLatin1Char('+')
                + QLocale().toString(static_cast<double>(message.ts - messageOf(row - 1).ts) / 1000, 'f', 3)
                + tr(" s");
    }
    return {};
}

void LadderView::paintEvent(QPaintEvent *)
{
    if (m_model == nullptr)
        return;
    QPainter painter(viewport());
    const Colors &colors = colorsOf(palette());
    const LadderMetrics m = metrics();
    painter.fillRect(viewport()->rect(), colors.surface);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.translate(-horizontalScrollBar()->value(), 0);
    painter.save();
    painter.translate(0, m.head - verticalScrollBar()->value());
    const auto [first, last] = m.visible(verticalScrollBar()->value(), viewport()->height() - m.head, rows());
    for (int row = first; row <= last; ++row) {
        const bool between
            = m_anchor >= 0 && row >= std::min(m_anchor, m_current) && row <= std::max(m_anchor, m_current);
        if (row == m_current || between)
            painter.fillRect(QRectF(0, row * m.row,
                                    std::max<double>(m.width(static_cast<int>(m_layout.lifelines().size())),
                                                     viewport()->width() + horizontalScrollBar()->value()),
                                    m.row),
                             row == m_current || row == m_anchor ? colors.selection
                                                                 : colors.tint(colors.accent, 0.07));
    }
    LadderPainter ladder(painter, m_layout, *m_model, m, colors);
    ladder.lines(verticalScrollBar()->value(),
                 std::max(m.height(rows()), verticalScrollBar()->value() + double(viewport()->height())));
    for (int row = first; row <= last; ++row)
        ladder.row(row, row == m_current, timeText(row));
    painter.restore();
    ladder.head(std::max<double>(m.width(static_cast<int>(m_layout.lifelines().size())),
                                 viewport()->width() + horizontalScrollBar()->value()));
}

QString LadderView::rowText(int row) const
{
    if (row < 0 || row >= rows())
        return {};
    const LadderLayout::Row &entry = m_layout.rows()[static_cast<std::size_t>(row)];
    const FlowMessage &message = messageOf(row);
    if (entry.from < 0)
        return message.outcomeText();
    return tr("%1, %2 from %3 to %4, %5")
        .arg(format::clock(message.ts), ladderLabel(message, entry.count), message.from, message.to,
             message.outcomeText());
}

void LadderView::setCurrentRow(int row, bool extend)
{
    if (rows() == 0)
        return;
    if (extend && m_anchor < 0) {
        m_anchor = m_current;
        m_anchorSeq = m_currentSeq;
    } else if (!extend) {
        m_anchor = -1;
        m_anchorSeq = 0;
    }
    m_current = std::clamp(row, 0, rows() - 1);
    m_currentSeq = messageOf(m_current).seq;
    setAccessibleDescription(rowText(m_current));
    ensureVisible(m_current);
    viewport()->update();
    emit currentChanged();
}

void LadderView::ensureVisible(int row)
{
    const LadderMetrics m = metrics();
    const int top = static_cast<int>(row * m.row);
    const int height = viewport()->height() - static_cast<int>(m.head);
    if (top < verticalScrollBar()->value())
        verticalScrollBar()->setValue(top);
    else if (top + static_cast<int>(m.row) > verticalScrollBar()->value() + height)
        verticalScrollBar()->setValue(top + static_cast<int>(m.row) - height);
}

void LadderView::toggleFold(int row)
{
    if (row < 0 || row >= rows() || messageOf(row).kind != FlowMessage::Kind::Candidate)
        return;
    const quint64 seq = messageOf(row).seq;
    if (!m_options.unfolded.remove(seq))
        m_options.unfolded.insert(seq);
    rebuild();
}

int LadderView::rowAt(const QPoint &position) const
{
    const LadderMetrics m = metrics();
    const int row = m.rowAt(position.y() - m.head + verticalScrollBar()->value());
    return position.y() < m.head || row >= rows() ? -1 : row;
}

void LadderView::mousePressEvent(QMouseEvent *event)
{
    const int row = rowAt(event->position().toPoint());
    if (row < 0)
        return;
    setFollow(false);
    setCurrentRow(row,
                  event->modifiers().testFlag(Qt::ShiftModifier)
                      || event->modifiers().testFlag(Qt::ControlModifier));
}

void LadderView::mouseDoubleClickEvent(QMouseEvent *event)
{
    toggleFold(rowAt(event->position().toPoint()));
}

void LadderView::keyPressEvent(QKeyEvent *event)
{
    const bool extend = event->modifiers().testFlag(Qt::ShiftModifier);
    const LadderMetrics m = metrics();
    const int page = std::max(1, static_cast<int>((viewport()->height() - m.head) / m.row) - 1);
    int row = m_current;
    switch (event->key()) {
    case Qt::Key_Down:
    case Qt::Key_N:
    case Qt::Key_J:
        ++row;
        break;
    case Qt::Key_Up:
    case Qt::Key_P:
    case Qt::Key_K:
        --row;
        break;
    case Qt::Key_PageDown:
        row += page;
        break;
    case Qt::Key_PageUp:
        row -= page;
        break;
    case Qt::Key_Home:
        row = 0;
        break;
    case Qt::Key_End:
        row = rows() - 1;
        break;
    case Qt::Key_F:
        setFollow(true);
        return;
    case Qt::Key_Return:
    case Qt::Key_Enter:
    case Qt::Key_Plus:
    case Qt::Key_Minus:
        toggleFold(m_current);
        return;
    case Qt::Key_Left:
    case Qt::Key_Right:
        horizontalScrollBar()->triggerAction(event->key() == Qt::Key_Left ? QScrollBar::SliderSingleStepSub
                                                                          : QScrollBar::SliderSingleStepAdd);
        return;
    default:
        QAbstractScrollArea::keyPressEvent(event);
        return;
    }
    setFollow(false);
    setCurrentRow(row, extend);
}

bool LadderView::viewportEvent(QEvent *event)
{
    if (event->type() == QEvent::ToolTip) {
        const auto *help = static_cast<QHelpEvent *>(event);
        QToolTip::showText(help->globalPos(), rowText(rowAt(help->pos())), viewport());
        return true;
    }
    return QAbstractScrollArea::viewportEvent(event);
}

} // namespace msgsrv::console
