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

} // namespace

FlowModel::FlowModel(Connection &connection, QObject *parent, int capacity)
    : StreamModel(connection, QStringLiteral("flow.open"), creditStep, capacity, parent)
{
    connect(&connection, &Connection::startedOver, this, &FlowModel::clear);
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

void FlowModel::setPayload(bool payload)
{
    m_payload = payload;
    setParameters(payload ? QJsonObject{{QLatin1String("payload"), true}} : QJsonObject());
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

FlowMessage FlowModel::gapFrom(const QJsonObject &params) const
{
    FlowMessage message;
    message.kind = FlowMessage::Kind::Gap;
    message.seq = static_cast<quint64>(std::max<qint64>(0, params.value(QLatin1String("from")).toInteger()));
    message.missing
        = static_cast<quint64>(std::max<qint64>(0, params.value(QLatin1String("dropped")).toInteger()));
    message.reason = params.value(QLatin1String("why")).toString();
    message.ts = m_messages.empty() ? 0 : m_messages.back().ts;
    return message;
}

FlowMessage FlowModel::messageFrom(const QJsonObject &params)
{
    FlowMessage message;
    message.outcome = outcomeOf(params.value(QLatin1String("event")).toString());
    message.seq = static_cast<quint64>(std::max<qint64>(0, params.value(QLatin1String("seq")).toInteger()));
    message.ts = params.value(QLatin1String("ts")).toInteger();
    message.message = params.value(QLatin1String("message")).toString();
    message.from = params.value(QLatin1String("from")).toString();
    message.to = params.value(QLatin1String("to")).toString();
    message.kind = FlowMessage::kindOf(params.value(QLatin1String("kind")).toString());
    message.bytes = params.value(QLatin1String("bytes")).toInteger();
    message.delay = params.value(QLatin1String("delay")).toInteger(-1);
    message.via = params.value(QLatin1String("via")).toString();
    message.reason = params.value(QLatin1String("reason")).toString();
    message.payload = textOf(params.value(QLatin1String("payload")));
    return message;
}

void FlowModel::take(const QString &method, const QJsonObject &params)
{
    if (method == QLatin1String("flow.gap")) {
        m_incoming.push_back({{}, gapFrom(params)});
    } else if (method == QLatin1String("flow.event")) {
        useCredit();
        m_incoming.push_back({params.value(QLatin1String("event")).toString(), messageFrom(params)});
        if (const qint64 ts = m_incoming.back().message.ts; ts >= m_latest) {
            m_latest = ts;
            m_sinceLatest.start();
        }
    } else {
        return;
    }
    bound(m_incoming);
    announce();
}

void FlowModel::show()
{
    if (m_incoming.empty())
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
    if (static_cast<int>(messages.size()) > capacity())
        messages.erase(messages.begin(), messages.end() - capacity());
    if (messages.empty())
        return;
    const int count = static_cast<int>(messages.size());
    makeRoom(count);
    beginInsertRows({}, rowCount(), rowCount() + count - 1);
    for (FlowMessage &message : messages) {
        if (!message.message.isEmpty())
            m_places.insert(message.message, m_removed + m_messages.size());
        m_messages.push_back(std::move(message));
    }
    endInsertRows();
}

void FlowModel::dropFirst(int count)
{
    for (int i = 0; i < count; ++i) {
        const auto place = m_places.find(m_messages[static_cast<std::size_t>(i)].message);
        if (place != m_places.end() && *place == m_removed + static_cast<quint64>(i))
            m_places.erase(place);
    }
    m_messages.erase(m_messages.begin(), m_messages.begin() + count);
    m_removed += static_cast<quint64>(count);
}

} // namespace msgsrv::console
