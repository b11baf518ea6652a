// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/logmodel.h"

#include "admin-gui/models/format.h"

#include <algorithm>
#include <utility>

namespace msgsrv::console {

LogModel::LogModel(Connection &connection, QObject *parent, int capacity)
    : StreamModel(connection, QStringLiteral("log.open"), creditStep, capacity, parent)
{ }

int LogModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_lines.size());
}

int LogModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

Tone LogModel::toneOf(const QString &level)
{
    if (level == QLatin1String("critical") || level == QLatin1String("error")
        || level == QLatin1String("fatal"))
        return Tone::Bad;
    if (level == QLatin1String("warning") || level == QLatin1String("gap"))
        return Tone::Warning;
    if (level == QLatin1String("debug"))
        return Tone::Muted;
    return Tone::Plain;
}

QVariant LogModel::data(const QModelIndex &index, int role) const
{
    if (!index.isValid() || index.row() >= rowCount())
        return {};
    const Line &line = m_lines[static_cast<std::size_t>(index.row())];
    if (role == ToneRole)
        return static_cast<int>(index.column() == Time || index.column() == Category ? Tone::Muted
                                                                                     : toneOf(line.level));
    if (role == Qt::ToolTipRole && index.column() == Text)
        return line.text;
    if (role == Qt::AccessibleTextRole)
        return tr("%1: %2").arg(headerData(index.column(), Qt::Horizontal).toString(),
                                data(index).toString());
    if (role != Qt::DisplayRole)
        return {};
    switch (index.column()) {
    case Time:
        return format::clock(line.ts);
    case Level:
        return line.level;
    case Category:
        return line.category;
    case Event:
        return line.event;
    case Text:
        return line.text;
    default:
        return {};
    }
}

QVariant LogModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Time:
        return tr("Time");
    case Level:
        return tr("Level");
    case Category:
        return tr("Category");
    case Event:
        return tr("Event");
    case Text:
        return tr("Text");
    default:
        return {};
    }
}

void LogModel::setFilter(const QString &level, const QString &pattern)
{
    QJsonObject parameters;
    if (!level.isEmpty())
        parameters.insert(QLatin1String("level"), level);
    if (!pattern.isEmpty())
        parameters.insert(QLatin1String("pattern"), pattern);
    setParameters(parameters);
}

void LogModel::clear()
{
    m_incoming.clear();
    if (m_lines.empty())
        return;
    beginRemoveRows({}, 0, rowCount() - 1);
    m_lines.clear();
    endRemoveRows();
    emit statusChanged();
}

void LogModel::take(const QString &method, const QJsonObject &params)
{
    if (method == QLatin1String("log.gap")) {
        const qint64 ts
            = m_incoming.empty() ? (m_lines.empty() ? 0 : m_lines.back().ts) : m_incoming.back().ts;
        m_incoming.push_back(
            {ts,
             QStringLiteral("gap"),
             {},
             {},
             tr("%n line(s) not shown", nullptr, params.value(QLatin1String("dropped")).toInt())});
    } else if (method == QLatin1String("log.line")) {
        useCredit();
        m_incoming.push_back({params.value(QLatin1String("ts")).toInteger(),
                              params.value(QLatin1String("level")).toString().left(20),
                              params.value(QLatin1String("category")).toString().left(100),
                              params.value(QLatin1String("event")).toString().left(200),
                              params.value(QLatin1String("text")).toString().left(4000)});
    }
    bound(m_incoming);
    announce();
}

void LogModel::show()
{
    if (m_incoming.empty())
        return;
    std::vector<Line> lines = std::exchange(m_incoming, {});
    if (static_cast<int>(lines.size()) > capacity())
        lines.erase(lines.begin(), lines.end() - capacity());
    makeRoom(static_cast<int>(lines.size()));
    beginInsertRows({}, rowCount(), rowCount() + static_cast<int>(lines.size()) - 1);
    for (Line &line : lines)
        m_lines.push_back(std::move(line));
    endInsertRows();
    emit statusChanged();
}

void LogModel::dropFirst(int count)
{
    m_lines.erase(m_lines.begin(), m_lines.begin() + count);
}

} // namespace msgsrv::console
