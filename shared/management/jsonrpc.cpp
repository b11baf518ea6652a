// SPDX-License-Identifier: GPL-3.0-or-later
#include "shared/management/jsonrpc.h"

#include "shared/base/json.h"

#include <QJsonDocument>

#include <cmath>
#include <optional>
#include <string>

namespace msgsrv::management {

namespace {

constexpr QLatin1String versionName("jsonrpc");
constexpr QLatin1String version("2.0");
constexpr QLatin1String idName("id");
constexpr QLatin1String methodName("method");
constexpr QLatin1String paramsName("params");
constexpr QLatin1String resultName("result");
constexpr QLatin1String errorName("error");
constexpr QLatin1String codeName("code");
constexpr QLatin1String messageName("message");
constexpr QLatin1String dataName("data");

tl::unexpected<Failure> refuse(ErrorCode code, const QString &message, const QJsonValue &id = {})
{
    return tl::unexpected(Failure{id, code, message});
}

bool isId(const QJsonValue &value)
{
    constexpr double exact = 9'007'199'254'740'992.0; // 2^53
    const double number = value.toDouble(0.5);
    return value.isString() || value.isNull()
        || (value.isDouble() && std::trunc(number) == number && std::abs(number) <= exact);
}

/// The members that are there to be told as what went wrong with @p text.
QString sentenceFor(const JsonError &error)
{
    switch (error.kind) {
    case JsonError::Kind::NotAnObject:
        return QStringLiteral("A message is one JSON object.");
    case JsonError::Kind::DuplicateName:
        return QStringLiteral("A member stands there twice.");
    case JsonError::Kind::TooDeep:
        return QStringLiteral("The message is nested too deeply.");
    case JsonError::Kind::NotUnicode:
        return QStringLiteral("The message is not UTF-8.");
    case JsonError::Kind::NumberOutOfRange:
        return QStringLiteral("A number is out of range.");
    case JsonError::Kind::Syntax:
        break;
    }
    return QStringLiteral("The line is no JSON (byte %1).").arg(error.offset);
}

tl::expected<Message, Failure> parseCall(const QJsonObject &object, const QJsonValue &id)
{
    const QJsonValue name = object.value(methodName);
    if (!name.isString())
        return refuse(ErrorCode::NotARequest, QStringLiteral("\"method\" is a string."), id);
    const QJsonValue params = object.value(paramsName);
    if (params.isArray())
        return refuse(ErrorCode::BadParameters, QStringLiteral("Parameters have names here."), id);
    if (!params.isUndefined() && !params.isObject())
        return refuse(ErrorCode::NotARequest, QStringLiteral("\"params\" is an object."), id);
    if (!object.contains(idName))
        return Notification{name.toString(), params.toObject()};
    return Request{id, name.toString(), params.toObject()};
}

tl::expected<Message, Failure> parseAnswer(const QJsonObject &object, const QJsonValue &id)
{
    const QJsonValue error = object.value(errorName);
    if (!object.contains(idName))
        return refuse(ErrorCode::NotARequest, QStringLiteral("There is neither \"method\" nor \"id\"."));
    if (error.isUndefined()) {
        if (!object.contains(resultName))
            return refuse(ErrorCode::NotARequest, QStringLiteral("\"method\" is missing."), id);
        return Response{id, object.value(resultName)};
    }
    const QJsonObject details = error.toObject();
    const QJsonValue code = details.value(codeName);
    if (object.contains(resultName) || !code.isDouble() || !details.value(messageName).isString())
        return refuse(ErrorCode::NotARequest, QStringLiteral("\"error\" is not as JSON-RPC has it."), id);
    return Failure{id, ErrorCode(code.toInt(int(ErrorCode::Internal))), details.value(messageName).toString(),
                   details.value(dataName).toObject()};
}

QByteArray toLine(QJsonObject object)
{
    object.insert(versionName, version);
    return QJsonDocument(object).toJson(QJsonDocument::Compact) + '\n';
}

} // namespace

tl::expected<Message, Failure> parseMessage(std::string_view line)
{
    // Checked first by a reader that does not recurse, since the line may come from anybody.
    if (const auto checked = checkJson(line, maximumDepth); !checked)
        return refuse(ErrorCode::NotJson, sentenceFor(checked.error()));
    const auto document
        = QJsonDocument::fromJson(QByteArray::fromRawData(line.data(), qsizetype(line.size())));
    if (!document.isObject())
        return refuse(ErrorCode::NotJson, sentenceFor({JsonError::Kind::NotAnObject, 0, {}}));

    const QJsonObject object = document.object();
    const QJsonValue id = object.contains(idName) ? object.value(idName) : QJsonValue(QJsonValue::Null);
    if (!isId(id))
        return refuse(ErrorCode::NotARequest,
                      QStringLiteral("\"id\" is a string or a whole number up to 2^53."), QJsonValue::Null);
    if (object.value(versionName).toString() != version)
        return refuse(ErrorCode::NotARequest, QStringLiteral("\"jsonrpc\" is \"2.0\"."), id);
    return object.contains(methodName) ? parseCall(object, id) : parseAnswer(object, id);
}

QByteArray toLine(const Request &request)
{
    QJsonObject object{{idName, request.id}, {methodName, request.method}};
    if (!request.params.isEmpty())
        object.insert(paramsName, request.params);
    return toLine(std::move(object));
}

QByteArray toLine(const Notification &notification)
{
    return toLine(QJsonObject{{methodName, notification.method}, {paramsName, notification.params}});
}

QByteArray toLine(const Response &response)
{
    return toLine(QJsonObject{{idName, response.id}, {resultName, response.result}});
}

QByteArray toLine(const Failure &failure)
{
    QJsonObject error{{codeName, int(failure.code)}, {messageName, failure.message}};
    if (!failure.data.isEmpty())
        error.insert(dataName, failure.data);
    return toLine(QJsonObject{{idName, failure.id}, {errorName, error}});
}

QByteArray responseLine(const QJsonValue &id, std::string_view resultJson)
{
    std::string line = R"({"jsonrpc":"2.0","id":)";
    if (id.isString())
        appendJsonString(line, id.toString().toStdString());
    else
        line += id.isDouble() ? std::to_string(id.toInteger()) : "null";
    line += R"(,"result":)";
    line += resultJson;
    line += "}\n";
    return QByteArray::fromStdString(line);
}

QByteArray notificationLine(QLatin1String method, std::string_view paramsJson)
{
    std::string line = R"({"jsonrpc":"2.0","method":)";
    appendJsonString(line, {method.data(), std::size_t(method.size())});
    line += R"(,"params":)";
    line += paramsJson;
    line += "}\n";
    return QByteArray::fromStdString(line);
}

} // namespace msgsrv::management
