// SPDX-License-Identifier: GPL-3.0-or-later
#include "server/management/methods.h"

#include "server/management/managementpeer.h"

#include <algorithm>
#include <cmath>

namespace msgsrv::management {

namespace {

QLatin1String nameOf(Parameter::Type type)
{
    switch (type) {
    case Parameter::Type::Text:
        return QLatin1String("string");
    case Parameter::Type::Whole:
        return QLatin1String("integer");
    case Parameter::Type::Number:
        return QLatin1String("number");
    case Parameter::Type::Flag:
        return QLatin1String("boolean");
    case Parameter::Type::List:
        break;
    }
    return QLatin1String("array");
}

bool suits(const QJsonValue &value, Parameter::Type type)
{
    switch (type) {
    case Parameter::Type::Text:
        return value.isString();
    case Parameter::Type::Whole: {
        const double number = value.toDouble(0.5);
        return value.isDouble() && std::trunc(number) == number && number >= 0 && number <= 1e9;
    }
    case Parameter::Type::Number:
        return value.isDouble();
    case Parameter::Type::Flag:
        return value.isBool();
    case Parameter::Type::List:
        break;
    }
    return value.isArray();
}

} // namespace

Call::Call(ManagementPeer &peer, QJsonValue id, QJsonObject params)
    : m_peer(&peer)
    , m_id(std::move(id))
    , m_params(std::move(params))
{ }

ManagementPeer *Call::peer() const
{
    return m_peer.data();
}

void Call::answer(const QJsonObject &result) const
{
    if (m_peer)
        m_peer->send(toLine(Response{m_id, result}));
}

void Call::answerJson(std::string_view result) const
{
    if (m_peer)
        m_peer->send(responseLine(m_id, result));
}

void Call::fail(ErrorCode code, const QString &message, const QJsonObject &data) const
{
    fail(Failure{m_id, code, message, data});
}

void Call::fail(Failure failure) const
{
    failure.id = m_id;
    if (m_peer)
        m_peer->send(toLine(failure));
}

void Call::failParameter(QLatin1String name, const QString &message) const
{
    fail(ErrorCode::BadParameters, message, {{QStringLiteral("parameter"), QString(name)}});
}

void Methods::add(Method method)
{
    m_methods.push_back(std::move(method));
}

void Methods::dispatch(ManagementPeer &peer, const Request &request) const
{
    const Call call(peer, request.id, request.params);
    const auto method = std::find_if(m_methods.begin(), m_methods.end(),
                                     [&](const Method &known) { return known.name == request.method; });
    if (peer.role() == Role::None && (method == m_methods.end() || method->role != Role::None))
        return call.fail(ErrorCode::LoginFirst, QStringLiteral("Log in first."));
    if (method == m_methods.end())
        return call.fail(ErrorCode::NoSuchMethod, QStringLiteral("There is no such method."));
    if (peer.role() < method->role) {
        return call.fail(ErrorCode::Forbidden,
                         QStringLiteral("This is for the role \"%1\".").arg(toString(method->role)));
    }
    for (const Parameter &parameter : method->parameters) {
        const QJsonValue value = request.params.value(parameter.name);
        if (value.isUndefined() && !parameter.isOptional)
            return call.failParameter(parameter.name,
                                      QStringLiteral("\"%1\" is missing.").arg(parameter.name));
        if (!value.isUndefined() && !suits(value, parameter.type)) {
            return call.failParameter(
                parameter.name,
                QStringLiteral("\"%1\" is of type %2.").arg(parameter.name, nameOf(parameter.type)));
        }
    }
    method->handler(call);
}

QJsonArray Methods::namesFor(Role role) const
{
    QJsonArray names;
    for (const Method &method : m_methods) {
        if (role >= method.role)
            names.append(method.name);
    }
    return names;
}

QJsonObject Methods::describe() const
{
    QJsonArray methods;
    for (const Method &method : m_methods) {
        QJsonArray parameters;
        for (const Parameter &parameter : method.parameters) {
            parameters.append(QJsonObject{{QStringLiteral("name"), parameter.name},
                                          {QStringLiteral("type"), nameOf(parameter.type)},
                                          {QStringLiteral("optional"), parameter.isOptional},
                                          {QStringLiteral("meaning"), QString::fromUtf8(parameter.meaning)}});
        }
        methods.append(QJsonObject{{QStringLiteral("name"), method.name},
                                   {QStringLiteral("role"), toString(method.role)},
                                   {QStringLiteral("parameters"), parameters},
                                   {QStringLiteral("meaning"), QString::fromUtf8(method.meaning)}});
    }
    return {{QStringLiteral("methods"), methods}};
}

} // namespace msgsrv::management
