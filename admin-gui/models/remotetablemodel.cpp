// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/remotetablemodel.h"

#include <QJsonArray>

#include <algorithm>
#include <utility>

namespace msgsrv::console {

namespace {

constexpr int reorderInterval = 2000; // ms
constexpr int mostTotal = 10'000'000; // what a view can show; a server that says more is not believed

int boundedTotal(const QJsonObject &object)
{
    return static_cast<int>(
        std::clamp<qint64>(object.value(QLatin1String("total")).toInteger(), 0, mostTotal));
}

} // namespace

RemoteTableModel::RemoteTableModel(Connection &connection, TableSpec spec, QObject *parent)
    : QAbstractTableModel(parent)
    , m_connection(connection)
    , m_spec(std::move(spec))
    , m_view(connection, m_spec.name, m_spec.columnNames(), m_spec.sort, nullptr)
{
    connect(&m_view, &RemoteView::opened, this, &RemoteTableModel::takeColumns);
    connect(&m_view, &RemoteView::snapshot, this, &RemoteTableModel::takeSnapshot);
    connect(&m_view, &RemoteView::delta, this, &RemoteTableModel::takeDelta);
    connect(&m_view, &RemoteView::failed, this, &RemoteTableModel::fail);
    connect(&m_view, &RemoteView::lost, this, &RemoteTableModel::turnStale);
    connect(&m_connection, &Connection::startedOver, this, [this] {
        m_server = {};
        m_serverTotal = 0;
        settle(true);
    });
    m_order.setSingleShot(true);
    connect(&m_order, &QTimer::timeout, this, [this] { settle(false); });
}

int RemoteTableModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : m_total;
}

int RemoteTableModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_spec.columns.size());
}

QVariant RemoteTableModel::cell(int row, int column) const
{
    const RemoteRow *remote = m_shown.at(row);
    const auto place = static_cast<std::size_t>(column);
    if (remote == nullptr || place >= m_columnAt.size() || m_columnAt[place] < 0)
        return {};
    const auto at = static_cast<std::size_t>(m_columnAt[place]);
    return at < remote->cells.size() ? remote->cells[at] : QVariant();
}

QVariant RemoteTableModel::data(const QModelIndex &index, int role) const
{
    if (!index.isValid() || index.row() >= m_total || index.column() >= columnCount())
        return {};
    const ColumnSpec &column = m_spec.columns[static_cast<std::size_t>(index.column())];
    const bool loading = !m_shown.contains(index.row());
    switch (role) {
    case Qt::DisplayRole:
        return loading ? QStringLiteral("…") : column.display(cell(index.row(), index.column()));
    case Qt::AccessibleTextRole:
        return tr("%1: %2").arg(column.title,
                                loading ? tr("loading") : column.display(cell(index.row(), index.column())));
    case Qt::ToolTipRole:
        return column.kind == ColumnSpec::Kind::Text ? cell(index.row(), index.column())
                                                     : QVariant(column.meaning);
    case Qt::TextAlignmentRole:
        return QVariant::fromValue(
            Qt::Alignment((column.isNumber() ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter));
    case RawRole:
        return cell(index.row(), index.column());
    case ToneRole:
        return static_cast<int>(loading || m_stale ? Tone::Muted
                                                   : column.tone(cell(index.row(), index.column())));
    case IdRole:
        return idAt(index.row());
    case LoadingRole:
        return loading;
    default:
        return {};
    }
}

QVariant RemoteTableModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || section < 0 || section >= columnCount())
        return {};
    const ColumnSpec &column = m_spec.columns[static_cast<std::size_t>(section)];
    if (role == Qt::DisplayRole)
        return column.title;
    if (role == Qt::ToolTipRole)
        return column.meaning.isEmpty() ? column.name
                                        : tr("%1 (in filters: %2)").arg(column.meaning, column.name);
    if (role == Qt::TextAlignmentRole)
        return QVariant::fromValue(
            Qt::Alignment((column.isNumber() ? Qt::AlignRight : Qt::AlignLeft) | Qt::AlignVCenter));
    return {};
}

QString RemoteTableModel::idAt(int row) const
{
    const RemoteRow *remote = m_shown.at(row);
    return remote == nullptr ? QString() : remote->id;
}

int RemoteTableModel::rowOf(const QString &id) const
{
    return m_shown.rowOf(id);
}

QVariant RemoteTableModel::raw(int row, const QString &column) const
{
    return cell(row, m_spec.indexOf(column));
}

void RemoteTableModel::sort(int column, Qt::SortOrder order)
{
    if (column < 0 || column >= columnCount())
        return;
    const QString &name = m_spec.columns[static_cast<std::size_t>(column)].name;
    setSort(order == Qt::DescendingOrder ? QLatin1Char('-') + name : name);
}

void RemoteTableModel::setSort(const QString &key)
{
    if (key != m_view.sort())
        m_view.setSort(key);
}

void RemoteTableModel::setFilter(const QString &filter)
{
    if (filter == m_view.filter())
        return;
    m_loaded = false;
    m_view.setFilter(filter);
}

void RemoteTableModel::setVisibleRows(int first, int last)
{
    const int most = std::clamp(m_connection.server().rows, page, mostRows);
    const auto [begin, count] = windowFor(first, last, page, most);
    m_view.setRange(begin, count);
}

void RemoteTableModel::setRate(double perSecond)
{
    m_view.setRate(perSecond);
}

void RemoteTableModel::setHeld(bool held)
{
    m_held = held;
    if (!held)
        settle(false);
}

void RemoteTableModel::applyOrder()
{
    settle(true);
}

void RemoteTableModel::setActive(bool active)
{
    m_view.setActive(active);
}

void RemoteTableModel::turnStale()
{
    m_stale = true;
    if (m_total > 0)
        emit dataChanged(index(0, 0), index(m_total - 1, columnCount() - 1), {ToneRole});
    emit statusChanged();
}

void RemoteTableModel::takeColumns(const QJsonArray &names)
{
    m_columnAt.assign(m_spec.columns.size(), -1);
    for (qsizetype i = 0; i < names.size(); ++i) {
        const int column = m_spec.indexOf(names.at(i).toString());
        if (column >= 0)
            m_columnAt[static_cast<std::size_t>(column)] = static_cast<int>(i);
    }
}

void RemoteTableModel::takeSnapshot(int first, const QJsonObject &result)
{
    m_serverTotal = boundedTotal(result);
    m_server.replace(first, result.value(QLatin1String("rows")).toArray(),
                     std::min(mostRows, std::max(0, m_serverTotal - first)));
    const bool wasStale = std::exchange(m_stale, false);
    m_loaded = true;
    m_error.clear();
    m_errorAt = -1;
    settle(true);
    if (wasStale && m_total > 0)
        emit dataChanged(index(0, 0), index(m_total - 1, columnCount() - 1), {ToneRole});
    emit statusChanged();
}

void RemoteTableModel::fail(const Reply &reply)
{
    m_error
        = reply.message.isEmpty() ? tr("The server answered with error %1").arg(reply.code) : reply.message;
    m_errorAt = reply.code == -32006 ? reply.data.value(QLatin1String("at")).toInt(0) : -1;
    emit statusChanged();
}

void RemoteTableModel::takeDelta(const QJsonObject &params)
{
    const int totalBefore = m_serverTotal;
    if (params.contains(QLatin1String("total")))
        m_serverTotal = boundedTotal(params);
    const QJsonValue rows = params.value(QLatin1String("rows"));
    if (rows.isArray())
        m_server.replace(m_server.first(), rows.toArray(),
                         std::min(mostRows, std::max(0, m_serverTotal - m_server.first())));
    else
        m_server.truncate(m_serverTotal);
    for (const QJsonValue &change : params.value(QLatin1String("set")).toArray()) {
        const QJsonArray pair = change.toArray();
        m_server.set(pair.at(0).toInt(-1), RemoteRow::fromJson(pair.at(1).toArray()));
    }
    settle(false);
    if (totalBefore != m_serverTotal)
        emit statusChanged();
}

void RemoteTableModel::settle(bool force)
{
    const bool moved = m_serverTotal != m_total || !m_server.sameOrder(m_shown);
    const bool soon = m_ordered.isValid() && !m_ordered.hasExpired(reorderInterval);
    const bool wait = !force && moved && (m_held || soon);
    if (wait) {
        updateInPlace();
        if (!m_held && !m_order.isActive())
            m_order.start(static_cast<int>(reorderInterval - m_ordered.elapsed()) + 1);
    } else {
        if (moved)
            m_ordered.start();
        adopt();
    }
    if (m_pending != (wait && m_held)) {
        m_pending = wait && m_held;
        emit orderPending(m_pending);
    }
}

void RemoteTableModel::updateInPlace()
{
    std::vector<int> changed;
    for (int row = m_shown.first(); row < m_shown.end(); ++row) {
        const RemoteRow *now = m_server.at(m_server.rowOf(m_shown.at(row)->id));
        if (now != nullptr && *now != *m_shown.at(row)) {
            m_shown.set(row, *now);
            changed.push_back(row);
        }
    }
    emitSpans(changed);
}

void RemoteTableModel::adopt()
{
    if (m_serverTotal > m_total)
        setTotal(m_serverTotal);
    if (m_server.first() != m_shown.first() || !m_server.sameOrder(m_shown)) {
        moveRows(m_server);
    } else {
        std::vector<int> changed;
        for (int row = m_server.first(); row < m_server.end(); ++row) {
            if (*m_server.at(row) != *m_shown.at(row))
                changed.push_back(row);
        }
        m_shown = m_server;
        emitSpans(changed);
    }
    if (m_serverTotal < m_total)
        setTotal(m_serverTotal);
}

void RemoteTableModel::setTotal(int total)
{
    if (total > m_total) {
        beginInsertRows({}, m_total, total - 1);
        m_total = total;
        endInsertRows();
    } else if (total < m_total) {
        beginRemoveRows({}, total, m_total - 1);
        m_total = total;
        m_shown.truncate(total);
        endRemoveRows();
    }
    emit statusChanged();
}

void RemoteTableModel::moveRows(const RemoteWindow &next)
{
    emit layoutAboutToBeChanged({}, QAbstractItemModel::VerticalSortHint);
    const QModelIndexList before = persistentIndexList();
    QModelIndexList after;
    after.reserve(before.size());
    for (const QModelIndex &old : before) {
        const RemoteRow *row = m_shown.at(old.row());
        const int place = row == nullptr ? old.row() : next.rowOf(row->id);
        const bool scrolledAway = row != nullptr && place < 0 && !next.contains(old.row());
        after.append(place >= 0 || scrolledAway ? createIndex(scrolledAway ? old.row() : place, old.column())
                                                : QModelIndex());
    }
    m_shown = next;
    changePersistentIndexList(before, after);
    emit layoutChanged({}, QAbstractItemModel::VerticalSortHint);
}

void RemoteTableModel::emitSpans(const std::vector<int> &rows)
{
    for (std::size_t begin = 0; begin < rows.size();) {
        std::size_t end = begin + 1;
        while (end < rows.size() && rows[end] == rows[end - 1] + 1)
            ++end;
        emit dataChanged(index(rows[begin], 0), index(rows[end - 1], columnCount() - 1));
        begin = end;
    }
}

} // namespace msgsrv::console
