// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/connection.h"
#include "admin-gui/models/remoteview.h"
#include "admin-gui/models/remotewindow.h"
#include "admin-gui/models/tablespec.h"

#include <QAbstractTableModel>
#include <QElapsedTimer>
#include <QTimer>

namespace msgsrv::console {

/// A table that lives in the server: order and filter are made there, and this holds a window of some hundred
/// rows around what is seen. The number of rows is that of the whole table; rows outside the window say "…".
///
/// Values change live. Rows change places at most every two seconds, and not at all while held (a pressed
/// button, an open menu): then `orderPending` is signalled. Persistent indexes, and with them a view's
/// selection and current row, follow the row's id.
///
/// The view is opened while active and logged in, and again after each loss (RemoteView); what was shown
/// before stays until then, and isStale() says so.
class RemoteTableModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    static constexpr int page = 200; ///< rows; the window is a whole number of pages
    static constexpr int mostRows = 1000; ///< of a window, as the protocol says

    RemoteTableModel(Connection &connection, TableSpec spec, QObject *parent = nullptr);

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;
    void sort(int column, Qt::SortOrder order = Qt::AscendingOrder) override;

    [[nodiscard]] const TableSpec &spec() const { return m_spec; }
    [[nodiscard]] QString filter() const { return m_view.filter(); }
    [[nodiscard]] QString sortKey() const { return m_view.sort(); }
    [[nodiscard]] QString idAt(int row) const; ///< empty outside of the window
    [[nodiscard]] int rowOf(const QString &id) const; ///< -1 outside of the window
    [[nodiscard]] QVariant raw(int row, const QString &column) const;

    /// Nobody looks: the server is told to stop.
    void setActive(bool active);
    void setFilter(const QString &filter);
    void setSort(const QString &key); ///< a column, with "-" for descending
    void setVisibleRows(int first, int last);
    void setHeld(bool held);
    void applyOrder(); ///< now, whatever the time
    void setRate(double perSecond);

    [[nodiscard]] bool isStale() const { return m_stale; } ///< what is shown is of before a loss
    [[nodiscard]] bool isLoaded() const { return m_loaded; } ///< an answer to the present filter has come
    [[nodiscard]] QString error() const { return m_error; } ///< why the view could not be opened
    [[nodiscard]] int errorAt() const { return m_errorAt; } ///< offset in the filter, or -1

signals:
    /// isStale(), isLoaded(), error() or the number of rows changed.
    void statusChanged();
    void orderPending(bool pending);

private:
    void turnStale();
    void takeColumns(const QJsonArray &names);
    void takeSnapshot(int first, const QJsonObject &result);
    void takeDelta(const QJsonObject &params);
    void settle(bool force);
    void adopt();
    void updateInPlace();
    void setTotal(int total);
    void moveRows(const RemoteWindow &next);
    void emitSpans(const std::vector<int> &rows);
    void fail(const Reply &reply);
    [[nodiscard]] QVariant cell(int row, int column) const;

    Connection &m_connection;
    TableSpec m_spec;
    RemoteView m_view;
    bool m_held = false;
    bool m_stale = false;
    bool m_loaded = false;
    QString m_error;
    int m_errorAt = -1;

    std::vector<int> m_columnAt; ///< for each column of the spec, its place in the server's rows, or -1
    RemoteWindow m_server; ///< as the server has it
    RemoteWindow m_shown; ///< as views have it; another order while held
    int m_total = 0;
    int m_serverTotal = 0;
    bool m_pending = false;
    QElapsedTimer m_ordered;
    QTimer m_order;
};

} // namespace msgsrv::console
