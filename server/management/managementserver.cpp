// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/managementserver.h"

#include "server/management/localwire.h"
#include "shared/base/log.h"

#include <QDateTime>
#include <QJsonArray>
#include <QLocalSocket>
#include <QLoggingCategory>
#include <QPointer>

#include <algorithm>
#include <unistd.h>
#include <utility>

namespace msgsrv::management {

namespace {

Q_LOGGING_CATEGORY(lcManagement, "msgsrv.management", QtInfoMsg)

constexpr seconds tickInterval(1);
constexpr int mostSeconds = 24 * 3600; // of a series

constexpr QLatin1String schemeName("scheme");
constexpr QLatin1String clientName("client");
constexpr QLatin1String tokenName("token");
constexpr QLatin1String seriesName("name");
constexpr QLatin1String secondsName("seconds");

} // namespace

ManagementServer::ManagementServer(Settings settings, Node &node, FlowTap &tap, ManagementMetrics &metrics)
    : m_settings(std::move(settings))
    , m_node(node)
    , m_metrics(metrics)
    , m_series(node.gauges())
    , m_views(node, m_settings.addresses, m_settings.views, metrics)
    , m_feeds(tap, m_settings.feeds, metrics)
    , m_actions(node, m_settings.audit)
    , m_logins(m_settings.logins)
{
    addMethods();
    connect(&m_views, &Views::lookChanged, this,
            [this] { m_feeds.setNegotiationsWanted(m_views.looksAt("sessions")); });
    connect(&m_local, &QLocalServer::newConnection, this, [this] {
        while (QLocalSocket *socket = m_local.nextPendingConnection()) {
            const Origin origin{credentialsOf(int(socket->socketDescriptor()))};
            accept(std::make_unique<LocalWire>(socket), origin);
        }
    });
    connect(&m_timer, &QTimer::timeout, this, &ManagementServer::tick);
    m_timer.start(tickInterval);
}

ManagementServer::~ManagementServer()
{
    for (const Console &console : std::exchange(m_consoles, {})) {
        console.peer->disconnect(this);
        console.peer->finish();
        delete console.peer;
    }
    m_metrics.consoles->store(0);
}

void ManagementServer::listen(int descriptor)
{
    if (!m_local.listen(qintptr(descriptor))) {
        log::error(lcManagement(), "management.listen_failed", {{"message", m_local.errorString()}});
        ::close(descriptor);
    }
}

void ManagementServer::listenTls(int descriptor)
{
    m_remote = std::make_unique<TlsListener>(
        TlsListener::Settings{m_settings.tls, m_settings.peer.login},
        [this](int handshakes) { return admitsRemote(handshakes); },
        [this](std::unique_ptr<Wire> wire, const Origin &origin) { accept(std::move(wire), origin); });
    if (!m_remote->setSocketDescriptor(qintptr(descriptor))) {
        log::error(lcManagement(), "management.listen_failed", {{"message", m_remote->errorString()}});
        ::close(descriptor);
    }
}

/// Strangers take no place of somebody who could log in.
bool ManagementServer::admitsRemote(int handshakes)
{
    const auto strangers
        = handshakes + std::count_if(m_consoles.begin(), m_consoles.end(), [](const Console &console) {
              return console.origin.remote && console.peer->role() == Role::None;
          });
    if (m_settings.pending == 0 || strangers < m_settings.pending)
        return true;
    m_metrics.limited(Limit::Pending);
    return false;
}

void ManagementServer::accept(std::unique_ptr<Wire> wire, const Origin &origin)
{
    if (m_settings.consoles > 0 && int(m_consoles.size()) >= m_settings.consoles) {
        m_metrics.rejected();
        wire->abort();
        wire.release()->deleteLater();
        return;
    }
    auto *peer = new ManagementPeer(std::move(wire), m_methods, m_settings.peer, Clock::now());
    peer->setParent(this);
    m_consoles.push_back({peer, origin});
    m_metrics.consoles->fetch_add(1);
    connect(peer, &ManagementPeer::closing, this, [this, peer](Closing reason) {
        m_metrics.closed(reason);
        log::info(lcManagement(), "management.closed",
                  {{"user", peer->user()}, {"reason", toString(reason)}});
    });
    connect(peer, &ManagementPeer::gone, this, [this, peer] { forget(peer); });

    greet(*peer, origin);
}

void ManagementServer::greet(ManagementPeer &peer, const Origin &origin) const
{
    const QJsonObject limits{{QStringLiteral("line"), qint64(m_settings.peer.line)},
                             {QStringLiteral("rows"), m_settings.views.rows},
                             {QStringLiteral("rate"), m_settings.views.rate},
                             {QStringLiteral("views"), m_settings.views.views},
                             {QStringLiteral("subscriptions"), m_settings.feeds.subscriptions},
                             {QStringLiteral("credit"), m_settings.feeds.credit}};
    peer.send(toLine(Notification{
        notification::hello,
        {{QStringLiteral("server"), QStringLiteral("messaging-server")},
         {QStringLiteral("version"), QStringLiteral(MSGSRV_VERSION)},
         {QStringLiteral("protocol"),
          QJsonObject{{QStringLiteral("major"), protocolMajor}, {QStringLiteral("minor"), protocolMinor}}},
         {QStringLiteral("boot"), m_settings.boot},
         {QStringLiteral("features"),
          QJsonArray{QStringLiteral("views"), QStringLiteral("flow"), QStringLiteral("log"),
                     QStringLiteral("series"), QStringLiteral("actions"), QStringLiteral("audit")}},
         {QStringLiteral("auth"), QJsonArray::fromStringList(m_logins.schemes(origin))},
         {QStringLiteral("limits"), limits}}}));
}

void ManagementServer::addMethods()
{
    using Type = Parameter::Type;
    m_methods.add({method::ping, Role::None, {}, "answers", [](const Call &call) { call.answer({}); }});
    m_methods.add({method::login,
                   Role::None,
                   {{schemeName, Type::Text, false, "peer"},
                    {tokenName, Type::Text, true, "of the scheme token"},
                    {clientName, Type::Text, true, "name and version of the client"}},
                   "proves who calls",
                   [this](const Call &call) { login(call); }});
    m_methods.add({method::describe, Role::Observer, {}, "these methods", [this](const Call &call) {
                       call.answer(m_methods.describe());
                   }});
    m_methods.add(
        {method::serverStatus, Role::Observer, {}, "the server in numbers", [this](const Call &call) {
             call.answer(m_node.status());
         }});
    m_views.addTo(m_methods);
    m_feeds.addTo(m_methods);
    m_methods.add(
        {method::seriesList, Role::Observer, {}, "what is sampled every second", [this](const Call &call) {
             call.answer(m_series.list());
         }});
    m_methods.add({method::seriesGet,
                   Role::Observer,
                   {{seriesName, Type::Text, false, "of the series"},
                    {secondsName, Type::Whole, false, "how far back, at most 86400"}},
                   "the values of one series",
                   [this](const Call &call) {
                       const int wanted = call.number(secondsName, 0);
                       if (wanted < 1 || wanted > mostSeconds)
                           return call.failParameter(secondsName, QStringLiteral("This is 1 to 86400."));
                       const auto values = m_series.get(call.text(seriesName).toStdString(), wanted,
                                                        QDateTime::currentMSecsSinceEpoch());
                       if (values)
                           call.answer(*values);
                       else
                           call.failParameter(seriesName, QStringLiteral("There is no such series."));
                   }});
    m_actions.addTo(m_methods);
}

void ManagementServer::login(const Call &call)
{
    const auto console = std::find_if(m_consoles.begin(), m_consoles.end(),
                                      [&](const Console &known) { return known.peer == call.peer(); });
    if (console == m_consoles.end())
        return;
    const auto login = m_logins.decide(console->origin, call.text(schemeName), call.text(tokenName));
    if (!login) {
        const Logins::Refusal &refusal = login.error();
        if (refusal.code == ErrorCode::BadParameters)
            return call.failParameter(schemeName, refusal.message);
        if (refusal.code != ErrorCode::LoginRefused)
            return call.fail(refusal.code, refusal.message);
        return refuseLogin(call, console->origin, refusal.message);
    }
    ManagementPeer &peer = *console->peer;
    peer.setLogin(login->role, login->user);
    log::info(lcManagement(), "management.login",
              {{"user", peer.user()},
               {"role", management::toString(login->role).data()},
               {"client", call.text(clientName).left(100)}});
    call.answer({{QStringLiteral("role"), management::toString(login->role)},
                 {QStringLiteral("user"), peer.user()},
                 {QStringLiteral("may"), m_methods.namesFor(login->role)}});
}

void ManagementServer::refuseLogin(const Call &call, const Origin &origin, const QString &message)
{
    ManagementPeer &peer = *call.peer();
    m_metrics.refusedLogin();
    log::warning(lcManagement(), "management.login_refused",
                 {{"scheme", call.text(schemeName).left(100)},
                  {"client", call.text(clientName).left(100)},
                  {"address", origin.remote ? origin.remote->address.toString() : QString()}});
    peer.setHeld(true);
    const Duration delay = m_logins.refused(origin, peer.refusedLogins++, Clock::now());
    QTimer::singleShot(std::chrono::ceil<milliseconds>(delay), this, [call, message] {
        call.fail(ErrorCode::LoginRefused, message);
        if (call.peer())
            call.peer()->setHeld(false);
    });
}

void ManagementServer::forget(ManagementPeer *peer)
{
    if (std::erase_if(m_consoles, [peer](const Console &console) { return console.peer == peer; }) == 0)
        return;
    m_metrics.consoles->fetch_sub(1);
    m_views.forget(peer);
    m_feeds.forget(peer);
    peer->deleteLater();
}

void ManagementServer::tick()
{
    const TimePoint now = Clock::now();
    const std::vector<Console> consoles = m_consoles; // one that is closed leaves the list
    for (const Console &console : consoles)
        console.peer->tick(now);
    if (m_remote)
        m_remote->tick(now);
    m_series.append(m_node.sample());
}

} // namespace msgsrv::management
