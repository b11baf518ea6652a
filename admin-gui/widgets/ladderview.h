// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/flowmodel.h"
#include "admin-gui/widgets/ladderlayout.h"

#include <QAbstractScrollArea>

namespace msgsrv::console {

/// The ladder diagram of a FlowModel. Only the rows that are seen are painted.
class LadderView : public QAbstractScrollArea
{
    Q_OBJECT

public:
    enum class TimeMode { Clock, SinceStart, Delta };

    explicit LadderView(QWidget *parent = nullptr);

    void setModel(FlowModel *model);
    void setFold(bool fold);
    void setAccept(std::function<bool(const FlowMessage &)> accept);
    void setTimeMode(TimeMode mode);
    void setFollow(bool follow);
    [[nodiscard]] bool isFollowing() const { return m_follow; }
    void rebuild();

    [[nodiscard]] const LadderLayout &ladder() const { return m_layout; }
    [[nodiscard]] int currentRow() const { return m_current; }
    void setCurrentRow(int row, bool extend = false);
    /// The message of the current row, or null.
    [[nodiscard]] const FlowMessage *currentMessage() const;
    /// Milliseconds between the two selected rows, or -1 when only one is.
    [[nodiscard]] qint64 selectedTime() const;
    [[nodiscard]] QString rowText(int row) const; ///< in words, for screen readers and tool tips

signals:
    void currentChanged();
    void followChanged(bool follow);

protected:
    void paintEvent(QPaintEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseDoubleClickEvent(QMouseEvent *event) override;
    void keyPressEvent(QKeyEvent *event) override;
    bool viewportEvent(QEvent *event) override;
    void scrollContentsBy(int dx, int dy) override;

private:
    [[nodiscard]] const FlowMessage &messageOf(int row) const;
    [[nodiscard]] LadderMetrics metrics() const;
    void updateScrollBars();
    void ensureVisible(int row);
    void toggleFold(int row);
    [[nodiscard]] QString timeText(int row) const;
    [[nodiscard]] int rowAt(const QPoint &position) const;
    [[nodiscard]] int rows() const { return static_cast<int>(m_layout.rows().size()); }

    FlowModel *m_model = nullptr;
    LadderLayout m_layout;
    LadderLayout::Options m_options;
    TimeMode m_timeMode = TimeMode::Clock;
    bool m_follow = true;
    int m_current = -1;
    int m_anchor = -1;
    quint64 m_currentSeq = 0; ///< so that the current row stays when others go
    quint64 m_anchorSeq = 0;
};

} // namespace msgsrv::console
