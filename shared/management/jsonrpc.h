// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "shared/management/protocol.h"

#include <QByteArray>
#include <QJsonArray>
#include <QJsonObject>
#include <QJsonValue>
#include <QString>

#include <tl/expected.hpp>

#include <string_view>
#include <variant>

namespace msgsrv::management {

/// JSON-RPC 2.0 with named parameters and without batches. An `id` is a string, a whole number up to 2^53, or
/// null.
struct Request
{
    QJsonValue id;
    QString method;
    QJsonObject params;
};

/// What wants no answer.
struct Notification
{
    QString method;
    QJsonObject params;
};

struct Response
{
    QJsonValue id;
    QJsonValue result;
};

struct Failure
{
    QJsonValue id; ///< null when it is not known
    ErrorCode code = ErrorCode::Internal;
    QString message; ///< one sentence
    QJsonObject data{};
};

using Message = std::variant<Request, Notification, Response, Failure>;

/// Nesting of one message.
constexpr int maximumDepth = 16;

/// Reads one line, which may come from anybody: strict JSON (RFC 8259, UTF-8, no member twice), unknown
/// members are ignored. The error is what the sender of a request is to be answered.
[[nodiscard]] tl::expected<Message, Failure> parseMessage(std::string_view line);

/// One line with its line feed.
[[nodiscard]] QByteArray toLine(const Request &request);
[[nodiscard]] QByteArray toLine(const Notification &notification);
[[nodiscard]] QByteArray toLine(const Response &response);
[[nodiscard]] QByteArray toLine(const Failure &failure);

/// As toLine(), of a result or of parameters that are JSON text already.
[[nodiscard]] QByteArray responseLine(const QJsonValue &id, std::string_view resultJson);
[[nodiscard]] QByteArray notificationLine(QLatin1String method, std::string_view paramsJson);

} // namespace msgsrv::management
