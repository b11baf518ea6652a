// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "server/app/listenaddress.h"
#include "server/management/credentials.h"
#include "server/net/cidr.h"
#include "server/net/engine.h"
#include "server/stomp/accounts.h"
#include "shared/base/clock.h"
#include "shared/base/logline.h"

#include <QByteArray>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace msgsrv {

enum class SessionStoreKind { Memory, Sqlite, PostgreSql };
enum class ResumePolicy { Ask, Always, Never };
enum class ConflictPolicy { Probe, Reject, Replace };
enum class BrokerKind { Embedded, RabbitMq };

/// The daemon's configuration, each value checked. docs/configuration.md tells what each means. Sizes are in
/// bytes; 0 is unlimited for a limit and off for a time. Immutable once the daemon runs, so any thread may
/// read it. A Config made by hand is empty: defaults come from the table of keys (configkeys.h).
struct Config
{
    struct Http
    {
        ListenAddress listen;
    };
    struct Stomp
    {
        ListenAddress listen;
        std::optional<ListenAddress> tcpListen; ///< nothing: off
        std::string path; ///< begins with '/'
        std::string publicAddress; ///< a ws or wss URL, or empty: derived from the request
        milliseconds loginTimeout{};
        milliseconds heartbeatMin{};
        milliseconds pingInterval{};
        int headers = 0;
        std::int64_t headerBytes = 0;
        std::vector<Account> accounts; ///< [[stomp.accounts]]
        std::vector<std::string> userTopics; ///< patterns, each beginning with /topic/
        int subscriptions = 0;
        int transactions = 0;
        std::int64_t transactionBytes = 0;
        int passcodeChecks = 0; ///< at a time
        int passcodeWaiting = 0;
    };
    struct Tls
    {
        std::string certificateFile; ///< empty: no TLS
        std::string keyFile;
        QByteArray certificatePem; ///< what the files held when they were checked; both empty without TLS
        QByteArray keyPem; ///< secret
        [[nodiscard]] bool enabled() const { return !certificatePem.isEmpty(); }
    };
    struct Net
    {
        /// What OriginPolicy reads; empty: the request's own host.
        std::vector<std::string> allowedOrigins;
        std::vector<Cidr> trustedProxies;
        Engine engine = Engine::Direct;
    };
    struct Ice
    {
        std::vector<std::string> servers; ///< stun, stuns, turn and turns URLs (RFC 7064, RFC 7065)
        QByteArray turnSecret; ///< secret: what the file held, without its line end; empty: none
        milliseconds ttl{};
    };
    struct Sessions
    {
        SessionStoreKind store = SessionStoreKind::Memory;
        std::string file; ///< of sqlite; empty: sessions.sqlite in the state directory
        int storeQueue = 0; ///< operations that may wait for the store
        std::string url; ///< secret
        milliseconds unackedTtl{};
        ResumePolicy resume = ResumePolicy::Ask;
        milliseconds resumeWindow{};
        milliseconds probeTimeout{};
        ConflictPolicy conflict = ConflictPolicy::Reject;
        milliseconds sweepInterval{};
    };
    struct Exchange
    {
        bool requireKey = false;
        milliseconds maxHold{}; ///< 0: nothing waits for a user without a session
        milliseconds window{};
        bool durable = false; ///< never with the store Memory
    };
    struct Presence
    {
        bool enabled = false;
        int users = 0; ///< of one question
        int watches = 0; ///< of one connection
        int remembered = 0; ///< users who left
    };
    struct Broker
    {
        BrokerKind kind = BrokerKind::Embedded;
        int queues = 0;
        milliseconds messageTtl{};
    };
    struct Drain
    {
        milliseconds spread{};
        milliseconds timeout{};
    };
    struct Management
    {
        std::string socket; ///< empty: management.sock in the runtime directory
        std::string group; ///< empty: the daemon's own user only
        std::optional<ListenAddress> listen; ///< by TLS; nothing: off
        Tls tls; ///< of that listener; what [tls] has where it is not set
        std::string clientCaFile; ///< empty: client certificates are not asked for
        QByteArray clientCaPem;
        management::Credentials credentials; ///< secret
        bool addresses = false; ///< whole client addresses for every role
        int consoles = 0; ///< at a time
        int pending = 0; ///< by TLS and not logged in
        milliseconds loginTimeout{};
        std::int64_t line = 0; ///< bytes of one request
        int rows = 0; ///< of one view
        int rate = 0; ///< deltas of one view in a second
        int views = 0; ///< of one console
        int subscriptions = 0; ///< of one console
        int credit = 0; ///< of one subscription
        int audit = 0; ///< entries
        std::int64_t sendQueue = 0; ///< of one console
        milliseconds sendStall{};
        int events = 0; ///< between two looks of the management thread
        std::int64_t eventBytes = 0;
    };
    struct Internal
    {
        ListenAddress listen;
    };
    struct Limits
    {
        int connections = 0;
        int connectionsPerAddress = 0;
        std::int64_t body = 0;
        std::int64_t head = 0;
        int headers = 0;
        std::int64_t url = 0;
        std::int64_t frame = 0;
        std::int64_t frameUnauthenticated = 0; ///< never more than frame
        int jsonDepth = 0; ///< never unlimited
        std::int64_t sendQueue = 0;
        milliseconds sendStall{};
        milliseconds headTimeout{};
        milliseconds bodyTimeout{};
        milliseconds idleTimeout{};
        milliseconds closeTimeout{};
        int queueMessages = 0;
        std::int64_t queueBytes = 0;
        int earlyMessages = 0;
        std::int64_t earlyBytes = 0;
        int heldUsers = 0;
        int heldPerSender = 0;
        int messageStates = 0;
        std::int64_t bodyMemory = 0;
        int fragments = 0;
        int controlFrames = 0; ///< in a second
        int acceptsPerTurn = 0;
        static constexpr int derived = -1; ///< until finishConfig() puts a number in its place
        int connectsPerAddress = 0; ///< in a second, like the two below
        int exchangesPerAddress = 0;
        int exchangesPerUser = 0;
        milliseconds burst{};
        int failedKeys = 0; ///< in a minute
        milliseconds failedKeyDelay{};
    };
    struct Log
    {
        log::Format format = log::Format::Text;
        log::Level level = log::Level::Info;
        int rate = 0; ///< lines of one event in a second
    };

    Http http;
    Stomp stomp;
    Tls tls;
    Net net;
    Ice ice;
    Sessions sessions;
    Exchange exchange;
    Presence presence;
    Broker broker;
    Drain drain;
    Management management;
    Internal internal;
    int workers = 1;
    Limits limits;
    Log log;
};

} // namespace msgsrv
