// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/demo/demopeer.h"

#include "admin-gui/demo/demoserver.h"
#include "shared/management/protocol.h"

#include <QRegularExpression>

#include <algorithm>

namespace msgsrv::console {

namespace {

namespace name = management::method;
using management::ErrorCode;

int levelOf(const QString &level)
{
    static const QStringList order{QStringLiteral("debug"), QStringLiteral("info"), QStringLiteral("warning"),
                                   QStringLiteral("error")};
    return std::max(0, static_cast<int>(order.indexOf(level)));
}

management::Role needed(const QString &method)
{
    if (method == name::logLevel)
        return management::Role::Admin;
    if (method == name::sessionClose || method == name::queuePeek || method == name::queuePurge
        || method == name::auditList)
        return management::Role::Operator;
    return management::Role::Observer;
}

} // namespace

DemoPeer::DemoPeer(DemoServer &server, std::unique_ptr<MemoryWire> wire)
    : m_server(server)
    , m_wire(std::move(wire))
{
    connect(m_wire.get(), &Wire::opened, this, [this] {
        send({management::notification::hello,
              {{QLatin1String("server"), QLatin1String("messaging-server")},
               {QLatin1String("version"), QLatin1String(MSGSRV_VERSION)},
               {QLatin1String("protocol"),
                QJsonObject{{QLatin1String("major"), management::protocolMajor},
                            {QLatin1String("minor"), management::protocolMinor}}},
               {QLatin1String("boot"), m_server.boot()},
               {QLatin1String("features"),
                QJsonArray{QLatin1String("views"), QLatin1String("flow"), QLatin1String("log"),
                           QLatin1String("series"), QLatin1String("actions"), QLatin1String("audit")}},
               {QLatin1String("auth"), QJsonArray{QLatin1String("peer")}}}});
    });
    connect(m_wire.get(), &Wire::received, this, &DemoPeer::read);
    connect(m_wire.get(), &Wire::closed, this, [this] { m_server.forget(this); });
}

void DemoPeer::read(const QByteArray &bytes)
{
    std::string_view rest(bytes.constData(), static_cast<std::size_t>(bytes.size()));
    for (;;) {
        const auto event = m_framer.next(rest);
        const auto *line = std::get_if<management::LineFramer::Line>(&event);
        if (line == nullptr)
            return;
        const auto message = management::parseMessage(line->text);
        if (!message)
            m_wire->send(management::toLine(message.error()));
        else if (const auto *request = std::get_if<management::Request>(&*message))
            answer(*request);
    }
}

tl::unexpected<management::Failure> DemoPeer::failure(ErrorCode code, const QString &text)
{
    return tl::unexpected(management::Failure{{}, code, text});
}

void DemoPeer::answer(const management::Request &request)
{
    Result result = call(request.method, request.params);
    if (result) {
        m_wire->send(management::toLine(management::Response{request.id, *result}));
    } else {
        result.error().id = request.id;
        m_wire->send(management::toLine(result.error()));
    }
}

QJsonArray DemoPeer::may() const
{
    const auto role = management::roleFromName(m_server.role()).value_or(management::Role::None);
    QJsonArray methods;
    for (const QLatin1String method :
         {name::ping, name::login, name::describe, name::serverStatus, name::viewOpen, name::viewChange,
          name::viewClose, name::flowOpen, name::logOpen, name::subscriptionCredit, name::subscriptionClose,
          name::logLevel, name::seriesList, name::seriesGet, name::sessionClose, name::queuePeek,
          name::queuePurge, name::auditList}) {
        if (needed(method) <= role)
            methods.append(method);
    }
    return methods;
}

DemoPeer::Result DemoPeer::call(const QString &method, const QJsonObject &params)
{
    if (method == name::ping)
        return QJsonObject{};
    if (method == name::login) {
        m_loggedIn = true;
        return QJsonObject{{QLatin1String("role"), m_server.role()},
                           {QLatin1String("user"), QLatin1String("demo")},
                           {QLatin1String("may"), may()}};
    }
    if (!m_loggedIn)
        return failure(ErrorCode::LoginFirst, QStringLiteral("Log in first"));
    if (!may().contains(method)) {
        return needed(method) > management::Role::Observer
            ? failure(ErrorCode::Forbidden,
                      QStringLiteral("The role %1 does not allow this").arg(m_server.role()))
            : failure(ErrorCode::NoSuchMethod, QStringLiteral("There is no method %1").arg(method));
    }
    DemoWorld &world = m_server.world();
    if (method == name::serverStatus) {
        QJsonObject status = world.status();
        status.insert(QLatin1String("boot"), m_server.boot());
        return status;
    }
    if (method == name::viewOpen)
        return openView(params);
    if (method == name::viewChange)
        return changeView(params);
    if (method == name::viewClose) {
        if (m_views.erase(params.value(QLatin1String("view")).toInteger()) == 0)
            return failure(ErrorCode::NoSuchObject, QStringLiteral("There is no such view"));
        return QJsonObject{};
    }
    if (method == name::flowOpen || method == name::logOpen)
        return subscribe(method == name::flowOpen, params);
    if (method == name::subscriptionCredit || method == name::subscriptionClose) {
        const auto found = m_subscriptions.find(params.value(QLatin1String("sub")).toInteger());
        if (found == m_subscriptions.end())
            return failure(ErrorCode::NoSuchObject, QStringLiteral("There is no such subscription"));
        if (method == name::subscriptionClose)
            m_subscriptions.erase(found);
        else
            found->credit += params.value(QLatin1String("credit")).toInt();
        return QJsonObject{};
    }
    if (method == name::seriesList)
        return QJsonObject{{QLatin1String("series"), world.seriesList()}};
    if (method == name::seriesGet) {
        const QJsonObject series = world.series(params.value(QLatin1String("name")).toString(),
                                                params.value(QLatin1String("seconds")).toInt(300));
        if (series.isEmpty())
            return failure(ErrorCode::NoSuchObject, QStringLiteral("There is no such series"));
        return series;
    }
    if (method == name::auditList)
        return QJsonObject{{QLatin1String("entries"), m_audit}};
    return act(method, params);
}

DemoPeer::Result DemoPeer::openView(const QJsonObject &params)
{
    const management::Table *table
        = management::findTable(params.value(QLatin1String("table")).toString().toStdString());
    if (table == nullptr)
        return failure(ErrorCode::BadParameters, QStringLiteral("There is no such table"));
    if (m_views.size() >= static_cast<std::size_t>(management::usual::views))
        return failure(ErrorCode::TooMany, QStringLiteral("There are 16 views already"));
    const qint64 id = m_nextId++;
    DemoView &view = m_views.emplace(id, DemoView(*table)).first->second;
    if (const auto error = view.configure(params)) {
        m_views.erase(id);
        management::Failure bad{{}, ErrorCode::BadFilter, QString::fromStdString(error->message)};
        bad.data.insert(QLatin1String("at"), static_cast<qint64>(error->offset));
        return tl::unexpected(bad);
    }
    QJsonObject result = view.snapshot(m_server.world().rows(view.table()));
    result.insert(QLatin1String("view"), id);
    result.insert(QLatin1String("columns"), view.columns());
    return result;
}

DemoPeer::Result DemoPeer::changeView(const QJsonObject &params)
{
    const auto found = m_views.find(params.value(QLatin1String("view")).toInteger());
    if (found == m_views.end())
        return failure(ErrorCode::NoSuchObject, QStringLiteral("There is no such view"));
    if (const auto error = found->second.configure(params)) {
        management::Failure bad{{}, ErrorCode::BadFilter, QString::fromStdString(error->message)};
        bad.data.insert(QLatin1String("at"), static_cast<qint64>(error->offset));
        return tl::unexpected(bad);
    }
    return found->second.snapshot(m_server.world().rows(found->second.table()));
}

DemoPeer::Result DemoPeer::subscribe(bool flow, const QJsonObject &params)
{
    const bool payload = params.value(QLatin1String("payload")).toBool();
    if (payload && m_server.role() != QLatin1String("admin"))
        return failure(ErrorCode::Forbidden, QStringLiteral("Only an admin may see contents"));
    const qint64 id = m_nextId++;
    Subscription subscription;
    subscription.flow = flow;
    subscription.payload = payload;
    subscription.credit = params.value(QLatin1String("credit")).toInt();
    subscription.level = params.value(QLatin1String("level")).toString();
    subscription.pattern = params.value(QLatin1String("pattern")).toString();
    m_subscriptions.insert(id, subscription);
    QMetaObject::invokeMethod(
        this,
        [this, id] { // behind the answer
            const auto found = m_subscriptions.find(id);
            if (found == m_subscriptions.end())
                return;
            for (const QJsonObject &event : m_server.history(found->flow))
                feed(id, *found, event);
        },
        Qt::QueuedConnection);
    return QJsonObject{{QLatin1String("sub"), id}, {QLatin1String("seq"), 0}};
}

DemoPeer::Result DemoPeer::act(const QString &method, const QJsonObject &params)
{
    DemoWorld &world = m_server.world();
    const QString id = params.value(QLatin1String("id")).toString();
    const QString reason = params.value(QLatin1String("reason")).toString();
    if (method == name::queuePeek)
        return QJsonObject{
            {QLatin1String("messages"), world.peek(id, params.value(QLatin1String("count")).toInt(20))}};
    if (method == name::logLevel || method == name::describe)
        return QJsonObject{};
    if (reason.isEmpty())
        return failure(ErrorCode::BadParameters, QStringLiteral("A reason is needed"));
    QJsonObject result;
    if (method == name::sessionClose) {
        if (!world.closeSession(id, reason))
            return failure(ErrorCode::NoSuchObject, QStringLiteral("There is no such session"));
        result.insert(QLatin1String("closed"), true);
    } else {
        const int purged = world.purgeQueue(id);
        if (purged < 0)
            return failure(ErrorCode::NoSuchObject, QStringLiteral("There is no such queue"));
        result.insert(QLatin1String("purged"), purged);
    }
    m_audit.append(QJsonObject{{QLatin1String("ts"), world.now()},
                               {QLatin1String("user"), QLatin1String("demo")},
                               {QLatin1String("role"), m_server.role()},
                               {QLatin1String("method"), method},
                               {QLatin1String("target"), id},
                               {QLatin1String("reason"), reason},
                               {QLatin1String("outcome"), QLatin1String("done")}});
    return result;
}

void DemoPeer::feed(qint64 id, Subscription &subscription, const QJsonObject &event)
{
    const bool flow = subscription.flow;
    if (!flow && !subscription.level.isEmpty()
        && levelOf(event.value(QLatin1String("level")).toString()) < levelOf(subscription.level))
        return;
    if (!flow && !subscription.pattern.isEmpty()
        && !event.value(QLatin1String("text")).toString().contains(QRegularExpression(subscription.pattern)))
        return;
    if (subscription.credit <= 0) {
        if (subscription.lost++ == 0)
            subscription.lostFrom = event.value(QLatin1String("seq")).toInteger();
        return;
    }
    if (subscription.lost > 0) {
        send({flow ? management::notification::flowGap : management::notification::logGap,
              {{QLatin1String("sub"), id},
               {QLatin1String("from"), subscription.lostFrom},
               {QLatin1String("to"), event.value(QLatin1String("seq")).toInteger() - 1},
               {QLatin1String("dropped"), subscription.lost},
               {QLatin1String("why"), QLatin1String("credit")}}});
        subscription.lost = 0;
    }
    --subscription.credit;
    QJsonObject params = event;
    params.insert(QLatin1String("sub"), id);
    if (!subscription.payload)
        params.remove(QLatin1String("payload"));
    send({flow ? management::notification::flowEvent : management::notification::logLine, params});
}

void DemoPeer::tick(const std::vector<QJsonObject> &flow, const std::vector<QJsonObject> &log)
{
    for (auto &[id, view] : m_views) {
        QJsonObject delta = view.delta(m_server.world().rows(view.table()), m_server.world().now());
        if (delta.isEmpty())
            continue;
        delta.insert(QLatin1String("view"), id);
        send({management::notification::viewDelta, delta});
    }
    for (auto subscription = m_subscriptions.begin(); subscription != m_subscriptions.end(); ++subscription) {
        for (const QJsonObject &event : subscription->flow ? flow : log)
            feed(subscription.key(), *subscription, event);
    }
}

} // namespace msgsrv::console
