// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/models/flowmessage.h"
#include "admin-gui/models/streammodel.h"

#include <QElapsedTimer>
#include <QHash>

#include <deque>
#include <vector>

namespace msgsrv::console {

/// What flows between users: one row for each message, in the server's order, with what became of it.
class FlowModel : public StreamModel
{
    Q_OBJECT

public:
    enum Column { Time, From, To, KindColumn, OutcomeColumn, Delay, Bytes, Via, Message, ColumnCount };
    static constexpr int defaultCapacity = 100'000;
    static constexpr int creditStep = 4096; ///< events asked for at a time

    explicit FlowModel(Connection &connection, QObject *parent = nullptr, int capacity = defaultCapacity);

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

    [[nodiscard]] const FlowMessage &at(int row) const { return m_messages[static_cast<std::size_t>(row)]; }
    [[nodiscard]] int indexOfSeq(quint64 seq) const; ///< row of the message that began with it, or -1

    [[nodiscard]] int waiting() const override { return static_cast<int>(m_incoming.size()); }
    /// Asks for contents from now on; needs the right to see them.
    void setPayload(bool payload);
    [[nodiscard]] bool hasPayload() const { return m_payload; }
    void clear();
    /// The server's clock, as far as events told it and time has passed since; ms since the epoch, 0: nothing
    /// told.
    [[nodiscard]] qint64 serverTime() const;

signals:
    void flushed(); ///< rows came or changed

private:
    struct Event
    {
        QString name; ///< accepted, written, dropped, refused; empty: a gap
        FlowMessage message;
    };

    void take(const QString &method, const QJsonObject &params) override;
    void show() override;
    void dropFirst(int count) override;
    [[nodiscard]] FlowMessage gapFrom(const QJsonObject &params) const;
    [[nodiscard]] static FlowMessage messageFrom(const QJsonObject &params);
    void append(std::vector<FlowMessage> messages);
    void update(int row, const Event &event);
    [[nodiscard]] static FlowMessage::Outcome outcomeOf(const QString &event);

    std::deque<FlowMessage> m_messages;
    QHash<QString, quint64> m_places; ///< message id to its row counted from the very first
    quint64 m_removed = 0; ///< rows that have gone at the front
    std::vector<Event> m_incoming;
    qint64 m_latest = 0; ///< the newest event's time, and how long ago it came
    QElapsedTimer m_sinceLatest;
    bool m_payload = false;
};

} // namespace msgsrv::console
