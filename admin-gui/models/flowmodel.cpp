// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/models/flowmodel.h"

#include "admin-gui/models/format.h"
#include "admin-gui/models/tone.h"

#include <QJsonArray>
#include <QJsonDocument>

#include <algorithm>
#include <utility>

namespace msgsrv::console {

namespace {

Tone toneOf(const FlowMessage &message)
{
    if (message.kind == FlowMessage::Kind::Gap)
        return Tone::Warning;
    switch (message.outcome) {
    case FlowMessage::Outcome::Waiting:
        return Tone::Notice;
    case FlowMessage::Outcome::Delivered:
        return Tone::Good;
    case FlowMessage::Outcome::Dropped:
    case FlowMessage::Outcome::Refused:
        return Tone::Bad;
    }
    return Tone::Plain;
}

/// A string as it is, a structure as JSON; of anything else nothing.
QString textOf(const QJsonValue &payload)
{
    if (payload.isObject())
        return QString::fromUtf8(QJsonDocument(payload.toObject()).toJson(QJsonDocument::Compact));
    if (payload.isArray())
        return QString::fromUtf8(QJsonDocument(payload.toArray()).toJson(QJsonDocument::Compact));
    return payload.toString();
}

constexpr int flushInterval = 100; // ms
constexpr int removedAtOnce = 1000;

} // namespace

FlowModel::FlowModel(Connection &connection, QObject *parent, int capacity)
    : QAbstractTableModel(parent)
    , m_connection(connection)
    , m_capacity(capacity)
{
    m_flush.setSingleShot(true);
    m_flush.setInterval(flushInterval);
    connect(&m_flush, &QTimer::timeout, this, &FlowModel::flush);
    connect(&m_connection, &Connection::stateChanged, this, [this](LinkState state) {
        if (state == LinkState::Synchronizing && m_active)
            open();
        else if (!isLoggedIn(state))
            m_sub = -1;
    });
    connect(&m_connection, &Connection::startedOver, this, &FlowModel::clear);
}

FlowModel::~FlowModel()
{
    close();
}

int FlowModel::rowCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : static_cast<int>(m_messages.size());
}

int FlowModel::columnCount(const QModelIndex &parent) const
{
    return parent.isValid() ? 0 : ColumnCount;
}

QVariant FlowModel::data(const QModelIndex &index, int role) const
{
    if (!index.isValid() || index.row() >= rowCount())
        return {};
    const FlowMessage &message = at(index.row());
    const bool gap = message.kind == FlowMessage::Kind::Gap;
    if (role == ToneRole) {
        if (index.column() == OutcomeColumn || gap)
            return static_cast<int>(toneOf(message));
        return static_cast<int>(index.column() == Time || index.column() == Via || index.column() == Message
                                    ? Tone::Muted
                                    : Tone::Plain);
    }
    if (role == IdRole)
        return message.message;
    if (role == Qt::TextAlignmentRole && (index.column() == Delay || index.column() == Bytes))
        return QVariant::fromValue(Qt::Alignment(Qt::AlignRight | Qt::AlignVCenter));
    if (role == Qt::AccessibleTextRole)
        return tr("%1: %2").arg(headerData(index.column(), Qt::Horizontal).toString(),
                                data(index, Qt::DisplayRole).toString());
    if (role != Qt::DisplayRole)
        return {};
    switch (index.column()) {
    case Time:
        return format::clock(message.ts);
    case From:
        return message.from;
    case To:
        return message.to;
    case KindColumn:
        return FlowMessage::kindName(message.kind);
    case OutcomeColumn:
        return message.outcomeText();
    case Delay:
        return message.delay < 0 ? QString() : format::microseconds(static_cast<double>(message.delay));
    case Bytes:
        return gap ? QString() : format::bytes(static_cast<double>(message.bytes));
    case Via:
        return message.via;
    case Message:
        return message.message;
    default:
        return {};
    }
}

QVariant FlowModel::headerData(int section, Qt::Orientation orientation, int role) const
{
    if (orientation != Qt::Horizontal || role != Qt::DisplayRole)
        return {};
    switch (section) {
    case Time:
        return tr("Time");
    case From:
        return tr("From");
    case To:
        return tr("To");
    case KindColumn:
        return tr("Kind");
    case OutcomeColumn:
        return tr("Outcome");
    case Delay:
        return tr("Delay");
    case Bytes:
        return tr("Size");
    case Via:
        return tr("Via");
    case Message:
        return tr("Message");
    default:
        return {};
    }
}

int FlowModel::indexOfSeq(quint64 seq) const
{
    const auto found
        = std::lower_bound(m_messages.begin(), m_messages.end(), seq,
                           [](const FlowMessage &message, quint64 value) { return message.seq < value; });
    return found != m_messages.end() && found->seq == seq ? static_cast<int>(found - m_messages.begin()) : -1;
}

qint64 FlowModel::serverTime() const
{
    return m_latest > 0 ? m_latest + m_sinceLatest.elapsed() : 0;
}

void FlowModel::setActive(bool active)
{
    if (m_active == active)
        return;
    m_active = active;
    if (!active)
        close();
    else if (isLoggedIn(m_connection.state()))
        open();
    emit statusChanged();
}

void FlowModel::setPaused(bool paused)
{
    if (m_paused == paused)
        return;
    m_paused = paused;
    if (!paused)
        flush();
    emit statusChanged();
}

void FlowModel::setPayload(bool payload)
{
    if (m_payload == payload)
        return;
    m_payload = payload;
    if (m_active && isLoggedIn(m_connection.state()))
        open();
}

void FlowModel::clear()
{
    m_latest = 0;
    m_incoming.clear();
    m_places.clear();
    if (!m_messages.empty()) {
        beginRemoveRows({}, 0, rowCount() - 1);
        m_removed += m_messages.size();
        m_messages.clear();
        endRemoveRows();
    }
    emit flushed();
}

void FlowModel::open()
{
    close();
    const quint64 request = ++m_request;
    QJsonObject params{{QLatin1String("credit"), creditStep}};
    if (m_payload)
        params.insert(QLatin1String("payload"), true);
    m_connection.request(QStringLiteral("flow.open"), params, this, [this, request](const Reply &reply) {
        if (!reply.ok) {
            if (reply.code != Reply::linkLost && request == m_request) {
                m_error = reply.message;
                emit statusChanged();
            }
            return;
        }
        const qint64 sub = reply.result.value(QLatin1String("sub")).toInteger(-1);
        if (request != m_request) {
            m_connection.request(QStringLiteral("sub.close"), {{QLatin1String("sub"), sub}}, this, {});
            return;
        }
        m_error.clear();
        m_sub = sub;
        m_credit = creditStep;
        m_connection.attach(Connection::Stream::Subscription, sub, this,
                            [this](const QString &method, const QJsonObject &event) { take(method, event); });
        emit statusChanged();
    });
}

void FlowModel::close()
{
    ++m_request;
    if (m_sub < 0)
        return;
    m_connection.detach(Connection::Stream::Subscription, m_sub);
    if (isLoggedIn(m_connection.state()))
        m_connection.request(QStringLiteral("sub.close"), {{QLatin1String("sub"), m_sub}}, &m_connection, {});
    m_sub = -1;
}

FlowMessage::Outcome FlowModel::outcomeOf(const QString &event)
{
    if (event == QLatin1String("written"))
        return FlowMessage::Outcome::Delivered;
    if (event == QLatin1String("dropped"))
        return FlowMessage::Outcome::Dropped;
    if (event == QLatin1String("refused"))
        return FlowMessage::Outcome::Refused;
    return FlowMessage::Outcome::Waiting;
}

void FlowModel::take(const QString &method, const QJsonObject &params)
{
    Event event;
    FlowMessage &message = event.message;
    if (method == QLatin1String("flow.gap")) {
        message.kind = FlowMessage::Kind::Gap;
        message.seq
            = static_cast<quint64>(std::max<qint64>(0, params.value(QLatin1String("from")).toInteger()));
        message.missing
            = static_cast<quint64>(std::max<qint64>(0, params.value(QLatin1String("dropped")).toInteger()));
        message.reason = params.value(QLatin1String("why")).toString();
        message.ts = m_messages.empty() ? 0 : m_messages.back().ts;
    } else if (method == QLatin1String("flow.event")) {
        if (--m_credit <= creditStep / 2) {
            m_credit += creditStep;
            m_connection.request(QStringLiteral("sub.credit"),
                                 {{QLatin1String("sub"), m_sub}, {QLatin1String("credit"), creditStep}}, this,
                                 {});
        }
        event.name = params.value(QLatin1String("event")).toString();
        message.outcome = outcomeOf(event.name);
        message.seq
            = static_cast<quint64>(std::max<qint64>(0, params.value(QLatin1String("seq")).toInteger()));
        message.ts = params.value(QLatin1String("ts")).toInteger();
        message.message = params.value(QLatin1String("message")).toString();
        message.from = params.value(QLatin1String("from")).toString();
        message.to = params.value(QLatin1String("to")).toString();
        message.kind = FlowMessage::kindOf(params.value(QLatin1String("kind")).toString());
        message.bytes = params.value(QLatin1String("bytes")).toInteger();
        message.delay = params.value(QLatin1String("delay")).toInteger(-1);
        message.via = params.value(QLatin1String("via")).toString();
        message.reason = params.value(QLatin1String("reason")).toString();
        const QJsonValue payload = params.value(QLatin1String("payload"));
        message.payload = textOf(payload);
        if (message.ts >= m_latest) {
            m_latest = message.ts;
            m_sinceLatest.start();
        }
    } else {
        return;
    }
    m_incoming.push_back(std::move(event));
    if (static_cast<int>(m_incoming.size())
        > 2 * m_capacity) // paused for long: the oldest are of no use any more
        m_incoming.erase(m_incoming.begin(), m_incoming.begin() + m_capacity);
    if (!m_paused && !m_flush.isActive())
        m_flush.start();
    else if (m_paused)
        emit statusChanged();
}

void FlowModel::flush()
{
    if (m_paused || m_incoming.empty())
        return;
    std::vector<Event> events = std::exchange(m_incoming, {});
    std::vector<FlowMessage> fresh;
    QHash<QString, int> freshAt;
    int firstChanged = rowCount();
    int lastChanged = -1;
    for (Event &event : events) {
        const auto known = m_places.constFind(event.message.message);
        const auto among = freshAt.constFind(event.message.message);
        const bool follows
            = event.message.kind != FlowMessage::Kind::Gap && event.name != QLatin1String("accepted");
        if (follows && among != freshAt.constEnd()) {
            FlowMessage &message = fresh[static_cast<std::size_t>(*among)];
            message.outcome = event.message.outcome;
            message.delay = event.message.delay;
            message.reason = event.message.reason;
        } else if (follows && known != m_places.constEnd() && *known >= m_removed) {
            const int row = static_cast<int>(*known - m_removed);
            update(row, event);
            firstChanged = std::min(firstChanged, row);
            lastChanged = std::max(lastChanged, row);
        } else {
            if (event.message.kind == FlowMessage::Kind::Gap && !fresh.empty())
                event.message.ts = fresh.back().ts;
            freshAt.insert(event.message.message, static_cast<int>(fresh.size()));
            fresh.push_back(std::move(event.message));
        }
    }
    if (lastChanged >= 0)
        emit dataChanged(index(firstChanged, 0), index(lastChanged, ColumnCount - 1));
    append(std::move(fresh));
    emit flushed();
    emit statusChanged();
}

void FlowModel::update(int row, const Event &event)
{
    FlowMessage &message = m_messages[static_cast<std::size_t>(row)];
    message.outcome = event.message.outcome;
    message.delay = event.message.delay;
    message.reason = event.message.reason;
}

void FlowModel::append(std::vector<FlowMessage> messages)
{
    if (static_cast<int>(messages.size()) > m_capacity)
        messages.erase(messages.begin(), messages.end() - m_capacity);
    if (messages.empty())
        return;
    const int count = static_cast<int>(messages.size());
    const int excess = rowCount() + count - m_capacity;
    if (excess > 0) {
        const int gone = std::min(rowCount(), std::max(excess, std::min(removedAtOnce, m_capacity / 10)));
        if (gone > 0) {
            beginRemoveRows({}, 0, gone - 1);
            for (int i = 0; i < gone; ++i) {
                const auto place = m_places.find(m_messages[static_cast<std::size_t>(i)].message);
                if (place != m_places.end() && *place == m_removed + static_cast<quint64>(i))
                    m_places.erase(place);
            }
            m_messages.erase(m_messages.begin(), m_messages.begin() + gone);
            m_removed += static_cast<quint64>(gone);
            endRemoveRows();
        }
    }
    beginInsertRows({}, rowCount(), rowCount() + count - 1);
    for (FlowMessage &message : messages) {
        if (!message.message.isEmpty())
            m_places.insert(message.message, m_removed + m_messages.size());
        m_messages.push_back(std::move(message));
    }
    endInsertRows();
}

} // namespace msgsrv::console
