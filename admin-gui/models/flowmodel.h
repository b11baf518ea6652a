// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/connection.h"
#include "admin-gui/models/flowmessage.h"

#include <QAbstractTableModel>
#include <QElapsedTimer>
#include <QSet>
#include <QTimer>

#include <deque>
#include <vector>

namespace msgsrv::console {

/// What flows between users: one row for each message, in the server's order, with what became of it. At most
/// `capacity` rows; the oldest go first, a thousand at a time.
///
/// Events are gathered and shown ten times a second. While paused nothing moves; what came meanwhile (up to
/// the capacity) is shown afterwards.
class FlowModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    enum Column { Time, From, To, KindColumn, OutcomeColumn, Delay, Bytes, Via, Message, ColumnCount };
    static constexpr int defaultCapacity = 100'000;
    static constexpr int creditStep = 4096; ///< events asked for at a time

    explicit FlowModel(Connection &connection, QObject *parent = nullptr, int capacity = defaultCapacity);
    ~FlowModel() override;

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role = Qt::DisplayRole) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role = Qt::DisplayRole) const override;

    [[nodiscard]] const FlowMessage &at(int row) const { return m_messages[static_cast<std::size_t>(row)]; }
    [[nodiscard]] int indexOfSeq(quint64 seq) const; ///< row of the message that began with it, or -1

    /// Whether the server is asked for events at all.
    void setActive(bool active);
    [[nodiscard]] bool isActive() const { return m_active; }
    void setPaused(bool paused);
    [[nodiscard]] bool isPaused() const { return m_paused; }
    [[nodiscard]] int waiting() const { return static_cast<int>(m_incoming.size()); } ///< while paused
    /// Asks for contents from now on; needs the right to see them.
    void setPayload(bool payload);
    [[nodiscard]] bool hasPayload() const { return m_payload; }
    void clear();
    [[nodiscard]] QString error() const { return m_error; }
    /// The server's clock, as far as events told it and time has passed since; ms since the epoch, 0: nothing
    /// told.
    [[nodiscard]] qint64 serverTime() const;

signals:
    void statusChanged(); ///< active, paused, waiting or error
    void flushed(); ///< rows came or changed

private:
    struct Event
    {
        QString name; ///< accepted, written, dropped, refused; empty: a gap
        FlowMessage message;
    };

    void open();
    void close();
    void take(const QString &method, const QJsonObject &params);
    void flush();
    void append(std::vector<FlowMessage> messages);
    void update(int row, const Event &event);
    [[nodiscard]] static FlowMessage::Outcome outcomeOf(const QString &event);

    Connection &m_connection;
    int m_capacity;
    std::deque<FlowMessage> m_messages;
    QHash<QString, quint64> m_places; ///< message id to its row counted from the very first
    quint64 m_removed = 0; ///< rows that have gone at the front
    std::vector<Event> m_incoming;
    qint64 m_latest = 0; ///< the newest event's time, and how long ago it came
    QElapsedTimer m_sinceLatest;
    QTimer m_flush;
    qint64 m_sub = -1;
    quint64 m_request = 0;
    int m_credit = 0;
    bool m_active = false;
    bool m_paused = false;
    bool m_payload = false;
    QString m_error;
};

} // namespace msgsrv::console
