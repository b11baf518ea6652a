// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/connection.h"
#include "admin-gui/models/tone.h"

#include <QAbstractTableModel>
#include <QTimer>

#include <deque>
#include <vector>

namespace msgsrv::console {

/// The end of the server's log, at most `capacity` lines; gaps stand as lines of their own.
class LogModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Time, Level, Category, Event, Text, ColumnCount };
    static constexpr int defaultCapacity = 20'000;
    static constexpr int creditStep = 2048;

    explicit LogModel(Connection &connection, QObject *parent = nullptr, int capacity = defaultCapacity);
    ~LogModel() override;

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

    void setActive(bool active);
    /// Both are applied by the server, from now on. @p pattern is a regular expression.
    void setFilter(const QString &level, const QString &pattern);
    void setPaused(bool paused);
    [[nodiscard]] bool isPaused() const { return m_paused; }
    [[nodiscard]] int waiting() const { return static_cast<int>(m_incoming.size()); }
    [[nodiscard]] QString error() const { return m_error; }
    void clear();

signals:
    void statusChanged();

private:
    struct Line
    {
        qint64 ts = 0;
        QString level;
        QString category;
        QString event;
        QString text;
    };

    void open();
    void close();
    void take(const QString &method, const QJsonObject &params);
    void flush();
    [[nodiscard]] static Tone toneOf(const QString &level);

    Connection &m_connection;
    int m_capacity;
    std::deque<Line> m_lines;
    std::vector<Line> m_incoming;
    QTimer m_flush;
    QString m_level;
    QString m_pattern;
    QString m_error;
    qint64 m_sub = -1;
    quint64 m_request = 0;
    int m_credit = 0;
    bool m_active = false;
    bool m_paused = false;
};

} // namespace msgsrv::console
