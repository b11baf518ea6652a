// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/streammodel.h"
#include "admin-gui/models/tone.h"

#include <deque>
#include <vector>

namespace msgsrv::console {

/// The end of the server's log, at most `capacity` lines; gaps stand as lines of their own.
class LogModel : public StreamModel
{
    Q_OBJECT

public:
    enum Column { Time, Level, Category, Event, Text, ColumnCount };
    static constexpr int defaultCapacity = 20'000;
    static constexpr int creditStep = 2048;

    explicit LogModel(Connection &connection, QObject *parent = nullptr, int capacity = defaultCapacity);

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

    /// Both are applied by the server, from now on. @p pattern is a regular expression.
    void setFilter(const QString &level, const QString &pattern);
    [[nodiscard]] int waiting() const override { return static_cast<int>(m_incoming.size()); }
    void clear();

private:
    struct Line
    {
        qint64 ts = 0;
        QString level;
        QString category;
        QString event;
        QString text;
    };

    void take(const QString &method, const QJsonObject &params) override;
    void show() override;
    void dropFirst(int count) override;
    [[nodiscard]] static Tone toneOf(const QString &level);

    std::deque<Line> m_lines;
    std::vector<Line> m_incoming;
};

} // namespace msgsrv::console
