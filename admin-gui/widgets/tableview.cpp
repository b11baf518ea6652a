// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/widgets/tableview.h"

#include "admin-gui/widgets/tonedelegate.h"

#include <QApplication>
#include <QClipboard>
#include <QContextMenuEvent>
#include <QHeaderView>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QKeyEvent>
#include <QMenu>

#include <algorithm>

namespace msgsrv::console {

TableView::TableView(QWidget *parent)
    : QTableView(parent)
{
    setItemDelegate(new ToneDelegate(this));
    setSelectionBehavior(SelectRows);
    setSelectionMode(ExtendedSelection);
    setEditTriggers(NoEditTriggers);
    setShowGrid(false);
    setAlternatingRowColors(true);
    setWordWrap(false);
    setHorizontalScrollMode(ScrollPerPixel);
    setFrameShape(QFrame::NoFrame);
    setCornerButtonEnabled(false);
    setTabKeyNavigation(false);
    verticalHeader()->hide();
    verticalHeader()->setSectionResizeMode(QHeaderView::Fixed);
    verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 10);
    verticalHeader()->setMinimumSectionSize(fontMetrics().height() + 4);
    horizontalHeader()->setSectionsMovable(true);
    horizontalHeader()->setHighlightSections(false);
    horizontalHeader()->setStretchLastSection(true);
    horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    horizontalHeader()->setContextMenuPolicy(Qt::CustomContextMenu);
    connect(horizontalHeader(), &QWidget::customContextMenuRequested, this, &TableView::headerMenu);
    connect(horizontalHeader(), &QHeaderView::sectionResized, this, &TableView::headerChangedByHand);
    connect(horizontalHeader(), &QHeaderView::sectionMoved, this, &TableView::headerChangedByHand);
}

void TableView::setModel(QAbstractItemModel *model)
{
    if (QTableView::model() != nullptr)
        QTableView::model()->disconnect(this);
    QTableView::setModel(model);
    if (model == nullptr)
        return;
    connect(model, &QAbstractItemModel::rowsInserted, this, [this] {
        keepCurrent();
        tellVisibleRows();
    });
    connect(model, &QAbstractItemModel::rowsRemoved, this, [this] {
        keepCurrent();
        tellVisibleRows();
    });
    connect(model, &QAbstractItemModel::layoutChanged, this, &TableView::keepCurrent);
    connect(model, &QAbstractItemModel::modelReset, this, &TableView::keepCurrent);
    keepCurrent();
}

void TableView::keepCurrent()
{
    if (model() == nullptr || selectionModel() == nullptr || model()->rowCount() == 0
        || currentIndex().isValid())
        return;
    const int row = std::clamp(rowAt(0), 0, model()->rowCount() - 1);
    const QList<int> columns = visibleColumns();
    selectionModel()->setCurrentIndex(model()->index(row, columns.isEmpty() ? 0 : columns.first()),
                                      QItemSelectionModel::NoUpdate);
}

QList<int> TableView::selectedRows() const
{
    QList<int> rows;
    if (selectionModel() == nullptr)
        return rows;
    for (const QItemSelectionRange &range : selectionModel()->selection()) {
        for (int row = range.top(); row <= range.bottom(); ++row) {
            if (!rows.contains(row))
                rows.append(row);
        }
    }
    std::sort(rows.begin(), rows.end());
    return rows;
}

QList<int> TableView::visibleColumns() const
{
    QList<int> columns;
    for (int visual = 0; visual < horizontalHeader()->count(); ++visual) {
        const int logical = horizontalHeader()->logicalIndex(visual);
        if (!isColumnHidden(logical))
            columns.append(logical);
    }
    return columns;
}

QString TableView::selectionAsTsv(bool withHeader) const
{
    const QList<int> columns = visibleColumns();
    QStringList lines;
    if (withHeader) {
        QStringList titles;
        for (const int column : columns)
            titles.append(model()->headerData(column, Qt::Horizontal).toString());
        lines.append(titles.join(QLatin1Char('\t')));
    }
    for (const int row : selectedRows()) {
        QStringList cells;
        for (const int column : columns)
            cells.append(model()->index(row, column).data().toString().simplified());
        lines.append(cells.join(QLatin1Char('\t')));
    }
    return lines.join(QLatin1Char('\n'));
}

QString TableView::selectionAsJson() const
{
    QJsonArray rows;
    for (const int row : selectedRows()) {
        QJsonObject object;
        for (const int column : visibleColumns())
            object.insert(model()->headerData(column, Qt::Horizontal).toString(),
                          model()->index(row, column).data().toString());
        rows.append(object);
    }
    return QString::fromUtf8(QJsonDocument(rows).toJson());
}

void TableView::copyTsv(bool withHeader)
{
    QApplication::clipboard()->setText(selectionAsTsv(withHeader));
}

void TableView::copyJson()
{
    QApplication::clipboard()->setText(selectionAsJson());
}

QByteArray TableView::headerState() const
{
    return horizontalHeader()->saveState();
}

bool TableView::restoreHeader(const QByteArray &state)
{
    const QSignalBlocker quiet(this);
    return !state.isEmpty() && horizontalHeader()->restoreState(state);
}

void TableView::keyPressEvent(QKeyEvent *event)
{
    if (event == QKeySequence::Copy)
        copyTsv(false);
    else if (event->key() == Qt::Key_C && event->modifiers() == (Qt::ControlModifier | Qt::ShiftModifier))
        copyTsv(true);
    else if (event->key() == Qt::Key_Return || event->key() == Qt::Key_Enter)
        emit activated(currentIndex());
    else
        QTableView::keyPressEvent(event);
}

void TableView::mousePressEvent(QMouseEvent *event)
{
    emit handHeld(true);
    QTableView::mousePressEvent(event);
}

void TableView::mouseReleaseEvent(QMouseEvent *event)
{
    QTableView::mouseReleaseEvent(event);
    emit handHeld(false);
}

void TableView::contextMenuEvent(QContextMenuEvent *event)
{
    emit handHeld(true);
    const QModelIndex current = currentIndex();
    const QPoint position = event->reason() == QContextMenuEvent::Keyboard && current.isValid()
        ? viewport()->mapToGlobal(visualRect(current).bottomLeft())
        : event->globalPos();
    emit menuWanted(position);
    emit handHeld(false);
}

void TableView::resizeEvent(QResizeEvent *event)
{
    QTableView::resizeEvent(event);
    tellVisibleRows();
}

void TableView::scrollContentsBy(int dx, int dy)
{
    QTableView::scrollContentsBy(dx, dy);
    if (dy != 0)
        tellVisibleRows();
}

void TableView::tellVisibleRows()
{
    if (model() == nullptr)
        return;
    const int rows = viewport()->height() / std::max(1, verticalHeader()->defaultSectionSize()) + 1;
    const int first = std::max(0, rowAt(0));
    emit visibleRowsChanged(first, first + rows);
}

void TableView::headerMenu(const QPoint &position)
{
    QMenu menu(this);
    for (int visual = 0; visual < horizontalHeader()->count(); ++visual) {
        const int column = horizontalHeader()->logicalIndex(visual);
        QAction *action = menu.addAction(model()->headerData(column, Qt::Horizontal).toString());
        action->setCheckable(true);
        action->setChecked(!isColumnHidden(column));
        action->setEnabled(isColumnHidden(column) || visibleColumns().size() > 1);
        connect(action, &QAction::toggled, this, [this, column](bool on) {
            setColumnHidden(column, !on);
            emit headerChangedByHand();
        });
    }
    menu.exec(horizontalHeader()->mapToGlobal(position));
}

} // namespace msgsrv::console
