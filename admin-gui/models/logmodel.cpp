// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/logmodel.h"

#include "admin-gui/models/format.h"

#include <algorithm>
#include <utility>

namespace msgsrv::console {

LogModel::LogModel(Connection &connection, QObject *parent, int capacity)
    : QAbstractTableModel(parent)
    , m_connection(connection)
    , m_capacity(capacity)
{
    m_flush.setSingleShot(true);
    m_flush.setInterval(100);
    connect(&m_flush, &QTimer::timeout, this, &LogModel::flush);
    connect(&m_connection, &Connection::stateChanged, this, [this](LinkState state) {
        if (state == LinkState::Synchronizing && m_active)
            open();
        else if (!isLoggedIn(state))
            m_sub = -1;
    });
}

LogModel::~LogModel()
{
    close();
}

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

void LogModel::setActive(bool active)
{
    if (m_active == active)
        return;
    m_active = active;
    if (!active)
        close();
    else if (isLoggedIn(m_connection.state()))
        open();
}

void LogModel::setFilter(const QString &level, const QString &pattern)
{
    if (level == m_level && pattern == m_pattern)
        return;
    m_level = level;
    m_pattern = pattern;
    if (m_active && isLoggedIn(m_connection.state()))
        open();
}

void LogModel::setPaused(bool paused)
{
    m_paused = paused;
    if (!paused)
        flush();
    emit statusChanged();
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

void LogModel::open()
{
    close();
    const quint64 request = ++m_request;
    QJsonObject params{{QLatin1String("credit"), creditStep}};
    if (!m_level.isEmpty())
        params.insert(QLatin1String("level"), m_level);
    if (!m_pattern.isEmpty())
        params.insert(QLatin1String("pattern"), m_pattern);
    m_connection.request(QStringLiteral("log.open"), params, this, [this, request](const Reply &reply) {
        const qint64 sub = reply.result.value(QLatin1String("sub")).toInteger(-1);
        if (request != m_request) {
            if (reply.ok)
                m_connection.request(QStringLiteral("sub.close"), {{QLatin1String("sub"), sub}}, this, {});
            return;
        }
        m_error = reply.ok || reply.code == Reply::linkLost ? QString() : reply.message;
        if (reply.ok) {
            m_sub = sub;
            m_credit = creditStep;
            m_connection.attach(
                Connection::Stream::Subscription, sub, this,
                [this](const QString &method, const QJsonObject &line) { take(method, line); });
        }
        emit statusChanged();
    });
}

void LogModel::close()
{
    ++m_request;
    if (m_sub < 0)
        return;
    m_connection.detach(Connection::Stream::Subscription, m_sub);
    if (isLoggedIn(m_connection.state()))
        m_connection.request(QStringLiteral("sub.close"), {{QLatin1String("sub"), m_sub}}, &m_connection, {});
    m_sub = -1;
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
        if (--m_credit <= creditStep / 2) {
            m_credit += creditStep;
            m_connection.request(QStringLiteral("sub.credit"),
                                 {{QLatin1String("sub"), m_sub}, {QLatin1String("credit"), creditStep}}, this,
                                 {});
        }
        m_incoming.push_back({params.value(QLatin1String("ts")).toInteger(),
                              params.value(QLatin1String("level")).toString().left(20),
                              params.value(QLatin1String("category")).toString().left(100),
                              params.value(QLatin1String("event")).toString().left(200),
                              params.value(QLatin1String("text")).toString().left(4000)});
    }
    if (static_cast<int>(m_incoming.size()) > 2 * m_capacity)
        m_incoming.erase(m_incoming.begin(), m_incoming.begin() + m_capacity);
    if (m_paused)
        emit statusChanged();
    else if (!m_flush.isActive())
        m_flush.start();
}

void LogModel::flush()
{
    if (m_paused || m_incoming.empty())
        return;
    std::vector<Line> lines = std::exchange(m_incoming, {});
    if (static_cast<int>(lines.size()) > m_capacity)
        lines.erase(lines.begin(), lines.end() - m_capacity);
    const int excess = rowCount() + static_cast<int>(lines.size()) - m_capacity;
    if (excess > 0) {
        const int gone = std::min(rowCount(), std::max(excess, m_capacity / 20));
        beginRemoveRows({}, 0, gone - 1);
        m_lines.erase(m_lines.begin(), m_lines.begin() + gone);
        endRemoveRows();
    }
    beginInsertRows({}, rowCount(), rowCount() + static_cast<int>(lines.size()) - 1);
    for (Line &line : lines)
        m_lines.push_back(std::move(line));
    endInsertRows();
    emit statusChanged();
}

} // namespace msgsrv::console
