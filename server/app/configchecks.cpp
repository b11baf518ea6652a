// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/app/configchecks.h"

#include "server/app/configvalue.h"
#include "server/app/tlspair.h"
#include "server/net/httpgrammar.h"
#include "server/net/originpolicy.h"

#include <QFile>
#include <QSslCertificate>
#include <QUrl>

#include <algorithm>

namespace msgsrv {

namespace {

Checked fail(std::string error)
{
    return tl::make_unexpected(std::move(error));
}

/// @p certificateKey and @p keyKey are the names of the keys that name the files.
void checkTls(Config::Tls &tls, std::string_view certificateKey, std::string_view keyKey,
              std::vector<JointProblem> &problems)
{
    if (tls.certificateFile.empty() != tls.keyFile.empty()) {
        const bool keyMissing = tls.keyFile.empty();
        const std::string_view given = keyMissing ? certificateKey : keyKey;
        const std::string_view missing = keyMissing ? keyKey : certificateKey;
        problems.push_back(
            {given,
             std::string(given) + " is set but " + std::string(missing) + " is not; set both or none"});
        return;
    }
    if (tls.certificateFile.empty())
        return;
    auto certificate = readSmallFile(tls.certificateFile);
    auto key = readSmallFile(tls.keyFile);
    const auto unreadable = [&](std::string_view name, const std::string &file, const std::string &why) {
        problems.push_back({name, std::string(name) + ": the file " + tomlString(file) + ' ' + why});
    };
    if (!certificate)
        unreadable(certificateKey, tls.certificateFile, certificate.error());
    if (!key)
        unreadable(keyKey, tls.keyFile, key.error());
    if (!certificate || !key)
        return;
    switch (checkTlsPair(*certificate, *key)) {
    case TlsPair::Good:
        tls.certificatePem = *std::move(certificate);
        tls.keyPem = *std::move(key);
        break;
    case TlsPair::NoCertificate:
        unreadable(certificateKey, tls.certificateFile, "holds no certificate in PEM form");
        break;
    case TlsPair::NoKey:
        unreadable(keyKey, tls.keyFile, "holds no private key in PEM form");
        break;
    case TlsPair::EncryptedKey:
        unreadable(keyKey, tls.keyFile, "holds a private key with a passphrase; store it without one");
        break;
    case TlsPair::UnsupportedKey:
        unreadable(keyKey, tls.keyFile, "holds a private key that is neither RSA nor EC");
        break;
    case TlsPair::Mismatch:
        unreadable(keyKey, tls.keyFile,
                   "holds another key than that of the certificate " + tomlString(tls.certificateFile));
        break;
    }
}

void checkManagement(Config &config, std::vector<JointProblem> &problems)
{
    Config::Management &management = config.management;
    checkTls(management.tls, "management.certificate", "management.key", problems);
    if (!management.clientCaFile.empty()) {
        auto pem = readSmallFile(management.clientCaFile);
        const std::string file
            = "management.client_ca: the file " + tomlString(management.clientCaFile) + ' ';
        if (!pem)
            problems.push_back({"management.client_ca", file + pem.error()});
        else if (QSslCertificate::fromData(*pem, QSsl::Pem).isEmpty())
            problems.push_back({"management.client_ca", file + "holds no certificate in PEM form"});
        else
            management.clientCaPem = *std::move(pem);
    }
    if (management.clientCaFile.empty() == management.credentials.hasCertificates())
        problems.push_back(
            {"management.client_roles",
             management.clientCaFile.empty()
                 ? "management.client_roles is set but management.client_ca is not; set both or none"
                 : "management.client_ca is set but management.client_roles is not; set both or none"});
    if (!management.listen)
        return;
    if (management.tls.certificateFile.empty() && config.tls.certificateFile.empty())
        problems.push_back({"management.listen",
                            "management.listen needs a certificate; set management.certificate and "
                            "management.key, or tls.certificate and tls.key"});
    if (!management.credentials.hasTokens() && management.clientCaFile.empty())
        problems.push_back(
            {"management.listen",
             "management.listen lets nobody in; set management.tokens, or management.client_ca "
             "and management.client_roles"});
    if (!management.tls.enabled())
        management.tls = config.tls;
    for (const auto &[name, other] : {std::pair{"http.listen", config.http.listen},
                                      {"stomp.listen", config.stomp.listen},
                                      {"internal.listen", config.internal.listen}}) {
        if (management.listen->overlaps(other))
            problems.push_back({"management.listen",
                                "management.listen (" + management.listen->toString() + ") is the address "
                                    + name + " (" + other.toString() + "); give it another port"});
    }
}

void checkListeners(const Config &config, std::vector<JointProblem> &problems)
{
    const auto &[http, stomp, internal]
        = std::tie(config.http.listen, config.stomp.listen, config.internal.listen);
    if (stomp.overlaps(http) && !(stomp == http))
        problems.push_back(
            {"stomp.listen",
             "stomp.listen (" + stomp.toString() + ") and http.listen (" + http.toString()
                 + ") have the same port; make them the same address or give one another port"});
    if (internal.overlaps(http))
        problems.push_back({"internal.listen",
                            "internal.listen (" + internal.toString()
                                + ") is the public address http.listen (" + http.toString()
                                + "); give it another port"});
    else if (internal.overlaps(stomp))
        problems.push_back({"internal.listen",
                            "internal.listen (" + internal.toString()
                                + ") is the public address stomp.listen (" + stomp.toString()
                                + "); give it another port"});
}

void checkIce(const Config &config, std::vector<JointProblem> &problems)
{
    if (!config.ice.turnSecret.isEmpty())
        return;
    for (const std::string &url : config.ice.servers) {
        if (url.rfind("turn", 0) != 0)
            continue;
        problems.push_back({"ice.servers",
                            "ice.servers has " + tomlString(url)
                                + ", which browsers take with credentials only; set ice.turn_secret"});
        return;
    }
}

} // namespace

Checked checkPath(std::string_view path)
{
    constexpr std::string_view allowed
        = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=:@/";
    if (path.empty() || path.front() != '/' || path.size() > 256
        || path.find_first_not_of(allowed) != path.npos || path.find("//") != path.npos)
        return fail("is no path; write it like \"/ws\", of letters, digits and -._~!$&'()*+,;=:@/");
    return {};
}

Checked checkWebSocketUrl(std::string_view text)
{
    const QUrl url(QString::fromUtf8(text.data(), qsizetype(text.size())), QUrl::StrictMode);
    const bool good = url.isValid() && !url.host().isEmpty() && url.userInfo().isEmpty() && !url.hasFragment()
        && (url.scheme() == QLatin1String("ws") || url.scheme() == QLatin1String("wss"));
    return good ? Checked() : fail("is no WebSocket URL; write it like \"wss://example.org/ws\"");
}

Checked checkOrigin(std::string_view origin)
{
    if (http::equalsLower(origin, "null"))
        return fail("is never allowed, because every sandboxed page has it");
    if (!OriginPolicy::parse({std::string(origin)}))
        return fail("is no origin; write it like \"https://example.org\" or \"example.org:8443\"");
    return {};
}

Checked checkIceUrl(std::string_view url)
{
    const std::size_t colon = url.find(':');
    const std::string_view scheme = url.substr(0, colon);
    const bool stun = scheme == "stun" || scheme == "stuns";
    const bool turn = scheme == "turn" || scheme == "turns";
    if (colon != url.npos && (stun || turn)) {
        std::string_view rest = url.substr(colon + 1);
        const std::size_t query = rest.find('?');
        const std::string_view transport = query == rest.npos ? std::string_view() : rest.substr(query);
        const bool goodTransport = query == rest.npos
            || (turn && (transport == "?transport=udp" || transport == "?transport=tcp"));
        if (goodTransport && http::isAuthority(rest.substr(0, query)))
            return {};
    }
    return fail("is no STUN or TURN URL; write it like \"stun:example.org:3478\" or "
                "\"turn:example.org:3478?transport=tcp\"");
}

tl::expected<QByteArray, std::string> readSmallFile(const std::string &path)
{
    constexpr qint64 largest = 1024 * 1024;
    QFile file(QString::fromStdString(path));
    if (!file.open(QIODevice::ReadOnly))
        return tl::make_unexpected("cannot be read: " + file.errorString().toStdString());
    QByteArray content = file.read(largest + 1);
    if (file.error() != QFileDevice::NoError)
        return tl::make_unexpected("cannot be read: " + file.errorString().toStdString());
    if (content.size() > largest)
        return tl::make_unexpected("is larger than 1MiB");
    return content;
}

tl::expected<QByteArray, std::string> readSecretFile(const std::string &path)
{
    auto content = readSmallFile(path);
    if (!content)
        return content;
    while (content->endsWith('\n') || content->endsWith('\r'))
        content->chop(1);
    if (content->isEmpty())
        return tl::make_unexpected("is a file without a secret in it");
    return content;
}

std::vector<JointProblem> finishConfig(Config &config)
{
    std::vector<JointProblem> problems;
    checkListeners(config, problems);
    checkTls(config.tls, "tls.certificate", "tls.key", problems);
    checkManagement(config, problems);
    checkIce(config, problems);
    if (config.exchange.durable && config.sessions.store == SessionStoreKind::Memory)
        problems.push_back({"exchange.durable",
                            "exchange.durable needs a store that outlives the daemon; set sessions.store = "
                            "\"sqlite\""});
    Config::Limits &limits = config.limits;
    if (limits.frame != 0 && (limits.frameUnauthenticated == 0 || limits.frameUnauthenticated > limits.frame))
        limits.frameUnauthenticated = limits.frame;
    // With the usual burst of 10 s: every connection of an address may open a session twice, and each may
    // send 50 messages, at once.
    const std::int64_t connections = limits.connectionsPerAddress;
    constexpr std::int64_t most = 1'000'000'000;
    if (limits.connectsPerAddress == Config::Limits::derived)
        limits.connectsPerAddress = int((connections + 4) / 5);
    if (limits.exchangesPerAddress == Config::Limits::derived)
        limits.exchangesPerAddress = int(std::min(connections * 5, most));
    return problems;
}

} // namespace msgsrv
