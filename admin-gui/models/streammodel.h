// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/connection.h"

#include <QAbstractTableModel>
#include <QJsonObject>
#include <QTimer>

#include <cstddef>
#include <vector>

namespace msgsrv::console {

/// What the flow of messages and the log have in common: a subscription of the server's, with credit that is
/// renewed while it is used; rows that come at the end, gathered and shown ten times a second; at most
/// `capacity` of them, the oldest go first. While paused nothing moves; what came meanwhile is shown
/// afterwards.
class StreamModel : public QAbstractTableModel
{
    Q_OBJECT

public:
    ~StreamModel() override;

    /// Whether the server is asked at all.
    void setActive(bool active);
    [[nodiscard]] bool isActive() const { return m_active; }
    void setPaused(bool paused);
    [[nodiscard]] bool isPaused() const { return m_paused; }
    /// Rows that came while paused.
    [[nodiscard]] virtual int waiting() const = 0;
    /// Why the server does not tell; empty: it does.
    [[nodiscard]] QString error() const { return m_error; }

signals:
    void statusChanged(); ///< active, paused, waiting or error

protected:
    /// @p method opens the subscription; @p creditStep events are asked for at a time, or what the server
    /// allows.
    StreamModel(Connection &connection, QString method, int creditStep, int capacity, QObject *parent);

    [[nodiscard]] Connection &connection() const { return m_connection; }
    [[nodiscard]] int capacity() const { return m_capacity; }
    /// What else the subscription asks for; it is opened anew.
    void setParameters(const QJsonObject &parameters);
    /// To be called for each event that uses credit.
    void useCredit();
    /// To be called after something came: it is shown soon, or waits.
    void announce();
    /// The oldest of @p incoming that can be of no use any more, since so many others wait, go.
    template <typename Row>
    void bound(std::vector<Row> &incoming) const
    {
        if (static_cast<int>(incoming.size()) > 2 * m_capacity)
            incoming.erase(incoming.begin(), incoming.begin() + m_capacity);
    }
    /// Removes rows at the front, some at once, so that @p incoming more have room.
    void makeRoom(int incoming);

    /// A notification of the subscription.
    virtual void take(const QString &method, const QJsonObject &params) = 0;
    /// Makes rows of what came.
    virtual void show() = 0;
    /// The first @p count rows, which are known to go, from where they are kept.
    virtual void dropFirst(int count) = 0;

private:
    void open();
    void close();

    Connection &m_connection;
    const QString m_method;
    const int m_creditStep;
    const int m_capacity;
    QJsonObject m_parameters;
    QTimer m_flush;
    qint64 m_sub = -1;
    quint64 m_request = 0; ///< the last one; answers to earlier ones are thrown away
    int m_step = 0; ///< of the open subscription
    int m_credit = 0;
    bool m_active = false;
    bool m_paused = false;
    QString m_error;
};

} // namespace msgsrv::console
