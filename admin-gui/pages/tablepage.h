// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/remotetablemodel.h"
#include "admin-gui/pages/page.h"

class QHBoxLayout;
class QMenu;
class QPushButton;
class QStackedWidget;
class QToolButton;
class QVBoxLayout;

namespace msgsrv::console {

class FilterBar;
class Placeholder;
class TableView;

/// A page that is a table of the server: filter, table, actions on what is selected, and a word for every
/// kind of emptiness.
class TablePage : public Page
{
    Q_OBJECT

public:
    TablePage(PageContext context, TableSpec spec, QWidget *parent);

    void setActive(bool active) override;
    void go(const Link &link) override;
    void focusFilter() override;
    [[nodiscard]] bool isSettled() const override;
    [[nodiscard]] QByteArray layoutState() const override;
    void restoreLayout(const QByteArray &state) override;

    [[nodiscard]] RemoteTableModel &model() const { return *m_model; }
    [[nodiscard]] TableView &table() const { return *m_table; }
    [[nodiscard]] FilterBar &filterBar() const { return *m_filter; }
    [[nodiscard]] QStringList selectedIds() const;

protected:
    /// A button for the selection; it is enabled while something is selected and the method is allowed.
    QPushButton *addAction(const QString &text, const QString &method, std::function<void()> act);
    virtual void fillMenu(QMenu &menu);
    virtual void selectionChanged() { }
    [[nodiscard]] QVariant selectedValue(const QString &column) const; ///< of the current row
    QVBoxLayout *content() const { return m_content; }
    /// Sends @p method for each id, a few at a time, and says what came of it.
    void actOn(const QStringList &ids, const QString &method, const QString &reason, const QString &done);

private:
    struct Action
    {
        QPushButton *button;
        QString method;
    };

    void updateState();
    void updateActions();
    void contextMenu(const QPoint &position);
    [[nodiscard]] QMenu *copyMenu();
    void showEmptiness();

    RemoteTableModel *m_model;
    FilterBar *m_filter;
    TableView *m_table;
    Placeholder *m_placeholder;
    QStackedWidget *m_stack;
    QToolButton *m_order;
    QVBoxLayout *m_content;
    QHBoxLayout *m_buttons;
    QByteArray m_firstHeader; ///< for "reset layout"
    std::vector<Action> m_actions;
};

} // namespace msgsrv::console
