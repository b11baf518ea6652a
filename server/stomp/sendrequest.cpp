// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/stomp/sendrequest.h"

#include "server/stomp/destination.h"
#include "shared/base/json.h"
#include "shared/base/utf8.h"
#include "shared/signaling/closecodes.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace msgsrv {

namespace {

constexpr std::array<std::string_view, 14> ownHeaders{
    // about this frame alone
    "content-length", "content-type", "destination", "passcode", "receipt", "transaction",
    // made by the server
    "ack", "event", "from", "message-id", "receipt-id", "redelivered", "subscription", "timestamp"};

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

tl::expected<UserId, Fault> recipientOf(const stomp::Frame &send, const ListeningKey &own)
{
    const std::string *text = send.find("destination");
    if (!text)
        return tl::unexpected(headerMissing(send, "destination"));
    const Destination destination = parseDestination(*text);
    if (const auto *malformed = std::get_if<MalformedDestination>(&destination))
        return tl::unexpected(Fault{CloseCode::ProtocolError, "malformed destination", malformed->why,
                                    valueOf(send, "receipt")});
    if (const auto *queue = std::get_if<QueueDestination>(&destination); queue && queue->key != own)
        return tl::unexpected(foreignQueue(send));
    const auto *user = std::get_if<UserDestination>(&destination);
    if (!user)
        return tl::unexpected(unsupported(send, "SEND to anything but /user/<userId>"));
    return user->user;
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

std::vector<std::pair<QByteArray, QByteArray>> travellingHeaders(const stomp::Frame &send)
{
    std::vector<std::pair<QByteArray, QByteArray>> result;
    for (const stomp::Header &header : send.headers) {
        if (std::find(ownHeaders.begin(), ownHeaders.end(), header.name) != ownHeaders.end())
            continue;
        // find() gives the first: a later one of the same name has another address.
        if (send.find(header.name) == &header.value)
            result.emplace_back(toBytes(header.name), toBytes(header.value));
    }
    return result;
}

} // namespace msgsrv
