// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/client/connection.h"

#include <QRandomGenerator>

#include <utility>

namespace msgsrv::console {

namespace {

/// What changes something on the server; a read-only profile never sends these.
bool isAction(const QString &method)
{
    return method == management::method::sessionClose || method == management::method::queuePurge
        || method == management::method::logLevel;
}

} // namespace

Connection::Connection(QObject *parent)
    : Connection(Timing{}, parent)
{ }

Connection::Connection(const Timing &timing, QObject *parent)
    : QObject(parent)
    , m_timing(timing)
    , m_backoff(timing.firstRetry, timing.longestRetry)
{
    m_retry.setSingleShot(true);
    connect(&m_retry, &QTimer::timeout, this, &Connection::connectNow);
    m_deadline.setSingleShot(true);
    connect(&m_deadline, &QTimer::timeout, this, [this] { lose(tr("The server did not answer in time")); });
    m_ping.setInterval(timing.ping);
    connect(&m_ping, &QTimer::timeout, this, &Connection::ping);
}

Connection::~Connection()
{
    dropWire();
}

void Connection::open(WireFactory factory, QJsonObject login)
{
    close();
    m_factory = std::move(factory);
    m_credentials = std::move(login);
    m_server = {};
    m_backoff.reset();
    connectNow();
}

void Connection::close()
{
    m_retry.stop();
    lose({}, true);
}

void Connection::retryNow()
{
    if (m_factory && (m_state == LinkState::Lost || m_state == LinkState::Disconnected))
        connectNow();
}

std::chrono::milliseconds Connection::retryIn() const
{
    return std::chrono::milliseconds(m_retry.isActive() ? m_retry.remainingTime() : 0);
}

bool Connection::may(const QString &method) const
{
    return isLoggedIn(m_state) && m_login.may.contains(method) && !(m_readOnly && isAction(method));
}

void Connection::setReadOnly(bool readOnly)
{
    m_readOnly = readOnly;
}

void Connection::connectNow()
{
    m_retry.stop();
    dropWire();
    m_wire = m_factory();
    m_framer.emplace(longestLine);
    connect(m_wire.get(), &Wire::opened, this, [this] {
        if (m_state == LinkState::Connecting)
            setState(LinkState::Hello);
    });
    connect(m_wire.get(), &Wire::received, this, &Connection::read);
    connect(m_wire.get(), &Wire::closed, this, [this](const QString &reason) { lose(reason); });
    setState(LinkState::Connecting);
    m_deadline.start(m_timing.deadline);
    m_wire->open();
}

void Connection::dropWire()
{
    if (!m_wire)
        return;
    m_wire->disconnect(this);
    m_wire->close();
    m_wire.release()->deleteLater(); // it may be the wire that is calling us
}

void Connection::lose(const QString &why, bool forGood)
{
    m_deadline.stop();
    m_ping.stop();
    dropWire();
    m_synchronizing = 0;
    m_listeners.clear();
    m_login = {};
    const auto pending = std::exchange(m_pending, {});
    if (!forGood && m_factory)
        m_retry.start(m_backoff.next(QRandomGenerator::global()->generateDouble()));
    setState(forGood ? LinkState::Disconnected : LinkState::Lost, why);
    for (const Pending &one : pending) {
        if (one.context && one.answer)
            one.answer(
                {.code = Reply::linkLost, .message = tr("The connection was lost before the answer came")});
    }
}

void Connection::setState(LinkState state, const QString &why)
{
    if (m_state == state && m_why == why)
        return;
    m_state = state;
    m_why = why;
    emit stateChanged(state);
}

void Connection::read(const QByteArray &bytes)
{
    m_heard.start();
    const QPointer<Wire> wire = m_wire.get();
    std::string_view rest(bytes.constData(), static_cast<std::size_t>(bytes.size()));
    while (wire != nullptr && wire == m_wire.get()) { // what is said may end the connection
        const auto event = m_framer->next(rest);
        if (const auto *line = std::get_if<management::LineFramer::Line>(&event)) {
            handleLine(line->text);
        } else {
            if (std::holds_alternative<management::LineFramer::TooLong>(event))
                lose(tr("The server sent a line of more than %1 bytes").arg(longestLine));
            return;
        }
    }
}

void Connection::handleLine(std::string_view line)
{
    auto message = management::parseMessage(line);
    if (message)
        std::visit([this](auto &one) { handle(one); }, *message);
    else
        countMalformed();
}

void Connection::countMalformed()
{
    ++m_malformed;
    emit countersChanged();
}

void Connection::handle(management::Request &)
{
    countMalformed(); // a server asks nothing
}

void Connection::handle(management::Response &response)
{
    if (response.result.isObject())
        finish(response.id, {.ok = true, .result = response.result.toObject()});
    else
        finish(response.id, {.code = -32603, .message = tr("The server's answer is none of the protocol")});
}

void Connection::handle(management::Failure &failure)
{
    finish(failure.id,
           {.code = static_cast<int>(failure.code), .message = failure.message, .data = failure.data});
}

void Connection::handleNotification(const QString &method, const QJsonObject &params)
{
    if (method == QLatin1String("hello")) {
        if (m_state == LinkState::Hello || m_state == LinkState::Connecting)
            handleHello(params);
        return;
    }
    if (!isLoggedIn(m_state))
        return;
    const bool view = params.contains(QLatin1String("view"));
    const auto stream = view ? Stream::View : Stream::Subscription;
    const qint64 id = params.value(view ? QLatin1String("view") : QLatin1String("sub")).toInteger(-1);
    if (method.endsWith(QLatin1String(".gap"))) {
        m_missed += static_cast<quint64>(qMax<qint64>(0, params.value(QLatin1String("dropped")).toInteger()));
        emit countersChanged();
    }
    const auto found = m_listeners.constFind({static_cast<int>(stream), id});
    if (found == m_listeners.constEnd())
        return;
    const Listener listener = *found;
    if (listener.context)
        listener.notice(method, params);
}

void Connection::handleHello(const QJsonObject &params)
{
    const ServerFacts before = std::exchange(m_server, ServerFacts::fromJson(params));
    if (m_server.major != management::protocolMajor) {
        lose(tr("The server speaks version %1 of the management protocol, this console speaks %2; use a "
                "console of the "
                "server's release")
                 .arg(m_server.major)
                 .arg(management::protocolMajor),
             true);
        return;
    }
    if (!before.boot.isEmpty() && before.boot != m_server.boot) {
        m_missed = 0;
        emit startedOver();
    }
    setState(LinkState::Authenticating);
    m_deadline.start(m_timing.deadline);
    QJsonObject login = m_credentials;
    login.insert(QLatin1String("client"), QLatin1String("messaging-console/" MSGSRV_VERSION));
    transmit(QStringLiteral("login"), login, {this, [this](const Reply &reply) { handleLogin(reply); }});
}

void Connection::handleLogin(const Reply &reply)
{
    if (reply.code == Reply::linkLost)
        return;
    if (!reply.ok) {
        lose(tr("The server refused the login: %1").arg(reply.message), true);
        return;
    }
    m_login = LoginFacts::fromJson(reply.result);
    m_backoff.reset();
    m_deadline.start(m_timing.deadline);
    setState(LinkState::Synchronizing);
    ping();
    m_ping.start();
}

void Connection::synchronized()
{
    if (m_state != LinkState::Synchronizing || m_synchronizing > 0)
        return;
    m_deadline.stop();
    setState(LinkState::Live);
}

void Connection::ping()
{
    if (m_heard.isValid() && m_heard.hasExpired(m_timing.silence.count())) {
        lose(tr("The server has said nothing for %1 s").arg(m_timing.silence.count() / 1000));
        return;
    }
    m_pinged.start();
    request(QStringLiteral("ping"), {}, this, [this](const Reply &reply) {
        if (!reply.ok)
            return;
        m_lag = std::chrono::microseconds(m_pinged.nsecsElapsed() / 1000);
        emit countersChanged();
    });
}

void Connection::request(const QString &method, const QJsonObject &params, QObject *context, Answer answer)
{
    const bool forbidden = m_readOnly && isAction(method);
    if (!isLoggedIn(m_state) || forbidden) {
        const QString message = forbidden ? tr("This connection only looks: its profile is read-only")
                                          : tr("There is no connection to the server");
        QMetaObject::invokeMethod(
            context,
            [message, then = std::move(answer)] {
                if (then)
                    then({.code = Reply::linkLost, .message = message});
            },
            Qt::QueuedConnection);
        return;
    }
    transmit(method, params, {context, std::move(answer), m_state == LinkState::Synchronizing});
}

void Connection::transmit(const QString &method, const QJsonObject &params, Pending pending)
{
    const qint64 id = m_nextId++;
    if (pending.synchronizing)
        ++m_synchronizing;
    m_pending.insert(id, std::move(pending));
    if (m_wire)
        m_wire->send(management::toLine(management::Request{id, method, params}));
}

void Connection::finish(const QJsonValue &id, const Reply &reply)
{
    const auto found = m_pending.find(id.toInteger(-1));
    if (found == m_pending.end()) {
        countMalformed();
        return;
    }
    const Pending pending = *found;
    m_pending.erase(found);
    if (pending.synchronizing)
        --m_synchronizing;
    if (pending.context && pending.answer)
        pending.answer(reply);
    if (pending.synchronizing)
        synchronized();
}

void Connection::attach(Stream stream, qint64 id, QObject *context, Notice notice)
{
    m_listeners.insert({static_cast<int>(stream), id}, {context, std::move(notice)});
}

void Connection::detach(Stream stream, qint64 id)
{
    m_listeners.remove({static_cast<int>(stream), id});
}

} // namespace msgsrv::console
