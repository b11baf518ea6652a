// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/net/websocketupgrade.h"

#include <QByteArray>

#include <array>

namespace msgsrv {

namespace {

Problem malformed(const char *detail)
{
    return {.cause = ProblemCause::MalformedRequest, .detail = detail};
}

/// Calls @p visit with each comma-separated token of all headers called @p name (RFC 9110, 5.3).
template <typename Visit>
void forEachToken(const HttpHead &head, std::string_view name, Visit visit)
{
    for (const auto &[key, value] : head.headers) {
        if (key != name)
            continue;
        std::string_view rest = value;
        while (!rest.empty()) {
            const std::size_t comma = rest.find(',');
            std::string_view token = rest.substr(0, comma);
            const std::size_t begin = token.find_first_not_of(" \t");
            if (begin != std::string_view::npos) {
                token = token.substr(begin, token.find_last_not_of(" \t") - begin + 1);
                visit(token);
            }
            rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        }
    }
}

/// 16 bytes in base64 (RFC 6455, 4.1): 22 characters and two '='.
bool isKey(std::string_view key)
{
    if (key.size() != 24)
        return false;
    const auto decoded = QByteArray::fromBase64Encoding(QByteArray(key.data(), qsizetype(key.size())),
                                                        QByteArray::AbortOnBase64DecodingErrors);
    return decoded.decodingStatus == QByteArray::Base64DecodingStatus::Ok && decoded.decoded.size() == 16;
}

} // namespace

tl::expected<WebSocketUpgrade, Problem> checkUpgrade(const HttpHead &head, std::string_view path)
{
    std::string_view asked = head.path;
    if (asked.size() == path.size() + 1 && asked.back() == '/')
        asked.remove_suffix(1);
    if (asked != path && path != anyPath)
        return tl::make_unexpected(
            Problem{.cause = ProblemCause::NotFound, .detail = "There is no WebSocket here."});
    if (!head.upgradeWebSocket)
        return tl::make_unexpected(
            malformed("A WebSocket handshake is a GET of HTTP/1.1 that asks for an upgrade."));
    const std::string *version = head.find("sec-websocket-version");
    if (head.count("sec-websocket-version") != 1 || *version != "13")
        return tl::make_unexpected(malformed("Sec-WebSocket-Version must be 13."));
    const std::string *key = head.find("sec-websocket-key");
    if (head.count("sec-websocket-key") != 1 || !isKey(*key))
        return tl::make_unexpected(malformed("Sec-WebSocket-Key must be 16 bytes in base64."));

    WebSocketUpgrade upgrade;
    upgrade.key = *key;
    constexpr std::array<std::string_view, 3> versions{"v12.stomp", "v11.stomp", "v10.stomp"};
    std::size_t best = versions.size();
    forEachToken(head, "sec-websocket-protocol", [&](std::string_view token) {
        for (std::size_t i = 0; i < best; ++i) {
            if (token == versions[i])
                best = i;
        }
    });
    if (best < versions.size())
        upgrade.subprotocol = versions[best];
    return upgrade;
}

std::string canonicalUpgradeRequest(const WebSocketUpgrade &upgrade, std::string_view path)
{
    std::string request = "GET ";
    request.append(path == anyPath ? "/" : path);
    request += " HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
               "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ";
    request += upgrade.key;
    if (!upgrade.subprotocol.empty()) {
        request += "\r\nSec-WebSocket-Protocol: ";
        request += upgrade.subprotocol;
    }
    request += "\r\n\r\n";
    return request;
}

} // namespace msgsrv
