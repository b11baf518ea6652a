// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/managementserver.h"

#include "server/management/localwire.h"
#include "shared/base/log.h"

#include <QDateTime>
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
/// How long the answer to the first refused login of a console waits; each further one twice as long.
constexpr milliseconds loginDelay(250);
constexpr int longestDelay = 5; // doublings
constexpr int mostSeconds = 24 * 3600; // of a series

constexpr QLatin1String schemeName("scheme");
constexpr QLatin1String clientName("client");
constexpr QLatin1String tokenName("token");
constexpr QLatin1String seriesName("name");
constexpr QLatin1String secondsName("seconds");

const char *toString(ManagementPeer::Closing reason)
{
    switch (reason) {
    case ManagementPeer::Closing::LoginTimeout:
        return "login_timeout";
    case ManagementPeer::Closing::LineTooLong:
        return "line_too_long";
    case ManagementPeer::Closing::Slow:
        break;
    }
    return "slow";
}

} // namespace

ManagementMetrics::ManagementMetrics(Metrics &metrics)
    : m_refusedLogins(
        metrics.counter("messaging_management_logins_refused_total", "Logins of consoles that were refused."))
    , m_rejected(metrics.counter("messaging_management_consoles_rejected_total",
                                 "Consoles that were not taken, since there are as many as may be."))
{
    for (int i = 0; i < int(m_closed.size()); ++i) {
        m_closed[std::size_t(i)] = &metrics.counter("messaging_management_consoles_closed_total",
                                                    "Consoles that the server closed.",
                                                    {{"reason", toString(ManagementPeer::Closing(i))}});
    }
    metrics.addGauge("messaging_management_consoles", "Consoles that are connected.", {},
                     [count = consoles] { return double(count->load()); });
}

ManagementServer::ManagementServer(Settings settings, Node &node, FlowTap &tap, ManagementMetrics &metrics)
    : m_settings(std::move(settings))
    , m_node(node)
    , m_metrics(metrics)
    , m_series(node.gauges())
    , m_views(node, m_settings.addresses)
    , m_feeds(tap)
    , m_actions(node)
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
    connect(peer, &ManagementPeer::closing, this, [this, peer](ManagementPeer::Closing reason) {
        m_metrics.closed(reason);
        log::info(lcManagement(), "management.closed",
                  {{"user", peer->user()}, {"reason", toString(reason)}});
    });
    connect(peer, &ManagementPeer::gone, this, [this, peer] { forget(peer); });

    QJsonArray schemes;
    if (origin.credentials)
        schemes.append(QStringLiteral("peer"));
    peer->send(toLine(Notification{
        notification::hello,
        {{QStringLiteral("server"), QStringLiteral("messaging-server")},
         {QStringLiteral("version"), QStringLiteral(MSGSRV_VERSION)},
         {QStringLiteral("protocol"),
          QJsonObject{{QStringLiteral("major"), protocolMajor}, {QStringLiteral("minor"), protocolMinor}}},
         {QStringLiteral("boot"), m_settings.boot},
         {QStringLiteral("features"),
          QJsonArray{QStringLiteral("views"), QStringLiteral("flow"), QStringLiteral("log"),
                     QStringLiteral("series"), QStringLiteral("actions"), QStringLiteral("audit")}},
         {QStringLiteral("auth"), schemes},
         {QStringLiteral("limits"), QJsonObject{{QStringLiteral("line"), qint64(lineLimit)}}}}}));
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
    const QString scheme = call.text(schemeName);
    if (scheme == QLatin1String("token") || scheme == QLatin1String("certificate"))
        return call.fail(ErrorCode::Unsupported,
                         QStringLiteral("This server knows the scheme \"peer\" only."));
    if (scheme != QLatin1String("peer"))
        return call.failParameter(schemeName, QStringLiteral("There is no such scheme."));
    const auto &credentials = console->origin.credentials;
    if (!credentials)
        return refuseLogin(call, QStringLiteral("Who calls cannot be told."));

    Role role = Role::None;
    if (credentials->user == 0 || credentials->user == ::geteuid())
        role = Role::Admin;
    else if (!m_settings.group.isEmpty() && isMember(*credentials, m_settings.group))
        role = Role::Operator;
    if (role == Role::None)
        return refuseLogin(call, QStringLiteral("This user may not manage the server."));

    ManagementPeer &peer = *console->peer;
    peer.setLogin(role, QStringLiteral("uid:%1").arg(credentials->user));
    log::info(lcManagement(), "management.login",
              {{"user", peer.user()},
               {"role", management::toString(role).data()},
               {"client", call.text(clientName).left(100)}});
    call.answer({{QStringLiteral("role"), management::toString(role)},
                 {QStringLiteral("user"), peer.user()},
                 {QStringLiteral("may"), m_methods.namesFor(role)}});
}

void ManagementServer::refuseLogin(const Call &call, const QString &message)
{
    ManagementPeer &peer = *call.peer();
    m_metrics.refusedLogin();
    log::warning(lcManagement(), "management.login_refused",
                 {{"scheme", call.text(schemeName)}, {"client", call.text(clientName).left(100)}});
    peer.setHeld(true);
    const auto delay = loginDelay * (1 << std::min(peer.refusedLogins++, longestDelay));
    QTimer::singleShot(delay, this, [call, message] {
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
    m_series.append(m_node.sample());
}

} // namespace msgsrv::management
