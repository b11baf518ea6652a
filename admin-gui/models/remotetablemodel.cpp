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
    , m_sort(m_spec.sort)
{
    connect(&m_connection, &Connection::stateChanged, this, &RemoteTableModel::linkChanged);
    connect(&m_connection, &Connection::startedOver, this, [this] {
        m_server = {};
        m_serverTotal = 0;
        settle(true);
    });
    m_ask.setSingleShot(true);
    m_ask.setInterval(0);
    connect(&m_ask, &QTimer::timeout, this, [this] { ask({{QLatin1String("range"), range()}}); });
    m_order.setSingleShot(true);
    connect(&m_order, &QTimer::timeout, this, [this] { settle(false); });
}

RemoteTableModel::~RemoteTableModel()
{
    close();
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
    if (key == m_sort)
        return;
    m_sort = key;
    ask({{QLatin1String("sort"), m_sort}});
}

void RemoteTableModel::setFilter(const QString &filter)
{
    if (filter == m_filter)
        return;
    m_filter = filter;
    m_loaded = false;
    m_wantedFirst = 0;
    if (m_view < 0 && !m_error.isEmpty())
        open(); // the one before was refused
    else
        ask({{QLatin1String("filter"), m_filter}, {QLatin1String("range"), range()}});
}

void RemoteTableModel::setVisibleRows(int first, int last)
{
    const int most = std::clamp(m_connection.server().rows, page, mostRows);
    const auto [begin, count] = windowFor(first, last, page, most);
    if (begin == m_wantedFirst && count == m_wantedCount)
        return;
    m_wantedFirst = begin;
    m_wantedCount = count;
    m_ask.start();
}

void RemoteTableModel::setRate(double perSecond)
{
    m_rate = perSecond;
    ask({{QLatin1String("rate"), m_rate}});
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
    if (m_active == active)
        return;
    m_active = active;
    if (!active)
        close();
    else if (isLoggedIn(m_connection.state()))
        open();
}

void RemoteTableModel::linkChanged(LinkState state)
{
    if (state == LinkState::Synchronizing && m_active) {
        open();
    } else if (!isLoggedIn(state) && (m_view >= 0 || m_awaiting)) {
        m_view = -1;
        m_awaiting = false;
        ++m_request;
        m_stale = true;
        if (m_total > 0)
            emit dataChanged(index(0, 0), index(m_total - 1, columnCount() - 1), {ToneRole});
        emit statusChanged();
    }
}

QJsonArray RemoteTableModel::range() const
{
    return {m_wantedFirst, m_wantedCount};
}

void RemoteTableModel::open()
{
    close();
    const quint64 request = ++m_request;
    const int first = m_wantedFirst;
    m_awaiting = true;
    QJsonObject params{{QLatin1String("table"), m_spec.name},
                       {QLatin1String("columns"), QJsonArray::fromStringList(m_spec.columnNames())},
                       {QLatin1String("range"), range()},
                       {QLatin1String("rate"), m_rate}};
    if (!m_filter.isEmpty())
        params.insert(QLatin1String("filter"), m_filter);
    if (!m_sort.isEmpty())
        params.insert(QLatin1String("sort"), m_sort);
    m_connection.request(
        QStringLiteral("view.open"), params, this, [this, request, first](const Reply &reply) {
            const qint64 view = reply.result.value(QLatin1String("view")).toInteger(-1);
            if (request != m_request || !m_active) {
                // It was closed, or opened anew, while this one was on its way.
                if (reply.ok && (m_view != view))
                    m_connection.request(QStringLiteral("view.close"), {{QLatin1String("view"), view}}, this,
                                         {});
                return;
            }
            if (reply.ok) {
                m_view = view;
                m_connection.attach(Connection::Stream::View, view, this,
                                    [this](const QString &, const QJsonObject &delta) { takeDelta(delta); });
                const QJsonArray names = reply.result.value(QLatin1String("columns")).toArray();
                m_columnAt.assign(m_spec.columns.size(), -1);
                for (qsizetype i = 0; i < names.size(); ++i) {
                    const int column = m_spec.indexOf(names.at(i).toString());
                    if (column >= 0)
                        m_columnAt[static_cast<std::size_t>(column)] = static_cast<int>(i);
                }
            }
            take(reply, request, first);
            if (reply.ok && (first != m_wantedFirst))
                m_ask.start();
        });
}

void RemoteTableModel::close()
{
    m_ask.stop();
    ++m_request;
    m_awaiting = false;
    if (m_view < 0)
        return;
    m_connection.detach(Connection::Stream::View, m_view);
    if (isLoggedIn(m_connection.state()))
        m_connection.request(QStringLiteral("view.close"), {{QLatin1String("view"), m_view}}, &m_connection,
                             {});
    m_view = -1;
}

void RemoteTableModel::ask(const QJsonObject &changes)
{
    if (m_view < 0) {
        if (m_awaiting && m_active && !changes.isEmpty())
            open();
        return;
    }
    QJsonObject params = changes;
    params.insert(QLatin1String("view"), m_view);
    const quint64 request = ++m_request;
    const int first = m_wantedFirst;
    if (!changes.isEmpty() && !changes.contains(QLatin1String("range")))
        params.insert(QLatin1String("range"), range());
    m_awaiting = true;
    m_connection.request(QStringLiteral("view.change"), params, this,
                         [this, request, first](const Reply &reply) { take(reply, request, first); });
}

void RemoteTableModel::take(const Reply &reply, quint64 request, int first)
{
    if (request != m_request)
        return;
    m_awaiting = false;
    if (!reply.ok) {
        fail(reply);
        return;
    }
    m_gen = reply.result.value(QLatin1String("gen")).toInteger();
    m_rev = reply.result.value(QLatin1String("rev")).toInteger();
    m_serverTotal = boundedTotal(reply.result);
    m_server.replace(first, reply.result.value(QLatin1String("rows")).toArray(),
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
    if (reply.code == Reply::linkLost)
        return;
    m_error
        = reply.message.isEmpty() ? tr("The server answered with error %1").arg(reply.code) : reply.message;
    m_errorAt = reply.code == -32006 ? reply.data.value(QLatin1String("at")).toInt(0) : -1;
    emit statusChanged();
}

void RemoteTableModel::takeDelta(const QJsonObject &params)
{
    if (params.value(QLatin1String("gen")).toInteger(-1) != m_gen || m_awaiting)
        return;
    if (params.value(QLatin1String("base")).toInteger(-1) != m_rev) {
        ask({});
        return;
    }
    m_rev = params.value(QLatin1String("rev")).toInteger(m_rev);
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
