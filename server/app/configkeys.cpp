// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/configkeys.h"

#include "server/app/configchecks.h"

#include <algorithm>
#include <cassert>

namespace msgsrv {

namespace {

using namespace std::chrono_literals;
using Stored = tl::expected<void, std::string>;

constexpr std::int64_t KiB = 1024;

/// Sets a string when it passes a check; with `orEmpty`, the empty string passes too.
template <typename At, typename Check>
Stored setChecked(Config &config, const std::string &text, At at, Check check, bool orEmpty)
{
    if (!(orEmpty && text.empty())) {
        if (auto checked = check(text); !checked)
            return checked;
    }
    at(config) = text;
    return {};
}

std::vector<ConfigKey> makeKeys()
{
    std::vector<ConfigKey> keys;
    const auto add = [&](ConfigKey key) { keys.push_back(std::move(key)); };

    add({.name = "workers",
         .type = "count",
         .defaultValue = R"("auto")",
         .field
         = CountField{.at = [](Config &c) -> int & { return c.workers; },
                      .most = 256,
                      .zero = false,
                      .automatic = [](const SystemFacts &facts) { return std::clamp(facts.cores, 1, 256); }},
         .meaning = "I/O threads; `auto` is the number of cores"});

    // ---- http
    add({.name = "http.listen",
         .type = "address",
         .defaultValue = R"("127.0.0.1:8080")",
         .field = AddressField{[](Config &c) -> ListenAddress & { return c.http.listen; }},
         .meaning = "session workflow and demo page; port 0 lets the system choose"});

    // ---- stomp
    add({.name = "stomp.listen",
         .type = "address",
         .defaultValue = R"("127.0.0.1:15674")",
         .field = AddressField{[](Config &c) -> ListenAddress & { return c.stomp.listen; }},
         .meaning = "STOMP over WebSocket; may be the same as `http.listen`: one port for both"});
    add({.name = "stomp.tcp_listen",
         .type = "address",
         .defaultValue = R"("")",
         .field = TextField{[](Config &c, const std::string &text) -> tl::expected<void, std::string> {
             c.stomp.tcpListen.reset();
             if (text.empty())
                 return {};
             c.stomp.tcpListen = ListenAddress::parse(text);
             if (!c.stomp.tcpListen)
                 return tl::make_unexpected("is no address; write it like \"127.0.0.1:61613\"");
             return {};
         }},
         .meaning = "STOMP over plain TCP, or TLS where it is on, for programs; empty: off"});
    add({.name = "stomp.path",
         .type = "path",
         .defaultValue = R"("/ws")",
         .field = TextField{[](Config &config, const std::string &text) {
             return setChecked(
                 config, text, [](Config & c) -> auto & { return c.stomp.path; }, checkPath, false);
         }},
         .meaning = "path of the WebSocket"});
    add({.name = "stomp.public_address",
         .type = "URL",
         .defaultValue = R"("")",
         .field = TextField{[](Config &config, const std::string &text) {
             return setChecked(
                 config, text, [](Config & c) -> auto & { return c.stomp.publicAddress; }, checkWebSocketUrl,
                 true);
         }},
         .meaning = "`listeningAddress` handed to clients (`ws://` or `wss://`); empty: derived from the "
                    "request's Host"});
    add({.name = "stomp.login_timeout",
         .type = "duration",
         .defaultValue = R"("10s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.stomp.loginTimeout; }},
         .meaning = "from the WebSocket's opening to CONNECT; 0: no limit"});
    add({.name = "stomp.heartbeat_min",
         .type = "duration",
         .defaultValue = R"("1s")",
         .field
         = DurationField{.at = [](Config &c) -> milliseconds & { return c.stomp.heartbeatMin; }, .most = 1h},
         .meaning = "shortest heart-beat interval that is agreed to; 0: any"});
    add({.name = "stomp.ping_interval",
         .type = "duration",
         .defaultValue = R"("30s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.stomp.pingInterval; }},
         .meaning = "WebSocket pings to clients that asked for no heart-beats; 0: off"});
    add({.name = "stomp.headers",
         .type = "count",
         .defaultValue = "64",
         .field = CountField{.at = [](Config &c) -> int & { return c.stomp.headers; }},
         .meaning = "headers of one STOMP frame; 0: unlimited"});
    add({.name = "stomp.header_bytes",
         .type = "size",
         .defaultValue = R"("8KiB")",
         .field
         = SizeField{.at = [](Config &c) -> std::int64_t & { return c.stomp.headerBytes; }, .least = 256},
         .meaning = "one header line of a STOMP frame; 0: unlimited"});
    add({.name = "stomp.user_topics",
         .type = "list",
         .defaultValue = "[]",
         .field = ListField{[](Config &c) { c.stomp.userTopics.clear(); },
                            [](Config &c, const std::string &text) -> tl::expected<void, std::string> {
                                if (!text.starts_with("/topic/"))
                                    return tl::make_unexpected("does not begin with /topic/");
                                c.stomp.userTopics.push_back(text);
                                return {};
                            }},
         .meaning = "topics that every user may send and subscribe to, as patterns like `/topic/room.*`"});
    add({.name = "stomp.subscriptions",
         .type = "count",
         .defaultValue = "8",
         .field = CountField{.at = [](Config &c) -> int & { return c.stomp.subscriptions; }, .zero = false},
         .meaning = "subscriptions of one connection"});
    add({.name = "stomp.transactions",
         .type = "count",
         .defaultValue = "16",
         .field = CountField{.at = [](Config &c) -> int & { return c.stomp.transactions; }},
         .meaning = "open transactions of one connection; 0: unlimited"});
    add({.name = "stomp.transaction_bytes",
         .type = "size",
         .defaultValue = R"("1MiB")",
         .field = SizeField{.at = [](Config &c) -> std::int64_t & { return c.stomp.transactionBytes; }},
         .meaning = "what the open transactions of one connection hold together; 0: unlimited"});
    add({.name = "stomp.passcode_checks",
         .type = "count",
         .defaultValue = "2",
         .field = CountField{.at = [](Config &c) -> int & { return c.stomp.passcodeChecks; },
                             .most = 64,
                             .zero = false},
         .meaning = "passcodes of accounts that are checked against a `passcode_hash` at a time, each in a "
                    "thread of its own"});
    add({.name = "stomp.passcode_waiting",
         .type = "count",
         .defaultValue = "64",
         .field = CountField{.at = [](Config &c) -> int & { return c.stomp.passcodeWaiting; },
                             .most = 4096,
                             .zero = false},
         .meaning = "CONNECTs that wait for such a check; more are refused with 1013"});

    // ---- tls
    add({.name = "tls.certificate",
         .type = "file",
         .defaultValue = R"("")",
         .field = TextField{[](Config &config, const std::string &text) -> Stored {
             config.tls.certificateFile = text;
             return {};
         }},
         .meaning
         = "PEM file with the certificate and its chain; when set, both public listeners speak TLS"});
    add({.name = "tls.key",
         .type = "file",
         .defaultValue = R"("")",
         .field = TextField{[](Config &config, const std::string &text) -> Stored {
             config.tls.keyFile = text;
             return {};
         }},
         .meaning = "PEM file with the certificate's private key, without a passphrase"});

    // ---- net
    add({.name = "net.allowed_origins",
         .type = "list",
         .defaultValue = "[]",
         .field = ListField{[](Config &config) { config.net.allowedOrigins.clear(); },
                            [](Config &config, const std::string &text) -> Stored {
                                if (auto checked = checkOrigin(text); !checked)
                                    return checked;
                                config.net.allowedOrigins.push_back(text);
                                return {};
                            }},
         .meaning = "browsers' Origins for WebSocket and CORS, e.g. `https://example.org`, or `example.org` "
                    "(any scheme); "
                    "empty: the request's own host, any port"});
    add({.name = "net.trusted_proxies",
         .type = "list",
         .defaultValue = "[]",
         .field = ListField{[](Config &config) { config.net.trustedProxies.clear(); },
                            [](Config &config, const std::string &text) -> Stored {
                                const auto block = Cidr::parse(text);
                                if (!block)
                                    return tl::make_unexpected(block.error());
                                config.net.trustedProxies.push_back(*block);
                                return {};
                            }},
         .meaning
         = "address blocks whose X-Forwarded-For, -Proto and -Host are believed, e.g. `10.0.0.0/8`"});

    add({.name = "net.engine",
         .type = "choice",
         .defaultValue = R"("direct")",
         .field = ChoiceField{{
             {"direct", [](Config &c) { c.net.engine = Engine::Direct; }},
             {"qt", [](Config &c) { c.net.engine = Engine::Qt; }},
         }},
         .meaning
         = "what carries requests and frames that were checked: `direct`, own code where it counts, or "
           "`qt`, QHttpServer and QWebSocket throughout; clients see no difference"});

    // ---- ice
    add({.name = "ice.servers",
         .type = "list",
         .defaultValue = "[]",
         .field = ListField{[](Config &config) { config.ice.servers.clear(); },
                            [](Config &config, const std::string &text) -> Stored {
                                if (auto checked = checkIceUrl(text); !checked)
                                    return checked;
                                config.ice.servers.push_back(text);
                                return {};
                            }},
         .meaning = "STUN and TURN URLs for `iceServers` in the answer of `/connect`"});
    add({.name = "ice.turn_secret",
         .type = "file",
         .defaultValue = R"("")",
         .field = TextField{[](Config &config, const std::string &text) -> Stored {
             config.ice.turnSecret.clear();
             if (text.empty())
                 return {};
             auto secret = readSecretFile(text);
             if (!secret)
                 return tl::make_unexpected(secret.error());
             config.ice.turnSecret = *std::move(secret);
             return {};
         }},
         .meaning
         = "file that holds the secret shared with the TURN server (coturn's `static-auth-secret`), for "
           "credentials per session"});
    add({.name = "ice.ttl",
         .type = "duration",
         .defaultValue = R"("12h")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.ice.ttl; },
                                .least = 1s,
                                .zero = false},
         .meaning = "how long TURN credentials are good"});

    // ---- sessions
    add({.name = "sessions.store",
         .type = "choice",
         .defaultValue = R"("sqlite")",
         .field = ChoiceField{{
             {"memory", [](Config &c) { c.sessions.store = SessionStoreKind::Memory; }},
             {"sqlite", [](Config &c) { c.sessions.store = SessionStoreKind::Sqlite; }},
             {"postgresql", [](Config &c) { c.sessions.store = SessionStoreKind::PostgreSql; },
              "sessions are kept in SQLite or in memory only"},
         }},
         .meaning
         = "where sessions are kept: `sqlite`, a file, so that they outlive the daemon, or `memory`; "
           "later also `postgresql`"});
    add({.name = "sessions.file",
         .type = "file",
         .defaultValue = R"("")",
         .field = TextField{[](Config &config, const std::string &text) -> Stored {
             config.sessions.file = text;
             return {};
         }},
         .meaning
         = "the file of `sqlite`, on a local disk; empty: `sessions.sqlite` in the state directory"});
    add({.name = "sessions.store_queue",
         .type = "count",
         .defaultValue = "10000",
         .field = CountField{[](Config &c) -> int & { return c.sessions.storeQueue; }},
         .meaning = "what may wait for the store's disk, more is answered 503; 0: unlimited"});
    add({.name = "sessions.url",
         .type = "URL",
         .defaultValue = R"("")",
         .field = FutureField{"it belongs to sessions.store = \"postgresql\""},
         .meaning = "the PostgreSQL database; not available yet",
         .secret = true});
    add({.name = "sessions.unacked_ttl",
         .type = "duration",
         .defaultValue = R"("60s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.sessions.unackedTtl; }},
         .meaning = "a session that nobody subscribed to for so long is deleted and flagged; 0: never"});
    add({.name = "sessions.resume",
         .type = "choice",
         .defaultValue = R"("ask")",
         .field = ChoiceField{{
             {"ask", [](Config &c) { c.sessions.resume = ResumePolicy::Ask; }},
             {"always", [](Config &c) { c.sessions.resume = ResumePolicy::Always; }},
             {"never", [](Config &c) { c.sessions.resume = ResumePolicy::Never; }},
         }},
         .meaning
         = "whose session outlives a broken connection, to be resumed: that of clients that ask (`ask`), "
           "everybody's (`always`), nobody's (`never`)"});
    add({.name = "sessions.resume_window",
         .type = "duration",
         .defaultValue = R"("60s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.sessions.resumeWindow; }},
         .meaning = "how long such a session and its queue wait at most; 0: off"});
    add({.name = "sessions.conflict",
         .type = "choice",
         .defaultValue = R"("probe")",
         .field = ChoiceField{{
             {"probe", [](Config &c) { c.sessions.conflict = ConflictPolicy::Probe; }},
             {"reject", [](Config &c) { c.sessions.conflict = ConflictPolicy::Reject; }},
             {"replace", [](Config &c) { c.sessions.conflict = ConflictPolicy::Replace; }},
         }},
         .meaning
         = "another POST /connect for a userId that has a session: `reject` it; `replace` the session; "
           "`probe`: replace it when its connection is broken or shows no sign of life in "
           "`sessions.probe_timeout`"});
    add({.name = "sessions.probe_timeout",
         .type = "duration",
         .defaultValue = R"("2s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.sessions.probeTimeout; },
                                .least = 100ms,
                                .zero = false},
         .meaning = "how long a connection whose userId another wants has for a sign of life"});
    add({.name = "sessions.sweep_interval",
         .type = "duration",
         .defaultValue = R"("30s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.sessions.sweepInterval; },
                                .least = 10ms,
                                .zero = false},
         .meaning = "how often sessions whose queue is gone are looked for"});

    // ---- exchange
    add({.name = "exchange.require_key",
         .type = "boolean",
         .defaultValue = "true",
         .field = BooleanField{[](Config &c) -> bool & { return c.exchange.requireKey; }},
         .meaning
         = "`false`: `fromUserId` is believed if that user has a session, for pages that send no key"});

    add({.name = "exchange.durable",
         .type = "boolean",
         .defaultValue = "false",
         .field = BooleanField{[](Config &c) -> bool & { return c.exchange.durable; }},
         .meaning
         = "`true`: a message that is accepted and has to wait is on the disk before its sender is told so, "
           "and outlives a crash. Not with `sessions.store = \"memory\"`"});
    add({.name = "exchange.max_hold",
         .type = "duration",
         .defaultValue = R"("30s")",
         .field
         = DurationField{.at = [](Config &c) -> milliseconds & { return c.exchange.maxHold; }, .most = 24h},
         .meaning = "how long a message with a `ttl` waits for a user without a session at most; 0: not at "
                    "all"});
    add({.name = "exchange.window",
         .type = "duration",
         .defaultValue = R"("2m")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.exchange.window; },
                                .least = 1s,
                                .most = 24h,
                                .zero = false},
         .meaning = "how long it is known what became of a message: for `GET /exchange/<messageId>`, and for "
                    "an `exchangeId` that comes again"});

    // ---- presence
    add({.name = "presence.enabled",
         .type = "boolean",
         .defaultValue = "true",
         .field = BooleanField{[](Config &c) -> bool & { return c.presence.enabled; }},
         .meaning = "users may ask whether others are there, and watch them"});
    add({.name = "presence.users",
         .type = "count",
         .defaultValue = "100",
         .field = CountField{.at = [](Config &c) -> int & { return c.presence.users; },
                             .most = 10'000,
                             .zero = false},
         .meaning = "users that one `POST /presence` may ask for"});
    add({.name = "presence.watches",
         .type = "count",
         .defaultValue = "100",
         .field = CountField{.at = [](Config &c) -> int & { return c.presence.watches; },
                             .most = 10'000,
                             .zero = false},
         .meaning = "users that one connection may watch"});
    add({.name = "presence.remembered",
         .type = "count",
         .defaultValue = "10000",
         .field = CountField{.at = [](Config &c) -> int & { return c.presence.remembered; }, .zero = false},
         .meaning = "users who left and of whom it is known when"});

    // ---- broker
    add({.name = "broker.kind",
         .type = "choice",
         .defaultValue = R"("embedded")",
         .field = ChoiceField{{
             {"embedded", [](Config &c) { c.broker.kind = BrokerKind::Embedded; }},
             {"rabbitmq", [](Config &c) { c.broker.kind = BrokerKind::RabbitMq; },
              "queues are kept by the embedded broker only"},
         }},
         .meaning = "who keeps the queues: `embedded`; later also `rabbitmq`"});
    add({.name = "broker.queues",
         .type = "count",
         .defaultValue = "1000",
         .field = CountField{[](Config &c) -> int & { return c.broker.queues; }},
         .meaning = "queues beside those of users, and subscriptions to topics; 0: unlimited"});
    add({.name = "broker.message_ttl",
         .type = "duration",
         .defaultValue = R"("1h")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.broker.messageTtl; }},
         .meaning = "how long a message waits in one of them at most; 0: for ever"});

    // ---- drain
    add({.name = "drain.spread",
         .type = "duration",
         .defaultValue = R"("10s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.drain.spread; }},
         .meaning = "how long the closes of all connections are spread over when the server stops, at most "
                    "half of `drain.timeout`; the fewer they are the shorter it takes, a second for each at "
                    "most; 0: all at once"});
    add({.name = "drain.timeout",
         .type = "duration",
         .defaultValue = R"("30s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.drain.timeout; }},
         .meaning = "how long clients and requests have at most to end when the server stops; 0: no limit"});

    // ---- management
    add({.name = "management.socket",
         .type = "file",
         .defaultValue = R"("")",
         .field = TextField{[](Config &config, const std::string &text) -> Stored {
             config.management.socket = text;
             return {};
         }},
         .meaning = "local socket of the console; empty: `management.sock` in the runtime directory"});
    add({.name = "management.group",
         .type = "text",
         .defaultValue = R"("")",
         .field = TextField{[](Config &config, const std::string &text) -> Stored {
             config.management.group = text;
             return {};
         }},
         .meaning = "group that may use the local socket, as operators (its mode is then 0660, else 0600)"});
    add({.name = "management.listen",
         .type = "address",
         .defaultValue = R"("")",
         .field = TextField{[](Config &config, const std::string &text) -> Stored {
             config.management.listen.reset();
             if (text.empty())
                 return {};
             config.management.listen = ListenAddress::parse(text);
             if (!config.management.listen)
                 return tl::make_unexpected("is no address; write it like \"0.0.0.0:8082\"");
             return {};
         }},
         .meaning = "TLS listener of the console; empty: off"});
    add({.name = "management.certificate",
         .type = "file",
         .defaultValue = R"("")",
         .field = TextField{[](Config &config, const std::string &text) -> Stored {
             config.management.tls.certificateFile = text;
             return {};
         }},
         .meaning = "PEM file with that listener's certificate and its chain; empty: as `tls.certificate`"});
    add({.name = "management.key",
         .type = "file",
         .defaultValue = R"("")",
         .field = TextField{[](Config &config, const std::string &text) -> Stored {
             config.management.tls.keyFile = text;
             return {};
         }},
         .meaning = "PEM file with its private key, without a passphrase; empty: as `tls.key`"});
    add({.name = "management.tokens",
         .type = "file",
         .defaultValue = R"("")",
         .field = TextField{[](Config &config, const std::string &text) -> Stored {
             config.management.credentials.clearTokens();
             if (text.empty())
                 return {};
             const auto lines = readSecretFile(text);
             if (!lines)
                 return tl::make_unexpected(lines.error());
             return config.management.credentials.addTokens({lines->constData(), std::size_t(lines->size())});
         }},
         .meaning = "file with those who may log in there by a token, one `ROLE NAME TOKEN` a line"});
    add({.name = "management.client_ca",
         .type = "file",
         .defaultValue = R"("")",
         .field = TextField{[](Config &config, const std::string &text) -> Stored {
             config.management.clientCaFile = text;
             return {};
         }},
         .meaning = "PEM file with the authorities that sign certificates of clients there; empty: none are "
                    "asked for"});
    add({.name = "management.client_roles",
         .type = "list",
         .defaultValue = "[]",
         .field = ListField{[](Config &c) { c.management.credentials.clearCertificates(); },
                            [](Config &c, const std::string &text) -> Stored {
                                return c.management.credentials.addCertificate(text);
                            }},
         .meaning = "who comes by such a certificate, as `COMMON-NAME=ROLE`; `*=ROLE` for any other"});
    add({.name = "management.addresses",
         .type = "boolean",
         .defaultValue = "false",
         .field = BooleanField{[](Config &c) -> bool & { return c.management.addresses; }},
         .meaning
         = "whole addresses of clients for every role, else masked to /24 or /48 for all but `admin`"});
    add({.name = "management.consoles",
         .type = "count",
         .defaultValue = "32",
         .field = CountField{.at = [](Config &c) -> int & { return c.management.consoles; }},
         .meaning = "consoles that may be connected at a time; 0: unlimited"});
    add({.name = "management.pending",
         .type = "count",
         .defaultValue = "8",
         .field = CountField{.at = [](Config &c) -> int & { return c.management.pending; }},
         .meaning = "connections by TLS that have not logged in yet; 0: unlimited"});
    add({.name = "management.login_timeout",
         .type = "duration",
         .defaultValue = R"("10s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.management.loginTimeout; }},
         .meaning = "from a console's connection to its login, and for the TLS handshake; 0: no limit"});
    add({.name = "management.line",
         .type = "size",
         .defaultValue = R"("1MiB")",
         .field = SizeField{.at = [](Config &c) -> std::int64_t & { return c.management.line; },
                            .least = 8 * KiB,
                            .most = 16 * KiB * KiB,
                            .zero = false},
         .meaning = "one request of a console"});
    add({.name = "management.rows",
         .type = "count",
         .defaultValue = "1000",
         .field = CountField{.at = [](Config &c) -> int & { return c.management.rows; },
                             .least = 200,
                             .most = 10'000,
                             .zero = false},
         .meaning = "rows of one view; at least 200, which is what the console asks for"});
    add({.name = "management.rate",
         .type = "count",
         .defaultValue = "10",
         .field
         = CountField{.at = [](Config &c) -> int & { return c.management.rate; }, .most = 20, .zero = false},
         .meaning = "how often in a second a view tells what has changed, at most"});
    add({.name = "management.views",
         .type = "count",
         .defaultValue = "16",
         .field = CountField{.at = [](Config &c) -> int & { return c.management.views; },
                             .most = 1000,
                             .zero = false},
         .meaning = "open views of one console"});
    add({.name = "management.subscriptions",
         .type = "count",
         .defaultValue = "16",
         .field = CountField{.at = [](Config &c) -> int & { return c.management.subscriptions; },
                             .most = 1000,
                             .zero = false},
         .meaning = "open subscriptions of one console to the flow and the log"});
    add({.name = "management.credit",
         .type = "count",
         .defaultValue = "100000",
         .field = CountField{.at = [](Config &c) -> int & { return c.management.credit; }, .zero = false},
         .meaning = "events that one subscription may ask for ahead; more is cut"});
    add({.name = "management.audit",
         .type = "count",
         .defaultValue = "1000",
         .field = CountField{.at = [](Config &c) -> int & { return c.management.audit; },
                             .most = 1'000'000,
                             .zero = false},
         .meaning = "actions that `audit.list` remembers; the log has all of them"});
    add({.name = "management.send_queue",
         .type = "size",
         .defaultValue = R"("512KiB")",
         .field = SizeField{.at = [](Config &c) -> std::int64_t & { return c.management.sendQueue; },
                            .least = 64 * KiB,
                            .zero = false},
         .meaning = "what may wait for one console; above half of it nothing new is made for it"});
    add({.name = "management.send_stall",
         .type = "duration",
         .defaultValue = R"("30s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.management.sendStall; }},
         .meaning = "how long it may wait without any progress; 0: no limit"});
    add({.name = "management.events",
         .type = "count",
         .defaultValue = "16384",
         .field = CountField{.at = [](Config &c) -> int & { return c.management.events; }, .zero = false},
         .meaning = "flow events that may wait for the management thread; the rest is a gap"});
    add({.name = "management.event_bytes",
         .type = "size",
         .defaultValue = R"("8MiB")",
         .field = SizeField{.at = [](Config &c) -> std::int64_t & { return c.management.eventBytes; },
                            .zero = false},
         .meaning = "the messages that these events hold"});

    // ---- internal
    add({.name = "internal.listen",
         .type = "address",
         .defaultValue = R"("127.0.0.1:8081")",
         .field = AddressField{[](Config &c) -> ListenAddress & { return c.internal.listen; }},
         .meaning = "`/livez`, `/readyz`, `/metrics`, `/auth/*`; never a public port"});

    // ---- limits
    add({.name = "limits.connections",
         .type = "count",
         .defaultValue = R"("auto")",
         .field = CountField{.at = [](Config &c) -> int & { return c.limits.connections; },
                             .automatic = [](const SystemFacts &f) { return connectionsFor(f.openFiles); }},
         .meaning
         = "open connections; `auto` leaves 128 of the process's file descriptors (RLIMIT_NOFILE); 0: "
           "unlimited"});
    add({.name = "limits.connections_per_address",
         .type = "count",
         .defaultValue = "1000",
         .field = CountField{.at = [](Config &c) -> int & { return c.limits.connectionsPerAddress; }},
         .meaning = "open connections of one client address; 0: unlimited"});
    add({.name = "limits.body",
         .type = "size",
         .defaultValue = R"("256KiB")",
         .field = SizeField{.at = [](Config &c) -> std::int64_t & { return c.limits.body; }},
         .meaning = "one HTTP body, or one relayed content; 0: unlimited"});
    add({.name = "limits.head",
         .type = "size",
         .defaultValue = R"("16KiB")",
         .field = SizeField{.at = [](Config &c) -> std::int64_t & { return c.limits.head; }, .least = 256},
         .meaning = "one HTTP request head; 0: unlimited"});
    add({.name = "limits.headers",
         .type = "count",
         .defaultValue = "64",
         .field = CountField{.at = [](Config &c) -> int & { return c.limits.headers; }},
         .meaning = "fields of one HTTP request head; 0: unlimited"});
    add({.name = "limits.url",
         .type = "size",
         .defaultValue = R"("8KiB")",
         .field = SizeField{.at = [](Config &c) -> std::int64_t & { return c.limits.url; }, .least = 16},
         .meaning = "target of one HTTP request; 0: unlimited"});
    add({.name = "limits.frame",
         .type = "size",
         .defaultValue = R"("1MiB")",
         .field = SizeField{.at = [](Config &c) -> std::int64_t & { return c.limits.frame; }, .least = 256},
         .meaning = "one STOMP frame; 0: unlimited"});
    add({.name = "limits.frame_unauthenticated",
         .type = "size",
         .defaultValue = R"("16KiB")",
         .field = SizeField{.at = [](Config &c) -> std::int64_t & { return c.limits.frameUnauthenticated; },
                            .least = 256},
         .meaning
         = "one STOMP frame before the client has proven who it is, never more than `limits.frame`; 0: "
           "as `limits.frame`"});
    add({.name = "limits.json_depth",
         .type = "count",
         .defaultValue = "32",
         .field = CountField{.at = [](Config &c) -> int & { return c.limits.jsonDepth; },
                             .most = 1000,
                             .zero = false},
         .meaning = "nesting of JSON in a body"});
    add({.name = "limits.send_queue",
         .type = "size",
         .defaultValue = R"("4MiB")",
         .field
         = SizeField{.at = [](Config &c) -> std::int64_t & { return c.limits.sendQueue; }, .least = 4 * KiB},
         .meaning = "what may wait to be sent on one connection; 0: unlimited"});
    add({.name = "limits.send_stall",
         .type = "duration",
         .defaultValue = R"("10s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.limits.sendStall; }},
         .meaning = "how long it may wait without any progress; 0: no limit"});
    add({.name = "limits.head_timeout",
         .type = "duration",
         .defaultValue = R"("5s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.limits.headTimeout; }},
         .meaning = "for a whole HTTP request head; 0: no limit"});
    add({.name = "limits.body_timeout",
         .type = "duration",
         .defaultValue = R"("10s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.limits.bodyTimeout; }},
         .meaning = "from the end of the head to the end of the body; 0: no limit"});
    add({.name = "limits.idle_timeout",
         .type = "duration",
         .defaultValue = R"("60s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.limits.idleTimeout; }},
         .meaning = "a kept-alive HTTP connection between requests; 0: no limit"});
    add({.name = "limits.close_timeout",
         .type = "duration",
         .defaultValue = R"("5s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.limits.closeTimeout; }},
         .meaning = "for the peer's part of closing a connection; 0: no limit"});
    add({.name = "limits.queue_messages",
         .type = "count",
         .defaultValue = "1000",
         .field = CountField{.at = [](Config &c) -> int & { return c.limits.queueMessages; }},
         .meaning = "messages that may wait for one subscribed user; 0: unlimited"});
    add({.name = "limits.queue_bytes",
         .type = "size",
         .defaultValue = R"("4MiB")",
         .field = SizeField{.at = [](Config &c) -> std::int64_t & { return c.limits.queueBytes; }},
         .meaning = "their bytes; 0: unlimited"});
    add({.name = "limits.early_messages",
         .type = "count",
         .defaultValue = "64",
         .field = CountField{.at = [](Config &c) -> int & { return c.limits.earlyMessages; }},
         .meaning = "messages that may wait for a user who has not subscribed yet; 0: unlimited"});
    add({.name = "limits.early_bytes",
         .type = "size",
         .defaultValue = R"("256KiB")",
         .field = SizeField{.at = [](Config &c) -> std::int64_t & { return c.limits.earlyBytes; }},
         .meaning = "their bytes; 0: unlimited"});
    add({.name = "limits.held_users",
         .type = "count",
         .defaultValue = "10000",
         .field = CountField{.at = [](Config &c) -> int & { return c.limits.heldUsers; }},
         .meaning = "users without a session for whom messages wait (`exchange.max_hold`); 0: unlimited"});
    add({.name = "limits.held_per_sender",
         .type = "count",
         .defaultValue = "64",
         .field = CountField{.at = [](Config &c) -> int & { return c.limits.heldPerSender; }},
         .meaning = "messages of one sender that wait for such users; 0: unlimited"});
    add({.name = "limits.message_states",
         .type = "count",
         .defaultValue = "256",
         .field = CountField{.at = [](Config &c) -> int & { return c.limits.messageStates; }, .zero = false},
         .meaning = "messages of one session whose fate is final and known (`exchange.window`)"});
    add({.name = "limits.body_memory",
         .type = "size",
         .defaultValue = R"("32MiB")",
         .field = SizeField{.at = [](Config &c) -> std::int64_t & { return c.limits.bodyMemory; }},
         .meaning = "HTTP bodies that are not whole yet, all connections together, not counting 16 KiB of "
                    "each; 0: unlimited"});
    add({.name = "limits.fragments",
         .type = "count",
         .defaultValue = "1024",
         .field = CountField{.at = [](Config &c) -> int & { return c.limits.fragments; }},
         .meaning = "frames of one WebSocket message; 0: unlimited"});
    add({.name = "limits.control_frames",
         .type = "count",
         .defaultValue = "100",
         .field = CountField{.at = [](Config &c) -> int & { return c.limits.controlFrames; }},
         .meaning = "pings and pongs of one WebSocket in a second; 0: unlimited"});
    add({.name = "limits.accepts_per_turn",
         .type = "count",
         .defaultValue = "4",
         .field = CountField{.at = [](Config &c) -> int & { return c.limits.acceptsPerTurn; }},
         .meaning = "new connections that one thread takes before it serves others; 0: unlimited"});
    constexpr auto fromConnections = [](const SystemFacts &) { return Config::Limits::derived; };
    add({.name = "limits.connects_per_address",
         .type = "count",
         .defaultValue = R"("auto")",
         .field = CountField{.at = [](Config &c) -> int & { return c.limits.connectsPerAddress; },
                             .automatic = fromConnections},
         .meaning = "`POST /connect` of one client address in a second; `auto`: a fifth of "
                    "`limits.connections_per_address`; 0: unlimited"});
    add({.name = "limits.exchanges_per_address",
         .type = "count",
         .defaultValue = R"("auto")",
         .field = CountField{.at = [](Config &c) -> int & { return c.limits.exchangesPerAddress; },
                             .automatic = fromConnections},
         .meaning = "`POST /exchange` and SEND of one client address in a second; `auto`: five times "
                    "`limits.connections_per_address`; 0: unlimited"});
    add({.name = "limits.exchanges_per_user",
         .type = "count",
         .defaultValue = "1000",
         .field = CountField{.at = [](Config &c) -> int & { return c.limits.exchangesPerUser; }},
         .meaning = "`POST /exchange` and SEND of one user in a second; 0: unlimited"});
    add({.name = "limits.burst",
         .type = "duration",
         .defaultValue = R"("10s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.limits.burst; },
                                .least = 1s,
                                .most = 1h,
                                .zero = false},
         .meaning = "how much of these three rates may be used at once: so many seconds' worth"});
    add({.name = "limits.failed_keys",
         .type = "count",
         .defaultValue = "60",
         .field = CountField{.at = [](Config &c) -> int & { return c.limits.failedKeys; }},
         .meaning = "unknown keys and refused passcodes of one client address in a minute that are answered "
                    "at once; the answers to more of them wait, each twice as long; 0: unlimited"});
    add({.name = "limits.failed_key_delay",
         .type = "duration",
         .defaultValue = R"("5s")",
         .field = DurationField{.at = [](Config &c) -> milliseconds & { return c.limits.failedKeyDelay; },
                                .most = 1min},
         .meaning = "the longest such wait; 0: none"});

    // ---- log
    add({.name = "log.format",
         .type = "choice",
         .defaultValue = R"("text")",
         .field = ChoiceField{{
             {"text", [](Config &c) { c.log.format = log::Format::Text; }},
             {"json", [](Config &c) { c.log.format = log::Format::Json; }},
         }},
         .meaning = "lines on stderr: `text` (name=value) or `json` (one object a line)"});
    add({.name = "log.level",
         .type = "choice",
         .defaultValue = R"("info")",
         .field = ChoiceField{{
             {"debug", [](Config &c) { c.log.level = log::Level::Debug; }},
             {"info", [](Config &c) { c.log.level = log::Level::Info; }},
             {"warning", [](Config &c) { c.log.level = log::Level::Warning; }},
             {"error", [](Config &c) { c.log.level = log::Level::Error; }},
         }},
         .meaning = "the least level that is written: `debug`, `info`, `warning`, `error`"});
    add({.name = "log.rate",
         .type = "count",
         .defaultValue = "200",
         .field = CountField{.at = [](Config &c) -> int & { return c.log.rate; }},
         .meaning = "lines that one event may write in a second, the rest is counted; 0: unlimited"});
    return keys;
}

} // namespace

const std::vector<ConfigKey> &configKeys()
{
    static const std::vector<ConfigKey> keys = makeKeys();
    return keys;
}

const ConfigKey *findKey(std::string_view name)
{
    const auto &keys = configKeys();
    const auto it
        = std::find_if(keys.begin(), keys.end(), [&](const ConfigKey &key) { return key.name == name; });
    return it == keys.end() ? nullptr : &*it;
}

std::vector<std::string_view> keyNames()
{
    std::vector<std::string_view> names;
    for (const ConfigKey &key : configKeys())
        names.push_back(key.name);
    return names;
}

Config defaultConfig(const SystemFacts &facts)
{
    Config config;
    for (const ConfigKey &key : configKeys()) {
        const auto value = parseTomlValue(key.defaultValue);
        assert(value);
        [[maybe_unused]] const auto stored = storeValue(key, *value, facts, config);
        assert(stored);
    }
    return config;
}

} // namespace msgsrv
