// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/connection.h"

#include <QJsonArray>
#include <QJsonObject>
#include <QObject>
#include <QStringList>
#include <QTimer>

namespace msgsrv::console {

/// The conversation with the server about one view: opened while active and logged in, and again after each
/// loss, with the same filter, order and range. What belongs to an earlier question is thrown away; what
/// comes out builds on what came out before.
class RemoteView : public QObject
{
    Q_OBJECT

public:
    RemoteView(Connection &connection, QString table, QStringList columns, QString sort, QObject *parent);
    ~RemoteView() override;

    void setActive(bool active);
    void setFilter(const QString &filter); ///< the range begins at the first row again
    void setSort(const QString &key);
    void setRate(double perSecond);
    /// Asked for in the next turn of the event loop.
    void setRange(int first, int count);

    [[nodiscard]] const QString &filter() const { return m_filter; }
    [[nodiscard]] const QString &sort() const { return m_sort; }

signals:
    /// The server's order of columns; rows follow.
    void opened(const QJsonArray &columns);
    /// `total` and `rows`, of which the first stands at @p first.
    void snapshot(int first, const QJsonObject &result);
    /// The parameters of a view.delta.
    void delta(const QJsonObject &params);
    void failed(const msgsrv::console::Reply &reply);
    /// The connection has ended; a snapshot follows when there is another.
    void lost();

private:
    void linkChanged(LinkState state);
    void open();
    void close();
    void ask(const QJsonObject &changes);
    void take(const Reply &reply, quint64 request, int first);
    void takeDelta(const QJsonObject &params);
    [[nodiscard]] QJsonArray range() const { return {m_first, m_count}; }

    Connection &m_connection;
    const QString m_table;
    const QStringList m_columns;
    QString m_filter;
    QString m_sort;
    double m_rate = 4;
    int m_first = 0;
    int m_count;
    bool m_active = false;
    bool m_refused = false; ///< the last one, so that there is no view
    qint64 m_view = -1;
    qint64 m_gen = -1;
    qint64 m_rev = -1;
    quint64 m_request = 0; ///< the last one; answers to earlier ones are thrown away
    bool m_awaiting = false;
    QTimer m_ask; ///< gathers what is wanted in one turn of the event loop
};

} // namespace msgsrv::console
