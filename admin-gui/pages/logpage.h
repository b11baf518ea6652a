// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/logmodel.h"
#include "admin-gui/pages/page.h"

#include <QTimer>

class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QStackedWidget;
class QToolButton;

namespace msgsrv::console {

class Placeholder;
class TableView;

/// The end of the server's log, live.
class LogPage : public Page
{
    Q_OBJECT

public:
    LogPage(PageContext context, QWidget *parent);

    [[nodiscard]] PageId id() const override { return PageId::Log; }
    [[nodiscard]] QString title() const override { return tr("Log"); }
    [[nodiscard]] Glyph glyph() const override { return Glyph::Log; }
    void setActive(bool active) override;
    void focusFilter() override;
    [[nodiscard]] bool isSettled() const override { return m_model->rowCount() > 0; }

    [[nodiscard]] LogModel &model() const { return *m_model; }

private:
    void applyFilter();
    void update();
    void setServerLevel();

    LogModel *m_model;
    QComboBox *m_level;
    QLineEdit *m_pattern;
    QLabel *m_note;
    QToolButton *m_pause;
    QCheckBox *m_follow;
    QToolButton *m_verbose;
    TableView *m_table;
    Placeholder *m_placeholder;
    QStackedWidget *m_stack;
    QTimer m_delay;
};

} // namespace msgsrv::console
