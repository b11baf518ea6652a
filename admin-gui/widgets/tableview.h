// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QTableView>

namespace msgsrv::console {

/// A table with fixed row heights for models of any length: columns that can be hidden and moved, copying in
/// the order that is seen, and always a current row while there are rows (screen readers need one).
class TableView : public QTableView
{
    Q_OBJECT

public:
    explicit TableView(QWidget *parent = nullptr);

    void setModel(QAbstractItemModel *model) override;
    [[nodiscard]] QList<int> selectedRows() const; ///< ascending
    /// The selected rows as tab-separated text in the visible order of columns.
    [[nodiscard]] QString selectionAsTsv(bool withHeader) const;
    /// The same as a JSON array of objects, named by the headers.
    [[nodiscard]] QString selectionAsJson() const;
    void copyTsv(bool withHeader);
    void copyJson();
    [[nodiscard]] QByteArray headerState() const;
    bool restoreHeader(const QByteArray &state);

signals:
    void visibleRowsChanged(int first, int last);
    /// A button is pressed or a menu is open: rows should not move now.
    void handHeld(bool held);
    void menuWanted(const QPoint &globalPosition);
    void headerChangedByHand();

protected:
    void keyPressEvent(QKeyEvent *event) override;
    void mousePressEvent(QMouseEvent *event) override;
    void mouseReleaseEvent(QMouseEvent *event) override;
    void contextMenuEvent(QContextMenuEvent *event) override;
    void resizeEvent(QResizeEvent *event) override;
    void scrollContentsBy(int dx, int dy) override;

private:
    void tellVisibleRows();
    void keepCurrent();
    void headerMenu(const QPoint &position);
    [[nodiscard]] QList<int> visibleColumns() const; ///< logical, in visual order
};

} // namespace msgsrv::console
