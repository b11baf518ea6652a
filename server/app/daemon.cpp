// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/daemon.h"

#include "server/app/openstore.h"
#include "server/app/systemfacts.h"
#include "server/app/tlspair.h"
#include "server/broker/brokercollector.h"
#include "server/broker/embeddedbroker.h"
#include "server/broker/embeddeddestinations.h"
#include "server/http/internalendpoints.h"
#include "server/http/sessionendpoints.h"
#include "server/http/webpages.h"
#include "server/management/livenode.h"
#include "server/management/managementserver.h"
#include "server/metrics/metrics.h"
#include "server/net/drain.h"
#include "server/net/front.h"
#include "server/net/iothread.h"
#include "server/net/iothreads.h"
#include "server/net/listensocket.h"
#include "server/net/requestlimits.h"
#include "server/net/tcpfront.h"
#include "server/net/threadexecutor.h"
#include "server/session/exchange.h"
#include "server/session/exchangemetrics.h"
#include "server/session/queuesaver.h"
#include "server/session/sessionservice.h"
#include "server/session/storedjournal.h"
#include "server/stomp/passcodechecks.h"
#include "server/stomp/stompconnection.h"
#include "server/storage/storemetrics.h"
#include "shared/base/directories.h"
#include "shared/base/log.h"
#include "shared/base/random.h"
#include "shared/signaling/closecodes.h"

#include <QJsonDocument>
#include <QJsonObject>
#include <QSslCertificate>
#include <QSslSocket>
#include <QTimer>

#include <algorithm>
#include <atomic>
#include <utility>
#include <vector>

Q_LOGGING_CATEGORY(lcDaemon, "msgsrv.daemon")

namespace msgsrv {

namespace {

constexpr milliseconds sweepInterval(250);
/// How often it is looked whether all have left.
constexpr milliseconds drainInterval(20);
constexpr char stopReason[] = "The server is stopping.";
/// Of the management thread, which owns no connections of clients: no I/O thread has it.
constexpr unsigned managementIndex = 0xffff;

seconds inSeconds(milliseconds duration)
{
    return std::chrono::ceil<seconds>(duration);
}

FrontSettings frontSettings(const Config &config)
{
    FrontSettings settings;
    TransportLimits &limits = settings.limits;
    limits.head.headBytes = std::size_t(config.limits.head);
    limits.head.headerCount = std::size_t(config.limits.headers);
    limits.head.targetBytes = std::size_t(config.limits.url);
    limits.body = config.limits.body;
    limits.headTimeout = config.limits.headTimeout;
    limits.bodyTimeout = config.limits.bodyTimeout;
    limits.idleTimeout = config.limits.idleTimeout;
    limits.closeTimeout = config.limits.closeTimeout;
    limits.sendQueue = config.limits.sendQueue;
    limits.sendStall = config.limits.sendStall;
    limits.acceptsPerTurn = config.limits.acceptsPerTurn;
    limits.fragments = config.limits.fragments;
    limits.controlFrames = config.limits.controlFrames;
    settings.engine = config.net.engine;
    settings.serverName = "messaging-server/" MSGSRV_VERSION;
    settings.trustedProxies = config.net.trustedProxies;
    return settings;
}

IceSettings iceSettings(const Config &config)
{
    IceSettings settings;
    for (const std::string &url : config.ice.servers)
        settings.urls.push_back(QByteArray::fromStdString(url));
    settings.turnSecret = config.ice.turnSecret;
    settings.ttl = inSeconds(config.ice.ttl);
    return settings;
}

RequestLimits::Settings requestLimits(const Config &config)
{
    const auto rate = [&](int perSecond) { return Rate{perSecond, config.limits.burst}; };
    return {.connectsPerAddress = rate(config.limits.connectsPerAddress),
            .exchangesPerAddress = rate(config.limits.exchangesPerAddress),
            .exchangesPerUser = rate(config.limits.exchangesPerUser),
            .failedKeys = {config.limits.failedKeys, config.limits.failedKeyDelay}};
}

/// Differs from start to start, so that a console forgets what it knew of the one before.
QString newBootId()
{
    std::uint32_t random = 0;
    fillRandom(&random, sizeof random);
    return QString::number(random, 16).rightJustified(8, u'0');
}

SessionService::Conflict conflictOf(ConflictPolicy policy)
{
    switch (policy) {
    case ConflictPolicy::Probe:
        return SessionService::Conflict::Probe;
    case ConflictPolicy::Reject:
        return SessionService::Conflict::Reject;
    case ConflictPolicy::Replace:
        return SessionService::Conflict::Replace;
    }
    Q_UNREACHABLE();
}

/// No threads when there is nothing for them to do.
PasscodeChecks::Settings passcodeChecks(const Config &config)
{
    const std::vector<Account> &accounts = config.stomp.accounts;
    const bool hashes = std::any_of(accounts.begin(), accounts.end(),
                                    [](const Account &account) { return account.hash != nullptr; });
    return {.threads = hashes ? config.stomp.passcodeChecks : 0, .waiting = config.stomp.passcodeWaiting};
}

/// TLS as the public listeners speak it; a client's certificate is asked for where there is who could have
/// signed it, and looked at when it is to log in.
QSslConfiguration managementTls(const Config::Management &config)
{
    QSslConfiguration tls = serverTls(config.tls.certificatePem, config.tls.keyPem);
    if (config.clientCaPem.isEmpty())
        return tls;
    tls.setCaCertificates(QSslCertificate::fromData(config.clientCaPem, QSsl::Pem));
    tls.setPeerVerifyMode(QSslSocket::QueryPeer);
    return tls;
}

management::ManagementServer::Settings managementSettings(const Config &config, const QString &boot)
{
    const Config::Management &from = config.management;
    management::ManagementServer::Settings settings;
    settings.boot = boot;
    settings.logins = {QString::fromStdString(from.group), from.credentials};
    settings.addresses = from.addresses;
    settings.consoles = from.consoles;
    settings.pending = from.pending;
    settings.audit = from.audit;
    settings.peer = {.highWater = from.sendQueue / 2,
                     .most = from.sendQueue,
                     .stall = from.sendStall,
                     .login = from.loginTimeout,
                     .line = std::size_t(from.line)};
    settings.views = {.rows = from.rows, .rate = from.rate, .views = from.views};
    settings.feeds = {.subscriptions = from.subscriptions, .credit = from.credit};
    if (from.listen)
        settings.tls = managementTls(from);
    return settings;
}

QSet<UserId> accountNames(const Config &config)
{
    QSet<UserId> names;
    for (const Account &account : config.stomp.accounts)
        names.insert(account.login);
    return names;
}

StompSettings stompSettings(const Config &config)
{
    StompSettings settings;
    settings.frameBeforeLogin = config.limits.frameUnauthenticated;
    settings.frame = config.limits.frame;
    settings.headers = config.stomp.headers;
    settings.headerLine = int(config.stomp.headerBytes);
    settings.accounts = config.stomp.accounts;
    settings.users = {config.stomp.userTopics, config.stomp.userTopics};
    settings.subscriptions = config.stomp.subscriptions;
    settings.watches = config.presence.watches;
    settings.transactions = {config.stomp.transactions, config.stomp.transactionBytes};
    settings.jsonDepth = config.limits.jsonDepth;
    settings.loginTimeout = config.stomp.loginTimeout;
    settings.probeTimeout = config.sessions.probeTimeout;
    settings.heartBeat.canSend = config.stomp.heartbeatMin;
    settings.heartBeat.wants = config.stomp.heartbeatMin;
    settings.heartBeat.pingInterval = config.stomp.pingInterval;
    // A batch is written at once: it must fit into the send queue beside what waits there.
    if (config.limits.sendQueue > 0)
        settings.delivery.batchBytes
            = std::min(settings.delivery.batchBytes, qsizetype(config.limits.sendQueue / 4));
    return settings;
}

} // namespace

/// What one I/O thread runs. Made and destroyed in that thread.
struct Daemon::Worker
{
    Worker(const Config &config, Parts &parts, IoThread &thread);
    void listenTcp(const Config &config, Parts &parts, IoThread &thread, int index);

    SessionEndpoints endpoints;
    WebPages pages;
    const StompSettings stomp;
    const StompSettings tcpStomp;
    Front front;
    std::unique_ptr<TcpFront> tcpFront; // null: stomp.tcp_listen is off
};

/// What the management thread runs. Made and destroyed in that thread.
struct Daemon::Management
{
    Management(const Config &config, Parts &parts);

    management::LiveNode node;
    management::ManagementServer server;
};

/// Everything, in the order in which it depends on what stands before it.
// In the order of construction. NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct Daemon::Parts
{
    explicit Parts(const Config &config);
    ~Parts();

    Metrics metrics;
    FrontMetrics frontMetrics;
    ConnectionLimiter limiter;
    RequestLimits requestLimits;
    /// The internal listener keeps working when the public ones are at their limit.
    ConnectionLimiter internalLimiter{256, 0};
    const std::shared_ptr<MemoryBudget> bodyMemory;
    FlowTap flowTap; // see management.events
    management::ManagementMetrics managementMetrics;
    std::atomic<bool> stopping{false};
    IoThread managementThread{managementIndex, IoThread::defaultStackBytes, QStringLiteral("management")};
    ThreadExecutor mainThread;
    IoThreads ioThreads;
    EmbeddedBroker broker;
    EmbeddedDestinations destinations;
    const std::unique_ptr<SessionStore> store;
    const std::unique_ptr<StoredJournal> journal; // null: the store is not lasting
    const std::shared_ptr<BrokerCollector> brokerCollector
        = std::make_shared<BrokerCollector>(broker, &destinations);
    SessionDirectory directory;
    SenderLedgers ledgers;
    AbsentQueues absent;
    Presence presence;
    SessionService sessions;
    Exchange exchange;
    QueueSaver queueSaver;
    PasscodeChecks passcodes;

    OriginPolicy origins;
    std::optional<QSslConfiguration> tls;
    ListenSockets httpSockets;
    ListenSockets stompSockets; // empty when the HTTP listener serves STOMP too
    ListenSockets tcpSockets; // empty when stomp.tcp_listen is off
    ListenSockets internalSocket;
    ListenSockets managementSockets; // empty when management.listen is off
    bool shared = false; // one listener for HTTP and STOMP
    ListeningAddress listeningAddress;
    management::LocalSocket managementSocket;
    std::unique_ptr<Management> management; // belongs to its thread
    std::vector<std::unique_ptr<Worker>> workers; // each belongs to its thread
    InternalEndpoints internalEndpoints;
    std::unique_ptr<Front> internalFront;
    QTimer timer;

    /// Set by stop(); each begins when the one before is done.
    enum class Phase {
        Running,
        Draining, ///< connections are closed one after the other; requests and messages are served
        Emptying, ///< nobody is let in any more, and who is left is waited for
        Leaving, ///< nobody is waited for any more
    };
    Phase phase = Phase::Running;
    TimePoint drainDeadline = TimePoint::max();
    std::unique_ptr<Drain> drain; // until Leaving
    int letIn = 0; // threads that accept connections; while Emptying
    QTimer drainTimer;

    /// Asks everybody who is still connected to leave. @p thread's own.
    static void closeAll(IoThread &thread)
    {
        thread.requestCloseOfAll(quint16(CloseCode::GoingAway), stopReason);
    }
    /// Ends all threads but the main one and the store's, and with them every connection.
    void stopThreads();
};

Daemon::Parts::Parts(const Config &config)
    : frontMetrics(metrics)
    , limiter(config.limits.connections, config.limits.connectionsPerAddress, config.net.trustedProxies)
    , requestLimits(msgsrv::requestLimits(config), metrics)
    , bodyMemory(std::make_shared<MemoryBudget>(config.limits.bodyMemory))
    , flowTap({std::size_t(config.management.events), std::size_t(config.management.eventBytes)})
    , managementMetrics(metrics)
    , ioThreads(config.workers)
    , broker({.queue = {config.limits.queueMessages, config.limits.queueBytes},
              .reservation = {config.limits.earlyMessages, config.limits.earlyBytes}},
             ioThreads)
    , destinations({.queue = {config.limits.queueMessages, config.limits.queueBytes},
                    .queues = config.broker.queues,
                    .messageTtl = config.broker.messageTtl},
                   ioThreads)
    , store(makeStore(config.sessions))
    , journal(store->isLasting() ? std::make_unique<StoredJournal>(*store) : nullptr)
    , ledgers({.kept = std::size_t(config.limits.messageStates), .window = config.exchange.window}, broker)
    , absent({.maxHold = config.exchange.maxHold,
              .users = config.limits.heldUsers,
              .perSender = config.limits.heldPerSender},
             directory, broker)
    , presence({.enabled = config.presence.enabled, .remembered = std::size_t(config.presence.remembered)},
               ioThreads)
    , sessions({.session = {.unackedTtl = config.sessions.unackedTtl},
                .resumeWindow = config.sessions.resume == ResumePolicy::Never ? Duration::zero()
                                                                              : config.sessions.resumeWindow,
                .resumeUnasked = config.sessions.resume == ResumePolicy::Always,
                .conflict = conflictOf(config.sessions.conflict),
                .sweepInterval = config.sessions.sweepInterval,
                .reserved = accountNames(config)},
               {mainThread, broker, *store, directory, ioThreads, metrics, &ledgers, &absent, &presence})
    , exchange(directory, broker, qsizetype(config.limits.body))
    , queueSaver({broker, *store, directory, metrics, &absent, journal.get()})
    , passcodes(passcodeChecks(config), metrics)
    , internalEndpoints(metrics, [this] {
        std::vector<QByteArray> failed;
        if (phase != Phase::Running)
            failed.emplace_back(stopReason);
        if (!store->health().up)
            failed.emplace_back("The session store cannot be written to.");
        return failed;
    })
{
    broker.setFlowTap(&flowTap);
    exchange.setFlowTap(&flowTap);
    exchange.setAbsentQueues(&absent);
    if (journal) {
        broker.setJournal(journal.get());
        ledgers.keepNotices();
        exchange.setKeeping(config.exchange.durable ? Exchange::Keeping::Messages : Exchange::Keeping::Fates);
    }
    metrics.add(brokerCollector);
    addStoreMetrics(metrics, *store);
    addExchangeMetrics(metrics, absent, ledgers, journal.get());
    metrics.addGauge("messaging_presence_watches", "Subscriptions to the presence of a user.", {},
                     [this] { return double(presence.watchers()); });
    metrics.addGauge("messaging_body_memory_bytes", "What is taken of limits.body_memory.", {},
                     [budget = bodyMemory] { return double(budget->used()); });
}

Daemon::Parts::~Parts()
{
    timer.stop();
    drainTimer.stop();
    drain.reset();
    stopThreads();
    internalFront.reset();
}

void Daemon::Parts::stopThreads()
{
    managementThread.stop([this] { management.reset(); });
    for (int i = 0; i < ioThreads.count(); ++i) {
        IoThread &thread = ioThreads.at(i);
        thread.stop([this, i, &thread] {
            closeAll(thread); // so that each gives back what it holds
            if (std::size_t(i) < workers.size())
                workers[std::size_t(i)].reset();
        });
    }
}

Daemon::Worker::Worker(const Config &config, Parts &parts, IoThread &thread)
    : endpoints({parts.sessions, parts.directory, parts.exchange, thread.executor(), parts.metrics,
                 parts.requestLimits, &parts.presence},
                {.requireKey = config.exchange.requireKey,
                 .listeningAddress = parts.listeningAddress,
                 .ice = iceSettings(config),
                 .unackedTtl = inSeconds(config.sessions.unackedTtl),
                 .origins = parts.origins,
                 .jsonDepth = config.limits.jsonDepth,
                 .presenceUsers = config.presence.users})
    , pages(parts.listeningAddress)
    , stomp(stompSettings(config))
    , tcpStomp([&config] {
        StompSettings settings = stompSettings(config);
        settings.heartBeat.pingInterval = {}; // TCP's keep-alive looks after silent clients
        return settings;
    }())
    , front(
          [&] {
              FrontSettings settings = frontSettings(config);
              settings.webSocketPath = config.stomp.path;
              settings.tls = parts.tls;
              settings.origins = parts.origins;
              settings.bodyMemory = parts.bodyMemory;
              settings.descriptorCeiling
                  = descriptorCeilingFor(openFileLimit(), config.workers * (parts.shared ? 1 : 2));
              return settings;
          }(),
          [&] {
              std::vector<HttpRoute> routes = endpoints.routes();
              std::vector<HttpRoute> more = pages.routes();
              routes.insert(routes.end(), more.begin(), more.end());
              return routes;
          }(),
          [this, &parts, &thread](Connection &connection) {
              return std::make_unique<StompConnection>(
                  connection,
                  StompConnection::Collaborators{parts.sessions, parts.exchange, parts.broker,
                                                 parts.destinations, thread.executor(), parts.metrics,
                                                 parts.requestLimits, parts.passcodes, &parts.presence},
                  stomp);
          },
          &thread, parts.limiter, parts.frontMetrics)
{ }

Daemon::Management::Management(const Config &config, Parts &parts)
    : node({.boot = newBootId(),
            .store = storeName(config.sessions.store),
            .broker = QStringLiteral("embedded")},
           {parts.managementThread.executor(), parts.ioThreads, parts.sessions, parts.directory, parts.broker,
            parts.destinations, parts.frontMetrics, *parts.store, parts.metrics, parts.stopping,
            &parts.absent})
    , server(managementSettings(config, node.boot()), node, parts.flowTap, parts.managementMetrics)
{
    node.setNegotiations(&server.feeds().negotiations());
}

void Daemon::Worker::listenTcp(const Config &config, Parts &parts, IoThread &thread, int index)
{
    tcpFront = std::make_unique<TcpFront>(
        parts.tcpSockets.take(index), frontSettings(config).limits, parts.tls, config.stomp.pingInterval,
        [this, &parts, &thread](Connection &connection) {
            return std::make_unique<StompConnection>(
                connection,
                StompConnection::Collaborators{parts.sessions, parts.exchange, parts.broker,
                                               parts.destinations, thread.executor(), parts.metrics,
                                               parts.requestLimits, parts.passcodes, &parts.presence},
                tcpStomp);
        },
        thread, parts.limiter, parts.frontMetrics);
}

Daemon::Daemon(const Config &config)
    : m_config(config)
{ }

Daemon::~Daemon() = default;

std::optional<Daemon::Failure> Daemon::start()
{
    m_parts = std::make_unique<Parts>(m_config);
    if (auto failure = openListeners()) {
        m_parts.reset();
        return failure;
    }
    if (auto failure = restoreSessions()) {
        m_parts.reset();
        return failure;
    }
    startWorkers();
    startInternal();
    startManagement();
    m_parts->timer.setTimerType(Qt::PreciseTimer);
    connect(&m_parts->timer, &QTimer::timeout, this, [this] {
        const TimePoint now = Clock::now();
        m_parts->sessions.tick(now);
        m_parts->internalFront->sweep(now);
        m_parts->destinations.sweep();
        m_parts->broker.sweep();
        if (m_parts->journal)
            m_parts->journal->tick();
        m_parts->absent.sweep(now);
    });
    m_parts->timer.start(sweepInterval);
    log::info(lcDaemon(), "daemon.started", {{"version", MSGSRV_VERSION}, {"workers", m_config.workers}});
    return std::nullopt;
}

std::optional<Daemon::Failure> Daemon::openListeners()
{
    Parts &parts = *m_parts;
    const auto origins = OriginPolicy::parse(m_config.net.allowedOrigins);
    if (!origins)
        return Failure{ExitCode::Configuration, QString::fromStdString(origins.error())};
    parts.origins = *origins;
    if (m_config.tls.enabled())
        parts.tls = serverTls(m_config.tls.certificatePem, m_config.tls.keyPem);

    const auto open
        = [](const ListenAddress &address, int count, ListenSockets &sockets) -> std::optional<Failure> {
        auto opened = ListenSockets::open(address.address, address.port, count);
        if (!opened)
            return Failure{ExitCode::CannotListen, opened.error()};
        sockets = std::move(*opened);
        return std::nullopt;
    };
    parts.shared = m_config.http.listen == m_config.stomp.listen && m_config.http.listen.port != 0;
    if (auto failure = open(m_config.http.listen, m_config.workers, parts.httpSockets))
        return failure;
    if (!parts.shared) {
        if (auto failure = open(m_config.stomp.listen, m_config.workers, parts.stompSockets))
            return failure;
    }
    if (m_config.stomp.tcpListen) {
        if (auto failure = open(*m_config.stomp.tcpListen, m_config.workers, parts.tcpSockets))
            return failure;
    }
    if (auto failure = open(m_config.internal.listen, 1, parts.internalSocket))
        return failure;
    if (auto failure = openManagement())
        return failure;
    parts.listeningAddress = {.publicAddress = QByteArray::fromStdString(m_config.stomp.publicAddress),
                              .port = parts.shared ? parts.httpSockets.port() : parts.stompSockets.port(),
                              .isHttpListener = parts.shared,
                              .path = QByteArray::fromStdString(m_config.stomp.path)};
    return std::nullopt;
}

std::optional<Daemon::Failure> Daemon::restoreSessions()
{
    const auto stored = openStore(m_config.sessions, *m_parts->store);
    if (!stored)
        return Failure{ExitCode::Storage, stored.error()};
    if (m_parts->journal) {
        const std::uint64_t last = stored->messages.empty() ? 0 : stored->messages.back().position;
        m_parts->journal->begin(m_parts->broker, JournalId(last));
    }
    m_parts->sessions.restore(*stored);
    m_parts->queueSaver.restore(m_parts->sessions.kept(), stored->messages);
    return std::nullopt;
}

void Daemon::startWorkers()
{
    Parts &parts = *m_parts;
    parts.workers.resize(std::size_t(m_config.workers));
    for (int i = 0; i < m_config.workers; ++i) {
        IoThread &thread = parts.ioThreads.at(i);
        thread.start([this, i, &parts, &thread] {
            auto worker = std::make_unique<Worker>(m_config, parts, thread);
            worker->front.listen(parts.httpSockets.take(i));
            if (!parts.shared)
                worker->front.listen(parts.stompSockets.take(i));
            thread.addSweepable(&worker->front);
            thread.addSweepable(&worker->endpoints.delayedAnswers());
            if (m_config.stomp.tcpListen) {
                worker->listenTcp(m_config, parts, thread, i);
                thread.addSweepable(worker->tcpFront.get());
            }
            parts.workers[std::size_t(i)] = std::move(worker);
        });
    }
}

std::optional<Daemon::Failure> Daemon::openManagement()
{
    QString path = QString::fromStdString(m_config.management.socket);
    if (path.isEmpty()) {
        const Directory directory = runtimeDirectory();
        if (const auto prepared = prepareDirectory(directory); !prepared)
            return Failure{ExitCode::CannotListen,
                           QStringLiteral("The management socket has no place: %1.").arg(prepared.error())};
        path = directory.path + QStringLiteral("/management.sock");
    }
    auto opened = management::LocalSocket::open(path, QString::fromStdString(m_config.management.group));
    if (!opened)
        return Failure{ExitCode::CannotListen, opened.error()};
    m_parts->managementSocket = *std::move(opened);
    if (!m_config.management.listen)
        return std::nullopt;
    auto sockets
        = ListenSockets::open(m_config.management.listen->address, m_config.management.listen->port, 1);
    if (!sockets)
        return Failure{ExitCode::CannotListen, sockets.error()};
    m_parts->managementSockets = *std::move(sockets);
    return std::nullopt;
}

void Daemon::startManagement()
{
    Parts &parts = *m_parts;
    parts.managementThread.start([this, &parts] {
        parts.management = std::make_unique<Management>(m_config, parts);
        parts.management->server.listen(parts.managementSocket.takeDescriptor());
        if (m_config.management.listen)
            parts.management->server.listenTls(parts.managementSockets.take(0));
    });
}

void Daemon::startInternal()
{
    Parts &parts = *m_parts;
    parts.internalFront = std::make_unique<Front>(frontSettings(m_config), parts.internalEndpoints.routes(),
                                                  Front::HandlerFactory(), nullptr, parts.internalLimiter,
                                                  parts.frontMetrics);
    parts.internalFront->listen(parts.internalSocket.take(0));
}

QByteArray Daemon::readyLine() const
{
    const auto text = [](const ListenSockets &sockets) {
        return QString::fromStdString(ListenAddress{sockets.address(), sockets.port()}.toString());
    };
    const Parts &parts = *m_parts;
    QJsonObject object{{QStringLiteral("http"), text(parts.httpSockets)},
                       {QStringLiteral("stomp"), text(parts.shared ? parts.httpSockets : parts.stompSockets)},
                       {QStringLiteral("internal"), text(parts.internalSocket)},
                       {QStringLiteral("management"), parts.managementSocket.path()}};
    if (m_config.stomp.tcpListen)
        object.insert(QStringLiteral("stomp_tcp"), text(parts.tcpSockets));
    if (m_config.management.listen)
        object.insert(QStringLiteral("management_tls"), text(parts.managementSockets));
    return "ready " + QJsonDocument(object).toJson(QJsonDocument::Compact);
}

void Daemon::stop()
{
    Parts &parts = *m_parts;
    if (parts.phase != Parts::Phase::Running) {
        leave("signal");
        return;
    }
    parts.phase = Parts::Phase::Draining;
    parts.stopping = true;
    parts.sessions.drain();
    const milliseconds timeout = m_config.drain.timeout;
    Duration spread = m_config.drain.spread;
    if (timeout.count() > 0) {
        parts.drainDeadline = Clock::now() + timeout;
        spread = std::min(spread, Duration(timeout) / 2);
    }
    parts.drain = std::make_unique<Drain>(parts.ioThreads, parts.mainThread,
                                          Drain::Settings{.spread = spread, .reason = stopReason});
    connect(parts.drain.get(), &Drain::counted, this, [&parts] {
        const auto length = std::chrono::ceil<milliseconds>(parts.drain->length());
        log::info(lcDaemon(), "daemon.draining",
                  {{"connections", parts.drain->connections()}, {"milliseconds", qint64(length.count())}});
    });
    connect(parts.drain.get(), &Drain::finished, this, &Daemon::shutListeners);
    connect(&parts.drainTimer, &QTimer::timeout, this, &Daemon::leaveWhenEmpty);
    parts.drainTimer.start(drainInterval);
    parts.drain->begin();
}

void Daemon::shutListeners()
{
    Parts &parts = *m_parts;
    if (parts.phase != Parts::Phase::Draining)
        return;
    parts.phase = Parts::Phase::Emptying;
    parts.letIn = parts.ioThreads.count();
    for (int i = 0; i < parts.ioThreads.count(); ++i) {
        IoThread &thread = parts.ioThreads.at(i);
        thread.executor().post([&parts, &worker = parts.workers[std::size_t(i)], &thread] {
            worker->front.drain();
            worker->endpoints.delayedAnswers().shut();
            if (worker->tcpFront)
                worker->tcpFront->drain();
            Parts::closeAll(thread);
            parts.mainThread.post([&parts] { --parts.letIn; });
        });
    }
}

void Daemon::leaveWhenEmpty()
{
    Parts &parts = *m_parts;
    if (Clock::now() >= parts.drainDeadline) {
        leave("timeout");
    } else if (parts.phase == Parts::Phase::Draining) {
        if (parts.frontMetrics.webSocketConnections + parts.frontMetrics.tcpConnections == 0)
            shutListeners(); // they did not wait to be asked
    } else if (parts.phase == Parts::Phase::Emptying) {
        if (parts.letIn == 0 && parts.limiter.total() == 0) {
            leave("empty");
            return;
        }
        // Handshakes that were under way have made connections meanwhile.
        for (int i = 0; i < parts.ioThreads.count(); ++i) {
            IoThread &thread = parts.ioThreads.at(i);
            thread.executor().post([&thread] { Parts::closeAll(thread); });
        }
    }
}

void Daemon::leave(const char *why)
{
    Parts &parts = *m_parts;
    if (parts.phase == Parts::Phase::Leaving)
        return;
    parts.phase = Parts::Phase::Leaving;
    parts.drainTimer.stop();
    parts.drain.reset();
    log::info(lcDaemon(), "daemon.stopping", {{"why", why}, {"connections", qint64(parts.limiter.total())}});
    // Closed in one turn of their threads and ended in another, so that the last bytes leave.
    const auto left = std::make_shared<int>(parts.ioThreads.count());
    for (int i = 0; i < parts.ioThreads.count(); ++i) {
        IoThread &thread = parts.ioThreads.at(i);
        thread.executor().post([this, &thread, left, &mainThread = parts.mainThread] {
            Parts::closeAll(thread);
            mainThread.post([this, left] {
                if (--*left > 0)
                    return;
                m_parts->stopThreads();
                // Behind what the connections told the sessions.
                m_parts->mainThread.post([this] { saveQueues(); });
            });
        });
    }
}

void Daemon::saveQueues()
{
    Parts &parts = *m_parts;
    parts.queueSaver.save(parts.sessions.kept(), [this](QueueSaver::Result result) {
        const bool saved = result.kind == QueueSaver::Result::Kind::Saved;
        if (saved && result.messages > 0) {
            log::info(lcDaemon(), "daemon.queues_saved",
                      {{"messages", result.messages}, {"queues", result.queues}});
        } else if (result.kind == QueueSaver::Result::Kind::NotLasting) {
            log::info(lcDaemon(), "daemon.queues_dropped",
                      {{"messages", result.messages}, {"queues", result.queues}});
        } else if (!saved) {
            log::error(lcDaemon(), "daemon.queues_lost",
                       {{"messages", result.messages}, {"queues", result.queues}});
            m_failure
                = Failure{ExitCode::Storage,
                          QStringLiteral("The session store could not be written to, so %1 messages that "
                                         "waited in %2 queues are lost; see to its disk.")
                              .arg(result.messages)
                              .arg(result.queues)};
        }
        emit stopped();
    });
}

} // namespace msgsrv
