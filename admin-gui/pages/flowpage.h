// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/pages/page.h"

#include <QTimer>

class QCheckBox;
class QComboBox;
class QLabel;
class QSplitter;
class QStackedWidget;
class QToolButton;
class QVBoxLayout;

namespace msgsrv::console {

class FilterBar;
class LadderView;
class MessagePanel;
class Placeholder;
class TableView;

/// What flows between users: the ladder diagram, the same as a table, and beside it what the chosen message
/// says.
class FlowPage : public Page
{
    Q_OBJECT

public:
    FlowPage(PageContext context, QWidget *parent);

    [[nodiscard]] PageId id() const override { return PageId::Flow; }
    [[nodiscard]] QString title() const override { return tr("Flow"); }
    [[nodiscard]] Glyph glyph() const override { return Glyph::Flow; }
    void setActive(bool active) override;
    void go(const Link &link) override;
    void focusFilter() override;
    [[nodiscard]] bool isSettled() const override { return flow().rowCount() > 0; }
    [[nodiscard]] QByteArray layoutState() const override;
    void restoreLayout(const QByteArray &state) override;

    [[nodiscard]] LadderView &ladder() const { return *m_ladder; }
    [[nodiscard]] MessagePanel &panel() const { return *m_panel; }

protected:
    void keyPressEvent(QKeyEvent *event) override;

private:
    void buildHead(QVBoxLayout *layout);
    void update();
    void showCurrent();
    void exportAs(bool svg);

    FilterBar *m_filter;
    LadderView *m_ladder;
    TableView *m_table;
    MessagePanel *m_panel;
    Placeholder *m_placeholder;
    QStackedWidget *m_stack;
    QSplitter *m_splitter;
    QToolButton *m_pause;
    QCheckBox *m_follow;
    QCheckBox *m_asTable;
    QCheckBox *m_contents;
    QLabel *m_selection;
    QByteArray m_firstSplit;
    QTimer m_judge; ///< so that a busy flow is judged twice a second and no more
};

} // namespace msgsrv::console
