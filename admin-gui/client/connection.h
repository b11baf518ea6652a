// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "admin-gui/client/backoff.h"
#include "admin-gui/client/linkstate.h"
#include "admin-gui/client/reply.h"
#include "admin-gui/client/serverfacts.h"
#include "admin-gui/client/wire.h"
#include "shared/management/jsonrpc.h"
#include "shared/management/lineframer.h"

#include <QElapsedTimer>
#include <QHash>
#include <QPointer>
#include <QTimer>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

namespace msgsrv::console {

/// The connection to one server, over all its losses and returns. It never gives up by itself, except when
/// the server refuses the login or speaks another major version of the protocol.
///
/// What a server sends is not trusted: lines that are no JSON object are counted and passed over, and a line
/// beyond the limit ends the connection (it is tried again).
class Connection : public QObject
{
    Q_OBJECT

public:
    using WireFactory = std::function<std::unique_ptr<Wire>()>;
    using Answer = std::function<void(const Reply &)>;
    using Notice = std::function<void(const QString &method, const QJsonObject &params)>;
    enum class Stream { View, Subscription };

    struct Timing
    {
        std::chrono::milliseconds deadline{10'000}; ///< for each step until logged in
        std::chrono::milliseconds ping{5'000}; ///< also how the lag is measured
        std::chrono::milliseconds silence{20'000}; ///< nothing at all for so long: lost
        std::chrono::milliseconds firstRetry{500};
        std::chrono::milliseconds longestRetry{20'000};
    };
    /// What a server may send as one line; more than the protocol's limit, which a newer one may raise.
    static constexpr std::size_t longestLine = 4 * management::usual::line;

    explicit Connection(QObject *parent = nullptr);
    Connection(const Timing &timing, QObject *parent);
    ~Connection() override;

    /// Ends what there is and connects to another server. @p login are the parameters of the login but
    /// `client`; they are kept in memory for the next attempts, and nowhere else.
    void open(WireFactory factory, QJsonObject login);
    void close();
    /// In Lost or Disconnected: now instead of later.
    void retryNow();

    [[nodiscard]] LinkState state() const { return m_state; }
    /// Why the state is Lost or Disconnected; empty otherwise.
    [[nodiscard]] QString why() const { return m_why; }
    /// In Lost: until the next attempt.
    [[nodiscard]] std::chrono::milliseconds retryIn() const;
    [[nodiscard]] const ServerFacts &server() const { return m_server; }
    [[nodiscard]] const LoginFacts &login() const { return m_login; }
    /// Whether the login may call @p method, and the profile does not forbid it.
    [[nodiscard]] bool may(const QString &method) const;
    /// A profile that only looks: actions are not sent, whatever the server would allow.
    void setReadOnly(bool readOnly);
    [[nodiscard]] bool isReadOnly() const { return m_readOnly; }

    /// Sends a request. @p answer is called exactly once, from the event loop, unless @p context is gone by
    /// then.
    void request(const QString &method, const QJsonObject &params, QObject *context, Answer answer);
    /// Who gets the notifications about a view or subscription. They end with detach(), with @p context, or
    /// with the connection (ids are of one connection).
    void attach(Stream stream, qint64 id, QObject *context, Notice notice);
    void detach(Stream stream, qint64 id);

    [[nodiscard]] std::chrono::microseconds lag() const { return m_lag; } ///< round trip of the last ping
    [[nodiscard]] quint64 missed() const { return m_missed; } ///< events that the server had to leave out
    [[nodiscard]] quint64 malformed() const
    {
        return m_malformed;
    } ///< lines that were no message of the protocol

signals:
    void stateChanged(msgsrv::console::LinkState state);
    /// Another run of the daemon than before: ids and histories of before mean nothing.
    void startedOver();
    void countersChanged(); ///< lag(), missed() or malformed()

private:
    struct Pending
    {
        QPointer<QObject> context;
        Answer answer;
        bool synchronizing = false;
    };
    struct Listener
    {
        QPointer<QObject> context;
        Notice notice;
    };

    void setState(LinkState state, const QString &why = {});
    void connectNow();
    void lose(const QString &why, bool forGood = false);
    void dropWire();
    void read(const QByteArray &bytes);
    void handleLine(std::string_view line);
    void handle(management::Request &request);
    void handle(management::Notification &notification)
    {
        handleNotification(notification.method, notification.params);
    }
    void handle(management::Response &response);
    void handle(management::Failure &failure);
    void handleHello(const QJsonObject &params);
    void handleLogin(const Reply &reply);
    void finish(const QJsonValue &id, const Reply &reply);
    void countMalformed();
    void handleNotification(const QString &method, const QJsonObject &params);
    void transmit(const QString &method, const QJsonObject &params, Pending pending);
    void synchronized();
    void ping();

    Timing m_timing;
    WireFactory m_factory;
    QJsonObject m_credentials;
    std::unique_ptr<Wire> m_wire;
    std::optional<management::LineFramer> m_framer; ///< of m_wire
    LinkState m_state = LinkState::Disconnected;
    QString m_why;
    Backoff m_backoff;
    QTimer m_retry;
    QTimer m_deadline;
    QTimer m_ping;
    QElapsedTimer m_heard;
    QElapsedTimer m_pinged;
    ServerFacts m_server;
    LoginFacts m_login;
    bool m_readOnly = false;
    qint64 m_nextId = 1;
    QHash<qint64, Pending> m_pending;
    int m_synchronizing = 0; ///< answers that are awaited before the state is Live
    QHash<QPair<int, qint64>, Listener> m_listeners;
    std::chrono::microseconds m_lag{0};
    quint64 m_missed = 0;
    quint64 m_malformed = 0;
};

} // namespace msgsrv::console
