// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/sendrequest.h"

#include "server/stomp/destination.h"
#include "shared/base/json.h"
#include "shared/base/utf8.h"
#include "shared/signaling/closecodes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <span>
#include <string_view>

namespace msgsrv {

namespace {

constexpr std::array<std::string_view, 14> ownHeaders{
    // about this frame alone
    "content-length", "content-type", "destination", "passcode", "receipt", "transaction",
    // made by the server
    "ack", "event", "from", "message-id", "receipt-id", "redelivered", "subscription", "timestamp"};

/// Read, and not passed on, where a SEND goes to a user.
constexpr std::array<std::string_view, 3> wishHeaders{"exchange-id", "notify", "ttl"};

bool isIn(std::span<const std::string_view> names, std::string_view name)
{
    return std::find(names.begin(), names.end(), name) != names.end();
}

QByteArray toBytes(std::string_view text)
{
    return {text.data(), qsizetype(text.size())};
}

bool equalsIgnoringCase(std::string_view a, std::string_view lower)
{
    return std::equal(a.begin(), a.end(), lower.begin(), lower.end(),
                      [](char x, char y) { return (x >= 'A' && x <= 'Z' ? char(x - 'A' + 'a') : x) == y; });
}

bool isJson(std::string_view contentType)
{
    std::string_view type = contentType.substr(0, contentType.find(';'));
    type.remove_prefix(std::min(type.find_first_not_of(" \t"), type.size()));
    type = type.substr(0, type.find_last_not_of(" \t") + 1);
    return equalsIgnoringCase(type, "application/json");
}

Problem problemOf(const JsonError &error)
{
    const QByteArray where = " at byte " + QByteArray::number(qulonglong(error.offset)) + '.';
    switch (error.kind) {
    case JsonError::Kind::DuplicateName:
        return {ProblemCause::DuplicateMember, "The JSON body has a member twice" + where};
    case JsonError::Kind::NotUnicode:
        return {ProblemCause::InvalidContent, "The JSON body is not valid Unicode" + where};
    case JsonError::Kind::TooDeep:
        return {ProblemCause::MalformedBody, "The JSON body is nested too deeply" + where};
    default:
        return {ProblemCause::MalformedBody, "The body is not one JSON value" + where};
    }
}

} // namespace

tl::expected<SendTarget, Fault> targetOf(const stomp::Frame &send, const Principal &principal)
{
    const std::string *text = send.find("destination");
    if (!text)
        return tl::unexpected(headerMissing(send, "destination"));
    Destination destination = parseDestination(*text);
    if (const auto *malformed = std::get_if<MalformedDestination>(&destination))
        return tl::unexpected(Fault{CloseCode::ProtocolError, "malformed destination", malformed->why,
                                    valueOf(send, "receipt")});
    if (const auto *queue = std::get_if<QueueDestination>(&destination))
        return tl::unexpected(principal.owns(queue->key)
                                  ? unsupported(send, "SEND to the session's own queue")
                                  : foreignQueue(send));
    const bool allowed = Access::allows(principal.access.send, *text);
    if (auto *user = std::get_if<UserDestination>(&destination)) {
        if (!principal.isAccount || allowed)
            return SendTarget(std::move(user->user));
        return tl::unexpected(destinationRefused(send));
    }
    if (std::holds_alternative<PresenceDestination>(destination))
        return tl::unexpected(destinationRefused(send)); // the server alone says who is there
    auto *const shared = std::get_if<SharedDestination>(&destination);
    if (!shared)
        return tl::unexpected(unsupported(send, "SEND to this kind of destination"));
    if (allowed && (principal.isAccount || shared->name.kind == DestinationName::Kind::Topic))
        return SendTarget(std::move(shared->name));
    if (!principal.isAccount && shared->name.kind == DestinationName::Kind::Queue)
        return tl::unexpected(foreignQueue(send));
    return tl::unexpected(destinationRefused(send));
}

std::optional<milliseconds> expirationOf(const stomp::Frame &send)
{
    const std::string *text = send.find("expiration");
    std::uint32_t value = 0;
    if (!text)
        return std::nullopt;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (error != std::errc() || end != text->data() + text->size())
        return std::nullopt;
    return milliseconds(value);
}

tl::expected<QByteArray, Problem> contentOf(const stomp::Frame &send, int jsonDepth)
{
    const std::string *type = send.find("content-type");
    if (type && isJson(*type)) {
        if (const auto checked = checkJson(send.body, jsonDepth); !checked)
            return tl::unexpected(problemOf(checked.error()));
        return toBytes(send.body);
    }
    if (!isUtf8(send.body))
        return tl::unexpected(
            Problem{ProblemCause::InvalidContent, QByteArrayLiteral("The body is not UTF-8.")});
    std::string json;
    json.reserve(send.body.size() + 16);
    appendJsonString(json, send.body);
    return toBytes(json);
}

tl::expected<void, Problem> readWishes(const stomp::Frame &send, ExchangeRequest &request)
{
    if (const std::string *text = send.find("exchange-id")) {
        auto id = parseExchangeId(*text);
        if (!id)
            return tl::unexpected(id.error());
        request.exchangeId = *std::move(id);
    }
    if (const std::string *text = send.find("notify")) {
        const auto wishes = parseNotify(*text);
        if (!wishes)
            return tl::unexpected(wishes.error());
        request.wishes = *wishes;
    }
    if (const std::string *text = send.find("ttl")) {
        const auto ttl = parseTtl(*text);
        if (!ttl)
            return tl::unexpected(ttl.error());
        request.ttl = *ttl;
    }
    return {};
}

std::vector<std::pair<QByteArray, QByteArray>> travellingHeaders(const stomp::Frame &send, bool toUser)
{
    std::vector<std::pair<QByteArray, QByteArray>> result;
    for (const stomp::Header &header : send.headers) {
        if (isIn(ownHeaders, header.name) || (toUser && isIn(wishHeaders, header.name)))
            continue;
        // find() gives the first: a later one of the same name has another address.
        if (send.find(header.name) == &header.value)
            result.emplace_back(toBytes(header.name), toBytes(header.value));
    }
    return result;
}

} // namespace msgsrv
