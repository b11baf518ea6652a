// SPDX-License-Identifier: GPL-3.0-or-later
#include "admin-gui/client/serverfacts.h"

#include <QJsonArray>

namespace msgsrv::console {

namespace {

QStringList strings(const QJsonValue &value)
{
    QStringList list;
    for (const QJsonValue &entry : value.toArray()) {
        if (entry.isString())
            list.append(entry.toString());
    }
    return list;
}

} // namespace

ServerFacts ServerFacts::fromJson(const QJsonObject &hello)
{
    const QJsonObject protocol = hello.value(QLatin1String("protocol")).toObject();
    const QJsonObject limits = hello.value(QLatin1String("limits")).toObject();
    return {.name = hello.value(QLatin1String("server")).toString(),
            .version = hello.value(QLatin1String("version")).toString(),
            .boot = hello.value(QLatin1String("boot")).toString(),
            .major = protocol.value(QLatin1String("major")).toInt(),
            .minor = protocol.value(QLatin1String("minor")).toInt(),
            .features = strings(hello.value(QLatin1String("features"))),
            .authentication = strings(hello.value(QLatin1String("auth"))),
            .rows = limits.value(QLatin1String("rows")).toInt(management::usual::rows),
            .credit = limits.value(QLatin1String("credit")).toInt(management::usual::credit)};
}

LoginFacts LoginFacts::fromJson(const QJsonObject &result)
{
    return {.role = result.value(QLatin1String("role")).toString(),
            .user = result.value(QLatin1String("user")).toString(),
            .may = strings(result.value(QLatin1String("may")))};
}

} // namespace msgsrv::console
